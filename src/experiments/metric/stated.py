"""What captions state, read out of an encoder's vectors of them: is it heard, or read, at all?

A linear readout of each attribute is fitted on the vectors of training captions, which the encoder
gives as it is, and asked about captions of the test split. The method is this project's choice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.machine.rank import Ranks
from experiments.metric.attribute import Shown, attribute_hits, mean_hits
from experiments.metric.embedding import evaluating, sentence_vectors
from experiments.metric.protocol import Protocol
from experiments.metric.real import LARGEST_BATCH, captions_for
from experiments.metric.result import Scored
from experiments.metric.rows import Rows, RowScore, looked_at, require
from experiments.terminal.error import UserError

STATED = "stated"
# Of the mean square of a feature, which is 1.
STRENGTHS = (10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4)
HELD_OUT = 0.2  # of the groups of training captions, by which the strength is chosen
TESTED = 3  # so many training captions are read for each test caption


class StatedAttributes(RowScore):
    """`readout` of the training captions, asked about those of the test.

    `compute` gives `Shown`, whose chance is that of the commonest value of each attribute in the
    training captions: what any readout of a vector that says nothing comes to. Attributes that no
    training caption states are left out. It raises `UserError` where no attribute is stated on both
    sides, and for vectors that are not finite.
    """

    kept = ("train", "train_stated", "train_groups", "test", "test_stated")
    train_groups: list[Tensor]

    def __init__(
        self,
        names: Sequence[str],
        colour_names: Collection[str] = (),
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.names, self.colour_names, self.seed = list(names), set(colour_names), seed

    def update(
        self,
        vectors: Tensor,
        stated: Tensor,
        groups: Tensor | None = None,
        of: Literal["train", "test"] = "train",
    ) -> None:
        """vectors: (B, D). stated: (B, A) int64, -1 where a caption says nothing. groups: (B,)
        int64, of training captions those that stay together when some are held out."""
        getattr(self, of).append(vectors)
        getattr(self, f"{of}_stated").append(stated)
        if of == "train":
            assert groups is not None, "training captions come in groups"
            self.train_groups.append(groups)

    def compute(self) -> Shown:
        """Of all processes' captions together."""
        train, said, groups, test, asked = self.rows()
        require(2, {"training captions": train})
        require(1, {"test captions": test})
        taught = (said >= 0).any(0)
        if not ((asked >= 0).any(0) & taught).any():
            raise UserError("no attribute is stated by captions of both splits")
        asked = asked.masked_fill(~taught, -1)
        read, commonest = torch.full_like(asked, -1), torch.full_like(asked, -1)
        for column in taught.nonzero()[:, 0].tolist():
            known = said[:, column] >= 0
            values = said[known, column]
            weights = readout(train[known], values, groups[known], self.seed)
            read[:, column] = apply(weights, test)
            commonest[:, column] = values.bincount().argmax()
        hits = attribute_hits(read, asked)
        guessed = attribute_hits(commonest, asked)
        return Shown(
            mean_hits(hits, self.names, self.colour_names),
            mean_hits(guessed, self.names, self.colour_names),
            hits,
        )


def readout(vectors: Tensor, values: Tensor, groups: Tensor, seed: int = 0) -> Tensor:
    """The weights (D + 1, V) of a linear readout, the constants in the last row.

    Ridge regression of the one-hot values on the vectors, each feature first scaled to variance 1;
    constants are not held down. Its strength, one of `STRENGTHS`, is the one that reads most of a
    fifth of the groups right when it is fitted on the others; of equals the strongest; then it is
    fitted on all. vectors: (n, D). values: (n,) int64 from 0. groups: (n,) int64.
    """
    count = int(values.max()) + 1
    names = groups.unique()
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed))
    out = torch.isin(groups, names[order[: round(HELD_OUT * len(names))]])
    strength = STRENGTHS[0]
    if out.any() and not out.all():
        tried = fitted(vectors[~out], values[~out], count, STRENGTHS)
        right = [int((apply(w, vectors[out]) == values[out]).sum()) for w in tried]
        strength = STRENGTHS[right.index(max(right))]
    return fitted(vectors, values, count, [strength])[0]


def fitted(vectors: Tensor, values: Tensor, count: int, strengths: Sequence[float]) -> list[Tensor]:
    """The weights (D + 1, count) at each strength, in float64: those of W and b which minimise
    |Y - Z W - b|^2 / n + strength |W|^2, Z the scaled vectors, told of the vectors as they are."""
    centre = vectors.double().mean(0)
    rows = vectors.double() - centre
    spread = rows.square().mean(0).sqrt()
    scale = torch.where(spread > 0, 1 / spread, 0)  # a feature that never moves says nothing
    rows = rows * scale
    targets = torch.nn.functional.one_hot(values, count).double()
    share = targets.mean(0)
    square, product = rows.T @ rows / len(rows), rows.T @ (targets - share) / len(rows)
    found = []
    for strength in strengths:
        lower = torch.linalg.cholesky(square + strength * torch.eye(len(square)).double())
        weights = torch.cholesky_solve(product, lower) * scale[:, None]
        found.append(torch.cat([weights, (share - centre @ weights)[None]]))
    return found


def apply(weights: Tensor, vectors: Tensor) -> Tensor:
    """The values (n,) that a readout (D + 1, V) gives of vectors (n, D)."""
    return (vectors.double() @ weights[:-1] + weights[-1]).argmax(1)


def tell_stated(
    found: Scored,
    protocol: Protocol,
    encoder: Any,
    dataset: Dataset,
    ranks: Ranks,
    captions: int | None,
    seed: int = 0,
) -> None:
    """Put `stated/<attribute>`, `stated/colour` and `stated/mean` into `found`, with `/chance`, and
    into the protocol how many captions they are of.

    captions: the most of the training split that readouts are fitted on, of which a third as many
    of the test split are read; None for no such scores. Every picture's come in turn
    (`captions_for`). Held out are the captions of whole classes, of whole pictures where there is
    one class alone.
    """
    if captions is None:
        return
    names = list(dataset.attribute_values)
    if not names:
        found.skipped[STATED] = "this data set states no attributes"
        return
    metric = StatedAttributes(names, dataset.colour_attributes, seed)
    train, test = dataset.train, dataset.test
    taught = _some(train, captions, seed)
    asked = _some(test, -(-captions // TESTED), seed)

    def look_at(split: Split, rows: np.ndarray, places: np.ndarray) -> Rows:
        vectors = sentence_vectors(encoder, split, rows[places], ranks.device)
        stated = torch.from_numpy(stated_values(split, rows[places])).to(ranks.device)
        return {"vectors": vectors, "stated": stated}

    def look_at_train(places: np.ndarray) -> Rows:
        groups = torch.from_numpy(_groups(train)[train.caption_image[taught[places]]])
        return look_at(train, taught, places) | {"groups": groups.to(ranks.device)}

    with evaluating(encoder), torch.inference_mode():
        for part in looked_at(len(taught), LARGEST_BATCH, ranks, look_at_train):
            metric.update(**part, of="train")
        for part in looked_at(
            len(asked), LARGEST_BATCH, ranks, lambda places: look_at(test, asked, places)
        ):
            metric.update(**part, of="test")
    if (shown := found.attempt(STATED, metric.compute)) is None:
        return
    protocol.extra["captions that readouts are fitted on"] = len(taught)
    protocol.extra["captions that readouts are asked about"] = len(asked)
    for name in names:
        if name not in shown.accuracy:
            found.skipped[f"{STATED}/{name}"] = "captions of both splits have to state it"
    for name, value in shown.accuracy.items():
        found.scores[f"{STATED}/{name}"] = value
        found.scores[f"{STATED}/{name}/chance"] = shown.chance[name]


def stated_values(split: Split, captions: np.ndarray) -> np.ndarray:
    """(B, A) int64: what the captions (B,) state of their pictures, -1 where nothing."""
    values = split.attributes[split.caption_image[captions]]
    return np.where(split.mentions[captions], values, -1)


def _some(split: Split, most: int, seed: int) -> np.ndarray:
    return captions_for(split, min(most, len(split.caption_image)), seed)


def _groups(split: Split) -> np.ndarray:
    """(N,) of each picture what is held out with it."""
    several = len(split) > 0 and (split.labels != split.labels[0]).any()
    return split.labels if several else np.arange(len(split))
