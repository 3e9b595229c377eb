"""Recognition and retrieval of classes that were never seen, by their captions alone.

Reed et al. 2016 (CVPR), section 5, and the released `classify_sje_tcnn.lua` and
`retrieval_sje_tcnn.lua`: a class stands for the mean of the vectors of its captions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.machine.rank import Ranks
from experiments.metric.embedding import evaluating, image_vectors, sentence_vectors
from experiments.metric.embedding_retrieval import tell_map
from experiments.metric.extractor import hash_weights
from experiments.metric.names import RETRIEVED
from experiments.metric.picture_retrieval import found_again
from experiments.metric.protocol import Protocol, heard_as
from experiments.metric.real import LARGEST_BATCH, at_once, crop_of
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, looked_at
from experiments.metric.stated import tell_stated

CHUNK = 1024


class ZeroShot(RowScore):
    """How well captions stand for classes. `compute` gives the share of pictures that are nearest
    to their class as "top1", and `precision_at` so many pictures, where there are so many, as
    "precision_at_50"."""

    kept = ("images", "image_classes", "captions", "caption_classes")
    images: list[Tensor]

    def update(
        self, vectors: Tensor, classes: Tensor, of: Literal["images", "captions"] = "images"
    ) -> None:
        """vectors: (B, D). classes: (B,) from 0, none without a caption in the end."""
        getattr(self, of).append(vectors)
        getattr(self, f"{of.removesuffix('s')}_classes").append(classes)

    def compute(self) -> dict[str, float]:
        """Of all processes' rows together."""
        images, of_image, captions, of_caption = self.rows()
        prototypes = class_means(captions, of_caption)
        counts = [count for count in RETRIEVED if count <= len(images)]
        shares = precision_at(images, of_image, prototypes, counts) if counts else {}
        found = {f"precision_at_{count}": share for count, share in shares.items()}
        return {"top1": top1(images, of_image, prototypes)} | found


class ZeroShotScores:
    """`zero_shot/<encoder>` and `precision_at_<k>/<encoder>` of real pictures, all of those of the
    test classes that are not trained on."""

    def __init__(
        self,
        captions: int | None = None,
        seed: int = 0,
        unseen: bool = True,
        stated: int | None = None,
        retrieval: bool | None = None,
    ) -> None:
        """`captions`: of each class, a random subset drawn by `seed`; all of them where null.
        `unseen` false: all classes of the test split, also those that are trained on with other
        pictures; what is `zero_shot` otherwise is `recognition` then. `stated`: training captions
        that readouts are fitted on (`tell_stated`); None: none. `retrieval`: whether one caption of
        each class looks for its pictures (`map/<encoder>`); None: where captions are heard.
        """
        assert captions is None or captions >= 1, f"captions={captions}: a class needs one"
        self.captions, self.seed, self.unseen = captions, seed, unseen
        self.stated, self.retrieval = stated, retrieval

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, encoder, size = dataset.test, system.encoder, system.resolutions[-1]
        kept = np.ones(len(split), dtype=bool)
        if self.unseen:
            kept = ~np.isin(split.labels, dataset.train.labels)
        rows = np.flatnonzero(kept)
        captions = captions_by_class(split, kept, self.captions, self.seed)
        classes, sizes = np.unique(split.labels[rows], return_counts=True)
        protocol = Protocol(
            n_real=len(rows),
            n_fake=0,
            split=split.name,
            crop=crop_of(dataset, size),
            resize={},
            weights={encoder.name: hash_weights(encoder)},
            seed=self.seed,
            captions_per_image=0 if not len(rows) else -(-len(captions) // len(rows)),
            extra={
                "unseen classes" if self.unseen else "classes": len(classes),
                "captions that stand for them": len(captions),
                **heard_as(dataset.hearing),
            },
        )
        name = f"{'zero_shot' if self.unseen else 'recognition'}/{encoder.name}"
        found = Scored()
        if len(classes) < 2:
            reason = "fewer than two test classes are not in the training split"
            found.skipped[name] = reason
        else:
            protocol.extra["images of a class"] = f"{sizes.min()} to {sizes.max()}"
            metric = _seen(system, split, rows, captions, ranks)
            if (shares := found.attempt(name, metric.compute)) is not None:
                _tell(found, protocol, name, shares, sizes)
            if found_again(self.retrieval, encoder):
                vectors = torch.cat(metric.images)
                tell_map(found, protocol, encoder, split, rows, vectors, ranks)
        tell_stated(found, protocol, encoder, dataset, ranks, self.stated, self.seed)
        return found.result(protocol)


def _seen(
    system: Any, split: Split, rows: np.ndarray, captions: np.ndarray, ranks: Ranks
) -> ZeroShot:
    """Of pictures and captions of two classes at least, as the system's encoder sees them."""
    encoder, size, device = system.encoder, system.resolutions[-1], ranks.device
    classes = np.unique(split.labels[rows])
    of_image = np.searchsorted(classes, split.labels[rows])
    of_caption = np.searchsorted(classes, split.labels[split.caption_image[captions]])
    metric = ZeroShot()

    def look_at_images(places: np.ndarray) -> Rows:
        vectors = image_vectors(encoder, split, rows[places], size, device)
        return {"vectors": vectors, "classes": torch.from_numpy(of_image[places]).to(device)}

    def look_at_captions(places: np.ndarray) -> Rows:
        vectors = sentence_vectors(encoder, split, captions[places], device)
        return {"vectors": vectors, "classes": torch.from_numpy(of_caption[places]).to(device)}

    with evaluating(encoder):
        for part in looked_at(len(rows), at_once(size), ranks, look_at_images):
            metric.update(**part, of="images")
        for part in looked_at(len(captions), LARGEST_BATCH, ranks, look_at_captions):
            metric.update(**part, of="captions")
    return metric


def _tell(
    found: Scored, protocol: Protocol, name: str, shares: dict[str, float], sizes: np.ndarray
) -> None:
    """What `ZeroShot` gave as scores with their chance, and what classes of `sizes` (C,) pictures
    allow."""
    first, _, encoder = name.partition("/")
    images = int(sizes.sum())
    for key, value in ({first: shares.pop("top1")} | shares).items():
        found.scores[f"{key}/{encoder}/real"] = value
        found.scores[f"{key}/{encoder}/chance"] = 1 / len(sizes)
    for count in RETRIEVED:
        if count > images:
            reason = f"there are {images} images to retrieve"
            found.skipped[f"precision_at_{count}/{encoder}"] = reason
            continue
        best = float(np.minimum(sizes, count).mean() / count)
        if best < 1:
            protocol.extra[f"AP@{count} can reach"] = f"{best:.1%}"


def captions_by_class(split: Split, kept: np.ndarray, limit: int | None, seed: int) -> np.ndarray:
    """Caption rows of the images where `kept` (N,) is true; of each class at most `limit`, at
    random."""
    rows = np.flatnonzero(kept[split.caption_image])
    if limit is None:
        return rows
    rows = np.random.default_rng([seed, 11]).permutation(rows)
    labels = split.labels[split.caption_image[rows]]
    order = np.argsort(labels, kind="stable")
    _, start, count = np.unique(labels[order], return_index=True, return_counts=True)
    place = np.arange(len(rows)) - np.repeat(start, count)
    return np.sort(rows[order][place < limit])


def class_means(vectors: Tensor, classes: Tensor) -> Tensor:
    """vectors (n, D) with classes (n,) from 0 to C - 1, none empty; their means (C, D), float64."""
    size = int(classes.max()) + 1
    total = vectors.new_zeros((size, vectors.shape[1]), dtype=torch.float64)
    total.index_add_(0, classes, vectors.double())
    return total / classes.bincount(minlength=size)[:, None]


def top1(images: Tensor, classes: Tensor, prototypes: Tensor) -> float:
    """Share of images (n, D) whose largest product is with the prototype (C, D) of their class."""
    hits = [
        (part.double() @ prototypes.t()).argmax(1) == right
        for part, right in zip(images.split(CHUNK), classes.split(CHUNK), strict=True)
    ]
    return torch.cat(hits).double().mean().item()


def precision_at(
    images: Tensor, classes: Tensor, prototypes: Tensor, counts: Sequence[int]
) -> dict[int, float]:
    """For each of `counts`: the share of so many images with the largest products that are of the
    prototype's class, mean over the prototypes. What the paper calls AP@50; a class with fewer
    images than that cannot reach 1."""
    assert max(counts) <= len(images), "more images than there are"
    right = []
    for number, part in zip(
        torch.arange(len(prototypes)).split(CHUNK), prototypes.split(CHUNK), strict=True
    ):
        nearest = (part @ images.double().t()).topk(max(counts), dim=1).indices
        right.append(classes[nearest] == number[:, None])
    hits = torch.cat(right).double()
    return {count: hits[:, :count].mean().item() for count in counts}
