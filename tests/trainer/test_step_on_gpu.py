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


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
@pytest.mark.parametrize("model", SETTINGS)
def test_the_host_never_waits_for_the_device(model: str, precision: str) -> None:
    prepared = prepare(Case(model, "plumage", 6, SETTINGS[model]), torch.device("cuda"))
    training = prepared.training(Ranks("cuda"), precision)
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
    found = training.stats.read()
    if precision == "fp16":  # the first updates may all have overflowed
        found = {name: value for name, value in found.items() if "gradient_norm" not in name}
        assert all(scaling.counts[1] >= 3 for scaling in training.scalings.values())
    assert all(value == value for value in found.values())


@pytest.mark.parametrize("model", ["attngan", "gan_cls"])
def test_float16_leaves_out_what_overflows_and_goes_on(model: str) -> None:
    """Each scale falls until the gradients fit, and then the weights move."""
    overrides = [*SETTINGS[model]]
    if model == "gan_cls":
        overrides += ["loss/gradient_penalty=r1", "loss.adversarial.form=hinge"]
    prepared = prepare(Case(model, "plumage", 6, overrides), torch.device("cuda"))
    training = prepared.training(Ranks("cuda"), "fp16")
    before = [p.clone() for turn in training.turns for p in turn.trained]
    for number in range(20):
        training.step(prepared.batches.at(prepared.batch * (number % 3)))
        training.advance()
    for turn in training.turns:
        assert turn.recorder.finite and turn.weights_finite, turn.phase.name
        assert turn.scaling is not None
        left_out, updates = turn.scaling.counts
        assert left_out < updates and turn.scaling.scale_now == 65536 / 2**left_out
    after = [p for turn in training.turns for p in turn.trained]
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))


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
