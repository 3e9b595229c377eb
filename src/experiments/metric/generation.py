"""Scores of a text-to-image system: every picture is drawn once and seen once by each extractor."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.dataset import Dataset
from experiments.encoder.classifier import Classifier
from experiments.encoder.damsm import DAMSM
from experiments.metric.collected import Collected
from experiments.metric.extractor import Extractor, NetworkExtractor, hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import BATCH, captions_for, real_images, share
from experiments.metric.result import Result
from experiments.metric.scores import compute_scores
from experiments.ranks import Ranks

REPEATED, REPEATS = 8, 4  # captions that are drawn several times, for diversity


class GenerationScores:
    """Draws pictures for captions of the test split and scores them beside real ones."""

    def __init__(
        self,
        extractor: Extractor,
        independent: DAMSM | None = None,
        classifier: Classifier | None = None,
        samples: int = 1000,
        candidates: int = 100,
        splits: int = 10,
        seed: int = 0,
    ) -> None:
        """`independent`: an encoder that the pictures were not trained against. `classifier`: reads
        attributes, where the data set knows them. `samples`: pictures that are drawn.
        """
        self.extractors = {extractor.name: extractor}
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        if self.classifier is not None:
            self.extractors["classifier"] = NetworkExtractor(self.classifier)
        self.independent = None if independent is None else independent.freeze()
        self.samples, self.candidates, self.splits, self.seed = samples, candidates, splits, seed
        self._real: tuple[str, Collected] | None = None

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` samples with the weights it has now; the result is the same on all processes."""
        device = ranks.device
        modules: list[nn.Module] = [*self.extractors.values()]
        modules += [m for m in (self.independent, self.classifier) if m is not None]
        for module in modules:
            module.to(device)
        encoders = {"damsm": system.encoder}
        if self.independent is not None:
            encoders["independent"] = self.independent
        split = dataset.test
        captions = captions_for(split, self.samples, self.seed)
        reals = captions[: len(split)]
        names = list(dataset.attribute_values)
        fake = self._collect(system, dataset, encoders, captions, ranks, generate=True)
        key = f"{dataset.fingerprint} {system.resolutions[-1]} {len(reals)}"
        if self._real is None or self._real[0] != key:
            self._real = (key, self._collect(system, dataset, encoders, reals, ranks, False))
        real = self._real[1]
        scores, skipped = compute_scores(
            real,
            fake,
            names,
            dataset.colour_attributes,
            seed=self.seed,
            splits=self.splits,
            candidates=self.candidates,
        )
        protocol = Protocol(
            n_real=len(reals),
            n_fake=len(captions),
            split=split.name,
            crop=f"central {system.resolutions[-1]} of {dataset.size} px",
            resize={name: extractor.resize for name, extractor in self.extractors.items()},
            weights={name: e.weights for name, e in self.extractors.items()}
            | {name: hash_weights(encoder) for name, encoder in encoders.items()},
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(split)),
        )
        return Result(scores, protocol, skipped)

    def _collect(
        self,
        system: Any,
        dataset: Dataset,
        encoders: dict[str, DAMSM],
        captions: np.ndarray,
        ranks: Ranks,
        generate: bool,
    ) -> Collected:
        split, device = dataset.test, ranks.device
        mine = share(np.arange(len(captions)), ranks.rank, ranks.processes)
        parts = []
        for start in range(0, len(mine), BATCH):
            places = mine[start : start + BATCH]
            rows = captions[places]
            tokens = torch.from_numpy(split.tokens[rows]).to(device)
            lengths = torch.from_numpy(split.lengths[rows])
            images_of = split.caption_image[rows]
            if generate:
                seeds = [self.seed * 1_000_003 + int(place) for place in places]
                pictures = system.sample(tokens, lengths, seeds).images[-1]
            else:
                pictures = real_images(split, images_of, system.resolutions[-1], device)
            part = self._look(pictures, encoders, tokens, lengths)
            part.labels = torch.from_numpy(split.labels[images_of])
            stated = np.where(split.mentions[rows], split.attributes[images_of], -1)
            part.stated = torch.from_numpy(stated)
            parts.append(part.to("cpu"))
        return self._everyones(Collected.cat(parts), len(captions), ranks)

    def _look(
        self, pictures: Tensor, encoders: dict[str, DAMSM], tokens: Tensor, lengths: Tensor
    ) -> Collected:
        found = Collected()
        for name, extractor in self.extractors.items():
            seen = extractor(pictures)
            found.features[name] = seen.features
            if seen.logits is not None:
                found.logits[name] = seen.logits
        for name, encoder in encoders.items():
            _, found.image_vectors[name] = encoder.encode_image(pictures)
            _, found.sentence_vectors[name] = encoder.encode_text(tokens, lengths)
        if self.classifier is not None:
            logits = self.classifier(pictures)
            found.predicted = torch.stack([values.argmax(1) for values in logits.values()], 1)
        return found

    @staticmethod
    def _everyones(mine: Collected, count: int, ranks: Ranks) -> Collected:
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
