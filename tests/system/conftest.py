from __future__ import annotations

from collections.abc import Callable

import pytest

from experiments.data.batches import Batch
from experiments.system.base import System
from experiments.system.seeding import Step
from experiments.trainer.training import Training


@pytest.fixture
def first_batch(make_training: Callable[..., Training]) -> Callable[..., tuple[Batch, Step]]:
    """`first_batch(system)`: what a system is given at its first step, eight birds."""

    def make(system: System) -> tuple[Batch, Step]:
        training = make_training(system)
        return training.split(training.to_device(training.batches.at(0)))[0]

    return make
