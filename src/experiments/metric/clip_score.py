"""All scores of made clips beside real ones, of the rows that `filmed.ClipEyes` gives of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from experiments.metric.beside import Halves
from experiments.metric.clip_attribute import Alignment, ClipAttributes
from experiments.metric.clip_mean import Consistency, MotionEnergy
from experiments.metric.diversity import Diversity
from experiments.metric.extractor import Given
from experiments.metric.filmed import VIDEO_CLASSIFIER
from experiments.metric.frechet import FrechetDistance
from experiments.metric.fvd import FVD
from experiments.metric.result import Scored
from experiments.metric.rows import collection
from experiments.metric.scores import ATTRIBUTES, REAL, PictureScores

AS_PICTURES = ("features/", "logits/", "image_vectors/", "sentence_vectors/")
SHUFFLED, RELATIVE = "/shuffled", "relative"
FEATURES = f"features/{VIDEO_CLASSIFIER}"
ENERGY, STEADY = "motion_energy/pixels", f"consistency/{VIDEO_CLASSIFIER}"
DIVERSITY, FRECHET = f"diversity/{VIDEO_CLASSIFIER}", f"frechet/{VIDEO_CLASSIFIER}"


class ClipMeters:
    """The metrics, by the names of their scores. Rows: `clips` (B, C, T, H, W), `features/...`
    (B, d), `logits/...` (B, k), `predicted`, `stated` and `known` (B, A), `alike` (B,), `frames`
    (B, F, d), `image_vectors/...` and `sentence_vectors/...` (B, d), and those of I3D (B, 400) by
    its name."""

    def __init__(
        self,
        names: Sequence[str],
        colours: Collection[str],
        least: float,
        seed: int = 0,
        splits: int = 10,
    ) -> None:
        self.alignment = Alignment(names, colours, least)
        self.seed, self.device = seed, torch.device("cpu")
        self.pictures = PictureScores(seed=seed, splits=splits, expected=(), search=False)
        self.metrics = collection({})
        self.real_pairs = "any two"
        self.groups: dict[int, int] = {}  # how many real clips are of what is asked for alike

    def to(self, device: torch.device | str) -> None:
        """Where rows will be."""
        self.device = torch.device(device)

    def update(self, rows: Mapping[str, Tensor], real: bool) -> None:
        """A batch of real or made clips."""
        side = REAL if real else ""
        seen = {name: value for name, value in rows.items() if name.startswith(AS_PICTURES)}
        if seen:  # rivals of a caption are all that say something else
            self.pictures.update(seen | {"labels": rows["alike"]}, real=real)
        if "predicted" in rows:
            metric = self._metric(f"{ATTRIBUTES}{side}", ClipAttributes)
            metric.update(rows["predicted"], rows["stated"], rows["known"])
        self._metric(f"{ENERGY}{side}", MotionEnergy).update(rows["clips"])
        if "frames" in rows:
            self._metric(f"{STEADY}{side}", Consistency).update(rows["frames"])
        if real and FEATURES in rows:
            given = Given(rows[FEATURES].shape[1])
            alike = self._metric(f"{DIVERSITY}/alike", lambda: Diversity(given))
            alike.update(rows[FEATURES], rows["alike"])
        for name in _films(rows):
            self._film(f"{FVD}/{name}", rows[name], real)
        if real and FEATURES in rows:
            self._distance(f"{FRECHET}{SHUFFLED}", rows[FEATURES], real=True)

    def _film(self, name: str, features: Tensor, real: bool) -> None:
        """I3D's distance, and those that stand beside it."""
        self._distance(name, features, real)
        if real:
            self._distance(f"{name}{SHUFFLED}", features, real)
            halves = self._metric(f"{name}{REAL}", lambda: Halves(_of_width(features), self.seed))
            halves.update(features)

    def shuffled(self, rows: Mapping[str, Tensor]) -> None:
        """Features of real clips whose frames stand in another order."""
        for name, features in rows.items():
            key = FRECHET if name == VIDEO_CLASSIFIER else f"{FVD}/{name}"
            self._distance(f"{key}{SHUFFLED}", features, real=False)

    def repeat(self, rows: Mapping[str, Tensor]) -> None:
        """Several made clips of what is asked for alike."""
        if FEATURES in rows:
            self.pictures.repeat({FEATURES: rows[FEATURES]}, rows["alike"])

    def compute(self, between: Callable[[], None] = lambda: None) -> tuple[Scored, list[str]]:
        """All scores that the rows of all processes allow, and lines about what they do not say.
        between: is called before each, and may raise."""
        found = self.pictures.compute(between)
        found.skipped.pop(ATTRIBUTES, None)
        attributes = {}
        for name, metric in self.metrics.items(copy_state=False):
            between()
            value = found.attempt(name, metric.compute)
            if name.startswith(ATTRIBUTES):
                attributes[name] = value
            elif value is not None and name != f"{DIVERSITY}/alike":
                found.scores[name] = value.item()
            elif value is not None:  # of real clips of one caption, where some have the same
                found.scores[f"{DIVERSITY}{REAL}"] = value.item()
                self.real_pairs = "two that the same is said of"
        found.skipped.pop(f"{DIVERSITY}/alike", None)
        real, made = attributes.get(f"{ATTRIBUTES}{REAL}"), attributes.get(ATTRIBUTES)
        if real is not None and made is not None:
            aligned = self.alignment.scored(real, made)
            found.scores |= aligned.scores
            found.skipped |= aligned.skipped
            found.columns |= aligned.columns
            found.averages |= aligned.averages
        for name in (ENERGY, STEADY, DIVERSITY):
            one, other = found.scores.get(name), found.scores.get(f"{name}{REAL}")
            if one is not None and other:
                found.scores[f"{name.partition('/')[0]}/{RELATIVE}"] = one / other
        return found, self._lines(found)

    def _lines(self, found: Scored) -> list[str]:
        lines = [] if self.alignment.told is None else [self.alignment.told]
        for name, value in found.scores.items():
            plain = name.removesuffix(SHUFFLED)
            halves = found.scores.get(f"{plain}{REAL}")
            if plain != name and halves is not None and value <= halves:
                lines.append(
                    f"{plain}: does not see motion; real clips with their frames in another order "
                    f"are {value:.4g} from real ones, two halves of real clips {halves:.4g}"
                )
        return lines

    def _metric(self, name: str, make: Callable[[], Metric]) -> Metric:
        """A metric by its name, made where it is not there."""
        if name not in self.metrics:
            self.metrics[name] = make().to(self.device)
        return self.metrics[name]  # type: ignore[no-any-return]

    def _distance(self, name: str, features: Tensor, real: bool) -> None:
        """More features of one of the two sets of a distance."""
        self._metric(name, _of_width(features)).update(features, real=real)


def _of_width(features: Tensor) -> Callable[..., FrechetDistance]:
    width = features.shape[1]
    return lambda **options: FrechetDistance(Given(width), **options)


def _films(rows: Mapping[str, Tensor]) -> list[str]:
    """The names of I3D's rows."""
    return [name for name in rows if name.startswith("i3d_")]
