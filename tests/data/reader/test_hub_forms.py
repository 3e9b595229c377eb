"""`data=hub`: every form that `datasets` opens, written by `datasets` or as webdataset has it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets
import pytest
from drawn import entries
from shard_sets import greys, lines, picture, table, tar, webdataset

from experiments.data.layout.folder import hash_fraction
from experiments.data.reader.hub import Hub
from experiments.data.record import Record
from experiments.terminal.error import UserError


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


def parquet(root: Path) -> Path:
    made = table()
    (root / "data").mkdir(parents=True)
    for n in range(2):
        part = made.shard(2, n, contiguous=True)
        part.to_parquet(root / f"data/train-{n:05d}-of-00002.parquet", batch_size=4)
    return root


def one_file(root: Path) -> Path:
    root.mkdir()
    table().to_parquet(root / "all.parquet")
    return root / "all.parquet"


def saved(root: Path) -> Path:
    datasets.DatasetDict({"train": table()}).save_to_disk(str(root))
    return root


def json_lines(root: Path) -> Path:
    rows = []
    for n in range(12):
        (root / "img").mkdir(parents=True, exist_ok=True)
        (root / f"img/{n}.png").write_bytes(picture(10 * n))
        rows.append({"picture": f"img/{n}.png", "captions": [f"a grey {n}", f"{n} again"]})
    lines(root / "train.jsonl", rows)
    return root


def folder(root: Path) -> Path:
    rows = []
    (root / "train").mkdir(parents=True)
    for n in range(12):
        (root / f"train/{n:02d}.png").write_bytes(picture(10 * n))
        rows.append({"file_name": f"{n:02d}.png", "captions": [f"a grey {n}", f"{n} again"]})
    lines(root / "train/metadata.jsonl", rows)
    return root


FORMS: dict[str, tuple[Callable[[Path], Path], dict[str, str]]] = {
    "parquet": (parquet, {}),
    "one file": (one_file, {}),
    "save_to_disk": (saved, {}),
    "json lines": (json_lines, {"image": "picture"}),
    "imagefolder": (folder, {}),
}


@pytest.mark.parametrize("form", FORMS)
def test_pictures_and_captions_of_every_form(form: str, tmp_path: Path) -> None:
    write, named = FORMS[form]
    reader = Hub(str(write(tmp_path / "set")), **named)  # type: ignore[arg-type]
    reader.check()
    records, drops = entries(reader)
    assert len(records) == 12 and not drops and reader.has == ("picture", "caption")
    reader = pickle.loads(pickle.dumps(reader))
    for n, record in enumerate(records.values()):
        assert record.captions == (f"a grey {n}", f"{n} again")
        image = reader.image(record, 8)
        assert image.shape == (8, 8, 3) and greys(image) == 10 * n
    labels = [record.label for record in records.values()]
    labelled = form in ("parquet", "one file", "save_to_disk")
    assert labels == ([n % 2 for n in range(12)] if labelled else list(range(12)))


def test_a_webdataset(tmp_path: Path) -> None:
    reader = Hub(str(webdataset(tmp_path)))
    records, drops = entries(reader)
    assert not drops and len(records) == 12
    assert records["train-0001/0003"].captions == ("a grey 3 of 1",)
    assert greys(reader.image(records["train-0001/0003"], 8)) == pytest.approx(30, abs=1)
    inner, _ = entries(Hub(str(tmp_path), caption="json.caption"))
    assert inner["train-0001/0003"].captions == ("json 3",)
    single, _ = entries(Hub(str(tmp_path / "train-0001.tar")))
    assert list(single) == [f"train-0001/{n:04d}" for n in range(6)]


def test_a_split_that_is_alone_keeps_a_tenth(tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    table(60).to_parquet(root / "whatever.parquet")
    records, _ = entries(Hub(str(root)))
    tested = {key for key, record in records.items() if record.split == "test"}
    assert tested == {key for key in records if hash_fraction(key) < 0.1} and len(tested) > 1
    few, _ = entries(Hub(str(root), test_share=1e-9))  # one at least
    (one,) = (key for key, record in few.items() if record.split == "test")
    assert one == min(few, key=hash_fraction)


def splits(records: dict[str, Record]) -> dict[str, int]:
    found = [record.split for record in records.values()]
    return {name: found.count(name) for name in ("train", "test")}  # type: ignore[arg-type]


def test_splits_of_the_source_and_by_name(tmp_path: Path) -> None:
    for name, count in (("train", 6), ("validation", 2), ("test", 3)):
        table(count).to_parquet(tmp_path / f"{name}.parquet")
    told, _ = entries(Hub(str(tmp_path)))
    assert splits(told) == {"train": 8, "test": 3}  # what is to validate on is trained on
    named, drops = entries(Hub(str(tmp_path), train="train", test="validation"))
    assert splits(named) == {"train": 6, "test": 2} and len(drops) == 3
    both, _ = entries(Hub(str(tmp_path), train=["train", "test"], test=["validation"]))
    assert splits(both) == {"train": 9, "test": 2}
    with pytest.raises(UserError, match=r"data.reader.test=val: there is no such split.*'train'"):
        Hub(str(tmp_path), test="val").check()


def test_a_column_says_the_split(tmp_path: Path) -> None:
    words = ["train", "restval", "val", "test"] * 3
    made = table(12, split=(words, datasets.Value("string")))
    made.to_parquet(tmp_path / "all.parquet")
    named = {"split": "split", "caption": "captions"}
    with pytest.raises(UserError, match=r"not clear which splits are trained on.*'restval'"):
        list(Hub(str(tmp_path), **named).read())  # type: ignore[arg-type]
    reader = Hub(str(tmp_path), train=["train", "restval", "val"], test="test", **named)  # type: ignore[arg-type]
    assert splits(entries(reader)[0]) == {"train": 9, "test": 3}


def test_sounds_and_clips_in_tars(tmp_path: Path) -> None:
    import numpy as np

    from experiments.clip.decode import read_clip
    from experiments.frontend.wave import encoded, read_wave
    from tests.clip.made import numbers
    from tests.data.clip_trees import gif

    film = gif(tmp_path / "a.gif").read_bytes()
    wave = np.sin(np.arange(4000) * 0.3).astype(np.float32)
    members = {"mp4": film, "wav": encoded(wave, 8000), "txt": b"it flies"}
    tar(tmp_path / "set/a.tar", [(f"{n}", members) for n in range(3)] + [("3", {"txt": b"gone"})])
    reader = Hub(str(tmp_path / "set"))
    records, _ = entries(reader)
    assert reader.has == ("picture", "caption", "clip")
    record = records["a/1"]
    assert numbers(read_clip(reader.clip(record)).frames) == [0, 1, 2]
    assert reader.image(record, 8).shape == (8, 8, 3)
    reader = Hub(str(tmp_path / "set"))
    reader.sounds = True
    records, _ = entries(reader)
    assert reader.has == ("picture", "sound", "clip") and records["a/1"].captions == ()
    path = reader.sound(records["a/1"])
    assert path is not None and len(read_wave(path, 8000)) == 4000
    assert reader.sound(records["a/3"]) is None
