"""VGAN: a clip of noise (Vondrick, Pirsiavash and Torralba 2016, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import torch

from experiments.data.batches import Batch
from experiments.data.record import CLIP
from experiments.data.view.base import Part
from experiments.system.base import Samples
from experiments.system.scene import SceneGAN, Shared, made_of
from experiments.system.seeding import Step, noise_of


class VGAN(SceneGAN):
    """Noise alone is asked for."""

    makes = MappingProxyType({(): CLIP})

    def prepare(self, batch: Batch, step: Step) -> Shared:
        noise = step.normal(self.generator.noise_dim)
        return self.shared(batch, self.generator(noise, self.sentences(batch)))

    @torch.no_grad()
    def sample(
        self, asked: Mapping[str, Part], seeds: list[int], attention: bool = False
    ) -> Samples:
        noise = noise_of(seeds, self.generator.noise_dim).to(self.device)
        return made_of(self.generator(noise, self.sentences_of(asked)))
