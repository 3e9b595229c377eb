"""The plain form of Wav2Pix's step computes what the product computes."""

from __future__ import annotations

import pytest
import torch

from benchmarks.case import Case, Prepared, prepare
from tests.benchmarks.test_step import CPU, double, far, plain_step, product_step  # noqa: F401

SMALL = [
    "debug=tiny",
    "data.preset.sound.wav2pix.identity_of=class",
    "optim.discriminator.lr=0",  # or both would judge by other weights after its turn
]
ITERATIONS = 1000  # of the power method: it has arrived, however often it is asked again


def small() -> Prepared:
    prepared = prepare(Case("wav2pix", "plumage_song", 6, SMALL), CPU)
    with torch.no_grad():
        for network in (prepared.system.generator, prepared.system.discriminator):
            for layer in network.modules():
                for _ in range(ITERATIONS if hasattr(layer, "parametrizations") else 0):
                    layer.weight  # noqa: B018 - reading it is one iteration
    return prepared


@pytest.mark.usefixtures("double")
def test_losses_gradients_and_statistics_are_equal() -> None:
    ours, theirs = small(), small()
    batch = ours.batches.at(0)
    before = {name: buffer.clone() for name, buffer in ours.system.named_buffers()}
    training, expected = product_step(ours, batch)
    _, found, losses = plain_step(theirs, batch)
    assert found.keys() == expected.keys()
    assert set(expected) == {name for name, _ in ours.system.named_parameters()}
    for name, gradient in expected.items():
        assert gradient.dtype == torch.float64, name
        # A bias before batch norm has no gradient but rounding.
        if gradient.abs().max() > 1e-12:
            assert far(found[name], gradient) < 1e-9, name
    assert sum(gradient.abs().max() > 1e-12 for gradient in expected.values()) >= 0.7 * len(found)
    stats = training.stats.read()
    for phase in ("discriminator", "generator"):
        assert stats[f"{phase}/loss"] == pytest.approx(losses[phase], rel=1e-12), phase
    after, plains = dict(ours.system.named_buffers()), dict(theirs.system.named_buffers())
    heard = [name for name in after if name.startswith("encoder.") and "running" in name]
    assert heard
    for name in heard:  # the plain form hears everything twice; momentum 0.1
        reached = after[name] + 0.9 * (after[name] - before[name])
        torch.testing.assert_close(plains[name], reached, rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.usefixtures("double")
def test_another_batch_would_be_noticed() -> None:
    ours, theirs = small(), small()
    _, expected = product_step(ours, ours.batches.at(0))
    _, found, _ = plain_step(theirs, theirs.batches.at(6))
    assert max(far(found[n], g) for n, g in expected.items() if g.abs().max() > 1e-12) > 1e-2
