"""Scores of a text-to-image system: every picture is drawn once and seen once by each extractor."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.data.store.feature import tokens_hash
from experiments.data.store.split import Split
from experiments.data.view.caption import CAPTION, Captions
from experiments.encoder.classifier import Classifier, FineTuned
from experiments.encoder.text_image import TextImageEncoder
from experiments.file.array import load_arrays, save_arrays
from experiments.machine.rank import Ranks
from experiments.metric.clip_match import CLIPJudge
from experiments.metric.embedding import sentence_vectors
from experiments.metric.extractor import Extractor, hash_weights
from experiments.metric.names import FINETUNED
from experiments.metric.picture_retrieval import MOST, found_again
from experiments.metric.protocol import Protocol, heard_as
from experiments.metric.real import (
    at_once,
    captions_for,
    columns_of,
    crop_of,
    read_captions,
    real_images,
)
from experiments.metric.result import Result
from experiments.metric.rows import Rows, gathered, looked_at
from experiments.metric.samples import ScoreSamples
from experiments.metric.scores import PictureScores
from experiments.metric.seen import CLASSIFIER, CLIP_CAPTIONS, Eyes
from experiments.run.shipped import judged_by
from experiments.terminal.error import UserError
from experiments.terminal.line import say

REPEATED, REPEATS = 8, 4  # captions that are drawn several times, for diversity
FORMAT = 1  # of what is kept of real pictures; raising it leaves older files unused


@dataclass(frozen=True)
class _Subject:
    """What is scored, and the encoders that look at it, by the name of their scores."""

    system: Any
    dataset: Dataset
    encoders: dict[str, TextImageEncoder]
    ranks: Ranks


class GenerationScores:
    """Draws pictures for captions of the test split and scores them beside real ones."""

    def __init__(
        self,
        extractor: Extractor | None,
        independent: TextImageEncoder | None = None,
        classifier: Classifier | None = None,
        finetuned: FineTuned | None = None,
        samples: int = 1000,
        candidates: int = 100,
        splits: int = 10,
        seed: int = 0,
        retrieval: bool | None = None,
        queries: int | None = None,
        truncation: float | None = None,
        clip_score: CLIPJudge | None = None,
    ) -> None:
        """`extractor`: sees what distances are of; None: the classifier alone does. `independent`:
        an encoder that the pictures were not trained against. `classifier`: reads
        attributes, where the data set knows them. `finetuned`: knows the classes of the test
        split, whose pictures it was trained on. `samples`: pictures that are drawn. `retrieval`:
        whether real pictures find generated ones (`picture_retrieval.py`); None: in a run that
        listens. `queries`: of each class so many do, and look through the pictures of their own
        captions; None: all do, and through all pictures. `truncation`: of the noise that pictures
        are drawn of (`system/truncation.py`), as in DF-GAN's scores; None: there is none.
        `clip_score`: CLIP or SigLIP of the user, which says how near pictures are to what is
        written.
        """
        self.extractor = extractor
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.finetuned = None if finetuned is None else finetuned.requires_grad_(False).eval()
        self.independent = None if independent is None else independent.freeze()
        assert queries is None or queries >= 1, f"queries={queries}: a class needs one"
        self.samples, self.candidates, self.splits, self.seed = samples, candidates, splits, seed
        self.retrieval, self.queries = retrieval, queries
        self.truncation = truncation
        self.judge = clip_score
        self._real: tuple[Path, Rows] | None = None

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` samples with the weights it has now; the result is the same on all processes.

        Without an encoder in the system that sees pictures, or without `independent`, R-precision
        is skipped.
        """
        judges = self.extractor, self.independent, self.classifier, self.finetuned, self.judge
        for module in judges:
            if module is not None:
                module.to(ranks.device)
        own = system.encoder
        blind = own is not None and not own.sees_pictures
        encoders = {} if own is None or blind else {own.name: own}
        if self.independent is not None:
            encoders["independent"] = self.independent
        subject = _Subject(system, dataset, encoders, ranks)
        captions = captions_for(dataset.test, self.samples, self.seed)
        protocol = self._protocol(subject, captions)
        scores = PictureScores(
            dataset.seen_attributes,
            dataset.colour_attributes,
            seed=self.seed,
            splits=self.splits,
            candidates=self.candidates,
            retrieval=_right(dataset.test) if found_again(self.retrieval, own) else None,
            queries=self.queries,
        )
        real = dict(self._real_pictures(subject, captions[: protocol.n_real], protocol))
        real["images"] = torch.from_numpy(dataset.test.caption_image[captions[: protocol.n_real]])
        mine = np.array_split(np.arange(protocol.n_real), ranks.processes)[ranks.rank]
        scores.update({n: rows[mine].to(ranks.device) for n, rows in real.items()}, real=True)
        for rows in self._collect(subject, captions, generate=True):
            scores.update(rows, real=False)
        for rows in self._repeats(subject, captions):
            scores.repeat(rows, rows.pop("caption"))
        found = scores.compute(ranks.stop_if_asked)
        if blind:
            found.skipped[f"r_precision/{own.name}"] = "the run's encoder has no image network"
        columns = {name: column.float().numpy() for name, column in found.columns.items()}
        samples = ScoreSamples(captions, columns, found.averages) if columns else None
        return found.result(protocol, samples)

    def _protocol(self, subject: _Subject, captions: np.ndarray) -> Protocol:
        dataset, size = subject.dataset, subject.system.resolutions[-1]
        resize, weights = dict[str, str](), dict[str, str]()
        if self.extractor is not None:
            resize[self.extractor.name] = self.extractor.resize
            weights[self.extractor.name] = self.extractor.weights
        if self.judge is not None:  # by a name of its own: it may be the extractor as well
            resize[f"clip_score/{self.judge.name}"] = self.judge.resize
            weights[f"clip_score/{self.judge.name}"] = self.judge.weights
        if self.classifier is not None:
            resize[CLASSIFIER], weights[CLASSIFIER] = "none", hash_weights(self.classifier)
        judges = {CLASSIFIER: self.classifier, "independent": self.independent}
        extra = heard_as(dataset.hearing) | judged_by(judges)
        if self.truncation is not None:
            subject.system.require_truncation(self.truncation, "metric.truncation")
            extra["noise"] = f"within 2 deviations, times {self.truncation:g}"
        if self.finetuned is not None:
            resize[FINETUNED], weights[FINETUNED] = "none", hash_weights(self.finetuned)
            extra[FINETUNED] = f"has seen the pictures of the {dataset.test.name} split"
        if found_again(self.retrieval, subject.system.encoder):
            each = f"{self.queries} of each class, in the pictures of their captions"
            asking = f"at most {MOST}, in all pictures" if self.queries is None else each
            extra["real pictures that look for generated ones"] = asking
        encoders = {name: hash_weights(encoder) for name, encoder in subject.encoders.items()}
        return Protocol(
            n_real=min(len(captions), len(dataset.test)),
            n_fake=len(captions),
            split=dataset.test.name,
            crop=crop_of(dataset, size),
            resize=resize,
            weights=weights | encoders,
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(dataset.test)),
            extra=extra,
        )

    def _real_pictures(self, subject: _Subject, captions: np.ndarray, protocol: Protocol) -> Rows:
        """What all of the real pictures give, on the CPU: remembered, or read from the cache of the
        data set, where every run with the same data, encoders and extractors finds it."""
        key = [FORMAT, subject.dataset.size, tokens_hash(subject.dataset.test), captions.tolist()]
        if (
            heard := subject.dataset.test.recordings
        ) is not None:  # what encoders made of them is kept
            key.append(heard.digest)
        content = json.dumps([*key, protocol.crop, protocol.resize, protocol.weights])
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        path = subject.dataset.folder / "scores" / f"real-{digest}.npz"
        if self._real is not None and self._real[0] == path:
            return self._real[1]
        found: Rows | None = None
        try:
            found = _read(path, len(captions)) if path.exists() else None
        except UserError as error:
            say(str(error))
        if subject.ranks.any(found is None):  # all processes look, or none
            parts = list(self._collect(subject, captions, generate=False))
            found = gathered({name: torch.cat([p[name] for p in parts]) for name in parts[0]})
            if subject.ranks.main:
                try:
                    save_arrays(path, {name: rows.numpy() for name, rows in found.items()})
                except OSError as error:
                    say(f"{path}: not kept ({error}); the next evaluation looks again")
        assert found is not None
        self._real = (path, found)
        return found

    def _collect(self, subject: _Subject, captions: np.ndarray, generate: bool) -> Iterator[Rows]:
        """Batches of this process's share of the caption rows; `generate` a picture of each or take
        the real one."""
        split, device, system = subject.dataset.test, subject.ranks.device, subject.system
        size, seen = system.resolutions[-1], columns_of(subject.dataset)

        def look(places: np.ndarray) -> Rows:
            rows = captions[places]
            images_of = split.caption_image[rows]
            if generate:
                pictures = self._drawn(subject, rows, places)
            else:
                pictures = real_images(split, images_of, size, device)
            found = self._look(subject, pictures)
            for name, encoder in subject.encoders.items():
                vectors = sentence_vectors(encoder, split, rows, device)
                found[f"sentence_vectors/{name}"] = vectors
            if self.judge is not None:
                texts = [written(split, row) for row in rows]
                found[f"{CLIP_CAPTIONS}/{self.judge.name}"] = self.judge.read(texts)
            stated = np.where(split.mentions[rows], split.attributes[images_of], -1)[:, seen]
            found["labels"] = torch.from_numpy(split.labels[images_of]).to(device)
            found["stated"] = torch.from_numpy(stated).to(device)
            if generate:  # of real pictures it is known, and need not be kept
                found["images"] = torch.from_numpy(images_of).to(device)
            return found

        return looked_at(len(captions), at_once(size), subject.ranks, look)

    def _repeats(self, subject: _Subject, captions: np.ndarray) -> Iterator[Rows]:
        """What extractors see in several pictures of the first captions, and which `caption`."""
        system, device = subject.system, subject.ranks.device
        rows = captions[:REPEATED].repeat(REPEATS)

        def look(numbers: np.ndarray) -> Rows:
            pictures = self._drawn(subject, rows[numbers], len(captions) + numbers)
            number = torch.from_numpy(numbers // REPEATS).to(device)
            return self._look(subject, pictures) | {"caption": number}

        return looked_at(len(rows), at_once(system.resolutions[-1]), subject.ranks, look)

    def _drawn(self, subject: _Subject, captions: np.ndarray, places: np.ndarray) -> Tensor:
        """Pictures (B, 3, H, W) of caption rows; `places` are what noise they have."""
        system, split = subject.system, subject.dataset.test
        seeds = [self.seed * 1_000_003 + int(place) for place in places]
        asked = {CAPTION: Captions(*read_captions(split, captions, system, subject.ranks.device))}
        plain = self.truncation is None
        with nullcontext() if plain else system.truncating(self.truncation):
            return system.sample(asked, seeds).images[-1]  # type: ignore[no-any-return]

    def _look(self, subject: _Subject, pictures: Tensor) -> Rows:
        """What all extractors and encoders see in pictures (B, 3, H, W) in [-1, 1]."""
        dataset = subject.dataset
        names, classes = dataset.seen_attributes, np.unique(dataset.test.labels).tolist()
        known = self.classifier, self.finetuned, names, classes, self.judge
        return Eyes(self.extractor, subject.encoders, *known).see(pictures)


def _right(split: Split) -> Literal["classes", "captions"]:
    """What a generated picture has in common with a real one that is to find it: the class, where
    some pictures are of one class and some of another."""
    return "classes" if 1 < len(np.unique(split.labels)) < len(split) else "captions"


def written(split: Split, row: int) -> str:
    """A caption by its row. Raises `UserError` where it is not written, as of recordings."""
    record = int(split.caption_image[row])
    text = split.captions[record][row - int(split.caption_start[record])]
    if not text:
        raise UserError(
            "metric.clip_score: reads captions, and those of these data are not written; leave it "
            "out with metric.clip_score=null"
        )
    return text


def _read(path: Path, count: int) -> Rows:
    """What was kept of so many pictures. Raises `UserError` for a file that is something else."""
    arrays = load_arrays(path)
    if "labels" not in arrays or any(len(rows) != count for rows in arrays.values()):
        raise UserError(f"{path} holds no extracted features: delete it")
    return {name: torch.from_numpy(rows) for name, rows in arrays.items()}
