"""Trees of COCO 2014 with parts that are missing, broken or hostile: one drop each, or one line."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest
from coco_pictures import (
    KEYS,
    LAYOUTS,
    annotations,
    key,
    write_annotations,
)
from drawn import entries

from experiments.data.reader.coco import Coco
from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput, UserError
from tests.data.cub_tree import python2_pickle

BY_LINK = "path leaves the root by a link, which data.follow_links=true follows"


@pytest.mark.parametrize(
    "part", ["train2014", "val2014", "annotations/captions_val2014.json", "annotations", ""]
)
def test_a_missing_part_is_told_in_a_line(official: Path, part: str) -> None:
    (official / part).rename(official.parent / "elsewhere")
    with pytest.raises(UserError, match=r"data\.root: .*annotations_trainval2014\.zip") as caught:
        Coco(str(official)).check()
    message = str(caught.value)
    assert "\n" not in message and part.partition("/")[0] in message and str(official) in message


def test_no_root_is_told_at_once() -> None:
    start = time.perf_counter()
    with pytest.raises(UserError, match=r"data\.root: not set; fetch train2014\.zip"):
        Coco().check()
    assert time.perf_counter() - start < 0.1


def test_pictures_of_one_split_are_not_taken_for_the_other(dfgan: Path) -> None:
    """`images/` holds a folder of pictures, but none itself."""
    (dfgan / "images/val2014").rename(dfgan / "images/test2014")
    with pytest.raises(UserError, match="no val2014/"):
        Coco(str(dfgan)).check()


@pytest.mark.parametrize("layout", ["official", "attngan"])
def test_one_bad_picture_costs_one_picture(layout: str, tmp_path: Path) -> None:
    root: Path = LAYOUTS[layout](tmp_path)
    folder = root / ("train2014" if layout == "official" else "images")
    (folder / f"{KEYS[0]}.jpg").rename(root.parent / "secret.jpg")
    (folder / f"{KEYS[0]}.jpg").symlink_to(root.parent / "secret.jpg")
    (folder / f"{KEYS[1]}.jpg").unlink()
    (folder / f"{KEYS[2]}.jpg").write_text("no picture")
    reader = Coco(str(root))
    records, drops = entries(reader)
    assert drops == {KEYS[0]: BY_LINK, KEYS[1]: "file is missing"}
    assert list(records) == KEYS[2:] == reader.class_names()
    with pytest.raises(BadInput, match="not a picture"):
        reader.image(records[KEYS[2]], 8)
    for image in ("annotations/x.jpg", "../secret.jpg", "train2014/../../secret.jpg"):
        with pytest.raises(BadInput, match="leaves the root"):
            reader.image(Record("x", ("x",), 0, "train", image=image), 8)


def test_bad_entries_of_the_annotations(official: Path) -> None:
    content = annotations("train")
    content["images"] += [
        {"id": "9", "file_name": "a.jpg"},
        {"id": 100},
        "text",
        {"id": 9, "file_name": "again.jpg"},
        {"id": 101, "file_name": f"{KEYS[1]}.jpg"},
        {"id": 102, "file_name": "../../secret.jpg"},
        {"id": 103, "file_name": "/etc/passwd"},
    ]
    first = len(content["annotations"])
    content["annotations"] += [
        {"image_id": 7, "caption": "of nothing"},
        {"image_id": 25, "caption": None},
        None,
        {"image_id": 30, "caption": "  "},
        {"image_id": 30, "caption": "x" * 3000},
        {"image_id": 30, "caption": "half \ud83d a pair"},
        {"image_id": 102, "caption": "a secret"},
    ]
    write_annotations(official, "train", content)
    (official.parent / "secret.jpg").write_bytes(b"secret")
    found = list(Coco(str(official), captions_per_image=None).read())
    drops = [entry for entry in found if isinstance(entry, Drop)]
    place = "captions_train2014.json"
    assert [(drop.key, drop.reason) for drop in drops] == [
        (f"{KEYS[2]}#6", "caption is empty"),
        (f"{KEYS[2]}#7", "caption is too long"),
        (f"{KEYS[2]}#8", "caption is not UTF-8"),
        (KEYS[1], "listed more than once"),
        ("../../secret", "path leaves the root"),
        ("/etc/passwd", "file is missing"),
        (f"{place}:images[3]", "no id and file_name"),
        (f"{place}:images[4]", "no id and file_name"),
        (f"{place}:images[5]", "no id and file_name"),
        (f"{place}:images[6]", "id appears twice"),
        (f"{place}:annotations[{first}]", "caption of no image"),
        (f"{place}:annotations[{first + 1}]", "no image_id and caption"),
        (f"{place}:annotations[{first + 2}]", "no image_id and caption"),
    ]
    records = [entry for entry in found if isinstance(entry, Record)]
    assert [record.key for record in records] == KEYS
    assert len(records[2].captions) == 5


def test_a_picture_without_captions_is_dropped(official: Path) -> None:
    content = annotations("val")
    content["annotations"] = [a for a in content["annotations"] if a["image_id"] != 42]
    write_annotations(official, "val", content)
    _, drops = entries(Coco(str(official)))
    assert drops == {key("val", 42): "no caption can be used"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not a complete JSON file"),
        ('{"images": [', "not a complete JSON file"),
        ("[" * 200_000, "not a complete JSON file"),
        ("[]", "no lists `images` and `annotations`"),
        ('{"images": []}', "no lists `images` and `annotations`"),
        ('{"images": {}, "annotations": []}', "no lists `images` and `annotations`"),
    ],
)
def test_broken_annotations_are_named(official: Path, content: str, message: str) -> None:
    write_annotations(official, "val", content)
    with pytest.raises(UserError, match=rf"captions_val2014\.json: {message}") as caught:
        list(Coco(str(official)).read())
    assert "\n" not in str(caught.value)


def test_annotations_beyond_all_bounds_are_not_read(official: Path) -> None:
    path = official / "annotations/captions_train2014.json"
    with path.open("r+b") as file:
        file.truncate(200_000_001)  # a hole: nothing is written
    with pytest.raises(UserError, match="larger than 200000000 bytes"):
        list(Coco(str(official)).read())


def test_hostile_pickle_and_hostile_names(attngan: Path) -> None:
    path = attngan / "train/filenames.pickle"
    names = pickle.loads(path.read_bytes(), encoding="latin-1")
    path.write_bytes(python2_pickle(["../../secret", "/etc/passwd", *names], 0))
    (attngan.parent / "secret.jpg").write_bytes(b"secret")
    records, drops = entries(Coco(str(attngan)))
    assert list(records) == KEYS
    assert drops == {"../../secret": "path leaves the root", "/etc/passwd": "file is missing"}
    path.write_bytes(b"cposix\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(UserError, match=r"train/filenames\.pickle: refused.*posix\.system"):
        list(Coco(str(attngan)).read())
