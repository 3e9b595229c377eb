"""What cannot be asked of a discriminator: changes, losses and penalties that have no sense for a
system, and scores that it has trained against."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from experiments.config.target import targets_in

# One network, which may judge what is made or score it, and not both.
SEES = "experiments.encoder.efficientnet_lite0.EfficientNetLite0"
SCORES_BY = "experiments.metric.extractor.EfficientNetExtractor"
OWN = "encoder.image"  # of the run, which gives R-precision
OTHERS = {
    OWN: "another network, as encoder/image=part_cnn",
    "metric.extractor": "metric.extractor=null, or another",
}
PAIRS = "experiments.system.cmcgan.CMCGAN"


def check_judging(config: dict[str, Any]) -> Iterator[str]:
    """A line for each."""
    system, data = (_node(config, name) for name in ("system", "data"))
    yield from _check_changes(system, data)
    yield from _check_losses(system)
    yield from _check_scores(config)


def _node(config: dict[str, Any], name: str) -> dict[str, Any]:
    found = config.get(name)
    return found if isinstance(found, dict) else {}


def _check_changes(system: dict[str, Any], data: dict[str, Any]) -> Iterator[str]:
    changes, probability = system.get("augment"), system.get("augment_probability", 1.0)
    if isinstance(changes, list) and "flip" in changes and not data.get("flip"):
        yield (
            "system.augment: flip would teach that left is right, which captions of these data "
            "tell apart (data.flip=false); leave it out"
        )
    if probability != 1.0 and not changes:
        yield (
            f"system.augment_probability={probability}: nothing is changed; name changes, as "
            "system.augment=[blit,geometric]"
        )


def _check_losses(system: dict[str, Any]) -> Iterator[str]:
    penalty, adversarial = (_node(system, name) for name in ("gradient_penalty", "adversarial"))
    pairs, smoothing = system.get("_target_") == PAIRS, adversarial.get("label_smoothing")
    if adversarial.get("form") == "relativistic" and smoothing:
        yield (
            f"loss.adversarial.label_smoothing={smoothing}: form=relativistic compares logits and "
            "has no targets to smooth; set it 0"
        )
    if penalty.get("weight") and penalty.get("text") and (pairs or not system.get("encoder")):
        yield (
            "loss.gradient_penalty.text=true: this discriminator is told nothing that a slope "
            "could be taken of; set it false"
        )
    if penalty.get("weight") and penalty.get("at") == "between" and pairs:
        yield (
            "loss.gradient_penalty.at=between: a made half stands beside a real one, with no pair "
            "between; take real, fake or both"
        )


def _check_scores(config: dict[str, Any]) -> Iterator[str]:
    """Whether a score sees by the network that the discriminator sees by."""
    scores = {f"metric.{key}": node for key, node in _node(config, "metric").items()}
    if not scores or SEES not in map(str, targets_in(config.get("discriminator"))):
        return
    for key, node in (scores | {OWN: config.get("encoder")}).items():
        if {SEES, SCORES_BY} & {str(target) for target in targets_in(node)}:
            yield (
                f"{key}: sees by EfficientNet-Lite0, and so does the discriminator, whose loss its "
                f"scores would be; take {OTHERS.get(key, 'another network')}"
            )
