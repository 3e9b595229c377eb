"""Checkpoints are whole or not there, few, and hold no code."""

from __future__ import annotations

import json
import os
import pickle
import resource
import subprocess
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.file import tensor as tensor_file
from experiments.run.checkpoint import load_newest, save, save_weights
from experiments.run.folder import by_images, file_at, images_of, reached, sweep
from experiments.run.weight import differences, load_export, load_pretrained
from experiments.terminal.error import UserError


def state(images: int) -> dict[str, Any]:
    return {"images": images, "system": {"weight": torch.full((3,), float(images))}, "export": {}}


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for images in (10, 20, 30):
        save(tmp_path, state(images), keep=2)
    assert [images_of(path) for path in by_images(tmp_path, "checkpoints")] == [30, 20]
    found = load_newest(tmp_path)
    assert found is not None and found["images"] == 30
    assert torch.equal(found["system"]["weight"], torch.full((3,), 30.0))


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert load_newest(tmp_path) is None and reached(tmp_path) == 0
    with pytest.raises(UserError, match="has no weights yet; train it first"):
        load_export(tmp_path)


@pytest.mark.parametrize("part", ["name of the file", "header", "tensor", "last byte"])
def test_a_damaged_one_is_named_and_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], part: str
) -> None:
    save(tmp_path, state(10), keep=2)
    newest = save(tmp_path, state(20), keep=2)
    content = bytearray(newest.read_bytes())
    place = {"header": content.index(b"sha256") - 40, "tensor": len(content) - 12}.get(part)
    if part == "name of the file":
        newest.write_bytes(b"")
    elif part == "last byte":
        newest.write_bytes(content[:-1])
    else:
        assert place is not None
        content[place] ^= 1
        newest.write_bytes(content)
    found = load_newest(tmp_path)
    assert found is not None and found["images"] == 10
    said = capsys.readouterr().err
    assert f"{newest}: is damaged (" in said and said.count("\n") == 1
    for path in by_images(tmp_path, "checkpoints"):
        path.write_bytes(b"")
    with pytest.raises(UserError, match="no checkpoint is whole; move the folder away"):
        load_newest(tmp_path)


def test_the_one_before_goes_when_the_new_one_was_read_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = save(tmp_path, state(10), keep=1)
    whole = tensor_file.write

    def torn(path: Path, content: dict[str, Any]) -> None:  # a disk that forgets what it was told
        whole(path, content)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 4)

    monkeypatch.setattr(tensor_file, "write", torn)
    with pytest.raises(UserError, match=r"could not be written .*resumes from the checkpoint"):
        save(tmp_path, state(20), keep=1)
    assert list((tmp_path / "checkpoints").iterdir()) == [first]
    monkeypatch.undo()
    second = save(tmp_path, state(20), keep=1)
    assert list((tmp_path / "checkpoints").iterdir()) == [second]


def test_what_a_crash_left_is_swept_away(tmp_path: Path) -> None:
    save(tmp_path, state(10), keep=2)
    torn = tmp_path / "checkpoints" / "images-0000000020.partial"
    torn.write_bytes(b"half")
    save(tmp_path, state(30), keep=2)
    assert not torn.exists()


def test_a_sweep_leaves_what_somebody_writes(tmp_path: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    dead = tmp_path / f".run.json.{ended.pid}.partial"
    alive = tmp_path / f".run.json.{os.getpid()}.partial"
    for path in (dead, alive):
        path.touch()
    (tmp_path / f".export.{ended.pid}.partial" / "samples").mkdir(parents=True)
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [alive]


def test_no_code_runs_from_a_checkpoint(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (tmp_path / "ran",)

    path = file_at(tmp_path, "checkpoints", 10)
    path.parent.mkdir()
    torch.save({"format": 1, "images": 10, "x": Hostile()}, path)
    with pytest.raises(UserError, match="no checkpoint is whole"):
        load_newest(tmp_path)
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(UserError, match="no checkpoint is whole"):
        load_newest(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_another_format_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_file, "FORMAT", 99)
    save(tmp_path, state(10), keep=1)
    monkeypatch.undo()
    with pytest.raises(UserError, match="format 99, this version reads 3 and older ones; use"):
        load_newest(tmp_path)


def test_weights_of_a_finished_run_stay_and_serve_others(tmp_path: Path) -> None:
    (tmp_path / "facts.json").write_text(json.dumps({"vocabulary_hash": "abc"}))
    (tmp_path / "config.yaml").write_text("{system: {}, encoder: {dim: 3, image: {width: 4}}}\n")
    trained, fresh = nn.Linear(3, 2), nn.Linear(3, 2)
    paths = [save_weights(tmp_path, n, {"encoder": trained.state_dict()}) for n in (10, 20)]
    assert reached(tmp_path) == 20 and all(path.exists() for path in paths)
    load_pretrained(fresh, {"pretrained": str(paths[0])}, {}, "encoder")
    assert torch.equal(fresh.weight, trained.weight)
    save(tmp_path, state(25), keep=1)
    assert load_export(tmp_path)["images"] == 25
    with pytest.raises(UserError, match=r"dim is 3 there and 5 here; image\.width is 4 there"):
        load_pretrained(
            nn.Linear(5, 2),
            {"pretrained": str(paths[0]), "dim": 5, "image": {"width": 6}},
            {},
            "encoder",
        )


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    class Reader(nn.Linear):
        text = "words"

    (tmp_path / "facts.json").write_text(json.dumps({"vocabulary_hash": "abc"}))
    path = save_weights(tmp_path, 10, {"encoder": nn.Linear(3, 2).state_dict()})
    node = {"pretrained": str(path)}
    load_pretrained(Reader(3, 2), node, {"vocabulary_hash": "abc"}, "encoder")
    with pytest.raises(UserError, match=r"another vocabulary \(abc, these data have xyz\)"):
        load_pretrained(Reader(3, 2), node, {"vocabulary_hash": "xyz"}, "encoder")

    class Speller(Reader):
        reads = "characters"

    load_pretrained(
        Speller(3, 2), node, {"vocabulary_hash": "xyz"}, "encoder"
    )  # it has no vocabulary


def test_differences_are_told_by_key() -> None:
    ours = {"a": 1, "b": {"c": 2, "d": 3}, "pretrained": "x"}
    theirs = {"a": 1, "b": {"c": 5, "d": 3}, "e": 4}
    assert differences(theirs, ours) == ["b.c is 5 there and 2 here", "e is 4 there and None here"]


def test_a_damaged_one_of_later_takes_nobodys_place(tmp_path: Path) -> None:
    """A run that goes on from before it, and saves where it is stopped, keeps what it saved."""
    save(tmp_path, state(10), keep=2)
    save(tmp_path, state(20), keep=2).write_bytes(b"torn")
    save(tmp_path, state(13), keep=1)
    found = load_newest(tmp_path)
    assert found is not None and found["images"] == 13
    assert [images_of(path) for path in by_images(tmp_path, "checkpoints")] == [13]


def test_copies_with_names_of_their_own_are_left_alone(tmp_path: Path) -> None:
    first = save(tmp_path, state(10), keep=1)
    copies = [first.with_stem("images-0000000010 (copy)"), first.with_stem("images-best")]
    for copy in copies:
        copy.write_bytes(first.read_bytes())
    for images in (20, 30, 10**10):
        save(tmp_path, state(images), keep=2)
    assert [images_of(path) for path in by_images(tmp_path, "checkpoints")] == [10**10, 30]
    assert all(copy.exists() for copy in copies)


def test_a_finished_run_does_not_begin_anew_when_its_checkpoints_were_removed(
    tmp_path: Path,
) -> None:
    save_weights(tmp_path, 30, {})
    with pytest.raises(UserError, match="has weights of 30 images and no checkpoint"):
        load_newest(tmp_path)


def test_what_was_read_stays_when_the_file_is_written_over(tmp_path: Path) -> None:
    path = save(tmp_path, state(10), keep=1)
    found = load_newest(tmp_path)
    path.write_bytes(bytes(path.stat().st_size))
    assert found is not None and found["system"]["weight"].tolist() == [10, 10, 10]


def test_a_file_that_cannot_be_opened_is_not_taken_for_damaged(tmp_path: Path) -> None:
    save(tmp_path, state(10), keep=2)
    newest = save(tmp_path, state(20), keep=2)
    files: list[int] = []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    # Tests before this one keep files in use.
    last = max(int(path.name) for path in Path("/dev/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (last + 64, hard))
    try:
        folder = by_images(tmp_path, "checkpoints")
        with pytest.raises(OSError, match="Too many"):
            while True:
                files.append(os.open(os.devnull, os.O_RDONLY))
        with pytest.raises(UserError, match=f"{newest}: cannot be read now .Too many"):
            tensor_file.read(folder[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for file in files:
            os.close(file)
