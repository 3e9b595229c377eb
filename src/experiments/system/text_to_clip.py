"""The pipeline of 2017: a caption to a picture, and the picture to a clip, as one run. It builds on
the run that draws the picture, and on the one that reads the caption.

Trained is the second step, `VGANImage`. In the source it never sees the text, and begins with first
frames of real clips alone: by options it is told the caption too, its discriminator sees clips that
do not match, and a share of its pictures is drawn by the first step, as when it is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.record import CLIP
from experiments.data.view.base import Part, View, part_of
from experiments.data.view.caption import Captions
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.condition import condition_of, view_for
from experiments.data.view.picture import PICTURE
from experiments.data.view.wrong_clip import Wrong
from experiments.generator.text_to_clip import TextToClipGenerator
from experiments.loss.scene import KnownLoss
from experiments.system.base import Samples, reading
from experiments.system.scene import Shared, made_of
from experiments.system.seeding import Step, noise_of
from experiments.system.text import Text, encoded, text_of
from experiments.system.text_to_image import drawn
from experiments.system.vgan_image import VGANImage
from experiments.terminal.error import UserError


class TextToClip(VGANImage):
    """A picture of the caption, and a scene that begins with it."""

    generator: TextToClipGenerator

    def __init__(
        self,
        encoder: nn.Module,
        generator: TextToClipGenerator,
        known: KnownLoss,
        image_size: int,
        told: bool = True,
        wrong: Wrong | None = None,
        drawn_share: float = 0.0,
        **options: Any,
    ) -> None:
        """`encoder`: of captions, for both steps. `told`: whether the second one is told them, too.
        `wrong`: what wrong pairs of its discriminator are made of (`ClipView`), where it is told.
        `drawn_share`: of the pictures that it begins with in training, as many are drawn by the
        first step; the others are first frames of real clips. `options` are `SceneGAN`'s.
        """
        assert 0 <= drawn_share <= 1, "drawn_share: from 0 to 1"
        assert told or wrong is None, "wrong: needs told=true; null otherwise"
        assert not (drawn_share and known.hidden_weight), (
            "drawn_share: what follows a drawn picture no clip shows; 0 with known.hidden_weight"
        )
        super().__init__(
            generator=generator,
            encoder=encoder if told else None,
            known=known,
            image_size=image_size,
            wrong=wrong,
            **options,
        )
        gives, takes = int(encoder.dim), generator.picture.text_dim  # type: ignore[arg-type]
        if gives != takes:
            raise UserError(
                f"generator.picture: is told {takes} numbers and the encoder gives {gives}; both "
                "come of the same run"
            )
        self.encoder = encoder.freeze()  # type: ignore[operator]
        self.drawn_share = drawn_share
        self.makes = MappingProxyType({(condition_of(encoder),): CLIP})
        self.sampled_as = {}  # the first step draws from noise

    def views(self) -> list[View]:
        stored = self.encoder if self.told or self.drawn_share else None
        return [view_for(self.encoder, stored=stored), ClipView(self.form, self.wrong)]

    def export_modules(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "encoder": self.encoder}

    def drawing(self) -> list[str]:
        return ["generator", *reading(self.encoder)]

    # A step.

    def prepare(self, batch: Batch, step: Step) -> Shared:
        """The first frames, or pictures that are drawn, and what happens next."""
        clips = batch.of(Clips).values
        given, sentence = clips[:, :, 0], self.sentences(batch)
        noise = step.normal(self.generator.noise_dim)
        if self.drawn_share:
            picture = self.generator.picture
            dims = picture.noise_dim, picture.condition_dim
            own = self.pictures(
                text_of(batch.of(Captions)), *step.normal(sum(dims)).split(dims, dim=1)
            )
            chosen = step.uniform(1)[:, :, None, None] < self.drawn_share
            given = torch.where(chosen, self.generator.sized(own[-1]).to(given.dtype), given)
        made = self.generator(given, noise, sentence)
        return self.shared(batch, made, given=given)

    @torch.no_grad()
    def pictures(self, text: Text, noise: Tensor, epsilon: Tensor) -> list[Tensor]:
        """What the first step draws, (B, 3, R, R) of every stage."""
        return list(drawn(self.generator.picture, noise, epsilon, text).images)

    # What it makes.

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        """The clip, what it is composed of, and the picture that it begins with."""
        captions = part_of(asked, Captions)
        text = encoded(self.encoder, captions.tokens, captions.lengths)
        return self.of_text(text, noise_of(seeds, self.noise_count).to(self.device))

    @property
    def noise_dims(self) -> list[int]:
        """Numbers of noise of the picture, of its conditioning augmentation, and of the clip."""
        picture = self.generator.picture
        return [picture.noise_dim, picture.condition_dim, self.generator.noise_dim]

    @property
    def noise_count(self) -> int:
        return sum(self.noise_dims)

    def of_text(self, text: Text, noise: Tensor) -> Samples:
        """See `OfText`; and the pictures."""
        drawing, epsilon, noise = noise.split(self.noise_dims, dim=1)
        pictures = self.pictures(text, drawing, epsilon)
        first = self.generator.sized(pictures[-1])
        scene = self.generator(first, noise, text.sentence if self.told else None)
        made = made_of(scene)
        return Samples({**made.made, PICTURE: pictures}, named=made.named)
