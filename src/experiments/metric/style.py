"""Scores of a style encoder: is the noise read back whatever the caption, does it bring the picture
back, and does another caption then keep what it does not speak of?

The paper verifies styles on real birds grouped by pose and by background. Here the noise behind a
generated picture is known, and where a classifier reads attributes, so are pose and background.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import MeanMetric

from experiments.data.augment import normalise, to_uint8
from experiments.data.store.dataset import Dataset
from experiments.encoder.classifier import Classifier
from experiments.machine.rank import Ranks
from experiments.metric.attribute import attribute_accuracy, attribute_chance
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import (
    at_once,
    captions_for,
    columns_of,
    crop_of,
    read_captions,
    real_images,
)
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, collection, looked_at
from experiments.run.shipped import judged_by

MEANS = (
    "noise_error/style",
    "style_cosine/style",
    "style_cosine/style/chance",
    "redrawn/style",
    "redrawn/style/chance",
    "query_redrawn/style",
    "query_redrawn/style/chance",
)
LEVELS = 127.5  # grey levels of a difference of 1 between pictures in [-1, 1]


class StyleScores:
    """Of captions of the test split and noise that was never trained on. `/chance` is what random
    noise gives, or an answer that knows nothing."""

    def __init__(
        self, classifier: Classifier | None = None, samples: int = 1000, seed: int = 0
    ) -> None:
        """`classifier`: reads attributes, where the data set knows them. `samples`: captions, each
        with noise of its own.
        """
        assert samples >= 2, f"samples={samples}: another caption is needed"
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.samples, self.seed = samples, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        split, networks = dataset.test, {"style": system.style, "generator": system.generator}
        if self.classifier is not None:
            networks["classifier"] = self.classifier.to(ranks.device)
        captions = captions_for(split, self.samples, self.seed)
        others = np.roll(captions, -1)
        means = collection({name: _mean().to(ranks.device) for name in MEANS})
        kept = AttributesKept(dataset.seen_attributes, dataset.colour_attributes)

        def look(places: np.ndarray) -> Rows:
            pair = captions[places], others[places]
            return self._look(system, dataset, pair, places, ranks.device)

        with evaluating(system):
            for rows in looked_at(len(captions), at_once(system.resolutions[-1]), ranks, look):
                for name, values in style_values(rows).items():
                    means[name].update(values)
                if "kept" in rows:
                    kept.update(rows["kept"], rows["kept_chance"], rows["shown"], rows["stated"])
        found = Scored()
        for name, metric in means.items():
            if (value := found.attempt(name, metric.compute)) is not None:
                found.scores[name] = value.item()
            found.scores.setdefault("noise_error/style/chance", 1.0)  # of zero, the mean of N(0, 1)
        if kept.update_called:
            found.scores |= found.attempt("attribute_kept", kept.compute) or {}
        else:
            found.skipped["attribute_kept"] = "nothing reads the attributes of pictures"
        protocol = Protocol(
            n_real=len(captions),
            n_fake=len(captions),
            split=split.name,
            crop=crop_of(dataset, system.resolutions[-1]),
            resize={},
            weights={name: hash_weights(network) for name, network in networks.items()},
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(split)),
            real_baseline="none: no noise is known of a real picture",
            extra=judged_by({"classifier": self.classifier}),
        )
        return found.result(protocol)

    def _look(
        self,
        system: Any,
        dataset: Dataset,
        captions: tuple[np.ndarray, np.ndarray],
        places: np.ndarray,
        device: torch.device,
    ) -> Rows:
        """What the scores need of some captions and of the others that follow them."""
        split = dataset.test
        noise, epsilon = self._noise(system, places, device)
        random, _ = self._noise(system, places + self.samples, device)
        text, other_text = (
            system.read(*read_captions(split, rows, system, device)) for rows in captions
        )

        def drawn(noise: Tensor, text: Any) -> Tensor:
            return system.draw(noise, epsilon, text).images[-1]  # type: ignore[no-any-return]

        picture, by_chance = drawn(noise, text), drawn(random, text)
        real = real_images(split, split.caption_image[captions[0]], system.resolutions[-1], device)
        style = system.style_of(real)
        found = {
            "noise": noise,
            "read": system.style(picture),
            "read_of_other_caption": system.style(drawn(noise, other_text)),
            "read_of_other_noise": system.style(by_chance),
            "redrawn": rms(picture, drawn(system.style_of(picture), text)),
            "redrawn_chance": rms(picture, by_chance),
            "query": rms(real, drawn(style, text)),
            "query_chance": rms(real, by_chance),
        }
        if self.classifier is not None and set(dataset.seen_attributes) <= set(
            self.classifier.sizes
        ):
            seen = columns_of(dataset)
            for name, of in (("kept", style), ("kept_chance", random)):
                made = drawn(of, other_text)
                logits = self.classifier(normalise(to_uint8(made.nan_to_num())))
                columns = [logits[attribute].argmax(1) for attribute in dataset.seen_attributes]
                diverged = ~made.isfinite().flatten(1).all(1)
                found[name] = torch.stack(columns, 1).masked_fill(diverged[:, None], -1)
            images, stated = (split.caption_image[rows] for rows in captions)
            says = np.where(split.mentions[captions[1]], split.attributes[stated], -1)
            found["shown"] = torch.from_numpy(split.attributes[images][:, seen]).to(device)
            found["stated"] = torch.from_numpy(says[:, seen]).to(device)
        return found

    def _noise(
        self, system: Any, places: np.ndarray, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        seeds = [self.seed * 1_000_003 + int(place) for place in places]
        return system.noise_of(seeds, device)  # type: ignore[no-any-return]


def _mean() -> MeanMetric:
    return MeanMetric(nan_strategy="disable").set_dtype(torch.float64)  # type: ignore[return-value]


def style_values(found: Rows) -> Rows:
    """What each picture adds to the mean that is a score, by the names of `MEANS`.

    noise, read (B, z): what drew a picture, and what S reads in it; read_of_other_caption and
    read_of_other_noise (B, z): what it reads in a picture of the same noise and another caption,
    and in one of the same caption and other noise. redrawn, query (B,): the distance of a picture,
    generated or real, from the one that its own caption and S give; with `_chance` from one of that
    caption and random noise.
    """
    noise, read = found["noise"].double(), found["read"].double()
    cosines = [
        F.cosine_similarity(read, found[other].double(), dim=1)
        for other in ("read_of_other_caption", "read_of_other_noise")
    ]
    distances = [found[n] for n in ("redrawn", "redrawn_chance", "query", "query_chance")]
    return dict(zip(MEANS, [(noise - read).square(), *cosines, *distances], strict=True))


class AttributesKept(RowScore):
    """`attribute_scores` of real pictures drawn again with the caption of another one."""

    kept = ("predicted", "by_chance", "query", "stated")

    def __init__(self, names: Sequence[str], colours: Collection[str], **options: Any) -> None:
        super().__init__(**options)
        self.names, self.colours = names, colours

    def update(self, predicted: Tensor, by_chance: Tensor, query: Tensor, stated: Tensor) -> None:
        """A batch of the arguments of `attribute_scores`."""
        self.keep(predicted, by_chance, query, stated)

    def compute(self) -> dict[str, float]:
        """Of all processes' pictures together."""
        predicted, by_chance, query, stated = self.rows()
        return attribute_scores(predicted, by_chance, query, stated, self.names, self.colours)


def attribute_scores(
    predicted: Tensor,
    by_chance: Tensor,
    query: Tensor,
    stated: Tensor,
    names: Sequence[str],
    colours: Collection[str],
) -> dict[str, float]:
    """Of real pictures drawn again with the caption of another one.

    predicted, by_chance (n, A): attributes read in them, and in pictures of the same captions from
    random noise. query (n, A): those of the real pictures. stated (n, A): those that the captions
    state, else -1. `attribute_kept/<name>`, of attributes that are no colour: how often it is still
    that of the query where the caption leaves it open. `attribute_accuracy/colour`: how often
    stated colours are there.
    """
    scores = {}
    open_ = (stated < 0) & (query >= 0)
    for column, name in enumerate(names):
        rows = open_[:, column]
        if name in colours or not rows.any():
            continue
        for suffix, found in (("", predicted), ("/chance", by_chance)):
            kept = found[rows, column] == query[rows, column]
            scores[f"attribute_kept/{name}{suffix}"] = kept.double().mean().item()
    right = attribute_accuracy(predicted, stated, names, colours)
    chance = attribute_chance(stated, names, colours)
    if "colour" in right:
        scores["attribute_accuracy/colour"] = right["colour"]
        scores["attribute_accuracy/colour/chance"] = chance["colour"]
    return scores


def rms(first: Tensor, second: Tensor) -> Tensor:
    """(B,): root mean square difference of pictures (B, 3, R, R), in grey levels of 255."""
    return LEVELS * (first - second).square().mean((1, 2, 3)).sqrt()
