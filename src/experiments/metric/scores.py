"""From what one pass collected to a flat dictionary of scores.

Every score of generated images stands under its name; beside it, with a suffix, what it is to be
compared with: `/real` (real images), `/chance`, `/std`, `/candidates`. For distances `/real` is the
distance of two random halves of the real images: what sampling alone gives, an upper bound at these
counts (halves are smaller, and the Fréchet distance grows as sets shrink). For diversity it is the
mean distance of any two real images. Otherwise it is the same score of real images.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from experiments.metric.attribute import attribute_chance, attribute_hits, averages, mean_hits
from experiments.metric.collected import Collected
from experiments.metric.diversity import diversity
from experiments.metric.frechet import frechet_distance
from experiments.metric.inception_score import inception_score
from experiments.metric.kernel import kernel_distance
from experiments.metric.r_precision import r_precision

EXPECTED = ("independent",)  # encoders that are told of where they are missing


@dataclass
class Ledger:
    """`scores`, and in `skipped` by name the reason for each that cannot be computed.

    columns: for scores that are means over generated pictures, what each adds, (n,) on the CPU, NaN
    where it does not count. averages: for scores that are means of such means, which.
    """

    seed: int
    scores: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    columns: dict[str, Tensor] = field(default_factory=dict, compare=False)
    averages: dict[str, list[str]] = field(default_factory=dict)

    def usable(self, name: str, least: int, **sides: Tensor | None) -> bool:
        """True where each side has `least` finite rows; otherwise the reason is written down."""
        for side, values in sides.items():
            if values is None:
                self.skipped[name] = f"nothing was extracted from {side} images"
            elif len(values) < least:
                self.skipped[name] = f"{len(values)} of the {least} {side} images that are needed"
            elif bad := int((~values.isfinite()).flatten(1).any(1).sum()):
                self.skipped[name] = f"{bad} of {len(values)} {side} images gave NaN or infinity"
            else:
                continue
            return False
        return True


def compute_scores(
    real: Collected,
    fake: Collected,
    attributes: Sequence[str] = (),
    colours: Collection[str] = (),
    seed: int = 0,
    splits: int = 10,
    subsets: int = 100,
    subset_size: int | None = None,
    candidates: int = 100,
    folds: int = 10,
) -> Ledger:
    """All scores that what was collected allows.

    `attributes` names the columns of `predicted` and `stated`; `colours` those averaged as
    "colour". `splits` of the inception score, `subsets` and `subset_size` of the kernel distance,
    `candidates` and `folds` of R-precision. Nothing is left out without an entry in `skipped`; a
    reason for "r_precision" alone speaks of all its scores.
    """
    ledger = Ledger(seed)
    extractors = sorted(real.features.keys() | fake.features.keys())
    if not extractors:
        ledger.skipped["frechet"] = "no extractor looked at the images"
    for name in extractors:
        first, second = real.features.get(name), fake.features.get(name)
        _distances(ledger, name, first, second, subsets, subset_size)
        _class_score(ledger, f"inception_score/{name}", fake.logits.get(name), splits, "generated")
        _class_score(ledger, f"inception_score/{name}/real", real.logits.get(name), splits, "real")
        _diversity(ledger, f"diversity/{name}", fake.repeats.get(name), first)
    for name in sorted(real.image_vectors.keys() | fake.image_vectors.keys() | set(EXPECTED)):
        _retrieval(ledger, name, real, fake, candidates, folds)
    _attributes(ledger, real, fake, attributes, colours)
    return ledger


def _distances(
    ledger: Ledger,
    extractor: str,
    real: Tensor | None,
    fake: Tensor | None,
    subsets: int,
    subset_size: int | None,
) -> None:
    def both(suffix: str, first: Tensor, second: Tensor) -> None:
        name = f"frechet/{extractor}{suffix}"
        ledger.scores[name] = frechet_distance(first, second)
        name = f"kernel/{extractor}{suffix}"
        smaller = min(len(first), len(second))
        size = None if subset_size is None else min(subset_size, smaller)
        result = kernel_distance(first, second, subsets, size, ledger.seed)
        ledger.scores[name], ledger.scores[f"{name}/std"] = result.mean, result.std

    name = f"frechet/{extractor}"
    if not ledger.usable(name, 2, real=real, generated=fake):
        ledger.skipped[f"kernel/{extractor}"] = ledger.skipped[name]
    elif real is not None and fake is not None:
        both("", real, fake)
    name = f"frechet/{extractor}/real"
    if not ledger.usable(name, 4, real=real):
        ledger.skipped[f"kernel/{extractor}/real"] = ledger.skipped[name]
    elif real is not None:
        order = torch.randperm(len(real), generator=torch.Generator().manual_seed(ledger.seed))
        halves = real[order.to(real.device)].tensor_split(2)
        both("/real", halves[0], halves[1])


def _class_score(ledger: Ledger, name: str, logits: Tensor | None, splits: int, side: str) -> None:
    if logits is None:
        ledger.skipped[name] = f"the extractor gave no logits of {side} images"
    elif ledger.usable(name, splits, **{side: logits}):
        mean, std = inception_score(logits, splits, ledger.seed)
        ledger.scores[name], ledger.scores[f"{name}/std"] = mean, std


def _diversity(ledger: Ledger, name: str, repeats: Tensor | None, real: Tensor | None) -> None:
    if repeats is None or repeats.shape[1] < 2:
        ledger.skipped[name] = "no caption was sampled more than once"
    elif ledger.usable(name, 1, generated=repeats):
        ledger.scores[name] = diversity(repeats)
    if ledger.usable(f"{name}/real", 2, real=real) and real is not None:
        ledger.scores[f"{name}/real"] = diversity(real[None])


def _retrieval(
    ledger: Ledger, encoder: str, real: Collected, fake: Collected, candidates: int, folds: int
) -> None:
    name = f"r_precision/{encoder}"
    if encoder not in real.image_vectors.keys() | fake.image_vectors.keys():
        ledger.skipped[name] = f"no encoder '{encoder}' looked at the images"
        return
    for suffix, side, data in (("", "generated", fake), ("/real", "real", real)):
        images, sentences = data.image_vectors.get(encoder), data.sentence_vectors.get(encoder)
        key = f"{name}{suffix}"
        if not ledger.usable(key, folds, **{side: images}):
            continue
        if sentences is None or data.labels is None:
            ledger.skipped[key] = f"{side} images have no captions or no labels"
        elif len(data.labels.unique()) < 2:
            ledger.skipped[key] = f"captions of {side} images are of one class: nothing to confuse"
        elif ledger.usable(key, folds, **{f"captions of {side}": sentences}) and images is not None:
            result = r_precision(images, sentences, data.labels, candidates, folds, ledger.seed)
            ledger.scores[key], ledger.scores[f"{key}/std"] = result.mean, result.std
            ledger.scores[f"{key}/candidates"] = float(result.candidates)
            if not suffix:
                ledger.scores[f"{name}/chance"] = 1 / result.candidates
                ledger.columns[name] = result.hits.cpu()


def _attributes(
    ledger: Ledger,
    real: Collected,
    fake: Collected,
    names: Sequence[str],
    colours: Collection[str],
) -> None:
    score = "attribute_accuracy"
    if not names:
        ledger.skipped[score] = "this data set states no attributes"
        return
    for suffix, side, data in (("", "generated", fake), ("/real", "real", real)):
        if data.stated is None or data.predicted is None or not len(data.stated):
            ledger.skipped[f"{score}{suffix}"] = f"nothing read the attributes of {side} images"
            continue
        hits = attribute_hits(data.predicted, data.stated)
        found = mean_hits(hits, names, colours)
        ledger.scores.update({f"{score}/{key}{suffix}": value for key, value in found.items()})
        for key in (*names, "mean", *(("colour",) if colours else ())):
            if key not in found:
                reason = f"no caption of {side} images states it"
                ledger.skipped[f"{score}/{key}{suffix}"] = reason
        if not suffix:
            chance = attribute_chance(data.stated, names, colours)
            ledger.scores.update({f"{score}/{key}/chance": v for key, v in chance.items()})
            known = {name: hits[:, k].cpu() for k, name in enumerate(names) if name in found}
            ledger.columns.update({f"{score}/{name}": column for name, column in known.items()})
            for key, of in averages(list(known), colours).items():
                ledger.averages[f"{score}/{key}"] = [f"{score}/{name}" for name in of]
