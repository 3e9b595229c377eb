"""All targets, by name."""

from __future__ import annotations

from tests.fuzz.target import Target
from tests.fuzz.targets import metadata, people, pictures, runs, sounds, weights

TARGETS: dict[str, Target] = {
    target.name: target
    for module in (metadata, pictures, sounds, weights, people, runs)
    for target in module.TARGETS
}
