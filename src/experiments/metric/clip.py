"""Scores of systems that make clips, of captions, of pictures, of clips or of nothing.

What is made is looked at by a classifier of clips that was trained on real ones, seen through the
same sizes. Beside each score stand that of real clips, that of chance where there is one, and, with
`/shuffled`, the distance of real clips from themselves with their frames in another order: a score
that sees motion puts these far apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.data.record import CLIP
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.view.base import Part, View
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.clip import ClipView
from experiments.data.view.speech import SPEECH
from experiments.encoder.classifier import CLASS
from experiments.encoder.text_image import TextImageEncoder
from experiments.encoder.video_classifier import VideoClassifier
from experiments.machine.rank import Ranks
from experiments.metric.clip_attribute import LEAST
from experiments.metric.clip_score import ClipMeters
from experiments.metric.embedding import sentence_vectors
from experiments.metric.extractor import hash_weights
from experiments.metric.filmed import STILLS, VIDEO_CLASSIFIER, ClipEyes
from experiments.metric.fvd import FEWEST, FVD, I3D
from experiments.metric.neighbour import SCORES as NEIGHBOUR_SCORES
from experiments.metric.neighbour import counted
from experiments.metric.protocol import Protocol, heard_as
from experiments.metric.real import at_once, captions_for, columns_of, read_captions, require_some
from experiments.metric.result import Result
from experiments.metric.rows import looked_at
from experiments.metric.samples import ScoreSamples
from experiments.terminal.line import number_of, say

REPEATED, REPEATS = 8, 8  # things that are asked for several times, for diversity


@dataclass(frozen=True)
class Asked:
    """What clips are asked for by, one of each of `rows` (n,) of the test split. captions: (n,)
    caption rows, None where no caption is told. stated, known: (n, A) int64, what is asked for, -1
    where nothing is said of it, and what the record is. alike: (n,) int64, the same number where
    the same is asked for."""

    rows: np.ndarray
    captions: np.ndarray | None
    stated: np.ndarray
    known: np.ndarray
    alike: np.ndarray


class ClipScores:
    """`attribute_accuracy/<attribute>`, `frechet/video_classifier`, `motion_energy/pixels`,
    `consistency/video_classifier` and others: docs/scores.md."""

    def __init__(
        self,
        video_classifier: VideoClassifier | None = None,
        fvd: str | None = None,
        samples: int = 1000,
        splits: int = 10,
        seed: int = 0,
        least: float = LEAST,
        independent: TextImageEncoder | None = None,
        side: int = 64,
    ) -> None:
        """`fvd`: the user's I3D as a TorchScript file. `samples`: clips that are made. `least`: an
        attribute is reported where the classifier reads it right in that share of real clips.
        `independent`: an encoder of captions and frames that the clips were not trained against,
        for R-precision; `side`: px of the frames that it and the run's own see."""
        assert 0 <= least <= 1, "least: a share"
        classifier = video_classifier
        self.classifier = None if classifier is None else classifier.requires_grad_(False).eval()
        self.i3d = None if fvd is None else I3D(fvd)
        self.independent = None if independent is None else independent.freeze()
        self.samples, self.splits, self.seed, self.least = samples, splits, seed, least
        self.side = side

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` samples with the weights it has now; the result is the same on all processes."""
        require_some(dataset.test)
        for module in (self.classifier, self.i3d, self.independent):
            if module is not None:
                module.to(ranks.device).eval()
        ways = [asks for asks, makes in system.makes.items() if makes == CLIP]
        assert len(ways) == 1, f"one way to a clip, not {ways}"
        views = {view.name: view.open(dataset, dataset.test, ranks.device) for view in _of(system)}
        names, why = self._names(dataset)
        asked = _asked(ways[0], dataset, names, self.samples, self.seed)
        meters = ClipMeters(names, dataset.colour_attributes, self.least, self.seed, self.splits)
        meters.to(ranks.device)
        clips = views[CLIP]
        assert isinstance(clips, ClipView)
        short = clips.form.frames < FEWEST
        encoders = {} if asked.captions is None else self._encoders(system)
        i3d = None if short else self.i3d
        eyes = ClipEyes(self.classifier, i3d, names, encoders, self.side)
        together = at_once(clips.form.side, clips.form.frames)

        def real(places: np.ndarray) -> Tensor:
            return clips.stages(clips.real(asked.rows[places], ranks.device))[-1]

        def made(places: np.ndarray, number: np.ndarray) -> Tensor:
            parts = _parts(ways[0], asked, places, views, system, dataset.test, ranks)
            seeds = [self.seed * 1_000_003 + int(one) for one in number]
            return system.sample(parts, seeds).made[CLIP][-1]  # type: ignore[no-any-return]

        def told(places: np.ndarray, array: np.ndarray) -> Tensor:
            return torch.from_numpy(array[places]).to(ranks.device)

        def look(
            places: np.ndarray, of: Callable[[np.ndarray], Tensor], eyes: ClipEyes = eyes
        ) -> dict[str, Tensor]:
            found = eyes.see(of(places))
            for name in ("stated", "known", "alike"):
                found[name] = told(places, getattr(asked, name))
            for name, encoder in eyes.encoders.items():
                rows = asked.captions[places]  # type: ignore[index]
                found[f"sentence_vectors/{name}"] = sentence_vectors(
                    encoder, dataset.test, rows, ranks.device
                )
            return found

        count = min(len(asked.rows), len(dataset.test))
        for rows in looked_at(count, together, ranks, lambda places: look(places, real)):
            meters.update(rows, real=True)
        mixed = lambda p: eyes.out_of_order(real(p), [self.seed + int(one) for one in p])  # noqa: E731
        for rows in looked_at(count, together, ranks, mixed):
            meters.shuffled(rows)
        drawn = lambda p: look(p, lambda q: made(q, q))  # noqa: E731
        for rows in looked_at(len(asked.rows), together, ranks, drawn):
            meters.update(rows, real=False)
        few, total = min(REPEATED, len(asked.rows)), len(asked.rows)
        alone = ClipEyes(self.classifier)
        again = lambda p: look(p // REPEATS, lambda q: made(q, total + p), alone)  # noqa: E731
        for rows in looked_at(few * REPEATS, together, ranks, again):
            meters.repeat(rows)
        found, lines = meters.compute(ranks.stop_if_asked)
        if not names:
            found.skipped["attribute_accuracy"] = why
        if short and self.i3d is not None:
            found.skipped[FVD] = f"needs {FEWEST} frames, and clips have {clips.form.frames}"
        if ranks.main:
            for line in lines:
                say(line)
        columns = {name: column.float().numpy() for name, column in found.columns.items()}
        of = asked.rows if asked.captions is None else asked.captions
        samples = ScoreSamples(of, columns, found.averages) if columns else None
        protocol = self._protocol(system, dataset, clips, ways[0], (count, total), meters, encoders)
        return found.result(protocol, samples)

    def _encoders(self, system: Any) -> dict[str, TextImageEncoder]:
        """Those of captions and frames by the names of their scores: the run's own, where it sees
        pictures, and the independent one."""
        own, found = getattr(system, "encoder", None), dict[str, TextImageEncoder]()
        if isinstance(own, TextImageEncoder) and own.sees_pictures:
            found[own.name] = own
        if self.independent is not None:
            found["independent"] = self.independent
        return found

    def _names(self, dataset: Dataset) -> tuple[list[str], str]:
        """The attributes that the classifier is asked for, or the class; else why there are
        none."""
        if self.classifier is None:
            return [], "no classifier of clips looked at them"
        if CLASS not in self.classifier.sizes:
            read = [name for name in dataset.attribute_values if name in self.classifier.sizes]
            return read, "this data set states no attributes"
        seen = set(dataset.test.labels.tolist()) <= set(dataset.train.labels.tolist())
        return ([CLASS], "") if seen else ([], "no test class is in the training split")

    def _protocol(
        self,
        system: Any,
        dataset: Dataset,
        clips: ClipView,
        asks: tuple[str, ...],
        counts: tuple[int, int],
        meters: ClipMeters,
        encoders: Mapping[str, TextImageEncoder],
    ) -> Protocol:
        weights, resize = dict[str, str](), dict[str, str]()
        if self.classifier is not None:
            form = self.classifier.form
            weights[VIDEO_CLASSIFIER] = hash_weights(self.classifier)
            resize[VIDEO_CLASSIFIER] = f"{number_of(form.frames, 'frame')} of {form.side} px"
        if self.i3d is not None:
            weights[self.i3d.name], resize[self.i3d.name] = self.i3d.weights, "224 bilinear"
        for name, encoder in encoders.items():
            weights[name], resize[name] = (
                hash_weights(encoder),
                f"{STILLS} frames of {self.side} px",
            )
        extra: dict[str, Any] = {
            "asked for": f"a clip of {' and '.join(asks) or 'nothing'}",
            "clips": number_of(clips.form.frames, "frame"),
            "reported": f"attributes that are read right in {100 * self.least:g} % of real clips",
            "diversity of real clips": meters.real_pairs,
        }
        if meters.pictures.dimensions:
            extra[NEIGHBOUR_SCORES] = counted(*counts)
        return Protocol(
            n_real=counts[0],
            n_fake=counts[1],
            split=dataset.test.name,
            crop=f"central {clips.form.side} of {clips.form.stored} px",
            resize=resize,
            weights=weights,
            seed=self.seed,
            captions_per_image=-(-counts[1] // len(dataset.test)) if _told(asks) else 0,
            dimensions=meters.pictures.dimensions,
            resolution=clips.form.side,
            rounding="8 bits",
            extra=extra | heard_as(dataset.hearing) | dict(system.sampled_as),
        )


def _of(system: Any) -> list[View]:
    return list(system.views())


def _told(asks: tuple[str, ...]) -> str | None:
    """The name of the view of captions that clips are asked for by, None without."""
    return next((name for name in asks if name in (CAPTION, SPEECH)), None)


def _asked(
    asks: tuple[str, ...], dataset: Dataset, names: list[str], samples: int, seed: int
) -> Asked:
    split = dataset.test
    if _told(asks):
        captions = captions_for(split, samples, seed)
        rows = split.caption_image[captions]
        texts = [text for of_one in split.captions for text in of_one]
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        alike = np.array([numbers[texts[row]] for row in captions], np.int64)
    else:
        captions = None
        order = np.random.default_rng([seed, 7]).permutation(len(split))
        rows = np.resize(order, samples)
        alike = rows.astype(np.int64) if asks else np.zeros(samples, np.int64)
    if names == [CLASS]:
        known = split.labels[rows][:, None]
        return Asked(rows, captions, known if asks else np.full_like(known, -1), known, alike)
    columns = columns_of(dataset, names)
    known = split.attributes[rows][:, columns]
    if captions is not None:
        says = split.mentions[captions][:, columns]
    elif CLIP in asks:  # a part of it is made anew
        says = np.ones_like(known, bool)
    else:  # a picture shows what does not move
        still = [bool(asks) and name not in dataset.moving_attributes for name in names]
        says = np.broadcast_to(np.array(still, bool), known.shape)
    return Asked(rows, captions, np.where(says, known, -1), known, alike)


def _parts(
    asks: tuple[str, ...],
    asked: Asked,
    places: np.ndarray,
    views: dict[str, View],
    system: Any,
    split: Split,
    ranks: Ranks,
) -> dict[str, Part]:
    """What a system is asked, by the names of its views."""
    found = dict[str, Part]()
    for name in asks:
        if name == _told(asks):
            assert asked.captions is not None
            tokens = read_captions(split, asked.captions[places], system, ranks.device)
            found[name] = Captions(*tokens)
        else:
            found[name] = views[name].real(asked.rows[places], ranks.device)
    return found
