"""VGAN that is told a caption: beside the noise in its generator, and on the last map of its
discriminator, which also sees real clips of other captions (this project's choice; Pan 2017
compares with such a one)."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from torch import Tensor

from experiments.data.record import CLIP
from experiments.system.base import Samples
from experiments.system.scene import made_of
from experiments.system.text import Text
from experiments.system.vgan import VGAN


class VGANText(VGAN):
    """A clip of a caption and noise."""

    def __init__(self, *parts: Any, **options: Any) -> None:
        """See `SceneGAN`; it has an encoder."""
        super().__init__(*parts, **options)
        assert self.told, "encoder: it is told captions"
        self.makes = MappingProxyType({self.condition: CLIP})

    @property
    def noise_count(self) -> int:
        return self.generator.noise_dim

    def of_text(self, text: Text, noise: Tensor) -> Samples:
        """See `OfText`."""
        return made_of(self.generator(noise, text.sentence))
