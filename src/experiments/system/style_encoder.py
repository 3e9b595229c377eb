"""Training a style encoder against a generator that never changes (Reed 2016, section 4.4)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.caption import Captions
from experiments.data.view.condition import condition_of, view_for
from experiments.data.view.picture import PICTURE, PictureView
from experiments.generator.base import Generator, GeneratorOutput
from experiments.generator.initialisation import initialise
from experiments.style.reed import StyleEncoder
from experiments.system.base import Losses, Phase, Samples, System, Term, reading
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text, encoded, text_of
from experiments.system.text_to_image import drawn

Drawn = tuple[Tensor, Tensor]  # pictures (B, 3, R, R) and the noise (B, S) that drew them


class StyleEncoderTraining(System):
    """L_style = E ||z - S(G(z, t))||^2 over new noise and the captions of the training split.

    Half of the captions are not those of a picture but lie between two of different classes. No
    real picture is used. What is read back, the style (B, S), is z and, where the style encoder has
    a `condition_dim`, the noise of the generator's conditioning augmentation behind it: what the
    caption leaves open depends on both (this project's choice; the paper's generator has z alone).
    """

    fixed = ("generator",)
    encoder: Any  # encode_text, freeze
    generator: Generator
    style: StyleEncoder

    def __init__(
        self,
        encoder: nn.Module,
        generator: Generator,
        style: StyleEncoder,
        weight: float = 1.0,
        interpolated: float = 0.5,
        beta: float = 0.5,
        full_length: bool = True,
    ) -> None:
        """`interpolated`: share of a batch whose sentence is beta a + (1 - beta) b, of its own
        caption a and another one b. A generator that attends to words sees those of a.
        `full_length`: styles get the length of the noise that the generator was trained on before
        it draws from them; least squares make them shorter the less of the noise can be read.
        """
        super().__init__()
        self.makes = MappingProxyType({(condition_of(encoder),): PICTURE})
        assert style.noise_dim == generator.noise_dim, (
            f"style.noise_dim={style.noise_dim}: the generator draws from {generator.noise_dim}"
        )
        assert style.condition_dim in (0, generator.condition_dim), (
            f"style.condition_dim={style.condition_dim}: must be 0 or the generator's "
            f"{generator.condition_dim}"
        )
        assert style.resolution == generator.resolutions[-1], (
            f"style.resolution={style.resolution}: the generator draws {generator.resolutions[-1]}"
        )
        assert 0.0 <= interpolated <= 1.0, "interpolated must lie in [0, 1]"
        assert 0.0 <= beta <= 1.0, "beta must lie in [0, 1]"
        self.encoder = encoder.freeze()  # type: ignore[operator]
        self.generator = generator.requires_grad_(False).eval()
        self.style, self.weight = style, weight
        self.interpolated, self.beta, self.full_length = interpolated, beta, full_length
        self.resolutions = [style.resolution]

    def views(self) -> list[View]:
        """The other caption of an interpolated sentence is a wrong one."""
        text = view_for(self.encoder, "class_aware" if self.interpolated else "none", self.encoder)
        return [text, PictureView(self.resolutions)]

    def phases(self) -> list[Phase]:
        return [Phase("style", (self.style,), self.loss)]

    def export_modules(self) -> dict[str, nn.Module]:
        """With the generator, so that the run transfers styles without the one that it names."""
        return {"style": self.style, "generator": self.generator, "encoder": self.encoder}

    def drawing(self) -> list[str]:
        return ["style", "generator", *reading(self.encoder)]

    def compiled(self) -> list[nn.Module]:
        return [self.generator, self.style]

    def initialise(self) -> None:
        initialise(self.style, 0.02)

    def prepare(self, batch: Batch, step: Step) -> Drawn:
        """Pictures of the last stage, from new noise; no gradient leads back."""
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        style = self._style(noise, epsilon)
        with torch.no_grad():
            made = self.draw(style, epsilon, self.text_of(batch, step))
        return made.images[-1], style

    def text_of(self, batch: Batch, step: Step) -> Text:
        """Sentences of the batch, some of them between two."""
        text = text_of(batch.of(Captions))
        sentence = text.sentence
        if self.interpolated:
            assert text.wrong is not None, "other captions are not encoded"
            between = torch.lerp(text.wrong, sentence, self.beta)
            sentence = torch.where(self._between(step)[:, None], between, sentence)
        return Text(sentence, None, text.words, text.mask)

    def _between(self, step: Step) -> Tensor:
        """(B,), True on the interpolated share of this process's rows, spread evenly over those of
        all processes."""
        rows = torch.arange(step.rows.start, step.rows.stop, device=step.device)
        before, after = (torch.floor(n * self.interpolated) for n in (rows.double(), rows + 1.0))
        return after > before

    def loss(self, drawn: Drawn, step: Step, repeat: int) -> Losses:
        """The mean over the dimensions of the noise, where the paper takes their sum: 1 is what
        always answering zero gives."""
        images, style = drawn
        return {"noise": Term((self.style(images) - style).square().mean(), self.weight)}

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """Pictures of captions, and what becomes of them when they are drawn again from the noise
        that is read in them."""
        captions = part_of(asked, Captions)
        text = self.read(captions.tokens, captions.lengths)
        style, epsilon = self.noise_of(seeds, captions.tokens.device)
        first = self.draw(style, epsilon, text).images[-1]
        again = self.draw(self.style_of(first), epsilon, text).images[-1]
        return Samples({PICTURE: [first, again]})

    @torch.no_grad()
    def transfer(self, images: Tensor, tokens: Tensor, lengths: Tensor, seeds: list[int]) -> Tensor:
        """x' = G(S(x), t): pictures (B, 3, R, R) of the captions (B, T) in the style of the images
        (B, 3, R, R). A seed decides the noise of a conditioning augmentation that is not read.
        """
        _, epsilon = self.noise_of(seeds, images.device)
        text = self.read(tokens, lengths)
        return self.draw(self.style_of(images), epsilon, text).images[-1]

    def style_of(self, images: Tensor) -> Tensor:
        """The style (B, S) of pictures (B, 3, R, R), of mean square 1 where `full_length`."""
        style = self.style(images)
        if not self.full_length:
            return style
        return style / style.square().mean(1, keepdim=True).sqrt().clamp_min(1e-6)

    def read(self, tokens: Tensor, lengths: Tensor) -> Text:
        """The text of tokens (B, T) with lengths (B,)."""
        return encoded(self.encoder, tokens, lengths)

    def noise_of(self, seeds: list[int], device: torch.device) -> tuple[Tensor, Tensor]:
        """A style (B, S) and the noise of the conditioning augmentation (B, c), from the numbers
        that `TextToImage.sample` draws."""
        dims = self.generator.noise_dim, self.generator.condition_dim
        noise, epsilon = noise_of(seeds, sum(dims)).to(device).split(dims, dim=1)
        return self._style(noise, epsilon), epsilon

    def _style(self, noise: Tensor, epsilon: Tensor) -> Tensor:
        return torch.cat((noise, epsilon), dim=1) if self.style.condition_dim else noise

    def draw(self, style: Tensor, epsilon: Tensor, text: Text) -> GeneratorOutput:
        """The generator's pictures of a text. `epsilon` (B, c) is that of the conditioning
        augmentation, unless the style (B, S) has it."""
        noise = style[:, : self.generator.noise_dim]
        if self.style.condition_dim:
            epsilon = style[:, self.generator.noise_dim :]
        return drawn(self.generator, noise, epsilon, text)
