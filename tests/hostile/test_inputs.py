"""Hostile files in every layout of a data set: kept, counted, or refused with one line.

All cases: `python -m tests.hostile`. Here are all pictures, pickles, archives and arrays by
themselves, and of the rest a few for each layout, with a seed that is always the same.
"""

from __future__ import annotations

import random
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.images import path_inside, picture_size, read_crop, read_padded
from experiments.data.layout.pickles import load_pickle
from experiments.data.layout.unpack import unpack_beside
from experiments.data.store.dataset import open_dataset
from experiments.data.store.picture import open_store
from tests.hostile import containers, pictures
from tests.hostile.inputs import ALL, LAYOUTS, Case, run
from tests.hostile.layouts import place
from tests.hostile.trial import Outcome, attempt

A_LAYOUT = 3  # cases for each, every time the same


def chosen() -> Iterator[Case]:
    for name in LAYOUTS:
        cases = [case for case in ALL if case.layout.name == name]
        yield from random.Random(f"{name} 5").sample(cases, A_LAYOUT)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the data sets that copies are made of."""
    return tmp_path_factory.mktemp("made")


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """What hostile links lead to goes with the test."""
    yield
    for suffix in (".png", ".jpg"):
        pictures.outside(suffix).unlink(missing_ok=True)


def unhurt(outcome: Outcome) -> None:
    assert outcome.kind != "failed", outcome.message
    assert not containers.sentinel().exists(), "code was executed"


@pytest.mark.parametrize("case", chosen(), ids=str)
def test_a_data_set_with_one_hostile_file(case: Case, made: Path, tmp_path: Path) -> None:
    unhurt(run(case, place(case.layout, made, tmp_path / "one" / "root"), seed=0))


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_data_set_without_any_is_kept_whole(name: str, made: Path, tmp_path: Path) -> None:
    """Else every case would be refused for another reason than its own."""
    whole = Case(LAYOUTS[name], "nothing", "", lambda placed, key, draw: set())
    outcome = run(whole, place(whole.layout, made, tmp_path / "one" / "root"), seed=0)
    assert outcome.kind == "accepted", outcome.message
    assert outcome.found and len(outcome.found["keys"]) == 120


@pytest.mark.slow
def test_pictures(tmp_path: Path) -> None:
    """Each by itself, with one of the two functions that read it."""
    path = tmp_path / "a.png"
    for number, (name, put) in enumerate(pictures.CASES.items()):
        put(path, random.Random(number))

        def work(read: Any = (read_padded, read_crop)[number % 2]) -> dict[str, Any]:
            found = path_inside(tmp_path, path.name)
            read(found, 16)
            return {"size": picture_size(found)}

        outcome = attempt(work)
        assert outcome.kind != "failed", f"{name}: {outcome.message}"
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("zero bytes", "file is empty"),
        ("a page", "not a picture"),
        ("header of 30 000 squared", "too many pixels"),
        ("7900 squared", "too many pixels"),
        ("WEBP of 16384 squared", "too many pixels"),
        ("progressive of 7900 squared", "too many passes"),
        ("JPEG of 3000 scans", "too many passes"),
        ("tile of 17 600 squared in a picture of one", "too large tiles"),
        ("link out of the root", "leaves the root"),
        ("pipe", "not a file"),
    ],
)
def test_what_is_refused_says_why(name: str, reason: str, tmp_path: Path) -> None:
    pictures.CASES[name](tmp_path / "a.png", random.Random(0))
    outcome = attempt(lambda: {"a": str(read_crop(path_inside(tmp_path, "a.png"), 8))})
    assert outcome.kind == "refused" and reason in outcome.message


@pytest.mark.parametrize(
    "name",
    [name for name in pictures.CASES if name.startswith(("EXIF", "many", "animated", "rest"))],
)
def test_what_is_unusual_is_accepted(name: str, tmp_path: Path) -> None:
    pictures.CASES[name](tmp_path / "a.png", random.Random(0))
    assert read_crop(tmp_path / "a.png", 8).shape == (8, 8, 3)


@pytest.mark.slow
def test_pickles(tmp_path: Path) -> None:
    path, good = tmp_path / "a.pickle", b"\x80\x02](U\x01aU\x01be."
    for name, make in (containers.BYTES | containers.PICKLES).items():
        path.write_bytes(make(good, random.Random(name)))

        def work() -> dict[str, Any]:
            load_pickle(path)
            return {}

        outcome = attempt(work)
        assert outcome.kind != "failed", f"{name}: {outcome.message}"
        assert not containers.sentinel().exists(), name


@pytest.mark.filterwarnings("ignore:Duplicate")
def test_archives(tmp_path: Path) -> None:
    for name in containers.ARCHIVES:
        folder = tmp_path / "inner"
        folder.mkdir()
        (folder / "text.zip").write_bytes(containers.archive(random.Random(name), name))
        outcome = attempt(lambda at=folder / "text.zip": {"at": str(unpack_beside(at))})
        assert outcome.kind != "failed", f"{name}: {outcome.message}"
        assert [path.name for path in tmp_path.iterdir()] == ["inner"], name
        for path in folder.rglob("*"):
            assert path.is_dir() or (path.is_file() and not path.is_symlink()), name
        assert (folder / "text").is_dir() == (outcome.kind == "accepted"), name
        shutil.rmtree(folder)


def test_arrays_of_a_prepared_data_set(made: Path, tmp_path: Path) -> None:
    """A file of a prepared data set that is not what was written is named, with the remedy."""
    placed = place(LAYOUTS["folder_text"], made, tmp_path / "one" / "root")
    reader = placed.layout.opened(placed.root)
    data = open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1)
    files = sorted(path for path in data.folder.iterdir() if path.is_file() and path.name[0] != ".")
    originals = {path: path.read_bytes() for path in files}
    shown = ("empty", "truncated", "objects", "a pickle", "10^12 rows", "another shape")
    makers = {name: containers.ARRAYS[name] for name in shown}
    makers |= {"null": lambda good, draw: b"null", "{}": lambda good, draw: b"{}"}
    refused = set()
    for path in files:
        for name, make in makers.items():
            path.write_bytes(make(originals[path], random.Random(name)))
            outcome = attempt(lambda: {"n": len(open_dataset(reader, 8, tmp_path / "cache").train)})
            assert outcome.kind != "failed", f"{path.name}, {name}: {outcome.message}"
            if outcome.kind == "refused":
                assert str(path) in outcome.message and "delete" in outcome.message
                refused.add(path.name)
        path.write_bytes(originals[path])
    assert {path.name for path in files} - refused <= {"records.jsonl"}  # not read any more
    assert not containers.sentinel().exists()


@pytest.mark.parametrize("name", containers.ARRAYS)
def test_arrays_by_themselves(name: str, tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((120, 8, 8, 3), np.uint8))
    good = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(containers.ARRAYS[name](good, random.Random(name)))
    outcome = attempt(lambda: {"shape": str(open_store(tmp_path / "a.npy").shape)})
    unhurt(outcome)
    assert (outcome.kind == "accepted") == (
        name in ("another shape", "another type", "names", "one number", "10^9 rows of nothing")
    ), outcome


def test_an_npz_that_swells_is_refused_before_it_does(made: Path, tmp_path: Path) -> None:
    placed = place(LAYOUTS["folder_text"], made, tmp_path / "one" / "root")
    reader = placed.layout.opened(placed.root)
    data = open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1)
    (path,) = data.folder.glob("arrays-*.npz")
    header = containers.npy(b"{'descr': '<i8', 'fortran_order': False, 'shape': (1000000000,)}\n")
    for method, size in ((zipfile.ZIP_STORED, 0), (zipfile.ZIP_DEFLATED, 50_000_000)):
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("keys.npy", header + bytes(size))
        outcome = attempt(lambda: {"n": len(open_dataset(reader, 8, tmp_path / "cache").train)})
        assert outcome.kind == "refused" and "larger than the file" in outcome.message, outcome
