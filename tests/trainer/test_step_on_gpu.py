"""A step on a GPU: the host never waits for the device, and compiling changes no numbers."""

from __future__ import annotations

import pytest
import torch

from benchmarks.case import Case, prepare
from experiments.machine.rank import Ranks
from tests.benchmarks.test_step import SETTINGS, far, kept

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("model", SETTINGS)
def test_the_host_never_waits_for_the_device(model: str) -> None:
    prepared = prepare(Case(model, "plumage", 6, SETTINGS[model]), torch.device("cuda"))
    training = prepared.training(Ranks("cuda"), "bf16")
    batches = [prepared.batches.at(prepared.batch * number) for number in range(3)]
    for batch in batches[:2]:  # kernels are chosen and memory is taken
        training.step(batch)
        training.advance()
    torch.cuda.set_sync_debug_mode("error")
    try:
        training.step(batches[2])
        training.advance()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert all(value == value for value in training.stats.read().values())


@pytest.mark.slow
@pytest.mark.parametrize("model", SETTINGS)
def test_compiled_networks_train_alike(model: str) -> None:
    gradients = []
    for compiled in (False, True):
        prepared = prepare(Case(model, "plumage", 6, SETTINGS[model]), torch.device("cuda"))
        training = prepared.training(Ranks("cuda"), "fp32", compiled)
        found = kept(prepared.system, [turn.optimiser for turn in training.turns])
        training.step(prepared.batches.at(0))
        training.advance()
        gradients.append(torch.cat([found[name].flatten() for name in sorted(found)]))
    assert far(gradients[1], gradients[0]) < 1e-3
