"""The plain form of CMCGAN's step computes what the product computes."""

from __future__ import annotations

import pytest
import torch

from benchmarks.case import Case, Prepared, prepare
from tests.benchmarks.test_step import CPU, double, far, plain_step, product_step  # noqa: F401

SMALL = [
    "debug=smoke",
    "data.preset.sound.cmcgan.picture_size=16",
    "data.preset.sound.tall=[16,16]",
    "optim.discriminator.lr=0",  # or both would judge by other weights after its turn
    "generator.noise_dim=8",
    "generator.dim=12",
]


def small() -> Prepared:
    return prepare(Case("cmcgan", "plumage_song", 6, SMALL), CPU)


@pytest.mark.usefixtures("double")
def test_losses_and_gradients_are_equal() -> None:
    """With batch statistics, each set of pictures and sounds having its own."""
    ours, theirs = small(), small()
    batch = ours.batches.at(0)
    training, expected = product_step(ours, batch)
    _, found, losses = plain_step(theirs, batch)
    assert found.keys() == expected.keys()
    assert set(expected) == {name for name, _ in ours.system.named_parameters()}
    for name, gradient in expected.items():
        assert gradient.dtype == torch.float64, name
        assert gradient.abs().max() > 1e-14, name
        assert far(found[name], gradient) < 1e-9, name
    stats = training.stats.read()
    for phase in ("discriminator", "generator"):
        assert stats[f"{phase}/loss"] == pytest.approx(losses[phase], rel=1e-12), phase


@pytest.mark.usefixtures("double")
def test_a_sound_of_another_record_would_be_noticed() -> None:
    ours, theirs = small(), small()
    _, expected = product_step(ours, ours.batches.at(0))
    _, found, _ = plain_step(theirs, theirs.batches.at(6))
    assert max(far(found[name], gradient) for name, gradient in expected.items()) > 1e-2
