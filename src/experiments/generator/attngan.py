"""AttnGAN's generator with any number of stages (Xu et al. 2018, section 3.1).

Three stages at 64, 128 and 256 px are the published network; a fourth at 512 px is one more entry
in `resolutions`. Published stages all have the same width. More stages may grow on a trained
generator of fewer (`first`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import pairwise
from typing import Literal, get_args

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from experiments.generator.augmentation import ConditioningAugmentation
from experiments.generator.base import Generator, GeneratorOutput, doublings
from experiments.generator.block import InitialStage, ResidualBlock, UpBlock, WordAttention
from experiments.generator.memory import MemoryRefinement
from experiments.layer.grown import came_from, require_first
from experiments.layer.normalisation import Norm

Refine = Literal["attention", "memory"]


class NextStage(nn.Module):
    """F_i: join the word context, residual blocks, double the side."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        text_dim: int,
        residual_blocks: int,
        norm: Norm,
        fast: bool,
        legacy_mask: bool,
        refine: Refine,
    ) -> None:
        super().__init__()
        self.refine = refine
        way = MemoryRefinement if refine == "memory" else WordAttention
        self.attention = way(inputs, text_dim, legacy_mask)
        self.residual = nn.Sequential(
            *(ResidualBlock(2 * inputs, norm) for _ in range(residual_blocks))
        )
        self.up = UpBlock(2 * inputs, outputs, norm, fast)

    def forward(self, h: Tensor, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        found, beta = self.attention(h, words, mask)
        own = found if self.refine == "memory" else h  # the refined map stands twice, as released
        joined = torch.cat((own, found.to(h.dtype)), dim=1)
        return self.up(self.residual(joined)), beta


class AttnGANGenerator(Generator):
    """Images of every resolution from noise, a sentence and its words."""

    attends = True
    grown = False  # on one of fewer stages
    stages: nn.ModuleList
    heads: nn.ModuleList

    def __init__(
        self,
        resolutions: Sequence[int],
        width: int | Sequence[int] = 32,
        noise_dim: int = 100,
        condition_dim: int = 100,
        text_dim: int = 256,
        residual_blocks: int = 2,
        norm: Norm = "batch",
        legacy_mask: bool = False,
        checkpoint_last: bool = False,
        initial_width: int | None = None,
        fast_upsample: bool = True,
        first: AttnGANGenerator | None = None,
        refine: Refine = "attention",
        augmented: bool = True,
        standardised: bool = False,
    ) -> None:
        """`resolutions`: sides in pixels, each twice the one before, the first 4 x 2^k, k >= 1.

        `width`: channels of the hidden maps, one number for all stages (as published) or one for
        each; small maps are cheap, so early stages may be wider. `initial_width`: channels of the
        4x4 map, those of the first stage x 2^k unless given; they halve down to the first stage.
        `fast_upsample` computes the up-blocks in their short form: the same function, same weights.
        `checkpoint_last` recomputes the last stage in the backward pass instead of keeping it.
        `legacy_mask` repeats the released code's attention fault, for weights trained with it.
        `first`: a trained generator of fewer stages, which become the first stages of this one with
        their weights; names of weights are those that this one has without it. `refine`: how words
        come into the stages after the first, by AttnGAN's attention or by DM-GAN's memory.
        `augmented`: whether sentences come with noise (`ConditioningAugmentation`). `standardised`:
        sentences and words are brought to mean 0 and deviation 1 over their features.
        """
        super().__init__()
        assert refine in get_args(Refine), refine
        ups = doublings(resolutions[0])
        for small, large in pairwise(resolutions):
            assert large == 2 * small, f"resolutions must double: {list(resolutions)}"
        widths = [width] * len(resolutions) if isinstance(width, int) else list(width)
        assert len(widths) == len(resolutions), f"widths {widths} of stages {list(resolutions)}"
        self.resolutions = list(resolutions)
        self.noise_dim, self.condition_dim, self.text_dim = noise_dim, condition_dim, text_dim
        self.checkpoint_last, self.standardised = checkpoint_last, standardised
        initial_width = initial_width or widths[0] << ups
        self.made_of = {"resolutions": list(resolutions), "width": widths, "noise_dim": noise_dim}
        self.made_of |= {"condition_dim": condition_dim, "text_dim": text_dim, "norm": norm}
        self.made_of |= {"residual_blocks": residual_blocks, "initial_width": initial_width}
        self.made_of |= {"legacy_mask": legacy_mask, "refine": refine}
        self.made_of |= {"augmented": augmented, "standardised": standardised}
        stages: list[nn.Module] = []
        heads: list[nn.Module] = []
        if first is None:
            self.augmentation = ConditioningAugmentation(
                text_dim, condition_dim, sampling=augmented, standardised=standardised
            )
            self.initial = InitialStage(
                condition_dim + noise_dim, widths[0], initial_width, ups, norm, fast_upsample
            )
        else:
            self.grown = True
            require_first(first.made_of, self.made_of)
            self.augmentation, self.initial = first.augmentation, first.initial
            stages, heads = list(first.stages), list(first.heads)
            self.lower = came_from(first, [self.augmentation, self.initial, *stages, *heads])
        stages += (
            NextStage(
                inputs, outputs, text_dim, residual_blocks, norm, fast_upsample, legacy_mask, refine
            )
            for inputs, outputs in list(pairwise(widths))[len(stages) :]
        )
        heads += (nn.Conv2d(c, 3, 3, padding=1, bias=False) for c in widths[len(heads) :])
        self.stages, self.heads = nn.ModuleList(stages), nn.ModuleList(heads)

    def forward(
        self,
        noise: Tensor,
        epsilon: Tensor,
        sentence: Tensor,
        words: Tensor,
        mask: Tensor,
        return_attention: bool = False,
        stages: int | None = None,
    ) -> GeneratorOutput:
        """noise (B, z) and epsilon (B, c), both ~ N(0, I); sentence (B, D); words (B, D, T);
        mask (B, T) bool, True on real words, at least one in each row, or weights of them, see
        `WordAttention`. `stages`: so many are drawn, and further pictures are the last of them,
        enlarged; None: all.
        """
        condition, mu, logvar = self.augmentation(sentence, epsilon)
        if self.standardised:
            words = F.layer_norm(words.transpose(1, 2), words.shape[1:2]).transpose(1, 2)
        h = self.initial(condition, noise)
        images, attention = [self._image(0, h)], []
        for index, stage in enumerate(self.stages, start=1):
            if stages is not None and index >= stages:
                images.append(F.interpolate(images[-1], scale_factor=2.0))
                continue
            last = index == len(self.stages)
            if last and self.checkpoint_last and torch.is_grad_enabled():
                h, beta = checkpoint(
                    stage, h, words, mask, use_reentrant=False, context_fn=_contexts(stage)
                )
            else:
                h, beta = stage(h, words, mask)
            images.append(self._image(index, h))
            if return_attention:
                attention.append(beta)
        return GeneratorOutput(images, mu, logvar, attention)

    def above(self, stages: int) -> tuple[nn.Module, ...]:
        """What no picture of the first `stages` needs."""
        return (*self.stages[stages - 1 :], *self.heads[stages:])

    def _image(self, index: int, h: Tensor) -> Tensor:
        return torch.tanh(self.heads[index](h).float())


@contextmanager
def _untracked(stage: nn.Module) -> Iterator[None]:
    """Recomputation must not count a batch twice in the running statistics."""
    norms = [layer for layer in stage.modules() if isinstance(layer, _BatchNorm)]
    kept = [(norm.momentum, norm.num_batches_tracked) for norm in norms]
    for norm in norms:
        norm.momentum, norm.num_batches_tracked = 0.0, None
    try:
        yield
    finally:
        for norm, (momentum, count) in zip(norms, kept, strict=True):
            norm.momentum, norm.num_batches_tracked = momentum, count


class _contexts:
    """The pair of contexts (forward, recomputation) that `checkpoint` asks for."""

    def __init__(self, stage: nn.Module) -> None:
        self.stage = stage

    def __call__(self) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        return nullcontext(), _untracked(self.stage)
