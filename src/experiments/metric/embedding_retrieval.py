"""Captions and real pictures that find each other, as an encoder of both sees them.

S2IGAN's validation of its speech embedding (Wang et al. 2020; the released trainer): mean average
precision where there are classes, recall among the ten nearest, both ways, where there are none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.split import Split
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating, sentence_vectors
from experiments.metric.names import RECALLED
from experiments.metric.picture_retrieval import MeanAveragePrecision
from experiments.metric.protocol import Protocol
from experiments.metric.ranking import cosines, recall_at
from experiments.metric.real import LARGEST_BATCH
from experiments.metric.result import Scored
from experiments.metric.rows import Rows, RowScore, looked_at, require
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

CHUNK = 1024
SEARCH = "picture_recall"  # of captions that look for their real picture
FOUND = (1, 5, 10)  # pictures that a person looks through


def first_captions(split: Split, rows: np.ndarray) -> np.ndarray:
    """One caption row (C,) of each class of the images `rows`, the first that there is."""
    captions = np.flatnonzero(np.isin(split.caption_image, rows))
    labels = split.labels[split.caption_image[captions]]
    return captions[np.unique(labels, return_index=True)[1]]


def tell_map(
    found: Scored,
    protocol: Protocol,
    encoder: Any,
    split: Split,
    rows: np.ndarray,
    vectors: Tensor,
    ranks: Ranks,
) -> None:
    """Put `map/<encoder>/real` into `found`, with its chance: one caption of each class looks for
    the class's pictures among the images `rows` (n,), of which this process has its share's
    `vectors`."""
    asking, device, name = first_captions(split, rows), ranks.device, f"map/{encoder.name}"
    labels = torch.from_numpy(split.labels).to(device)
    metric = MeanAveragePrecision()

    def look(places: np.ndarray) -> Rows:
        images = torch.from_numpy(split.caption_image[asking[places]]).to(device)
        sentences = sentence_vectors(encoder, split, asking[places], device)
        return {"features": sentences, "labels": labels[images], "images": images}

    with evaluating(encoder):
        for part in looked_at(len(asking), LARGEST_BATCH, ranks, look):
            metric.update(**part, of="queries")
    mine = torch.from_numpy(np.array_split(rows, ranks.processes)[ranks.rank]).to(device)
    metric.update(vectors, labels[mine], mine)
    protocol.extra["captions that look for pictures"] = f"{len(asking)}, one of each class"
    if (value := found.attempt(name, metric.compute)) is not None:
        found.scores |= value.scores(name, "/real")


class BothWays(RowScore):
    """Recall among the K nearest, of pictures by their captions and of captions by their pictures.

    `compute` raises `UserError` where every K takes all of the pictures, and for values that are
    not finite.
    """

    kept = ("images", "captions")

    def update(self, images: Tensor, captions: Tensor) -> None:
        """(B, d) each, row i the picture and a caption of it."""
        self.keep(images, captions)

    def compute(self) -> dict[int, tuple[float, float, float]]:
        """By K, of those that leave some pictures out: the shares of pictures and of captions that
        are found, and chance; of all processes' pairs together."""
        images, captions = self.rows()
        require(1, {"images": images, "captions": captions})
        counts = [count for count in RECALLED if count < len(images)]
        if not counts:
            raise UserError(f"{number_of(len(images), 'image')}: too few to look for one")
        ways = [_shares(*pair, counts) for pair in ((captions, images), (images, captions))]
        pairs = zip(counts, *ways, strict=True)
        return {count: (a, b, count / len(images)) for count, a, b in pairs}


def _shares(queries: Tensor, gallery: Tensor, counts: list[int]) -> list[float]:
    """By K the share of queries (n, d) that find the row of a gallery (n, d) that is theirs."""
    hits = []
    for rows in torch.arange(len(queries)).split(CHUNK):
        own = rows[:, None] == torch.arange(len(gallery))
        hits.append(recall_at(cosines(queries[rows], gallery), own, counts))
    return torch.cat(hits).mean(0).tolist()  # type: ignore[no-any-return]


def tell_recall(found: Scored, encoder: str, metric: BothWays) -> None:
    """Put `recall_at_<K>/<encoder>/real`, the mean of both ways, into `found`, with each way and
    chance."""
    shares = found.attempt(f"recall_at_k/{encoder}", metric.compute)
    for count, (pictures, captions, chance) in (shares or {}).items():
        name = f"recall_at_{count}/{encoder}"
        found.scores[f"{name}/real"] = (pictures + captions) / 2
        found.scores[f"picture_{name}/real"] = pictures
        found.scores[f"caption_{name}/real"] = captions
        for key in (name, f"picture_{name}", f"caption_{name}"):
            found.scores[f"{key}/chance"] = chance


def tell_found(found: Scored, encoder: str, metric: BothWays) -> None:
    """Put `picture_recall_at_<K>/<encoder>/real` alone, with its chance, into `found`: the share of
    captions that find their own real picture, which is how well the search of task=app works."""
    shares = found.attempt(f"{SEARCH}/{encoder}", metric.compute)
    for count, (pictures, _, chance) in (shares or {}).items():
        if count in FOUND:
            name = f"picture_recall_at_{count}/{encoder}"
            found.scores |= {f"{name}/real": pictures, f"{name}/chance": chance}
