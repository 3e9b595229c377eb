"""Do real pictures find the generated ones that belong to them?

S2IGAN's evaluation (Wang et al. 2020; `mAP_evaluate.py` and `Recall_evaluate.py` of its release):
mean average precision where there are classes, a picture of the query's class being right, and
recall among the K nearest where there are none, a picture of one of the query's own captions being
right. The nearness is the cosine of an extractor's features.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from experiments.data.text.reading import reads_of
from experiments.metric.names import RECALLED
from experiments.metric.ranking import average_precision, cosines, recall_at
from experiments.metric.rows import RowScore, all_rows, require
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

MOST = 5000  # real pictures that ask
CELLS = 2**22  # of a matrix of nearness, to bound memory


class Found(NamedTuple):
    """Mean over the real pictures that ask, what chance gives, and float64 what each real picture
    gives: as long as the longer of them and the gallery, NaN where none asks."""

    mean: Tensor
    chance: Tensor
    values: Tensor

    def scores(self, name: str, suffix: str = "") -> dict[str, float]:
        """By name, with chance; `suffix` says whose pictures are found."""
        return {f"{name}{suffix}": self.mean.item(), f"{name}/chance": self.chance.item()}


def found_again(asked: bool | None, encoder: object) -> bool:
    """Whether scores of retrieval are taken: as asked, else for an encoder that hears captions, so
    that what runs that read are compared by stays as it was."""
    return reads_of(encoder) == "speech" if asked is None else asked


class _Retrieval(RowScore):
    """Real pictures that ask, and a gallery that they are answered from."""

    kept = (
        "queries",
        "query_labels",
        "query_images",
        "gallery",
        "gallery_labels",
        "gallery_images",
    )

    queries: list[Tensor]
    gallery: list[Tensor]

    def __init__(
        self, each: int | None = None, among_real: bool = False, seed: int = 0, **options: Any
    ) -> None:
        """`each`: so many real pictures of every class ask, drawn by `seed`, and the gallery has
        the pictures of their captions alone (published: 2); None: at most `MOST` of all ask, and
        the gallery is whole. `among_real`: the gallery is all of the real pictures, and none finds
        itself.
        """
        super().__init__(**options)
        self.each, self.among_real, self.seed = each, among_real, seed

    def update(
        self,
        features: Tensor,
        labels: Tensor,
        images: Tensor,
        of: Literal["queries", "gallery"] = "gallery",
    ) -> None:
        """features: (B, d). labels, images: (B,) int64, the class, and the number of the real
        picture that a picture is, or whose caption it was drawn for."""
        name = "query" if of == "queries" else "gallery"
        getattr(self, of).append(features)
        getattr(self, f"{name}_labels").append(labels)
        getattr(self, f"{name}_images").append(images)

    def ranked(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Rows of queries (q,) with their nearness (q, n) and what is right for them (q, n)."""
        queries, labels, images, gallery, gallery_labels, gallery_images = self.rows()
        if self.among_real:
            gallery, gallery_labels, gallery_images = queries, labels, images
        require(1, {"real images": queries, "images of the gallery": gallery})
        asking = self._asking(labels)
        if self.each is not None and not self.among_real:
            inside = torch.isin(gallery_images, images[asking])
            gallery, gallery_labels = gallery[inside], gallery_labels[inside]
            gallery_images = gallery_images[inside]
            require(1, {"images of the gallery": gallery})
        for rows in asking.split(max(1, CELLS // len(gallery))):
            nearness = cosines(queries[rows], gallery)
            right = self.right(labels[rows], images[rows], gallery_labels, gallery_images)
            if self.among_real:
                itself = images[rows, None] == gallery_images
                nearness, right = nearness.masked_fill(itself, -torch.inf), right & ~itself
            yield rows, nearness, right

    def _nothing(self) -> Tensor:
        """NaN for each query, and as many as the gallery has more."""
        longest = max(len(all_rows(side)) for side in (self.queries, self.gallery))
        return torch.full((longest,), torch.nan, dtype=torch.float64)

    def right(self, labels: Tensor, images: Tensor, *of_gallery: Tensor) -> Tensor:
        """(q, n) bool, of the labels and images of queries (q,) and gallery (n,)."""
        raise NotImplementedError

    def _asking(self, labels: Tensor) -> Tensor:
        """The rows of queries, in order."""
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(self.seed))
        if self.each is None:
            return order[:MOST].sort().values
        by_class = order[labels[order].argsort(stable=True)]
        _, size = labels[by_class].unique_consecutive(return_counts=True)
        place = torch.arange(len(labels)) - (size.cumsum(0) - size).repeat_interleave(size)
        return by_class[place < self.each].sort().values


class MeanAveragePrecision(_Retrieval):
    """Mean average precision; right is a picture of the query's class. `compute` gives `Found`; it
    raises `UserError` where nothing is right for any query, and for values that are not finite."""

    def right(self, labels: Tensor, images: Tensor, *of_gallery: Tensor) -> Tensor:
        return labels[:, None] == of_gallery[0]

    def compute(self) -> Found:
        """Of all processes' pictures together."""
        values, chances = self._nothing(), self._nothing()
        known: dict[tuple[int, int], Tensor] = {}
        for rows, nearness, right in self.ranked():
            values[rows] = average_precision(nearness, right)
            sizes = torch.stack([nearness.isfinite().sum(1), right.sum(1)], 1)
            for row, (there, count) in zip(rows.tolist(), sizes.tolist(), strict=True):
                if (there, count) not in known:  # a ranking where all are equally near
                    equal, first = torch.zeros(1, there), torch.arange(there)[None] < count
                    known[there, count] = average_precision(equal, first)
                chances[row] = known[there, count]
        return _found(values, chances)


class Recall(_Retrieval):
    """Share of real pictures with a picture of one of their own captions among the K nearest.
    `compute` gives by name, as "recall_at_10", for each K that leaves some of the gallery out,
    `Found`; it raises as above."""

    def __init__(self, counts: Sequence[int] = RECALLED, **options: Any) -> None:
        super().__init__(**options)
        self.counts = list(counts)

    def right(self, labels: Tensor, images: Tensor, *of_gallery: Tensor) -> Tensor:
        return images[:, None] == of_gallery[1]

    def compute(self) -> dict[str, Found]:
        """Of all processes' pictures together."""
        found: dict[int, tuple[Tensor, Tensor]] = {}
        for rows, nearness, right in self.ranked():
            counts = [count for count in self.counts if count < nearness.shape[1]]
            if not counts:
                raise UserError(f"the gallery has but {number_of(nearness.shape[1], 'image')}")
            values = recall_at(nearness, right, counts)
            chances = recall_at(torch.zeros_like(nearness), right, counts)
            for column, count in enumerate(counts):
                kept = found.setdefault(count, (self._nothing(), self._nothing()))
                for whole, part in zip(kept, (values, chances), strict=True):
                    whole[rows] = part[:, column]
        return {f"recall_at_{count}": _found(*kept) for count, kept in found.items()}


def _found(values: Tensor, chances: Tensor) -> Found:
    if values.isnan().all():
        raise UserError("no image of the gallery belongs to a real one")
    return Found(values.nanmean(), chances.nanmean(), values)
