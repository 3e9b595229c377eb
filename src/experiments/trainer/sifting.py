"""The clips that a run is trained on, as `data.filter` has it: by what they are, and by what a
classifier of clips says of them.

A verdict is kept with the prepared data, so that a run that goes on, maybe on another machine,
trains on the same clips.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.config.build import build
from experiments.data.store.dataset import Dataset
from experiments.data.store.picture import damaged, read_json
from experiments.data.store.room import lock_of
from experiments.data.store.sift import KEY, Sift, left_out, sifted
from experiments.data.store.split import Split
from experiments.data.view.base import usable
from experiments.data.view.clip import ClipView
from experiments.encoder.classifier import CLASS
from experiments.encoder.video_classifier import VideoClassifier
from experiments.file.lock import locked
from experiments.file.use import use
from experiments.file.whole import write_json
from experiments.machine.rank import Ranks
from experiments.run.fact import facts_of
from experiments.run.folder import run_config
from experiments.run.pretrained import without_pretrained
from experiments.run.state import run_named
from experiments.run.weight import load_export
from experiments.terminal.error import UserError, one_line

TOGETHER = 64  # clips that are read at once


def chosen(dataset: Dataset, config: dict[str, Any], ranks: Ranks) -> Dataset:
    """The data set with the clips that `data.filter` leaves to train on; all where there is none.
    Raises `UserError` for a filter that leaves none, and for a classifier of other data."""
    node = config["data"].get("filter")
    if node is None:
        return dataset
    sift: Sift = build(node, None, KEY)
    dataset = sifted(dataset, sift, quiet=not ranks.main)
    if sift.classifier is None:
        return dataset
    try:
        place = run_named(sift.classifier, config["paths"]["outputs"])
    except UserError as error:
        raise UserError(f"{KEY}.classifier: {error}") from None
    return believed(dataset, classifier_of(place, dataset).to(ranks.device), sift.agrees, ranks)


def classifier_of(place: Path, dataset: Dataset) -> VideoClassifier:
    """The averaged classifier of a run on these data. Raises `UserError` where it is none."""
    key = f"{KEY}.classifier={place}"
    node = without_pretrained(run_config(place), "encoder").get("encoder")
    network = build(node, facts_of(dataset), f"{KEY}.classifier")
    if not isinstance(network, VideoClassifier):
        raise UserError(
            f"{key}: reads no clips; take a run of model=classifier encoder=video_classifier"
        )
    try:
        network.load_state_dict(load_export(place)["export"]["encoder"])
    except (KeyError, RuntimeError) as error:
        raise UserError(f"{key}: was trained on other data ({one_line(error)})") from None
    return network.eval().requires_grad_(False)


def believed(dataset: Dataset, classifier: VideoClassifier, agrees: float, ranks: Ranks) -> Dataset:
    """The data set without the clips to train on of which the classifier reads less than the share
    `agrees` as it is known to be: of their attributes, or their class where it reads that alone."""
    view = ClipView(classifier.form)
    dataset = usable(dataset, [view], quiet=not ranks.main)
    keys = dataset.train.keys
    digest = hashlib.sha256("\0".join(keys).encode())
    for name, tensor in classifier.state_dict().items():
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    path = dataset.folder / f"verdict-{digest.hexdigest()[:12]}.json"
    if not path.exists():
        with locked(lock_of(path)):
            if not path.exists():  # another process may have been first
                found = agreement(dataset, classifier, view, ranks.device)
                write_json(path, dict(zip(keys, found.tolist(), strict=True)))
    use(dataset.folder)
    shares = read_json(path)
    if not isinstance(shares, dict) or list(shares) != list(keys):
        raise damaged(path, "not of these records")
    why = f"not read as known by {KEY}.classifier"
    return left_out(dataset, [why if shares[key] < agrees else "" for key in keys])


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
        clips = opened.stages(opened.real(rows, device))[-1]
        logits = classifier.read(clips)[1]
        read = [name for name in names if name in logits]
        if read:
            says = torch.stack([logits[name].argmax(1) for name in read], 1).cpu().numpy()
            known = split.attributes[rows][:, [names.index(name) for name in read]]
        else:
            says, known = logits[CLASS].argmax(1)[:, None].cpu().numpy(), _classes(split, rows)
        told = known >= 0
        right = ((says == known) & told).sum(1)
        found.append(np.where(told.any(1), right / np.maximum(told.sum(1), 1), 1.0))
    return np.concatenate(found)


def _classes(split: Split, rows: np.ndarray) -> np.ndarray:
    return np.asarray(split.labels)[rows][:, None]
