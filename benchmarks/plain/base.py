"""What the plain steps have in common: what papers and released codes do at every step.

Float32, eager, the default memory layout and allocator. The text encoder runs in every step; each
network has an unfused optimiser of its own; in the generator's phase the discriminators' gradients
are computed as well, and thrown away; the average of weights goes from parameter to parameter;
every loss is fetched in every step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.encoder.wav2pix import StridedConv1d
from experiments.generator.base import GeneratorOutput
from experiments.generator.block import UpConv
from experiments.layer.volume import Doubling3d, Halving3d
from experiments.system.base import System
from experiments.system.seeding import Step
from experiments.system.text_to_image import TextToImage

DECAY = 0.999  # of the averaged weights, a step
Rates = Mapping[str, Mapping[str, Any]]  # by phase: `lr`, `betas`, as in conf/optim/


class PlainStep:
    """The step of one method. It takes over the system's networks and trains them in place."""

    # What is timed apart: the method, and what its time is called. The rest is a part as well.
    watched: Mapping[str, str]

    def __init__(self, system: System) -> None:
        self.optimisers: list[torch.optim.Optimizer] = []
        for layer in system.modules():
            if isinstance(layer, UpConv | StridedConv1d | Halving3d | Doubling3d):
                layer.fast = False  # double, then convolve; convolve with stride 4; the library's

    def step(self, batch: Batch, step: Step) -> dict[str, float]:
        """Train on a batch whose `images` are there: (B, 3, r, r) of each stage. Returns losses."""
        raise NotImplementedError

    def adam(
        self, parameters: Iterable[nn.Parameter], rates: Mapping[str, Any]
    ) -> torch.optim.Adam:
        """An optimiser that goes from parameter to parameter."""
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        optimiser = torch.optim.Adam(
            trained, lr=float(rates["lr"]), betas=tuple(rates["betas"]), foreach=False
        )
        self.optimisers.append(optimiser)
        return optimiser


class PlainGAN(PlainStep):
    """Text to pictures: a frozen text encoder, a generator, and judges of its pictures."""

    watched: Mapping[str, str] = {
        "read": "text",
        "draw": "generator forward",
        "train_judges": "discriminator",
        "train_generator": "generator",
        "average_weights": "average",
    }

    kl_weight: float

    def __init__(self, system: TextToImage, rates: Rates) -> None:
        super().__init__(system)
        assert system.generator_steps == 1 and not system.pipe.changes, (
            "the published step has neither"
        )
        assert system.gradient_penalty is None or not system.gradient_penalty.weight
        assert system.condition == "sentence"
        self.encoder, self.generator = system.encoder, system.generator
        self.optimiser = self.adam(self.generator.parameters(), rates["generator"])
        trained = (p for p in self.generator.parameters() if p.requires_grad)
        self.average = [(parameter.detach().clone(), parameter) for parameter in trained]

    def read(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor | None, Tensor]:
        """Words (B, D, T), of encoders that have them, and sentence (B, D)."""
        with torch.no_grad():
            return self.encoder.encode_text(tokens, lengths.cpu())  # type: ignore[no-any-return]

    def draw(
        self, batch: Batch, step: Step, words: Tensor | None, sentence: Tensor
    ) -> GeneratorOutput:
        """Pictures of every stage from the noise that comes next."""
        noise = step.normal(self.generator.noise_dim)
        epsilon = step.normal(self.generator.condition_dim)
        if not self.generator.attends:
            return self.generator(noise, epsilon, sentence)  # type: ignore[no-any-return]
        captions = batch.of(Captions)
        mask = captions.word_mask(captions.tokens.shape[1])
        return self.generator(noise, epsilon, sentence, words, mask)  # type: ignore[no-any-return]

    def update_generator(
        self, total: Tensor, losses: dict[str, float], made: GeneratorOutput
    ) -> dict[str, float]:
        """A step down the loss and the divergence, where one weighs; adds both to `losses`."""
        if self.kl_weight:
            kl = divergence(made)
            losses["kl"] = kl.item()
            total = total + self.kl_weight * kl
        total.backward()
        self.optimiser.step()
        return losses | {"generator": total.item()}

    def average_weights(self) -> None:
        """Every weight towards what it is now."""
        with torch.no_grad():
            for average, parameter in self.average:
                average.mul_(DECAY).add_(parameter, alpha=1 - DECAY)


def against(logits: Tensor, target: float) -> Tensor:
    """Binary cross-entropy of logits against one target."""
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def divergence(made: GeneratorOutput) -> Tensor:
    """KL(N(mu, sigma^2) || N(0, I)), the mean over batch and dimensions."""
    assert made.mu is not None and made.logvar is not None, "it draws its condition"
    return -0.5 * torch.mean(1 + made.logvar - made.mu.square() - made.logvar.exp())
