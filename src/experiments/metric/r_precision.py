"""R-precision: does a picture find its own caption among captions of other classes?

Xu et al. 2018 (AttnGAN), §4.1, with R = 1. The encoder that trained a generator flatters it: real
pictures then score lower than generated ones. So report an independently trained encoder as well,
and real pictures beside both.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize

from experiments.metric.rows import RowScore, require
from experiments.terminal.error import UserError

CHUNK = 256


class Retrieved(NamedTuple):
    """Share of hits, its standard deviation over folds, the candidates that a query had, and the
    hits themselves: (n,) float64, 1 or 0."""

    mean: Tensor
    std: Tensor
    candidates: int
    hits: Tensor

    def scores(self, name: str, suffix: str = "") -> dict[str, float]:
        """By name: `suffix` says whose pictures they were."""
        return {
            f"{name}{suffix}": self.mean.item(),
            f"{name}{suffix}/std": self.std.item(),
            f"{name}{suffix}/candidates": float(self.candidates),
            f"{name}/chance": 1 / self.candidates,
        }


class RPrecision(RowScore):
    """`r_precision` of pictures and their captions, as an encoder of both sees them.

    `compute` gives `Retrieved`; it raises `UserError` where no caption is of another class, for
    fewer pictures than `folds`, and for values that are not finite.
    """

    kept = ("image_vectors", "sentence_vectors", "labels")

    def __init__(
        self, candidates: int = 100, folds: int = 10, seed: int = 0, **options: Any
    ) -> None:
        super().__init__(**options)
        self.candidates, self.folds, self.seed = candidates, folds, seed

    def update(self, image_vectors: Tensor, sentence_vectors: Tensor, labels: Tensor) -> None:
        """A batch of the arguments of `r_precision`."""
        self.keep(image_vectors, sentence_vectors, labels)

    def compute(self) -> Retrieved:
        """Of all processes' pictures together."""
        images, sentences, labels = self.rows()
        require(self.folds, {"images": images, "captions": sentences})
        if len(labels.unique()) < 2:
            raise UserError("captions are of one class: nothing to confuse")
        return r_precision(images, sentences, labels, self.candidates, self.folds, self.seed)


def r_precision(
    image_vectors: Tensor,
    sentence_vectors: Tensor,
    labels: Tensor,
    candidates: int = 100,
    folds: int = 10,
    seed: int = 0,
) -> Retrieved:
    """Rank by cosine the caption of each picture among captions of other classes.

    image_vectors: (n, d), one query each. sentence_vectors: (n, d), row i the caption of picture i.
    labels: (n,) int64, the class; where a data set has none, the number of the real image.
    A query meets its own caption and `candidates` - 1 different captions, drawn by `seed` from the
    n without those of its class; where a class leaves fewer, every query meets that fewer, and the
    result says how many. Chance is 1 / candidates.

    A hit is a strictly larger cosine. A tie is a miss (unlike DM-GAN's script), so that an encoder
    that maps all captions to one point scores 0 and not 1; so is a caption that another class
    repeats word for word.
    """
    n = len(labels)
    assert image_vectors.shape == sentence_vectors.shape and len(image_vectors) == n
    assert candidates >= 2 and 1 <= folds <= n, f"{candidates} candidates, {folds} folds, {n} rows"
    generator = torch.Generator().manual_seed(seed)
    others = draw_distractors(labels.cpu(), candidates - 1, generator).to(image_vectors.device)
    images = normalize(image_vectors.double(), dim=1)
    sentences = normalize(sentence_vectors.double(), dim=1)
    hits = []
    for rows in torch.arange(n, device=images.device).split(CHUNK):
        query = images[rows]
        # Products summed row by row and not by a matrix product, whose rounding depends on the
        # column: equal captions must give equal cosines for a tie to be seen.
        own = (query * sentences[rows]).sum(-1)
        rival = (query[:, None] * sentences[others[rows]]).sum(-1)
        hits.append(own > rival.amax(1))
    hit = torch.cat(hits).double()
    order = torch.randperm(n, generator=generator).to(hit.device)
    parts = torch.stack([part.mean() for part in hit[order].tensor_split(folds)])
    return Retrieved(hit.mean(), parts.std(unbiased=False), others.shape[1] + 1, hit)


def draw_distractors(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """(n, k) rows of other classes for each row, uniform, no repeats; k <= `count` as all have.

    Raises AssertionError where a class leaves none (one class alone).
    """
    n = len(labels)
    order = labels.argsort(stable=True)
    _, inverse, size = labels.unique(return_inverse=True, return_counts=True)
    start = (size.cumsum(0) - size)[inverse]
    size = size[inverse]
    pool = n - size
    k = min(count, int(pool.min()))
    assert k >= 1, "R-precision needs captions of two classes"
    # Floyd's sampling, all rows at once: k draws give k different numbers below `pool`.
    drawn = torch.empty(n, k, dtype=torch.int64)
    for step in range(k):
        top = pool - k + step
        uniform = torch.rand(n, generator=generator, dtype=torch.float64)
        draw = (uniform * (top + 1)).long().minimum(top)
        repeated = (drawn[:, :step] == draw[:, None]).any(1)
        drawn[:, step] = torch.where(repeated, top, draw)
    # In the order by class, other classes are all but one block of `size` rows from `start`.
    return order[torch.where(drawn < start[:, None], drawn, drawn + size[:, None])]
