"""The clips that a run is trained on, as `data.filter` has it: by what they are, and by what a
classifier of clips says of them.

A verdict is kept with the prepared data, so that a run that goes on trains on the same clips.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import torch

from experiments.config.build import build
from experiments.data.store.dataset import Dataset
from experiments.data.store.feature import hash_weights
from experiments.data.store.picture import damaged, read_json
from experiments.data.store.room import lock_of
from experiments.data.store.sift import KEY, Sift, left_out, sifted
from experiments.data.view.base import usable
from experiments.data.view.clip import ClipView
from experiments.encoder.classifier import CLASS
from experiments.encoder.video_classifier import VideoClassifier
from experiments.file.lock import locked
from experiments.file.whole import write_json
from experiments.machine.rank import Ranks
from experiments.run.fact import facts_of
from experiments.run.weight import load_pretrained
from experiments.terminal.error import UserError

CLASSIFIER = f"{KEY}.classifier"
WHY = f"not read as known by {CLASSIFIER}"
TOGETHER = 64  # clips that are read at once


def chosen(dataset: Dataset, config: dict[str, Any], ranks: Ranks) -> Dataset:
    """The data set with the clips that `data.filter` leaves to train on; all where there is none.

    A classifier that is still to be trained, and so has no `pretrained` in the configuration, says
    nothing yet. Raises `UserError` for a filter that leaves none, and for what is no classifier.
    """
    node = config["data"].get("filter")
    if node is None:
        return dataset
    sift: Sift = build(node, facts_of(dataset), KEY, load_pretrained)
    classifier = sift.classifier
    if not isinstance(classifier, VideoClassifier | None):
        raise UserError(f"{CLASSIFIER}: is no classifier of clips; data/filter=judged has one")
    if classifier is not None and node["classifier"].get("pretrained", "") is None:
        raise UserError(f"{CLASSIFIER}.pretrained=null: nobody has trained it; name its run")
    dataset = sifted(dataset, sift, quiet=not ranks.main)
    if classifier is None or "pretrained" not in node["classifier"]:
        return dataset
    classifier = classifier.to(ranks.device).eval().requires_grad_(False)
    return believed(dataset, classifier, sift.agrees, ranks)


def believed(dataset: Dataset, classifier: VideoClassifier, agrees: float, ranks: Ranks) -> Dataset:
    """The data set without the clips to train on of which the classifier reads less than the share
    `agrees` as it is known to be: of their attributes, or their class where it reads that alone."""
    view = ClipView(classifier.form)
    dataset = usable(dataset, [view], quiet=not ranks.main)
    keys = list(dataset.train.keys)
    asked = [hash_weights(classifier), *map(str, classifier.form.shape), *keys]
    digest = hashlib.sha256("\0".join(asked).encode()).hexdigest()[:12]
    path = dataset.folder / f"verdict-{digest}.json"
    if not path.exists():
        with locked(lock_of(path)):
            if not path.exists():  # another process may have been first
                found = agreement(dataset, classifier, view, ranks.device)
                write_json(path, dict(zip(keys, found.tolist(), strict=True)))
    shares = read_json(path)
    if not isinstance(shares, dict) or list(shares) != keys:
        raise damaged(path, "not of these records")
    return left_out(dataset, [WHY if shares[key] < agrees else "" for key in keys])


@torch.inference_mode()
def agreement(
    dataset: Dataset, classifier: VideoClassifier, view: ClipView, device: torch.device
) -> np.ndarray:
    """(N,) of each record to train on the share of what is known of it that the classifier reads so
    in its middle stretch; 1 where nothing is known."""
    split, names = dataset.train, list(dataset.attribute_values)
    opened, found = view.open(dataset, split, device), list[np.ndarray]()
    for first in range(0, len(split), TOGETHER):
        rows = np.arange(first, min(first + TOGETHER, len(split)))
        logits = classifier.read(opened.stages(opened.real(rows, device))[-1])[1]
        asked = [name for name in names if name in logits] or [CLASS]
        known = (
            split.labels[rows][:, None]
            if asked == [CLASS]
            else split.attributes[rows][:, [names.index(name) for name in asked]]
        )
        says = torch.stack([logits[name].argmax(1) for name in asked], 1).cpu().numpy()
        told = known >= 0
        right = ((says == known) & told).sum(1)
        found.append(np.where(told.any(1), right / np.maximum(told.sum(1), 1), 1.0))
    return np.concatenate(found)
