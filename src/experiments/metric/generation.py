"""Scores of a text-to-image system: every picture is drawn once and seen once by each extractor."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.data.augment import normalise, to_uint8
from experiments.data.store.dataset import Dataset
from experiments.data.store.feature import tokens_hash
from experiments.data.view.caption import CAPTION, Captions
from experiments.encoder.classifier import Classifier
from experiments.encoder.text_image import TextImageEncoder
from experiments.machine.rank import Ranks
from experiments.metric.collected import Collected
from experiments.metric.extractor import Extractor, hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, captions_for, read_captions, real_images, share
from experiments.metric.result import Result
from experiments.metric.samples import ScoreSamples
from experiments.metric.scores import compute_scores
from experiments.terminal.error import UserError
from experiments.terminal.line import say

REPEATED, REPEATS = 8, 4  # captions that are drawn several times, for diversity
FORMAT = 1  # of what is kept of real pictures; raising it leaves older files unused
CLASSIFIER = "classifier"


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
        extractor: Extractor,
        independent: TextImageEncoder | None = None,
        classifier: Classifier | None = None,
        samples: int = 1000,
        candidates: int = 100,
        splits: int = 10,
        seed: int = 0,
    ) -> None:
        """`independent`: an encoder that the pictures were not trained against. `classifier`: reads
        attributes, where the data set knows them. `samples`: pictures that are drawn.
        """
        self.extractor = extractor
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.independent = None if independent is None else independent.freeze()
        self.samples, self.candidates, self.splits, self.seed = samples, candidates, splits, seed
        self._real: tuple[Path, Collected] | None = None

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` samples with the weights it has now; the result is the same on all processes.

        Without an encoder in the system that sees pictures, or without `independent`, R-precision
        is skipped.
        """
        for module in (self.extractor, self.independent, self.classifier):
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
        real = self._real_pictures(subject, captions[: protocol.n_real], protocol)
        fake = self._collect(subject, captions, generate=True)
        fake.repeats = self._repeats(subject, captions)
        found = compute_scores(
            real,
            fake,
            list(dataset.attribute_values),
            dataset.colour_attributes,
            seed=self.seed,
            splits=self.splits,
            candidates=self.candidates,
        )
        if blind:
            found.skipped[f"r_precision/{own.name}"] = "the run's encoder has no image network"
        columns = {name: column.float().numpy() for name, column in found.columns.items()}
        samples = ScoreSamples(captions, columns, found.averages) if columns else None
        return Result(found.scores, protocol, found.skipped, samples)

    def _protocol(self, subject: _Subject, captions: np.ndarray) -> Protocol:
        dataset, size = subject.dataset, subject.system.resolutions[-1]
        resize = {self.extractor.name: self.extractor.resize}
        weights = {self.extractor.name: self.extractor.weights}
        if self.classifier is not None:
            resize[CLASSIFIER], weights[CLASSIFIER] = "none", hash_weights(self.classifier)
        encoders = {name: hash_weights(encoder) for name, encoder in subject.encoders.items()}
        return Protocol(
            n_real=min(len(captions), len(dataset.test)),
            n_fake=len(captions),
            split=dataset.test.name,
            crop=f"central {size} of {dataset.size} px",
            resize=resize,
            weights=weights | encoders,
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(dataset.test)),
        )

    def _real_pictures(
        self, subject: _Subject, captions: np.ndarray, protocol: Protocol
    ) -> Collected:
        """What the real pictures give: remembered, or read from the cache of the data set, where
        every run with the same data, encoders and extractors finds it."""
        key = [FORMAT, subject.dataset.size, tokens_hash(subject.dataset.test), captions.tolist()]
        content = json.dumps([*key, protocol.crop, protocol.resize, protocol.weights])
        digest = hashlib.sha256(content.encode()).hexdigest()[:16]
        path = subject.dataset.folder / "scores" / f"real-{digest}.npz"
        if self._real is not None and self._real[0] == path:
            return self._real[1]
        found = None
        try:
            found = Collected.load(path) if path.exists() else None
        except UserError as error:
            say(str(error))
        if subject.ranks.any(found is None):  # all processes look, or none
            found = self._collect(subject, captions, generate=False)
            if subject.ranks.main:
                try:
                    found.save(path)
                except OSError as error:
                    say(f"{path}: not kept ({error}); the next evaluation looks again")
        assert found is not None
        self._real = (path, found)
        return found

    def _collect(self, subject: _Subject, captions: np.ndarray, generate: bool) -> Collected:
        """Outputs for every caption row, in their order, on all processes; `generate` a picture of
        each or take the real one."""
        split, ranks, system = subject.dataset.test, subject.ranks, subject.system
        size, parts = system.resolutions[-1], []
        mine = share(np.arange(len(captions)), ranks.rank, ranks.processes)
        for first in range(0, len(mine), at_once(size)):
            places = mine[first : first + at_once(size)]
            rows = captions[places]
            images_of = split.caption_image[rows]
            if generate:
                seeds = [self._noise(int(place)) for place in places]
                tokens, lengths = read_captions(split, rows, system, ranks.device)
                pictures = system.sample({CAPTION: Captions(tokens, lengths)}, seeds).images[-1]
            else:
                pictures = real_images(split, images_of, size, ranks.device)
            part = self._look(subject, pictures)
            for name, encoder in subject.encoders.items():
                tokens, lengths = read_captions(split, rows, encoder, ranks.device)
                part.sentence_vectors[name] = encoder.encode_text(tokens, lengths)[1].float()
            part.labels = torch.from_numpy(split.labels[images_of])
            stated = np.where(split.mentions[rows], split.attributes[images_of], -1)
            part.stated = torch.from_numpy(stated)
            parts.append(part.to("cpu"))
        return _everyones(Collected.cat(parts), len(captions), ranks)

    def _repeats(self, subject: _Subject, captions: np.ndarray) -> dict[str, Tensor]:
        """Features (captions, REPEATS, d) of several pictures of the first captions."""
        split, system, device = subject.dataset.test, subject.system, subject.ranks.device
        rows = captions[:REPEATED].repeat(REPEATS)
        seeds = [self._noise(len(captions) + number) for number in range(len(rows))]
        batch, parts = at_once(system.resolutions[-1]), []
        for first in range(0, len(rows), batch):
            some = rows[first : first + batch]
            tokens, lengths = read_captions(split, some, system, device)
            asked = {CAPTION: Captions(tokens, lengths)}
            made = system.sample(asked, seeds[first : first + batch])
            parts.append(self._look(subject, made.images[-1]).to("cpu").features)
        return {
            name: torch.cat([part[name] for part in parts]).unflatten(0, (-1, REPEATS))
            for name in parts[0]
        }

    def _look(self, subject: _Subject, pictures: Tensor) -> Collected:
        """What all extractors and encoders see in pictures (B, 3, H, W) in [-1, 1], rounded as
        they would be saved."""
        pictures, found = normalise(to_uint8(pictures)), Collected()
        seen = self.extractor(pictures)
        found.features[self.extractor.name] = seen.features
        if seen.logits is not None:
            found.logits[self.extractor.name] = seen.logits
        for name, encoder in subject.encoders.items():
            found.image_vectors[name] = encoder.encode_image(pictures)[1].float()
        if self.classifier is not None:
            features, logits = self.classifier.read(pictures)
            found.features[CLASSIFIER] = features.float()
            found.logits[CLASSIFIER] = logits[self.classifier.score_attribute].float()
            names = list(subject.dataset.attribute_values)
            if names and set(names) <= logits.keys():  # it may know classes alone
                found.predicted = torch.stack([logits[name].argmax(1) for name in names], 1)
        return found

    def _noise(self, number: int) -> int:
        return self.seed * 1_000_003 + number


def _everyones(mine: Collected, count: int, ranks: Ranks) -> Collected:
    """The shares of all processes in order, without the rows that were added to fill them up."""
    if ranks.processes == 1:
        return mine
    flat = mine.to(ranks.device)
    for entry in fields(flat):
        value = getattr(flat, entry.name)
        if isinstance(value, dict):
            gathered = {k: ranks.gather(v)[:count].cpu() for k, v in value.items()}
            setattr(flat, entry.name, gathered)
        elif value is not None:
            setattr(flat, entry.name, ranks.gather(value)[:count].cpu())
    return flat
