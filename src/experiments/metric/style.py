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

from experiments.data.augment import normalise, to_uint8
from experiments.data.store.dataset import Dataset
from experiments.encoder.classifier import Classifier
from experiments.machine.rank import Ranks
from experiments.metric.attribute import attribute_accuracy, attribute_chance
from experiments.metric.embedding import evaluating
from experiments.metric.extractor import hash_weights
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, captions_for, read_captions, real_images
from experiments.metric.result import Result

LEVELS = 127.5  # grey levels of a difference of 1 between pictures in [-1, 1]


class StyleScores:
    """Of captions of the test split and noise that was never trained on; every process computes all
    of it. `/chance` is what random noise gives, or an answer that knows nothing."""

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
        with evaluating(system):
            parts = [
                self._look(system, dataset, (captions[some], others[some]), some, ranks.device)
                for some in _parts(len(captions), at_once(system.resolutions[-1]))
            ]
        found = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        scores, skipped = style_scores(found), {}
        if "kept" in found:
            images, stated = split.caption_image[captions], split.caption_image[others]
            says = torch.from_numpy(split.mentions[others])
            scores |= attribute_scores(
                found["kept"],
                found["kept_chance"],
                torch.from_numpy(split.attributes[images]),
                torch.from_numpy(split.attributes[stated]).where(says, -1),
                list(dataset.attribute_values),
                dataset.colour_attributes,
            )
        else:
            skipped["attribute_kept"] = "nothing reads the attributes of pictures"
        protocol = Protocol(
            n_real=len(captions),
            n_fake=len(captions),
            split=split.name,
            crop=f"central {system.resolutions[-1]} of {dataset.size} px",
            resize={},
            weights={name: hash_weights(network) for name, network in networks.items()},
            seed=self.seed,
            captions_per_image=-(-len(captions) // len(split)),
            real_baseline="none: no noise is known of a real picture",
        )
        return Result(scores, protocol, skipped)

    def _look(
        self,
        system: Any,
        dataset: Dataset,
        captions: tuple[np.ndarray, np.ndarray],
        places: np.ndarray,
        device: torch.device,
    ) -> dict[str, Tensor]:
        """What the scores need of some captions and of the others that follow them, on the CPU."""
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
        if self.classifier is not None and set(dataset.attribute_values) <= set(
            self.classifier.sizes
        ):
            for name, of in (("kept", style), ("kept_chance", random)):
                pictures = normalise(to_uint8(drawn(of, other_text)))
                logits = self.classifier(pictures)
                columns = [logits[attribute].argmax(1) for attribute in dataset.attribute_values]
                found[name] = torch.stack(columns, 1)
        return {name: value.cpu() for name, value in found.items()}

    def _noise(
        self, system: Any, places: np.ndarray, device: torch.device
    ) -> tuple[Tensor, Tensor]:
        seeds = [self.seed * 1_000_003 + int(place) for place in places]
        return system.noise_of(seeds, device)  # type: ignore[no-any-return]


def style_scores(found: dict[str, Tensor]) -> dict[str, float]:
    """Scores by name.

    noise, read (n, z): what drew a picture, and what S reads in it; read_of_other_caption and
    read_of_other_noise (n, z): what it reads in a picture of the same noise and another caption,
    and in one of the same caption and other noise. redrawn, query (n,): the distance of a picture,
    generated or real, from the one that its own caption and S give; with `_chance` from one of that
    caption and random noise.
    """
    noise, read = found["noise"].double(), found["read"].double()

    def cosine(other: str) -> float:
        return F.cosine_similarity(read, found[other].double(), dim=1).mean().item()

    def mean(name: str) -> float:
        return found[name].double().mean().item()

    return {
        "noise_error/style": (noise - read).square().mean().item(),
        "noise_error/style/chance": 1.0,  # of zero, the mean of what is N(0, 1)
        "style_cosine/style": cosine("read_of_other_caption"),
        "style_cosine/style/chance": cosine("read_of_other_noise"),
        "redrawn/style": mean("redrawn"),
        "redrawn/style/chance": mean("redrawn_chance"),
        "query_redrawn/style": mean("query"),
        "query_redrawn/style/chance": mean("query_chance"),
    }


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


def _parts(count: int, size: int) -> list[np.ndarray]:
    return np.array_split(np.arange(count), range(size, count, size))
