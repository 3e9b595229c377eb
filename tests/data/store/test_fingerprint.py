"""Data are known by their contents: neither where nor when they were copied says anything."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cub_pictures import pictures
from drawn import draw
from folder_pictures import write_many

from experiments.data.layout.fingerprint import Listing
from experiments.data.reader.cub import Cub
from experiments.data.reader.folder import Folder
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.fingerprint import (
    Fingerprint,
    data_set,
    difference,
    fingerprint_of,
)
from tests.data.cub_tree import write_cub_tree


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    return write_many(tmp_path / "birds")


def opened(root: Path, cache: Path, **more: object) -> Dataset:
    return open_dataset(Folder(str(root), **more), 8, cache, quiet=True, workers=1)  # type: ignore[arg-type]


def opened_by(reader: Folder, cache: Path, **more: Any) -> Dataset:
    return open_dataset(reader, 8, cache, quiet=True, workers=1, **more)


def test_a_copy_is_the_same_data_wherever_and_whenever(birds: Path, tmp_path: Path) -> None:
    first = opened(birds, tmp_path / "cache")
    copy = shutil.copytree(birds, tmp_path / "job2/other", copy_function=shutil.copyfile)
    for path in copy.rglob("*.txt"):
        os.utime(path, (1, 1))  # another time zone, another day
    assert opened(copy, tmp_path / "cache").fingerprint == first.fingerprint
    assert opened(copy, tmp_path / "elsewhere").fingerprint == first.fingerprint


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda root: (root / "kind00/0.png").write_bytes(b"x"), "1 changed (kind00/0.png)"),
        (lambda root: shutil.copy(root / "kind00/0.png", root / "new.png"), "1 added (new.png)"),
        (lambda root: (root / "kind00/0.txt").unlink(), "1 gone (kind00/0.txt)"),
    ],
)
def test_what_changed_is_named(
    birds: Path, tmp_path: Path, change: Callable[[Path], object], told: str
) -> None:
    before = fingerprint_of(Folder(str(birds)), tmp_path, quiet=True).now
    change(birds)
    now = fingerprint_of(Folder(str(birds)), tmp_path, quiet=True).now
    assert now != before
    assert difference(tmp_path, "folder", before, now) == f"files: {told}"
    assert difference(tmp_path, "folder", "0" * 16, now) == ""


def test_contents_are_read_once_for_each_state(
    birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    contents = Listing.contents

    def counting(self: Listing, done: Callable[[int], None] = lambda count: None) -> dict[str, str]:
        reads.append(len(self.files))
        return contents(self, done)

    monkeypatch.setattr(Listing, "contents", counting)
    first = opened(birds, tmp_path / "cache").fingerprint
    opened(birds, tmp_path / "cache")
    assert reads == [120]
    os.utime(birds / "kind00/0.txt", (1, 1))
    assert opened(birds, tmp_path / "cache").fingerprint == first and reads == [120, 120]
    for memory in (tmp_path / "cache/folder/known").glob("*.json"):
        memory.write_text("{")  # damaged: looked at again
    assert opened(birds, tmp_path / "cache").fingerprint == first and reads == [120, 120, 120]


def test_the_same_size_and_time_with_another_content_is_seen(birds: Path, tmp_path: Path) -> None:
    """Tools that set times back are no way around it."""
    path = birds / "kind00/0.txt"
    first, status = opened(birds, tmp_path / "cache").fingerprint, path.stat()
    path.write_bytes(path.read_bytes().replace(b"0", b"1"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert opened(birds, tmp_path / "cache").fingerprint != first


def linked(real: Path, root: Path) -> Path:
    """A tree of links to every file of another."""
    for file in sorted(path for path in real.rglob("*") if path.is_file()):
        link = root / file.relative_to(real)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file)
    return root


def test_trees_of_links_are_what_they_lead_to(birds: Path, tmp_path: Path) -> None:
    """Whoever first tried them without following remembers nothing that could serve for others."""
    other = shutil.copytree(birds, tmp_path / "other")
    for path in other.rglob("*.png"):
        draw(path, (0, 0, 255))
    trees = [linked(birds, tmp_path / "links1"), linked(other, tmp_path / "links2")]
    cache = tmp_path / "cache"

    def known(root: Path, follow: bool) -> Fingerprint:
        return fingerprint_of(Folder(str(root), follow_links=follow), cache, quiet=True)

    without = [known(root, False).now for root in trees]
    assert not list((cache / "folder/known").glob("*.json"))
    assert [known(root, False).now for root in trees] == without
    followed = [opened(root, cache, follow_links=True) for root in trees]
    assert len({*without, *(found.fingerprint for found in followed)}) == 4
    for found, plain in zip(followed, (birds, other), strict=True):
        alike = opened(plain, cache)
        assert alike.fingerprint == found.fingerprint and alike.folder == found.folder
        assert (alike.train.images[:] == found.train.images[:]).all()
    assert (followed[0].train.images[:] != followed[1].train.images[:]).any()
    # What runs of before recorded of links was recorded without following them.
    assert known(trees[0], True).by_time == "" != known(trees[0], False).by_time


def test_a_file_that_could_not_be_read_is_looked_at_again(
    birds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = birds / "kind00/0.txt"
    real = Path.open

    def shut(self: Path, *more: Any, **named: Any) -> Any:
        if self == refused:
            raise PermissionError
        return real(self, *more, **named)

    def known() -> str:
        return fingerprint_of(Folder(str(birds)), tmp_path / "cache", quiet=True).now

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", shut)
        unread = known()
    assert known() != unread
    assert known() == fingerprint_of(Folder(str(birds)), tmp_path / "new", quiet=True).now


def hash_from_before(settings: bytes, places: list[Path | None]) -> str:
    """How data were identified until now: by name, size and time."""
    digest = hashlib.sha256(settings)
    for number, place in enumerate(places):
        if place is None:
            continue
        files = [place] if place.is_file() else []
        for folder, folders, names in os.walk(place):
            folders.sort()
            files += [Path(folder, name) for name in sorted(names)]
        for path in files:
            name = place.name if path == place else path.relative_to(place).as_posix()
            status = path.stat()
            digest.update(f"{number} {name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:16]


def test_runs_from_before_know_their_data(birds: Path, tmp_path: Path) -> None:
    names = sorted(path.relative_to(birds).as_posix() for path in birds.rglob("*.png"))
    names += sorted(path.relative_to(birds).as_posix() for path in birds.rglob("*.txt"))
    settings = repr(("folder", "images", 0.1, None, names)).encode()
    before = hash_from_before(settings, [birds / name for name in names])
    assert Folder(str(birds)).files().by_time() == before
    assert opened(birds, tmp_path).by_time == data_set("folder", before)
    tree = write_cub_tree(tmp_path / "cub", pictures())
    files = Cub(str(tree)).files()
    cub = tree / "CUB_200_2011"
    places = [cub / "images", tree / "text", *cub.glob("*.txt"), tree / "captions.pickle", None]
    places += [tree / split for split in ("train", "test")]
    assert files.by_time() == hash_from_before(files.settings, places)


def test_what_was_prepared_before_is_taken_over(birds: Path, tmp_path: Path) -> None:
    new = opened(birds, tmp_path / "cache")
    old = new.folder.with_name(new.by_time)
    new.folder.rename(old)
    mark = old / "captions-of-an-encoder"
    mark.touch()
    again = opened(birds, tmp_path / "cache")
    assert (again.folder / mark.name).exists() and again.folder == new.folder
    assert old.is_symlink() and old.resolve() == again.folder.resolve()


def test_captions_that_are_read_otherwise_now_are_prepared_anew(tmp_path: Path) -> None:
    root = write_many(tmp_path / "birds")
    (root / "kind00/0.txt").write_text("ein grünlicher Vogel", encoding="utf-8")
    before = opened(root, tmp_path / "cache", tokeniser="ascii")
    assert before.vocabulary is not None and "grnlicher" in before.vocabulary.words
    assert before.report["words"]["altered"] == 1
    assert "words that lose their letters beyond ASCII: 1 times" in before.summary
    before.folder.rename(before.folder.with_name(before.by_time))
    now = opened(root, tmp_path / "cache")
    assert now.vocabulary is not None and "grünlicher" in now.vocabulary.words


def test_captions_in_other_words_are_another_data_set(tmp_path: Path) -> None:
    root, cache = write_many(tmp_path / "birds"), tmp_path / "cache"
    (root / "kind00/0.txt").write_text("ein grünlicher Vogel", encoding="utf-8")
    ascii_, unicode = (
        opened_by(Folder(str(root), tokeniser=way), cache) for way in ("ascii", "unicode")
    )
    for found, word in ((ascii_, "grnlicher"), (unicode, "grünlicher")):
        assert found.vocabulary is not None and word in found.vocabulary.words
    assert ascii_.folder != unicode.folder
    # A run that began so, and goes on so by default, reads the same data set.
    assert opened_by(Folder(str(root)), cache, tokeniser="ascii").folder == ascii_.folder
    usual = Folder(str(root)).fingerprint()  # as before there was a choice
    assert unicode.fingerprint == data_set("folder", usual)


def test_a_cache_that_cannot_be_written_is_enough(birds: Path, tmp_path: Path) -> None:
    first = opened(birds, tmp_path / "cache")
    shutil.rmtree(tmp_path / "cache/folder/known")
    (tmp_path / "cache/folder/known").touch()  # nothing can be remembered there
    assert opened(birds, tmp_path / "cache").fingerprint == first.fingerprint
