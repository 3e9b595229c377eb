"""The generator of TGANs-C, and of GAN-CLS made for clips (Pan et al. 2017). No code was released:
the layers are those of VGAN (Vondrick et al. 2016) at the sizes that the paper's tensors have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from experiments.layer.conditional import ConditionalBatchNorm
from experiments.layer.normalisation import Norm, normalisation
from experiments.layer.volume import Doubling3d, base_of, halvings

Head = Literal["plain", "variant_b"]
ClipNorm = Literal["batch", "group", "conditional"]
SLOPE = 0.2


class ClipGenerator(nn.Module):
    """Noise and a projected sentence to a small map, then transposed convolutions that double
    frames, height and width together."""

    def __init__(
        self,
        frames: int = 16,
        side: int = 48,
        channels: int = 3,
        base: Sequence[int] | None = None,
        width: int = 64,
        noise_dim: int = 100,
        text_dim: int = 256,
        projected_dim: int = 256,
        head: Head = "plain",
        norm: ClipNorm = "batch",
    ) -> None:
        """`base`: the smallest map (T, H, W), None for that of `layer/volume.py`'s rule; `width`:
        channels of the last map but the clip, which double towards it: 512 to 64 at 16 x 48.
        `head`: variant_b is that of a thesis which made TGANs-C anew: a linear layer with norm on
        noise and sentence, a map of twice the base at once, a 1x1x1 convolution at the end, leaky
        ReLUs. `norm`: conditional ones are told noise and sentence (an option of this project).
        16 x 48 x 48 is published.
        """
        super().__init__()
        assert head in get_args(Head), head
        smallest = base_of(frames, side, None if base is None else list(base))
        ups = halvings(side, smallest)
        self.frames, self.side, self.channels = frames, side, channels
        self.noise_dim, self.text_dim, self.head = noise_dim, text_dim, head
        told = noise_dim + projected_dim
        variant_b = head == "variant_b"
        self.project = nn.Linear(text_dim, projected_dim, bias=False)
        self.mixed: nn.Module = nn.Identity()
        self.act: nn.Module = nn.LeakyReLU(SLOPE) if variant_b else nn.ReLU()
        seed = smallest
        if variant_b:
            assert norm != "conditional", "head: variant_b has norms that are not told"
            one = normalisation(norm, told, dims=1)
            self.mixed = nn.Sequential(nn.Linear(told, told, bias=False), one, self.act)
            seed = (2 * smallest[0], 2 * smallest[1], 2 * smallest[2])
            ups -= 1
            assert ups >= 1, "head: variant_b needs a clip that is doubled twice from its base"
        widths = [width << step for step in range(ups - (not variant_b), -1, -1)]
        first = nn.ConvTranspose3d(told, widths[0], seed, bias=False)
        self.layers, self.norms = nn.ModuleList([first]), nn.ModuleList()
        for index, outputs in enumerate(widths):
            if index:
                self.layers.append(Doubling3d(widths[index - 1], outputs))
            self.norms.append(told_norm(norm, outputs, told))
        self.last: nn.Module = (
            nn.Conv3d(width, channels, 1, bias=False) if variant_b else Doubling3d(width, channels)
        )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Of a clip: (C, T, H, W)."""
        return self.channels, self.frames, self.side, self.side

    def forward(self, noise: Tensor, sentence: Tensor) -> Tensor:
        """noise (B, noise_dim) ~ N(0, I) and sentence (B, text_dim) -> clips (B, C, T, H, W) in
        [-1, 1], float32."""
        told = self.mixed(torch.cat((noise, self.project(sentence)), dim=1))
        x = told[:, :, None, None, None]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = layer(x)
            x = self.act(norm(x, told) if isinstance(norm, ConditionalBatchNorm) else norm(x))
        return torch.tanh(self.last(x).float())


def told_norm(norm: ClipNorm, channels: int, told: int) -> nn.Module:
    """A norm of clips, one that is told or a plain one."""
    if norm == "conditional":
        return ConditionalBatchNorm(channels, told)
    kind: Norm = norm
    return normalisation(kind, channels, dims=3)
