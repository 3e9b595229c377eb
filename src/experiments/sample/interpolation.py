"""Points on the way from one vector to another: sentences, or noise.

Linear, as Reed et al. 2016 draw between sentences and between noises, or on a great circle (slerp,
Shoemake 1985; White 2016 uses it for noise): half-way along the straight line between two Gaussian
vectors of many values lies a vector that is 29 % shorter than they are, and a generator has hardly
seen such noise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Interpolation = Literal["linear", "spherical"]
Between = Callable[[Tensor, Tensor, Tensor], Tensor]
PARALLEL = 1e-6  # sine of the angle from which on two directions span a great circle


def shares(steps: int) -> Tensor:
    """(steps,): how far each point of a way has gone, from 0 at its start to 1 at its end."""
    assert steps >= 2, "a way has two ends"
    return torch.linspace(0.0, 1.0, steps)


def way(start: Tensor, end: Tensor, steps: int, interpolation: Interpolation = "linear") -> Tensor:
    """(steps, D) from `start` (D,) to `end` (D,), both of them included, exactly."""
    share = shares(steps).to(start)
    return BETWEEN[interpolation](start, end, share[:, None])


def linear(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """(1 - t) a + t b for `start` (..., D), `end` (..., D) and t = `share` (..., 1)."""
    return torch.lerp(start, end, share)


def spherical(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """The direction turns evenly from `start` (..., D) to `end` (..., D), the length grows evenly.

    With directions u, v, the angle w between them and t = `share` (..., 1):
    (sin((1 - t) w) u + sin(t w) v) / sin w, times (1 - t) |a| + t |b|. Vectors of one length keep
    it, as in Shoemake's formula. Where no one great circle joins the two (they are parallel,
    opposite, or one is zero) the way is `linear`.
    """
    a, b, t = start.double(), end.double(), share.double()
    length_a, length_b = (x.norm(dim=-1, keepdim=True) for x in (a, b))
    cosine = (a * b).sum(-1, keepdim=True) / (length_a * length_b)
    angle = cosine.clamp(-1.0, 1.0).acos()
    sine = angle.sin()
    length = torch.lerp(length_a, length_b, t)
    # Each share is written as a multiple of its own end, so that both ends come out as they are.
    turned = (((1 - t) * angle).sin() / sine) * (length / length_a) * a
    turned = turned + ((t * angle).sin() / sine) * (length / length_b) * b
    unclear = ~(sine > PARALLEL)  # also where a length is zero: the angle is no number then
    return torch.where(unclear, torch.lerp(a, b, t), turned).to(start.dtype)


def mixed_words(
    words: tuple[Tensor, Tensor], masks: tuple[Tensor, Tensor], share: Tensor
) -> tuple[Tensor, Tensor]:
    """The words of two captions as one set, for a generator that attends to words.

    words: (D, T) of either caption; masks: (T,), True on words; share: (S,). Word features cannot
    be interpolated: captions differ in the number of their words, and the third of one has nothing
    to do with the third of the other. Attention takes a set, so it gets both: words (S, D, 2 T) and
    weights (S, 2 T), 1 - t on the words of the first and t on those of the second. A softmax in
    which a word counts w times is continuous in w, and at either end only the own words are left
    (this project's choice).
    """
    both = torch.cat(words, dim=1).expand(len(share), -1, -1)
    first, second = (mask.to(share.dtype) for mask in masks)
    return both, torch.cat(((1 - share)[:, None] * first, share[:, None] * second), dim=1)


BETWEEN: dict[Interpolation, Between] = {"linear": linear, "spherical": spherical}
