"""All scores of generated pictures beside real ones, as one collection of metrics.

Every score of generated images stands under its name; beside it, with a suffix, what it is to be
compared with: `/real` (real images), `/chance`, `/std`, `/candidates`. For distances, precision,
recall, density and coverage `/real` is that of two random halves of the real images: what sampling
alone gives, of distances an upper bound at these counts (halves are smaller, and the Fréchet
distance grows as sets shrink). For diversity it is the
mean distance of any two real images. For mAP the other real images are found instead of generated
ones. Otherwise it is the same score of real images.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal

import torch
from torch import Tensor
from torchmetrics import Metric

from experiments.metric.attribute import AttributeAccuracy, Shown, averages
from experiments.metric.authenticity import Authentic, Authenticity
from experiments.metric.beside import BESIDE, NEIGHBOURS, Halves, beside, tell_neighbours
from experiments.metric.clip_match import CLIPScore, Matched
from experiments.metric.diversity import Diversity
from experiments.metric.embedding_retrieval import SEARCH, BothWays, tell_found
from experiments.metric.extractor import Given
from experiments.metric.inception_score import ClassScore
from experiments.metric.picture_retrieval import Found, MeanAveragePrecision, Recall
from experiments.metric.r_precision import Retrieved, RPrecision
from experiments.metric.result import Scored
from experiments.metric.rows import collection
from experiments.metric.seen import CLIP_CAPTIONS, CLIP_IMAGES

EXPECTED = ("independent",)  # encoders that are told of where they are missing
REAL, ATTRIBUTES, AUTHENTIC = "/real", "attribute_accuracy", "authentic"
CHUNK = 1024  # rows that a metric is shown at once
NEVER = {
    "inception_score": "the extractor gave no logits",
    "diversity": "no caption was sampled more than once",
    ATTRIBUTES: "nothing read the attributes of images",
}


class PictureScores:
    """Scores of what extractors and encoders saw: rows by name, `features/<extractor>` (B, d),
    `logits/<extractor>` (B, k), which may stand alone, `image_vectors/<encoder>` and
    `sentence_vectors/<encoder>` (B, d), `labels` (B,) int64, `predicted` and `stated` (B, A) int64,
    -1 where nothing is stated, `clip_images/<model>` and `clip_captions/<model>` (B, d) of length
    one, `images` (B,) int64, the number of the real picture that a picture is, or whose caption it
    was drawn for.
    """

    def __init__(
        self,
        attributes: Sequence[str] = (),
        colours: Collection[str] = (),
        seed: int = 0,
        splits: int = 10,
        subsets: int = 100,
        subset_size: int | None = None,
        candidates: int = 100,
        folds: int = 10,
        retrieval: Literal["classes", "captions"] | None = None,
        queries: int | None = None,
        expected: Collection[str] = EXPECTED,
        search: bool = True,
    ) -> None:
        """`attributes` names the columns of `predicted` and `stated`; `colours` those averaged as
        "colour". `splits` of the class score, `subsets` and `subset_size` of the kernel distance,
        `candidates` and `folds` of R-precision. `retrieval`: real pictures find generated ones of
        their class (mAP), or of their own captions (R@K), which asks for `images`; `queries` of
        each class do. `expected`: encoders that are told of where they are missing. `search`:
        captions also look for their own real picture.
        """
        self.expected, self.search = expected, search
        self.attributes, self.colours = list(attributes), colours
        self.seed, self.splits = seed, splits
        self.subsets, self.subset_size = subsets, subset_size
        self.candidates, self.folds = candidates, folds
        self.retrieval, self.queries = retrieval, queries
        self.metrics = collection({})
        self.dimensions: dict[str, int] = {}  # of the features of each extractor

    def update(self, rows: Mapping[str, Tensor], real: bool) -> None:
        """A batch of real or generated pictures."""
        side = REAL if real else ""
        for name in _names(rows, "features"):
            features, logits = rows[f"features/{name}"], rows.get(f"logits/{name}")
            self._look_with(name, features)
            for part, first in product(features.split(CHUNK), BESIDE):
                self.metrics[f"{first}/{name}"].update(part, real=real)
            if real:
                for first in BESIDE:
                    self.metrics[f"{first}/{name}/real"].update(features)
                of_one = torch.zeros(len(features), dtype=torch.int64, device=features.device)
                self.metrics[f"diversity/{name}/real"].update(features, of_one)
            if logits is not None:
                self.metrics[f"inception_score/{name}{side}"].update(logits)
            if f"{AUTHENTIC}/{name}" in self.metrics:
                self.metrics[f"{AUTHENTIC}/{name}{side}"].update(features)
            if self.retrieval is not None:
                self._retrieve(name, rows, real)
        for name in _names(rows, "logits"):
            if f"features/{name}" not in rows:  # it was asked for classes alone
                logits = rows[f"logits/{name}"]
                self._class_score(name, logits.shape[1])
                self.metrics[f"inception_score/{name}{side}"].update(logits)
        retrieval = partial(RPrecision, self.candidates, self.folds, self.seed)
        for name in _names(rows, "image_vectors"):
            vectors = rows[f"image_vectors/{name}"], rows[f"sentence_vectors/{name}"]
            self._both(f"r_precision/{name}", retrieval)
            self.metrics[f"r_precision/{name}{side}"].update(*vectors, rows["labels"])
            if real and self.search:
                if f"{SEARCH}/{name}" not in self.metrics:
                    self.metrics[f"{SEARCH}/{name}"] = BothWays()
                self.metrics[f"{SEARCH}/{name}"].update(*vectors)
        for name in _names(rows, CLIP_IMAGES):
            self._both(f"clip_score/{name}", CLIPScore)
            pairs = rows[f"{CLIP_IMAGES}/{name}"], rows[f"{CLIP_CAPTIONS}/{name}"]
            self.metrics[f"clip_score/{name}{side}"].update(*pairs)
        if self.attributes and "predicted" in rows:
            self._both(ATTRIBUTES, lambda: AttributeAccuracy(self.attributes, self.colours))
            self.metrics[f"{ATTRIBUTES}{side}"].update(rows["predicted"], rows["stated"])

    def repeat(self, rows: Mapping[str, Tensor], captions: Tensor) -> None:
        """Several generated pictures of some captions (B,), for diversity."""
        for name in _names(rows, "features"):
            self._look_with(name, rows[f"features/{name}"])
            self.metrics[f"diversity/{name}"].update(rows[f"features/{name}"], captions)

    def trained_on(self, rows: Mapping[str, Tensor]) -> None:
        """Pictures of the training split, before any other: are generated ones copies of them?"""
        for name in _names(rows, "features"):
            features = rows[f"features/{name}"]
            self._both(f"{AUTHENTIC}/{name}", lambda d=features.shape[1]: Authenticity(Given(d)))  # type: ignore[misc]
            for side in ("", REAL):
                self.metrics[f"{AUTHENTIC}/{name}{side}"].update(features, of="training")

    def compute(self, between: Callable[[], None] = lambda: None) -> Scored:
        """All scores that the rows of all processes allow. Nothing is left out without an entry in
        `skipped`; a reason for "r_precision" alone speaks of all its scores. between: is called
        before each, and may raise."""
        found = Scored(skipped=self._missing())
        for name, metric in self.metrics.items(copy_state=False):
            if not metric.update_called:
                found.skipped[name] = NEVER.get(name.partition("/")[0], "no image was looked at")
                if str(name).startswith(f"{NEIGHBOURS}/"):
                    tell_neighbours(found, str(name), None)
                continue
            between()
            if isinstance(metric, BothWays):
                tell_found(found, str(name).partition("/")[2], metric)
                continue
            value = found.attempt(name, metric.compute)
            if str(name).startswith(f"{NEIGHBOURS}/"):
                tell_neighbours(found, str(name), value)
                continue
            if value is None:
                continue
            base, side = name.removesuffix(REAL), REAL if name.endswith(REAL) else ""
            if isinstance(value, Found):
                if side:  # of another gallery, whose chance is another
                    found.scores[name] = value.mean.item()
                else:
                    found.scores |= value.scores(name)
                    found.columns[name] = value.values
            elif isinstance(value, dict):
                for first, of_count in value.items():
                    key = f"{first}/{name.partition('/')[2]}"
                    found.scores |= of_count.scores(key)
                    found.columns[key] = of_count.values
            elif isinstance(value, Retrieved):
                found.scores |= value.scores(base, side)
                if not side:
                    found.columns[base] = value.hits
            elif isinstance(value, Matched | Authentic):
                found.scores[name] = value.mean.item()
                if not side:
                    found.columns[name] = value.each
                    if isinstance(value, Matched):
                        found.scores[f"{name}/chance"] = value.chance.item()
            elif isinstance(value, Shown):
                self._tell_attributes(found, side, value)
            elif isinstance(value, tuple):
                found.scores |= {name: value[0].item(), f"{name}/std": value[1].item()}
            else:
                found.scores[name] = value.item()
        return found

    def _look_with(self, extractor: str, features: Tensor) -> None:
        """The scores of an extractor, unless they are there."""
        if f"frechet/{extractor}" in self.metrics:
            return
        self.dimensions[extractor] = features.shape[1]
        given = Given(features.shape[1])
        makers = beside(given, self.seed, self.subsets, self.subset_size)
        for name, make in makers.items():
            self.metrics[f"{name}/{extractor}"] = make().to(features.device)
        for name, make in makers.items():
            self.metrics[f"{name}/{extractor}{REAL}"] = Halves(make, self.seed)
        self._class_score(extractor, features.shape[1])
        self._both(f"diversity/{extractor}", lambda: Diversity(given))

    def _retrieve(self, extractor: str, rows: Mapping[str, Tensor], real: bool) -> None:
        """Features of an extractor as queries, or as what they are to find."""
        seen = rows[f"features/{extractor}"], rows["labels"], rows["images"]
        options: dict[str, Any] = {"each": self.queries, "seed": self.seed}
        if self.retrieval == "captions":
            name = f"recall_at_k/{extractor}"
            if name not in self.metrics:
                self.metrics[name] = Recall(**options)
        elif (name := f"map/{extractor}") not in self.metrics:
            self.metrics[name] = MeanAveragePrecision(**options)
            self.metrics[name + REAL] = MeanAveragePrecision(among_real=True, **options)
        self.metrics[name].update(*seen, of="queries" if real else "gallery")
        if real and name + REAL in self.metrics:
            self.metrics[name + REAL].update(*seen, of="queries")

    def _class_score(self, name: str, size: int) -> None:
        given = Given(size)
        self._both(f"inception_score/{name}", lambda: ClassScore(given, self.splits, self.seed))

    def _both(self, name: str, make: Callable[[], Metric]) -> None:
        """A score of generated pictures and one of real ones, unless they are there."""
        if name not in self.metrics:
            self.metrics[name], self.metrics[f"{name}{REAL}"] = make(), make()

    def _missing(self) -> dict[str, str]:
        """Scores that nobody looked for."""
        missing = {}
        if not any(str(name).startswith("frechet/") for name in self.metrics):
            missing["frechet"] = "no extractor looked at the images"
        for name in self.expected:
            if f"r_precision/{name}" not in self.metrics:
                missing[f"r_precision/{name}"] = f"no encoder '{name}' looked at the images"
        if not self.attributes:
            missing[ATTRIBUTES] = "this data set states no attributes"
        elif ATTRIBUTES not in self.metrics:
            missing[ATTRIBUTES] = "nothing read the attributes of images"
        return missing

    def _tell_attributes(self, found: Scored, side: str, shown: Shown) -> None:
        found.scores |= {f"{ATTRIBUTES}/{k}{side}": share for k, share in shown.accuracy.items()}
        for key in (*self.attributes, "mean", *(("colour",) if self.colours else ())):
            if key not in shown.accuracy:
                found.skipped[f"{ATTRIBUTES}/{key}{side}"] = "no caption of these images states it"
        if side:
            return
        found.scores |= {f"{ATTRIBUTES}/{k}/chance": share for k, share in shown.chance.items()}
        columns = zip(self.attributes, shown.hits.unbind(1), strict=True)
        known = {name: column for name, column in columns if name in shown.accuracy}
        found.columns |= {f"{ATTRIBUTES}/{name}": column for name, column in known.items()}
        for key, of in averages(list(known), self.colours).items():
            found.averages[f"{ATTRIBUTES}/{key}"] = [f"{ATTRIBUTES}/{name}" for name in of]


def _names(rows: Mapping[str, Tensor], group: str) -> list[str]:
    parts = sorted(name.partition("/")[::2] for name in rows)
    return [name for first, name in parts if first == group]
