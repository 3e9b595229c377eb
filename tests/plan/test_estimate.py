"""Hours, disks and limits, by hand."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest
import torch

from experiments.data.view.base import held_in
from experiments.data.view.caption import CaptionView
from experiments.data.view.picture import PictureView
from experiments.plan.estimate import Machine, disk, largest, pace
from experiments.plan.facts import DataFacts
from experiments.plan.paper import Held, Needs

MACHINE = Machine(memory=1000, speed=100, launch=0.5, size=4, link=10, network=5)


def needs(share: int = 10, processes: int = 1, operators: float = 4, peak: int = 900) -> Needs:
    return Needs(share, processes, 400, operators, 100, peak, 60, 15)


def test_hours_of_one_gpu() -> None:
    """400 FLOP take 4 s; 3,600 steps of 10 images."""
    found = pace(needs(), 35_995, MACHINE)
    assert found.computing == 4 and found.hours == pytest.approx((4 + 1.5) * 3600 / 3600)


def test_what_is_small_waits_for_its_operators() -> None:
    assert pace(needs(operators=20), 10, MACHINE).computing == 10


def test_a_ring_within_a_machine_and_beyond() -> None:
    """Of 4: 1.5 x 60 + 15 bytes at 10 bytes/s; of 8: 1.75 x 60 + 15 at 5."""
    assert pace(needs(processes=4), 40, MACHINE).exchanging == pytest.approx(10.5)
    found = pace(needs(processes=8, peak=1001), 80, MACHINE)
    assert found.exchanging == pytest.approx(24) and found.batch == 80 and not found.fits
    assert found.images_per_second == pytest.approx(80 / 28)


def test_a_gpu_is_described_by_its_options() -> None:
    options = {"memory": 80.0, "headroom": 0.1, "tflops": None, "utilisation": 0.5, "launch": 8.0}
    options |= {"machine": 8, "link": 450.0, "network": 50.0}
    machine = Machine.of(options, "bf16")
    assert machine.memory == pytest.approx(72e9) and machine.speed == pytest.approx(494.5e12)
    assert Machine.of(options, "fp32").speed < machine.speed == Machine.of(options, "fp16").speed
    assert Machine.of(options | {"tflops": 100.0}, "fp32").speed == pytest.approx(50e12)


@pytest.mark.parametrize(
    ("memory_of", "unit", "bound", "more"),
    [
        (lambda share: 1000 + 300 * share, 1, 329, 300),
        (lambda share: 1000 + 300 * share, 4, 328, 300),
        (lambda share: 5000 + 300 * share, 1, 316, 300),  # a peak that has no image in it
        (lambda share: 1000 + 10 * share + 7 * share * share, 1, 117, 10 + 2 * 7 * 8),
        (lambda share: 1000 + max(900 * share, 30 * share * share), 1, 57, None),
    ],
)
def test_the_largest_batch_is_nearly_all_that_fits(
    memory_of: Callable[[int], int], unit: int, bound: int, more: float | None
) -> None:
    tried: list[int] = []

    def step(share: int) -> Needs:
        tried.append(share)
        return Needs(share, 1, 1, 1, 1000, memory_of(share), 0, 0)

    found, each = largest(step, step(8), unit, 100_000)
    assert more is None or each == pytest.approx(more)
    assert found is not None and found.peak <= 100_000 and found.share % unit == 0
    assert 0.94 * bound <= found.share <= bound
    assert len(tried) <= 2 + 4


def test_no_batch_fits() -> None:
    def step(share: int) -> Needs:
        return Needs(share, 1, 1, 1, 1000, 1000 + share, 0, 0)

    assert largest(step, step(4), 2, 500)[0] is None


def test_bytes_on_the_disk() -> None:
    facts = DataFacts(pictures=5, train=4, captions=2, words=9, classes=1, source="")
    held = Held(1, 1, 1, 1, checkpoint=100, export=30)
    encoder = SimpleNamespace(dim=6, gives_words=True)
    views, data = (
        [CaptionView(encoder=encoder), PictureView([4, 8])],
        {"margin": 1.25, "max_words": 3},
    )
    found = disk(facts, views, data, held, keep=2)
    stored, encoded = 5 * 10 * 10 * 3, 8 * 6 * (3 + 1) * 4
    assert found.stores == {"encoded captions": encoded, "store of 5 pictures at 10 px": stored}
    assert found.run == 3 * 100 + 30
    encoder.gives_words = False
    for precision, size in ((torch.float32, 4), (torch.float16, 2)):
        found = disk(facts, held_in(views, precision), data, held, 2)
        assert found.stores["encoded captions"] == 8 * 6 * size
