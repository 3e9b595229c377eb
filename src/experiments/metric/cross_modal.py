"""Scores of systems that make pictures of sounds, sounds of pictures, or both.

Every record of the test split is asked for through its sound or its picture, and what is made of it
is looked at, or listened to, by networks of the other modality that were trained on real records.
Beside each score stands that of the real ones and that of chance, as `scores.py` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from experiments.data.record import SOUND
from experiments.data.store.dataset import Dataset
from experiments.data.view.base import View
from experiments.data.view.picture import PICTURE
from experiments.data.view.sound import SoundView
from experiments.encoder.classifier import CLASS, Classifier
from experiments.encoder.sound_classifier import SoundClassifier
from experiments.encoder.speech_recogniser import SpeechRecogniser
from experiments.machine.rank import Ranks
from experiments.metric.detected import Detected, Detector
from experiments.metric.extractor import Extractor, hash_weights
from experiments.metric.names import heard_by, sung
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, columns_of, crop_of
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, looked_at
from experiments.metric.samples import ScoreSamples
from experiments.metric.scores import ATTRIBUTES, PictureScores
from experiments.metric.seen import CLASSIFIER, Eyes, blank_where, read_by
from experiments.metric.spoken import RECOGNISER, SAYS, Said, compared, hear
from experiments.run.shipped import judged_by

T = TypeVar("T")
SONGS = "song_classifier"
RECOGNITION, CLASSES = "recognition", "inception_score"
REPEATED, REPEATS = 8, 4  # records that are asked for several times, for diversity


@dataclass
class Side:
    """One way of a system: from the view `asks` to the view `makes`. `judge`: of classes or
    attributes, of which it is asked for `names`; `mark`: its name in scores."""

    asks: View
    makes: View
    judge: Classifier | SpeechRecogniser | None
    mark: str
    names: list[str]
    scores: PictureScores

    def renamed(self, name: str) -> str:
        """A score's name, which speaks of classes, or of what is sung, where that is meant; none of
        one that is nobody's: a recogniser hears attributes, and knows no classes."""
        first, _, rest = name.partition("/")
        if first == CLASSES and self.mark == RECOGNISER:
            return ""
        if first != ATTRIBUTES:
            return name
        attribute, _, more = rest.partition("/")
        suffix = f"/{more}" if more else ""
        if self.names == [CLASS]:
            return f"{RECOGNITION}/{self.mark}{suffix}" if attribute == CLASS else ""
        if attribute and self.mark in (SONGS, RECOGNISER):
            attribute = sung(attribute) if self.mark == SONGS else heard_by(attribute)
        return f"{ATTRIBUTES}/{attribute}{suffix}" if attribute else f"{ATTRIBUTES}/{self.mark}"

    def add(self, scored: Scored, found: Scored) -> None:
        """Its scores to those of all ways, under their names."""

        def named(of: Mapping[str, T]) -> dict[str, T]:
            return {new: value for name, value in of.items() if (new := self.renamed(name))}

        found.scores |= named(scored.scores)
        found.skipped |= named(scored.skipped)
        found.columns |= named(scored.columns)
        found.averages |= {
            name: [self.renamed(one) for one in of] for name, of in named(scored.averages).items()
        }
        found.undefined += filter(None, map(self.renamed, scored.undefined))


class CrossModalScores:
    """`attribute_accuracy/colour` of pictures and `attribute_accuracy/motif` of sounds, or
    `recognition/<classifier>` where classes are known; distances and retrieval of both."""

    def __init__(
        self,
        extractor: Extractor | None = None,
        classifier: Classifier | None = None,
        song_classifier: SoundClassifier | None = None,
        samples: int = 1000,
        splits: int = 10,
        seed: int = 0,
        detector: str | None = None,
        recogniser: SpeechRecogniser | None = None,
    ) -> None:
        """`extractor`: of pictures, where these are made. `classifier` and `song_classifier`: read
        pictures and sounds; `recogniser`: hears spoken captions.
        `samples`: records that are asked for, at most. `detector`: a file (`detected.py`); None:
        the classifier says whether a picture is one, where it reads attributes."""
        self.extractor = extractor
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.songs = None if song_classifier is None else song_classifier.requires_grad_(False)
        self.recogniser = None if recogniser is None else recogniser.requires_grad_(False).eval()
        self.detector = None if detector is None else Detector(detector)
        self.samples, self.splits, self.seed = samples, splits, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` samples with the weights it has now; the result is the same on all processes."""
        for module in self._networks():
            if module is not None:
                module.to(ranks.device).eval()
        split = dataset.test
        order = np.random.default_rng([self.seed, 7]).permutation(len(split))[: self.samples]
        views = {view.name: view.open(dataset, split, ranks.device) for view in system.views()}
        found = Scored()
        for (asks, *_), makes in system.makes.items():
            side = self._side(views[asks], views[makes], dataset)
            side.add(self._scored(system, side, dataset, order, ranks), found)
            if side.judge is not None and not side.names:
                unseen = "no test class is in the training split"
                found.skipped[f"{RECOGNITION}/{side.mark}"] = unseen
        columns = {name: column.float().numpy() for name, column in found.columns.items()}
        samples = ScoreSamples(order, columns, found.averages) if columns else None
        return found.result(self._protocol(system, dataset, len(order), views), samples)

    def _networks(self) -> tuple[torch.nn.Module | None, ...]:
        return self.extractor, self.classifier, self.songs, self.recogniser, self.detector

    def _side(self, asks: View, makes: View, dataset: Dataset) -> Side:
        judge: Classifier | SpeechRecogniser | None = self.classifier
        mark = CLASSIFIER
        if isinstance(makes, SoundView):
            spoken = makes.excerpt.of == "speech"
            judge, mark = (self.recogniser, RECOGNISER) if spoken else (self.songs, SONGS)
        names = _names(judge, dataset)
        scores = PictureScores(
            names,
            [name for name in dataset.colour_attributes if name in names],
            seed=self.seed,
            splits=self.splits,
            retrieval="captions",
            expected=(),
        )
        return Side(asks, makes, judge, mark, names, scores)

    def _scored(
        self, system: Any, side: Side, dataset: Dataset, order: np.ndarray, ranks: Ranks
    ) -> Scored:
        split, size = dataset.test, at_once(system.resolutions[-1] if system.resolutions else 64)
        told = _told(side.names, dataset)

        def look(places: np.ndarray, make: bool, repeat: int = 1) -> Rows:
            rows = order[places // repeat]
            if make:
                given = {side.asks.name: side.asks.real(rows, ranks.device)}
                seeds = [self.seed * 1_000_003 + repeat * len(order) + int(p) for p in places]
                values = system.sample(given, seeds).made[side.makes.name][-1]
            else:
                values = side.makes.stages(side.makes.real(rows, ranks.device))[-1]
            found = self._see(side, values)
            found["labels"] = torch.from_numpy(split.labels[rows]).to(ranks.device)
            found["images"] = torch.from_numpy(rows).to(ranks.device)
            stated = torch.from_numpy(told[rows]).to(ranks.device)
            if side.mark == RECOGNISER and "predicted" in found:
                stated = compared(found["predicted"], stated)
            found["stated"] = stated
            return found

        detected, said = Detected(None if self.detector is None else 0.0), Said()
        for make in (False, True):
            for rows in looked_at(len(order), size, ranks, lambda p, m=make: look(p, m)):  # type: ignore[misc]
                if "sure" in rows:
                    detected.update(rows.pop("sure"), real=not make)
                if side.mark == RECOGNISER and "predicted" in rows:
                    said.update(rows["predicted"], real=not make)
                side.scores.update(rows, real=not make)
        few = min(REPEATED, len(order)) * REPEATS
        for rows in looked_at(few, size, ranks, lambda p: look(p, True, REPEATS)):
            side.scores.repeat(rows, rows["images"])
        found = side.scores.compute(ranks.stop_if_asked)
        by = CLASSIFIER if self.detector is None else self.detector.name
        for name, score in ((f"detected/{by}", detected), (f"{SAYS}/{RECOGNISER}", said)):
            if score.update_called and (shares := found.attempt(name, score.compute)) is not None:
                found.scores |= {name: shares[0], f"{name}/real": shares[1]}
        return found

    def _see(self, side: Side, values: Tensor) -> Rows:
        """Rows of what was made (B, ...), or is real."""
        if side.makes.name == PICTURE:
            assert self.extractor is not None, (
                "metric.extractor: pictures are made, and nobody looks"
            )
            sure = self.detector is None and side.names != [CLASS]
            eyes = Eyes(self.extractor, classifier=self.classifier, names=side.names, sure=sure)
            found = eyes.see(values)
            if self.detector is not None:
                finite = values.isfinite().flatten(1).all(1)
                found["sure"] = self.detector(values.nan_to_num().clamp(-1, 1))
                blank_where(~finite, {"sure": found["sure"]})
        elif side.judge is None:
            return {}
        else:
            assert isinstance(side.makes, SoundView)
            finite = values.isfinite().flatten(1).all(1)
            sound, excerpt = values.nan_to_num().clamp(-1, 1), side.makes.excerpt
            if isinstance(side.judge, SpeechRecogniser):
                found = hear(side.judge, excerpt.waves(sound), excerpt.rate)
            else:
                assert isinstance(side.judge, SoundClassifier)
                heard = excerpt.as_of(sound, side.judge.excerpt)
                found = read_by(side.judge, SONGS, heard, side.names)
            found = blank_where(~finite, found)
        return found

    def _protocol(
        self, system: Any, dataset: Dataset, count: int, views: dict[str, View]
    ) -> Protocol:
        weights, resize = dict[str, str](), dict[str, str]()
        if self.extractor is not None:
            weights[self.extractor.name] = self.extractor.weights
            resize[self.extractor.name] = self.extractor.resize
        judges = {CLASSIFIER: self.classifier, SONGS: self.songs, RECOGNISER: self.recogniser}
        for name, network in judges.items():
            if network is not None:
                weights[name], resize[name] = hash_weights(network), "none"
        ways = ", ".join(f"{made} of {' and '.join(asks)}" for asks, made in system.makes.items())
        extra: dict[str, Any] = {"asked for": f"{ways}, of each record"}
        sounds = [view for view in views.values() if isinstance(view, SoundView)]
        if sounds:
            extra[SOUND] = f"{sounds[0].excerpt.seconds:g} s"
        extra |= judged_by(judges) | system.sampled_as
        return Protocol(
            n_real=count,
            n_fake=count,
            split=dataset.test.name,
            crop=crop_of(dataset, system.resolutions[-1]),
            resize=resize,
            weights=weights,
            seed=self.seed,
            captions_per_image=0,
            extra=extra,
        )


def _names(judge: Classifier | SpeechRecogniser | None, dataset: Dataset) -> list[str]:
    """The attributes that the judge is asked for: those that a sound tells, all of what is said; or
    the class, where some test class was trained on; nothing else."""
    if judge is None or isinstance(judge, SpeechRecogniser):
        return [] if judge is None else list(judge.sizes)
    if CLASS in judge.sizes:
        seen = set(dataset.test.labels.tolist()) <= set(dataset.train.labels.tolist())
        return [CLASS] if seen else []
    heard = dataset.heard_attributes
    return [name for name in dataset.attribute_values if name in judge.sizes and name in heard]


def _told(names: Sequence[str], dataset: Dataset) -> np.ndarray:
    """What each test record is, by those names (N, A)."""
    split = dataset.test
    if names == [CLASS]:
        return split.labels[:, None]
    return split.attributes[:, columns_of(dataset, names)]
