"""What a run has moves aside, and the run begins anew in its folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.run import fresh
from experiments.run.fresh import begin, begun_by, restarted, set_aside, token
from experiments.run.lock import run_lock
from experiments.terminal.error import UserError
from experiments.tracker.memory import Memory, begin_again


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "outputs" / "attngan-plumage" / "34f6266e81"
    for name in ("checkpoints", "weights", "samples"):
        (place / name).mkdir(parents=True)
        (place / name / "file").write_text(name)
    (place / "run.json").write_text("{}")
    return place


def test_everything_but_the_lock_moves(folder: Path) -> None:
    with run_lock(folder):
        place = set_aside(folder)
        assert place is not None
        assert [path.name for path in folder.iterdir()] == [".lock"]
        with pytest.raises(UserError, match="being trained by"), run_lock(folder):
            pass
    assert re.fullmatch(r"34f6266e81-\d{8}-\d{6}", place.name)
    assert (place / "weights" / "file").read_text() == "weights"
    with run_lock(folder):
        assert set_aside(folder) is None, "there is nothing left to move"


def test_the_log_that_this_job_writes_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "output.log").write_text("words")
    monkeypatch.setenv("BIRDSONG_LOG", str(folder / "output.log"))
    place = set_aside(folder)
    assert place is not None and not (place / "output.log").exists()
    assert (folder / "output.log").read_text() == "words"


def test_the_command_that_began_it_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = token(["seed=1"]), token(["seed=2"])
    assert mine != other and not begun_by(folder, mine)
    assert begin(folder, mine) is not None
    assert begun_by(folder, mine) and not begun_by(folder, other)
    assert begin(folder, other) is None, "nothing but the note was there"
    assert begun_by(folder, other) and not begun_by(folder, mine)
    monkeypatch.setattr(fresh, "changes", lambda place: ["experiments/loss/damsm.py"])
    assert not begun_by(folder, other), "other code is to train it from the beginning"
    monkeypatch.undo()
    (folder / "fresh.json").write_text("{")
    assert not begun_by(folder, other), "damaged"


def test_the_note_moves_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a kill would leave checkpoints that the same command takes for its own."""
    begin(folder, token([]))
    (folder / "weights").mkdir()
    moved: list[str] = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (moved.append(self.name), replace(self, to))[1]
    )
    set_aside(folder)
    assert moved == ["fresh.json", "weights"]


def test_no_reader_takes_it_for_a_run(folder: Path) -> None:
    set_aside(folder)
    assert list(folder.parents[1].glob("*/*/run.json")) == []


def test_twice_in_a_second_are_two(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh.time, "strftime", lambda form: "20260101-000000")
    first = set_aside(folder)
    (folder / "run.json").write_text("{}")
    second = set_aside(folder)
    assert first is not None and second is not None and second.name == f"{first.name}-2"


def test_what_a_kill_leaves_behind_is_a_run_that_has_not_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights first, then checkpoints: never weights of a run without its checkpoints."""
    moved: list[str] = []
    replace = Path.replace

    def dies(self: Path, target: Path) -> Path:
        moved.append(self.name)
        if len(moved) == 3:
            raise OSError(5, "the power went")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", dies)
    with pytest.raises(UserError, match=r"cannot be moved to .*the power went"):
        set_aside(folder)
    assert moved[:2] == ["weights", "checkpoints"]


@pytest.mark.parametrize(
    ("environment", "again"),
    [
        ({}, False),
        ({"SLURM_RESTART_COUNT": "0", "TORCHELASTIC_RESTART_COUNT": "0"}, False),
        ({"SLURM_RESTART_COUNT": "1"}, True),
        ({"TORCHELASTIC_RESTART_COUNT": "2"}, True),
    ],
)
def test_a_job_that_a_cluster_starts_again_goes_on(
    environment: dict[str, str], again: bool
) -> None:
    """It would move aside what it has just made, each time."""
    assert restarted(environment) is again


def test_to_a_service_it_is_another_run(folder: Path) -> None:
    told = Memory(folder, "wandb", "34f6266e81")
    told.add(["loss"], 8)
    told.close()
    place = set_aside(folder)
    assert place is not None
    begin_again(place, folder)
    now = Memory(folder, "wandb", "34f6266e81")
    assert now.id == place.name and now.new(["loss"], 8) == ["loss"]
    assert Memory(place, "wandb", "34f6266e81").id == "34f6266e81"
