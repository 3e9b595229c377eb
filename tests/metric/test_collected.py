"""What was collected survives gathering and the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from experiments.file.array import save_arrays
from experiments.metric.collected import Collected
from experiments.metric.scores import compute_scores
from experiments.terminal.error import UserError

Collect = Callable[..., Collected]


def test_parts_join_in_order(collect: Collect) -> None:
    first, second = collect(n=5, seed=0), collect(n=3, seed=1)
    joined = Collected.cat([first, second])
    assert joined.labels is not None and joined.labels.tolist() == [0, 1, 2, 3, 4, 0, 1, 2]
    assert torch.equal(
        joined.features["efficientnet_lite0"][5:], second.features["efficientnet_lite0"]
    )
    assert joined.repeats["efficientnet_lite0"].shape == (8, 3, 16)


def test_parts_with_other_entries_are_refused(collect: Collect) -> None:
    other = collect(n=3)
    other.stated = None
    with pytest.raises(AssertionError, match="other entries"):
        Collected.cat([collect(n=3), other])


def test_saved_gives_the_same_scores(collect: Collect, tmp_path: Path) -> None:
    real, fake = collect(seed=0), collect(seed=1)
    real.save(tmp_path / "cache" / "real.npz")
    loaded = Collected.load(tmp_path / "cache" / "real.npz")
    assert compute_scores(loaded, fake) == compute_scores(real, fake)


def test_what_is_absent_stays_absent(tmp_path: Path) -> None:
    Collected(features={"pixels": torch.ones(2, 3)}).save(tmp_path / "real.npz")
    loaded = Collected.load(tmp_path / "real.npz")
    assert loaded.labels is None and loaded.logits == {} and set(loaded.features) == {"pixels"}


def test_a_file_that_is_something_else(tmp_path: Path) -> None:
    path = tmp_path / "real.npz"
    with pytest.raises(UserError, match=r"real\.npz"):
        Collected.load(path)
    save_arrays(path, {"weights": torch.ones(2).numpy()})
    with pytest.raises(UserError, match="weights"):
        Collected.load(path)
