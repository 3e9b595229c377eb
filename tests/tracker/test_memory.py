"""What services were told before, and that they are not told twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.tracker import memory as tracking_memory
from experiments.tracker.memory import SETTLED, TRACKED, Memory


def test_what_was_logged_is_not_new_after_a_restart(tmp_path: Path) -> None:
    first = Memory(tmp_path, "wandb", "abc")
    assert first.new(["loss", "samples"], 64) == ["loss", "samples"]
    first.add(["loss"], 64)
    first.add(["loss"], 128)
    first.add(["samples"], 64)
    assert first.new(["loss"], 64) == ["loss"], "one process may log as it likes"
    first.close()
    second = Memory(tmp_path, "wandb", "abc")
    assert second.new(["loss", "samples"], 128) == ["samples"]
    assert second.new(["loss", "samples"], 64) == []
    assert second.new(["loss", "score"], 129) == ["loss", "score"]


def test_what_was_logged_just_before_a_kill_is_told_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(tracking_memory.time, "monotonic", lambda: clock[0])
    killed = Memory(tmp_path, "wandb", "abc")
    for images in (64, 128, 192):
        killed.add(["loss"], images)
        clock[0] += SETTLED / 2
    after = Memory(tmp_path, "wandb", "abc")
    assert [images for images in (64, 128, 192) if after.new(["loss"], images)] == [128, 192]


def test_the_id_that_was_given_once_is_kept(tmp_path: Path) -> None:
    assert Memory(tmp_path, "wandb", "own").id == "own"
    given = Memory(tmp_path, "wandb", "own", "given")
    given.add(["loss"], 64)
    given.close()
    after = Memory(tmp_path, "wandb", "own")
    assert (after.id, after.new(["loss"], 64)) == ("given", [])
    another = Memory(tmp_path, "wandb", "own", "another")
    assert another.id == "another"
    assert another.new(["loss"], 64) == ["loss"], "another run was told nothing yet"


def test_services_do_not_mix(tmp_path: Path) -> None:
    for service, given, images in (("wandb", "given", 64), ("trackio", None, 32)):
        memory = Memory(tmp_path, service, "own", given)
        memory.add(["loss"], images)
        memory.close()
    assert Memory(tmp_path, "wandb", "own").new(["loss"], 64) == []
    assert Memory(tmp_path, "trackio", "own").new(["loss"], 64) == ["loss"]
    assert Memory(tmp_path, "trackio", "own").id == "own"


def test_a_damaged_file_is_as_none(tmp_path: Path) -> None:
    for text in ("", "[]", '{"wandb": 3}', '{"wandb": {"images": 3}}', "\x00"):
        (tmp_path / TRACKED).write_text(text)
        memory = Memory(tmp_path, "wandb", "own")
        assert (memory.id, memory.new(["loss"], 1)) == ("own", ["loss"])
