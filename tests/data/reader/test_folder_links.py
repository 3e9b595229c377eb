"""`data=folder` where classes, splits or files are links, and what else lies there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from cub_pictures import pictures
from drawn import draw, write

from experiments.data.reader.cub import Cub
from experiments.data.reader.folder import Folder
from experiments.data.reader.stamps import Stamps
from experiments.data.record import Record
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.terminal.error import UserError
from tests.data.cub_tree import write_cub_tree


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Four pictures in each of four classes."""
    for colour in ("red", "blue", "green", "grey"):
        for number in range(4):
            draw(tmp_path / "disk" / colour / f"{number}.png", size=(8, 8))
            write(tmp_path / "disk" / colour / f"{number}.txt", [f"a {colour} bird"])
    return tmp_path / "disk"


def opened(root: Path, follow: bool | None = None, **more: object) -> Dataset:
    reader = Folder(str(root), follow_links=follow, **more)  # type: ignore[arg-type]
    return open_dataset(reader, 8, root.parent / "cache", quiet=True, workers=1)


def test_linked_classes_stop_or_are_read_or_are_counted(disk: Path, tmp_path: Path) -> None:
    root = tmp_path / "classes"
    root.mkdir()
    (disk / "red").rename(root / "red")
    (disk / "blue").rename(root / "blue")
    for colour in ("green", "grey"):
        (root / colour).symlink_to(disk / colour)
    with pytest.raises(UserError, match=r"2 links out of the root.*green, grey.*follow_links=true"):
        opened(root)
    whole = opened(root, follow=True)
    assert len(whole.train) + len(whole.test) == 16 and len(whole.class_names) == 4
    half = opened(root, follow=False)
    assert len(half.class_names) == 2 and half.report["not_read"] == {"links out of the root": 2}
    assert half.summary.endswith("; not read: 2 links out of the root")


def test_a_linked_test_split_is_never_replaced(disk: Path, tmp_path: Path) -> None:
    root = tmp_path / "splits"
    (root / "train").mkdir(parents=True)
    (disk / "red").rename(root / "train/red")
    (disk / "blue").rename(root / "train/blue")
    (root / "test").symlink_to(disk)
    with pytest.raises(UserError, match=r"where folders are expected \(test\)"):
        opened(root)
    found = opened(root, follow=True)
    assert (len(found.train), len(found.test)) == (8, 8)


def test_files_that_are_all_links_name_the_option(disk: Path, tmp_path: Path) -> None:
    root = tmp_path / "files"
    for file in sorted(disk.rglob("*.*")):
        link = root / file.relative_to(disk)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    with pytest.raises(UserError, match=r"16 of 16 .*data\.follow_links=true follows"):
        opened(root)
    found = opened(root, follow=True)
    assert len(found.train) + len(found.test) == 16
    # The same bytes without links are the same data.
    assert Folder(str(root), follow_links=True).fingerprint() == Folder(str(disk)).fingerprint()


def test_other_readers_follow_on_request(tmp_path: Path) -> None:
    real = write_cub_tree(tmp_path / "real", pictures())
    root = tmp_path / "birds"
    for file in sorted(path for path in real.rglob("*") if path.is_file()):
        link = root / file.relative_to(real)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    refused = [entry for entry in Cub(str(root)).read() if not isinstance(entry, Record)]
    assert refused and all("data.follow_links=true" in drop.reason for drop in refused)
    followed = list(Cub(str(root), follow_links=True).read())
    assert followed == list(Cub(str(real)).read())
    stamps = tmp_path / "stamps"
    draw(tmp_path / "other/crow.png", size=(80, 80))
    write(tmp_path / "other/crow.txt", ["A crow."])
    draw(stamps / "own/owl.png", size=(80, 80))
    write(stamps / "own/owl.txt", ["An owl."])
    (stamps / "birds").symlink_to(tmp_path / "other")
    with pytest.raises(UserError, match="follow_links"):
        Stamps(str(stamps)).check()
    assert len(list(Stamps(str(stamps), follow_links=True).read())) == 2


def test_whatever_lies_there_is_counted(disk: Path) -> None:
    draw(disk / "red/4.JPG", size=(8, 8))  # any case of a suffix is read
    write(disk / "red/4.txt", ["a red bird"])
    draw(disk / ".thumbs/0.png", size=(8, 8))
    draw(disk / "red/.5.png", size=(8, 8))
    draw(disk / "red/6.gif", size=(8, 8))
    (disk / "notes.xml").touch()
    (disk / "Red").mkdir()
    found = opened(disk)
    assert len(found.train) + len(found.test) == 17
    assert found.report["not_read"] == {
        "hidden folders": 1,
        "hidden pictures": 1,
        "gif pictures": 1,
        "other files": 1,
        "names that differ in case alone": 2,
    }
    kept = json.loads((found.folder / "report.json").read_text())
    assert kept["not_read"] == found.report["not_read"]
    assert found.summary.endswith(
        "; not read: 1 hidden folder, 1 hidden picture, 1 gif picture; "
        "2 names that differ in case alone"
    )
    draw(disk / "red/7.gif", size=(8, 8))  # what comes later is told, though nothing is read anew
    assert opened(disk).report["not_read"]["gif pictures"] == 2


def test_each_file_is_looked_at_once(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(disk)
    looks: list[str] = []

    def counting(kept: object) -> object:
        def look(path: object, *rest: object, **more: object) -> object:
            looks.append(os.fspath(path))  # type: ignore[call-overload]
            return kept(path, *rest, **more)  # type: ignore[operator]

        return look

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, counting(getattr(os, name)))
    opened(disk)
    mine = [path for path in looks if path.startswith(f"{disk}/") and path[-4:] in (".png", ".txt")]
    assert sorted(mine) == sorted(map(str, disk.rglob("*.*")))
