"""Checkpoints that an earlier version wrote go on under this one."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from experiments.checkpoint import load_export, load_newest
from experiments.errors import UserError
from experiments.folder import by_images, reached
from experiments.identity import run_lock
from experiments.migrate import main, migrate


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of format 1 with two checkpoints and the weights that it was finished with."""
    for images in (8, 16):
        state = {"format": 1, "images": images, "system": {"w": torch.full((2,), float(images))}}
        path = tmp_path / "checkpoints" / f"images-{images:010d}.pt"
        path.parent.mkdir(exist_ok=True)
        torch.save(state | {"export": {"generator": {"w": torch.ones(1)}}, "optimisers": {}}, path)
    (tmp_path / "facts.json").write_text('{"data": "abc"}')
    (tmp_path / "weights").mkdir()
    export = {"generator": {"w": torch.full((1,), 3.0)}}
    weights = {"format": 1, "images": 16, "export": export}
    torch.save(weights, tmp_path / "weights" / "images-0000000016.pt")
    return tmp_path


def test_it_is_refused_until_it_was_migrated(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for reader in (load_newest, load_export, reached):
        with pytest.raises(UserError, match=rf"`python -m experiments.migrate {old}` writes them"):
            reader(old)
    assert main([str(old)]) == 0
    assert f"{old}: 3 files are of the present format now" in capsys.readouterr().out
    found = load_newest(old)
    assert found is not None and found["images"] == 16 and found["data"] == "abc"
    assert found["system"]["w"].tolist() == [16, 16]
    assert reached(old) == 16 and len(by_images(old, "checkpoints")) == 2
    assert load_export(old)["export"]["generator"]["w"].item() == 3
    assert not list(old.rglob("*.pt"))


def test_what_cannot_be_read_stays(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torn = old / "checkpoints" / "images-0000000008.pt"
    torn.write_bytes(torn.read_bytes()[:50])
    assert main([str(old)]) == 2
    assert f"error: {torn}: cannot be read" in capsys.readouterr().err and torn.exists()
    torn.unlink()
    assert migrate(old) == 2


@pytest.mark.parametrize("arguments", [[], ["--help"], ["nowhere"]])
def test_a_mistake_is_a_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("error: ") and "python -m experiments.migrate" in said


def test_one_that_was_stopped_half_way_is_gone_on_with(old: Path) -> None:
    """Else the run would go on from the older of its checkpoints, without a word."""
    newest = old / "checkpoints" / "images-0000000016.pt"
    kept = newest.read_bytes()
    assert migrate(old) == 3
    newest.write_bytes(kept)
    with pytest.raises(UserError, match="are of format 1"):
        load_newest(old)
    assert migrate(old) == 1
    found = load_newest(old)
    assert found is not None and found["images"] == 16


def test_a_run_that_trains_is_left_alone(old: Path) -> None:
    with run_lock(old), pytest.raises(UserError, match="is being trained by process"):
        migrate(old)
    assert len(list(old.rglob("*.pt"))) == 3
