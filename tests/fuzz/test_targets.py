"""Every target on its seeds, and on some hundred broken files made of them."""

from __future__ import annotations

import os
import random
import time

import pytest

from tests.fuzz.mutate import mutated
from tests.fuzz.registry import TARGETS

COUNT = int(os.environ.get("FUZZ_COUNT", "60"))
SECONDS = float(os.environ.get("FUZZ_SECONDS", "0.5"))  # of one target
SEED = int(os.environ.get("FUZZ_SEED", "0"))


@pytest.mark.parametrize("name", TARGETS)
def test_broken_files_end_in_lines(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.run(seed)
    end = time.monotonic() + SECONDS
    for number in range(COUNT):
        draw = random.Random(f"{name} {SEED} {number}")
        content = mutated(draw.choice(seeds), draw, tuple(seeds))
        try:
            target.run(content)
        except Exception as error:
            raise AssertionError(
                f"{name}, seed {SEED}, file {number}: {content[:2000]!r}"
            ) from error
        if time.monotonic() > end:
            break
