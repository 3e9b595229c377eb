"""CMCGAN's judge of pairs of a picture and a sound (Hao et al. 2018); layers are this project's
choice, as those of its generator."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from experiments.discriminator.together import together
from experiments.layer.halving import SLOPE, Halvings
from experiments.layer.normalisation import JudgeNorm, linear


class SideTrunk(nn.Module):
    """Batches of one modality, (B, *shape) each, to features (B, dim) each: statistics are not
    mixed (`discriminator/together.py`)."""

    def __init__(self, shape: Sequence[int], width: int, dim: int, norm: JudgeNorm) -> None:
        super().__init__()
        self.layers = Halvings(shape, width, norm)
        self.feature = nn.Sequential(
            *linear(self.layers.size, dim, norm, normalised=False), nn.LeakyReLU(SLOPE)
        )

    def forward(self, batches: Sequence[Tensor]) -> list[Tensor]:
        maps = [found.flatten(1) for found in together(self.layers, batches)]
        return list(self.feature(torch.cat(maps)).split([len(batch) for batch in batches]))


class JointDiscriminator(nn.Module):
    """Whether a picture and a sound are real and belong together.

    The features of each are computed once; pairs are made of features, so that a real picture is
    looked at once though it stands in three pairs.
    """

    def __init__(
        self,
        resolutions: Sequence[int] = (128,),
        sound: Sequence[int] = (1, 128, 32),
        width: int = 64,
        dim: int = 512,
        norm: JudgeNorm = "batch",
        joint: bool = True,
        told_dim: int = 0,
    ) -> None:
        """Shapes and `width` as those of `CMCGANGenerator`; `dim` of each feature. `joint`: false
        is the standard adversarial loss of the paper's ablation: a head for pictures and one for
        sounds, which see no pair. `norm`: spectral bounds the weights of all layers but the heads.
        `told_dim`: numbers that stand behind each feature of a pair, which another network gives
        (this project's choice); 0: none.
        """
        super().__init__()
        (resolution,) = resolutions
        assert joint or not told_dim, f"told_dim={told_dim}: without joint nothing is told"
        self.joint, self.told_dim = joint, told_dim
        self.pictures = SideTrunk((3, resolution, resolution), width, dim, norm)
        self.sounds = SideTrunk(tuple(sound), width, dim, norm)
        self.heads = nn.ModuleList(
            nn.Sequential(
                *linear(inputs, dim, norm, normalised=False), nn.LeakyReLU(SLOPE), nn.Linear(dim, 1)
            )
            for inputs in ([2 * (dim + told_dim)] if joint else [dim, dim])
        )

    def forward(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Features (B, dim + told_dim) of the picture and the sound of each pair -> logits (B,)."""
        assert self.joint, "without joint it is asked for one side alone"
        left, right = (torch.cat(side) for side in zip(*pairs, strict=True))
        logits = self.heads[0](torch.cat((left, right), dim=1)).flatten()
        return list(logits.split([len(pair[0]) for pair in pairs]))

    def alone(self, features: Sequence[Tensor], sounds: bool) -> list[Tensor]:
        """Features (B, dim) of pictures, or of sounds, without any pair -> logits (B,) of each."""
        assert not self.joint, "joint: it judges pairs"
        logits = self.heads[int(sounds)](torch.cat(list(features))).flatten()
        return list(logits.split([len(one) for one in features]))
