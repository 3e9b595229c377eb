"""All targets, by name."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import metadata, people, pictures, runs, weights

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (metadata, pictures, weights, people, runs)
    for target in module.TARGETS
}
