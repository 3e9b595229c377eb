"""What extractors, encoders and classifiers see in pictures, as rows of scores (`scores.py`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from experiments.data.augment import normalise, to_uint8
from experiments.encoder.classifier import CLASS, Classifier, FineTuned
from experiments.encoder.text_image import TextImageEncoder
from experiments.metric.clip_match import CLIPJudge
from experiments.metric.extractor import Extractor
from experiments.metric.names import FINETUNED
from experiments.metric.rows import Rows

CLASSIFIER = "classifier"
CLIP_IMAGES, CLIP_CAPTIONS = "clip_images", "clip_captions"  # rows of a `CLIPJudge`


@dataclass(frozen=True)
class Eyes:
    """All that look at a picture. `names`: of the data's attributes, in their order; `classes`: of
    the test split."""

    extractor: Extractor | None = None
    encoders: Mapping[str, TextImageEncoder] = field(default_factory=dict)
    classifier: Classifier | None = None
    finetuned: FineTuned | None = None
    names: Sequence[str] = ()
    classes: Sequence[int] = ()
    judge: CLIPJudge | None = None
    sure: bool = False  # whether the classifier says how sure it is

    def see(self, pictures: Tensor) -> Rows:
        """What is seen in pictures (B, 3, H, W) in [-1, 1], rounded as they would be saved:
        `PictureScores` has the names."""
        finite, found = pictures.isfinite().flatten(1).all(1), dict[str, Tensor]()
        pictures = normalise(to_uint8(pictures.nan_to_num()))
        if self.extractor is not None:
            name, seen = self.extractor.name, self.extractor.see(pictures)
            found[f"features/{name}"] = seen.features
            if seen.logits is not None:
                found[f"logits/{name}"] = seen.logits
        for name, encoder in self.encoders.items():
            found[f"image_vectors/{name}"] = encoder.encode_image(pictures)[1].float()
        if self.judge is not None:
            found[f"{CLIP_IMAGES}/{self.judge.name}"] = self.judge.see(pictures)
        if self.classifier is not None:
            found |= read_by(self.classifier, CLASSIFIER, pictures, self.names, self.sure)
        if self.finetuned is not None:  # a softmax over the classes of the test split alone
            logits = self.finetuned(pictures)
            found[f"logits/{FINETUNED}"] = logits[CLASS][:, self.classes].float()
        return blank_where(~finite, found)


def read_by(
    network: Classifier, name: str, values: Tensor, names: Sequence[str], sure: bool = False
) -> Rows:
    """Features and logits of a classifier, and what it takes the attributes `names` to be, where it
    knows them all; with `sure` also how sure it is of these."""
    features, logits = network.read(values)
    found = {
        f"features/{name}": features.float(),
        f"logits/{name}": logits[network.score_attribute].float(),
    }
    if names and set(names) <= logits.keys():  # it may know classes alone
        found["predicted"] = torch.stack([logits[one].argmax(1) for one in names], 1)
        if sure:
            found["sure"] = sureness([logits[one] for one in names])
    return found


def sureness(logits: Sequence[Tensor]) -> Tensor:
    """How sure a classifier is, (B,): the mean over attributes of the logarithm of the greatest
    probability, of logits (B, values) each."""
    each = [values.float().log_softmax(1).amax(1) for values in logits]
    return torch.stack(each).mean(0)


def blank_where(bad: Tensor, rows: Rows) -> Rows:
    """The rows without those that are `bad` (B,): what a generator made that diverged is nothing;
    it has no features, and shows nothing."""
    for values in rows.values() if bad.any() else ():
        values[bad] = torch.nan if values.is_floating_point() else -1
    return rows
