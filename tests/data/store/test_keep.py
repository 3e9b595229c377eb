"""Pictures kept as pixels, as JPEG, or not at all: the same data set, opened in three ways."""

from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import torch
from shard_sets import picture, table, webdataset
from tiny_reader import TinyReader

from experiments.data.batches import Batches
from experiments.data.reader.folder import Folder
from experiments.data.reader.hub import Hub
from experiments.data.shard_order import ShardOrder
from experiments.data.store import choice, spool
from experiments.data.store.choice import STORES, bytes_of, chosen
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.streamed import groups_of
from experiments.data.view.caption import CaptionView
from experiments.data.view.picture import PictureView, StoredPictures
from experiments.terminal.error import UserError
from experiments.terminal.line import amount

SIZE = 12
Usage = namedtuple("Usage", "total used free")


def opened(root: Path, cache: Path, store: str | None, size: int = SIZE) -> Dataset:
    return open_dataset(Hub(str(root)), size, cache, quiet=True, workers=1, store=store)


@pytest.fixture(params=["parquet", "tars"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Forty rows in two shards; parquet in groups of five rows."""
    place = tmp_path / "set"
    if request.param == "tars":
        return webdataset(place, 40)
    place.mkdir()
    rows = table(40, label=False)
    for shard in range(2):
        part = rows.select(range(20 * shard, 20 * shard + 20))
        part.to_parquet(str(place / f"train-{shard:05d}-of-00002.parquet"), batch_size=5)
    return place


def pixels_of(dataset: Dataset) -> np.ndarray:
    return np.concatenate([s.images[np.arange(len(s))] for s in (dataset.train, dataset.test)])


def test_three_stores_are_one_data_set(root: Path, tmp_path: Path) -> None:
    found = {store: opened(root, tmp_path / store, store) for store in STORES}
    pixels = found["pixels"]
    for store, dataset in found.items():
        assert dataset.store == store and dataset.fingerprint == pixels.fingerprint
        assert list(dataset.train.keys) == list(pixels.train.keys)
        assert dataset.train.images.shape == pixels.train.images.shape
    whole = pixels_of(pixels)
    np.testing.assert_array_equal(pixels_of(found["stream"]), whole)
    assert np.abs(pixels_of(found["encoded"]).astype(int) - whole).max() <= 3
    assert ", read where they lie" in found["stream"].summary.replace(";", ",")
    size = amount((found["encoded"].folder / f"encoded-{SIZE}" / "content.npy").stat().st_size)
    assert f"kept as JPEG, {size}" in found["encoded"].summary
    assert not list(found["stream"].folder.glob("images-*"))


def test_what_cannot_be_used_is_left_out_alike(tmp_path: Path) -> None:
    reader = TinyReader(count=200, bad=(3, 44))
    found = [
        open_dataset(reader, 8, tmp_path / store, quiet=True, workers=1, store=store)
        for store in STORES
    ]
    assert all(one.report["reasons"] == found[0].report["reasons"] for one in found)
    assert all(list(one.train.keys) == list(found[0].train.keys) for one in found)
    assert found[0].report["reasons"] == {"picture is broken": 2}
    np.testing.assert_array_equal(pixels_of(found[2]), pixels_of(found[0]))
    again = [
        open_dataset(reader, size, tmp_path / "pixels", quiet=True, workers=1, store=store)
        for store, size in (("encoded", 8), ("stream", 8), ("stream", 9))
    ]
    assert all(list(one.train.keys) == list(found[0].train.keys) for one in again)


def test_stores_lie_side_by_side(root: Path, tmp_path: Path) -> None:
    """One is made after another in one folder, also of very many records."""
    first = opened(root, tmp_path, "stream")
    assert opened(root, tmp_path, None).store == "pixels"
    assert opened(root, tmp_path, "stream").store == "stream"
    np.testing.assert_array_equal(pixels_of(first), pixels_of(opened(root, tmp_path, None)))


def test_many_records_are_streamed_from_their_table(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = pixels_of(opened(root, tmp_path / "few", "stream"))
    monkeypatch.setattr(spool, "LARGE", 3)
    np.testing.assert_array_equal(pixels_of(opened(root, tmp_path / "many", "stream")), few)


def test_the_choice_is_by_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need = bytes_of("pixels", 1000, 100)
    assert need == 1000 * 100 * 100 * 3
    for free, name in ((2 * need, "pixels"), (need, "encoded"), (need // 10, "stream")):
        monkeypatch.setattr(choice.shutil, "disk_usage", lambda _, free=free: Usage(0, 0, free))
        store, why = chosen(1000, 100, tmp_path / "not" / "there")
        assert store == name and bool(why) == (name != "pixels")
        assert not why or why == f"pixels would take 30 MB, and {amount(free)} are free"


def test_a_full_disk_is_told_and_what_is_there_is_used(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = bytes_of("pixels", 40, SIZE)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, need // 2))
    dataset = opened(root, tmp_path, None)
    assert dataset.store == "encoded" and "pixels would take" in dataset.summary
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 1))
    assert opened(root, tmp_path, None).store == "encoded"


def test_batches_of_shards(root: Path, tmp_path: Path) -> None:
    """Two processes have what one has; a batch in the middle needs no batch before it."""
    dataset = opened(root, tmp_path, "stream")
    train = dataset.train

    def batches(rank: int = 0, processes: int = 1) -> Batches:
        views = [CaptionView(mismatch="roll"), PictureView([6, 8])]
        views = [view.open(dataset, train) for view in views]
        return Batches(train, 8, 5, views, rank, processes)

    one = batches()
    assert isinstance(one._order, ShardOrder)
    whole = [one.at(seen) for seen in range(0, 80, 8)]
    for seen in (72, 8):
        parts = [batches(rank, 2).at(seen) for rank in range(2)]
        rows = np.concatenate([part.rows for part in parts])
        np.testing.assert_array_equal(rows, whole[seen // 8].rows)
        pixels = np.concatenate([part.of(StoredPictures).pixels for part in parts])
        np.testing.assert_array_equal(pixels, whole[seen // 8].of(StoredPictures).pixels)
    groups = groups_of(train.only(np.arange(len(train)) % 2 == 0))
    assert groups is not None and len(groups) == (len(train) + 1) // 2
    assert len(np.unique(groups)) > 1


def test_threads_change_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in ("encoded", "stream"):
        dataset = opened(root, tmp_path, store)
        monkeypatch.setattr(torch, "get_num_threads", lambda: 1)
        alone = pixels_of(dataset)
        monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
        np.testing.assert_array_equal(pixels_of(dataset), alone)


def test_there_are_three_stores(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.store=pixel: must be one of pixels, encoded, str"):
        opened(root, tmp_path, "pixel")


def test_a_picture_that_is_gone_is_named(tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    for n in range(20):
        (root / f"{n:02d}.png").write_bytes(picture(10 * n))
        (root / f"{n:02d}.txt").write_text(f"grey {n}\n")
    dataset = open_dataset(Folder(str(root)), 8, tmp_path, quiet=True, workers=1, store="stream")
    dataset.train.images[np.arange(3)]
    key = dataset.train.keys[1]
    (root / f"{key}.png").unlink()
    with pytest.raises(UserError, match=rf"the picture of {key} cannot be read any more"):
        dataset.train.images[np.arange(3)]


def test_a_damaged_file_of_pictures_says_so(root: Path, tmp_path: Path) -> None:
    dataset = opened(root, tmp_path, "encoded")
    folder = dataset.folder / f"encoded-{SIZE}"
    content = np.load(folder / "content.npy")
    np.save(folder / "content.npy", np.zeros_like(content))
    with pytest.raises(UserError, match=r"content\.npy: damaged \(picture \d+ is no JPEG\)"):
        pixels_of(opened(root, tmp_path, "encoded"))
    np.save(folder / "content.npy", content[:-1])
    with pytest.raises(UserError, match=r"content\.npy: damaged \(not the pictures"):
        opened(root, tmp_path, "encoded")
