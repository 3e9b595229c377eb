"""Text features take no more room than they may, and what is used stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.data.store.room import drop_folder, feature_folders, keep_within, lock_of
from experiments.file.lock import held
from tests.file.test_use import user_of

MB = 10**6


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Four folders of 2 MB, used one after the other."""
    for age in range(4):
        folder = tmp_path / "plumage" / "abc" / f"captions-{age}-x"
        folder.mkdir(parents=True)
        (folder / "words.npy").write_bytes(bytes(2 * MB))
        os.utime(folder, (1000 - age, 1000 - age))
    return tmp_path


def names(cache: Path) -> list[str]:
    return [folder.name for folder in feature_folders(cache)]


def test_what_was_not_used_for_longest_goes_first_and_is_told(
    cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert names(cache) == [f"captions-{age}-x" for age in (3, 2, 1, 0)]
    keep_within(cache, None)
    keep_within(cache, 0.008)
    assert len(names(cache)) == 4 and not capfd.readouterr().err
    keep_within(cache, 0.005)
    assert names(cache) == ["captions-1-x", "captions-0-x"]
    (line,) = capfd.readouterr().err.splitlines()
    assert "2 folders not used for longest removed (4 MB); paths.features=0.005 GB" in line


def test_what_a_process_uses_or_writes_stays(
    cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    oldest, next_one, *_ = feature_folders(cache)
    user, writer = user_of(oldest), held(lock_of(next_one))
    os.utime(oldest, (1, 1))
    keep_within(cache, 0)
    assert names(cache) == [oldest.name, next_one.name]
    assert "more than paths.features=0 GB" in capfd.readouterr().err
    user.kill()
    user.wait()
    assert drop_folder(oldest) and not drop_folder(next_one)
    assert writer is not None
    writer.close()
    assert drop_folder(next_one)
    assert not list(cache.glob("*/*/*.npy")) and not list(cache.glob("*/*/*.partial"))
