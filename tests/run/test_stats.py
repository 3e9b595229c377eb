"""Means without a sync, and a file that survives being killed."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch

from experiments.run.stats import StatsFile
from experiments.trainer.mean import Stats


def test_means_by_name_and_reset() -> None:
    stats = Stats()
    for value in (1.0, 2.0, 6.0):
        stats.add("loss/D", torch.tensor(value))
    stats.add("loss/G", torch.tensor([1.0, 3.0]))
    stats.add("rate", 0.5)
    assert stats.read() == {"loss/D": 3.0, "loss/G": 2.0, "rate": 0.5}
    assert stats.read() == {}
    stats.add("loss/D", torch.tensor(7.0))
    assert stats.read() == {"loss/D": 7.0}


def test_adding_never_asks_the_device_for_a_value() -> None:
    stats = Stats()
    for _ in range(3):
        # A meta tensor has no value: .item(), bool() and a transfer raise on it.
        stats.add("loss", torch.zeros((), device="meta", requires_grad=True))
    with pytest.raises(NotImplementedError):
        stats.read()


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_adding_does_not_synchronise_cuda() -> None:
    stats, value = Stats(), torch.ones((), device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(3):
            stats.add("loss", value)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert stats.read() == {"loss": 1.0}


def test_memory_does_not_grow_and_the_graph_is_dropped() -> None:
    stats = Stats()
    weight = torch.ones((), requires_grad=True)
    for _ in range(5):
        stats.add("loss", weight * 2)
    assert [total.numel() for total in stats._sums.values()] == [1]
    assert not stats._sums["loss"].requires_grad
    assert stats.read() == {"loss": 2.0}


def test_half_precision_is_summed_wide() -> None:
    stats = Stats()
    for _ in range(4096):
        stats.add("loss", torch.tensor(1.0, dtype=torch.bfloat16))
    assert stats.read() == {"loss": 1.0}  # a bfloat16 sum would stop growing at 256


def test_reduce_gives_the_mean_over_all_values_of_all_ranks() -> None:
    ranks = [Stats(), Stats()]
    for value in (1.0, 2.0, 3.0):
        ranks[0].add("b", torch.tensor(value))
    ranks[1].add("b", torch.tensor(10.0))
    for number, stats in enumerate(ranks):
        stats.add("a", float(number))
    pairs: list[torch.Tensor] = []

    def remember(pair: torch.Tensor) -> torch.Tensor:
        pairs.append(pair)
        return pair

    ranks[1].read(remember)
    assert pairs[0].shape == (2, 2)
    assert ranks[0].read(lambda pair: (pair + pairs[0]) / 2) == {"a": 0.5, "b": 4.0}


def test_a_diverged_loss_reads_as_nan() -> None:
    stats = Stats()
    stats.add("loss", torch.tensor(1.0))
    stats.add("loss", torch.tensor(math.nan))
    assert math.isnan(stats.read()["loss"])


def test_lines_begin_with_images_and_are_on_disk_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run" / "stats.jsonl"
    file = StatsFile(path)
    file.append(64, {"loss": 0.25, "stage": "train", "step": 3})
    assert path.read_text() == '{"images": 64, "loss": 0.25, "stage": "train", "step": 3}\n'
    file.append(128, {"loss": math.inf})
    assert json.loads(path.read_text().splitlines()[1]) == {"images": 128, "loss": None}
    assert math.isnan(StatsFile.read(path)[1]["loss"])


def test_missing_file_has_no_lines(tmp_path: Path) -> None:
    assert StatsFile.read(tmp_path / "stats.jsonl") == []
    StatsFile(tmp_path / "stats.jsonl").truncate_after(10)
    assert not (tmp_path / "stats.jsonl").exists()


def test_resuming_leaves_no_gap_and_no_duplicate(tmp_path: Path) -> None:
    whole, cut = StatsFile(tmp_path / "whole.jsonl"), StatsFile(tmp_path / "cut.jsonl")
    for images in range(0, 100, 10):
        whole.append(images, {"loss": images / 7})
    for images in range(0, 80, 10):
        cut.append(images, {"loss": images / 7})
    resumed = StatsFile(cut.path)
    resumed.truncate_after(50)  # the last checkpoint
    for images in range(60, 100, 10):
        resumed.append(images, {"loss": images / 7})
    assert cut.path.read_bytes() == whole.path.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.jsonl", "whole.jsonl"]


@pytest.mark.parametrize("resume", ["truncate", "append"])
def test_every_place_a_line_can_be_torn(tmp_path: Path, resume: str) -> None:
    path = tmp_path / "stats.jsonl"
    first, second = b'{"images": 1, "a": 1.5}\n', '{"images": 2, "ä": 2.5}\n'.encode()
    for kept in range(len(second)):
        path.write_bytes(first + second[:kept])
        assert StatsFile.read(path) == [{"images": 1, "a": 1.5}]
        file = StatsFile(path)
        if resume == "truncate":
            file.truncate_after(1)
        file.append(2, {"ä": 2.5})
        assert path.read_bytes() == first + second


def test_a_damaged_line_in_the_middle_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_bytes(b'{"images": 1}\n\x00\x00\x00\n[1]\n{"images": 3}\n')
    assert [record["images"] for record in StatsFile.read(path)] == [1, 3]
    assert "stats.jsonl line 2" in caplog.text
    assert "stats.jsonl line 3" in caplog.text


def test_lines_since_are_read_from_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.run.stats.BLOCK", 64)  # several times less than the file
    file = StatsFile(tmp_path / "stats.jsonl")
    assert file.since(0) == []
    for images in (*range(0, 400, 10), 390):
        file.append(images, {"loss": float(images)})
    assert [line["images"] for line in file.since(390)] == [390, 390]
    assert [line["images"] for line in file.since(375)] == [380, 390, 390]
    assert file.since(391) == [] and file.since(0) == StatsFile.read(file.path)
