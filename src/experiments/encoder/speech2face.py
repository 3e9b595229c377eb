"""A voice encoder beside the face whose features it tells (Oh et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from torch import nn

from experiments.encoder.face import FaceAutoencoder
from experiments.encoder.voice import POOLS, VoiceEncoder
from experiments.frontend.excerpt import Excerpt


class Speech2Face(nn.Module):
    """The voice encoder trains; face encoder and decoder are finished, and stay as they are."""

    name = "speech2face"

    def __init__(
        self,
        face: FaceAutoencoder,
        excerpt: Excerpt,
        width: float = 1.0,
        freq_pool: Sequence[int] = (1,) * POOLS,
        last_relu: bool = False,
    ) -> None:
        """`excerpt`: of what sound is heard; the others are those of `VoiceEncoder`."""
        super().__init__()
        assert len(excerpt.shape) == 3, (
            f"excerpt: gives {list(excerpt.shape)}; take the front-end powerlaw_stft"
        )
        self.face, self.excerpt = face.freeze(), excerpt
        self.voice = VoiceEncoder(excerpt.shape, face.dim, width, freq_pool, last_relu)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.face.eval()
        return self
