"""COCO 2014 in the layouts that people have."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from coco_pictures import (
    COLOURS,
    KEYS,
    LAYOUTS,
    SPLITS,
    annotations,
    captions,
    write_annotations,
)
from drawn import entries, write

from experiments.data.reader.coco import Coco
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError
from tests.data.cub_tree import python2_pickle


@pytest.mark.parametrize("layout", ["official", "attngan", "dfgan", "dfgan_code"])
def test_every_layout_tells_the_same(layout: str, tmp_path: Path) -> None:
    reader = Coco(str(LAYOUTS[layout](tmp_path)))
    reader.check()
    records, drops = entries(reader)
    assert not drops
    assert list(records) == KEYS == reader.class_names()
    for label, (name, record) in enumerate(records.items()):
        year, number = name.split("_")[1].removesuffix("2014"), int(name[-12:])
        assert record.captions == tuple(captions(number)[:5])
        assert record.label == label  # no classes: each picture is one of its own
        assert record.split == ("train" if year == "train" else "test")
        image = reader.image(record, 20).astype(int)
        assert image.shape == (20, 20, 3)
        assert np.abs(image[:, 4:] - COLOURS[year]).max() < 12


def test_caption_files_go_before_annotations_unless_asked(attngan: Path) -> None:
    for year in SPLITS:
        write_annotations(attngan, year, annotations(year))
    write(attngan / "text" / f"{KEYS[0]}.txt", ["a caption of the file"])
    assert entries(Coco(str(attngan)))[0][KEYS[0]].captions == ("a caption of the file",)
    native = entries(Coco(str(attngan), layout="native"))[0]
    assert native[KEYS[0]].captions == tuple(captions(9)[:5])


def test_pickles_without_caption_files_leave_it_to_the_annotations(attngan: Path) -> None:
    (attngan / "text").rename(attngan / "train2014-text")
    table = {0: "<end>", 1: "scene", 2: "person0"}
    (attngan / "captions.pickle").write_bytes(python2_pickle([[], [], table, {}]))
    with pytest.raises(UserError, match=r"no annotations/captions_train2014\.json"):
        Coco(str(attngan)).check()
    with pytest.raises(UserError, match=r"no text/\*\.txt with train/filenames\.pickle"):
        Coco(str(attngan), layout="attngan").check()
    for year in SPLITS:
        write_annotations(attngan, year, annotations(year))
    reader = Coco(str(attngan))
    assert list(entries(reader)[0]) == KEYS
    assert reader.words() == ["<end>", "scene", "person0"]  # of the encoder that fits the pickle
    assert Coco(str(attngan), layout="native").words() is None


def test_all_captions(official: Path) -> None:
    records, _ = entries(Coco(str(official), captions_per_image=None))
    assert [len(record.captions) for record in records.values()] == [6, 5, 5, 7, 5]
    with pytest.raises(UserError, match=r"data\.reader\.captions_per_image"):
        Coco(str(official), captions_per_image=0)
    with pytest.raises(UserError, match=r"data\.reader\.layout"):
        Coco(str(official), layout="merged")  # type: ignore[arg-type]


def test_pictures_may_lie_on_another_disk(official: Path) -> None:
    (official / "train2014").rename(official.parent / "disk")
    (official / "train2014").symlink_to(official.parent / "disk")
    reader = Coco(str(official))
    records, drops = entries(reader)
    assert not drops and reader.image(records[KEYS[0]], 8).shape == (8, 8, 3)


def test_fingerprint_follows_content_and_settings(official: Path, attngan: Path) -> None:
    assert Coco(str(official)).fingerprint() == Coco(str(official)).fingerprint()
    seen = {Coco(str(root)).fingerprint() for root in (official, attngan)}
    seen.add(Coco(str(official), captions_per_image=1).fingerprint())
    for root, name in (
        (official, "annotations/captions_val2014.json"),
        (official, f"val2014/{KEYS[3]}.jpg"),
        (attngan, f"text/{KEYS[0]}.txt"),
        (attngan, "test/filenames.pickle"),
    ):
        path = root / name
        path.write_bytes(path.read_bytes() + b"\n")
        seen.add(Coco(str(root)).fingerprint())
    assert len(seen) == 7


def test_opens_as_a_data_set(official: Path, tmp_path: Path) -> None:
    data = open_dataset(Coco(str(official)), 16, tmp_path / "cache", 12, quiet=True, workers=1)
    assert (len(data.train), len(data.test)) == (3, 2)
    assert data.train.labels.tolist() == [0, 1, 2] and data.test.labels.tolist() == [3, 4]
    assert data.report["captions"] == 25


@pytest.mark.parametrize(
    ("pictures", "place"),
    [
        ("{}2017", "annotations"),
        ("images/{}2017", "annotations_trainval2017/annotations"),
        ("{0}2017/{0}2017", "."),
    ],
)
def test_coco_2017(official: Path, tmp_path: Path, pictures: str, place: str) -> None:
    """The published names: no year in those of pictures, and files of annotations of their own."""
    root = tmp_path / "coco2017"
    (root / place).mkdir(parents=True)
    for split in ("train", "val"):
        (root / pictures.format(split)).mkdir(parents=True)
        content = json.loads((official / f"annotations/captions_{split}2014.json").read_text())
        for image in content["images"]:
            old, name = image["file_name"], image["file_name"].rpartition("_")[2]
            (official / f"{split}2014" / old).rename(root / pictures.format(split) / name)
            image["file_name"] = name
        (root / place / f"captions_{split}2017.json").write_text(json.dumps(content))
    records, drops = entries(Coco(str(root)))
    assert [*records] == [key.rpartition("_")[2] for key in KEYS] and not drops
    assert Coco(str(root)).image(records[KEYS[0].rpartition("_")[2]], 8).shape == (8, 8, 3)
    with pytest.raises(UserError, match=rf"did you mean data.root={root}\?; in .* there are"):
        Coco(str(tmp_path)).check()
