"""CUB trees with parts that are missing, broken or hostile: one drop each, or one line."""

from __future__ import annotations

import pickle
import time
from pathlib import Path

import pytest
from cub_pictures import CLASSES, cub, pictures, read

from experiments.data.reader.cub import Cub
from experiments.data.record import Drop
from experiments.terminal.error import BadInput, UserError
from tests.data.cub_tree import python2_pickle, write_cub_tree

BY_LINK = "path leaves the root by a link, which data.follow_links=true follows"


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    return write_cub_tree(tmp_path / "birds", pictures(), test_classes=CLASSES[1:2])


@pytest.fixture
def native(tmp_path: Path) -> Path:
    return write_cub_tree(tmp_path / "native", pictures(), "native")


def test_pickled_captions_must_fit_the_names(birds: Path) -> None:
    """One caption too few would shift all that follow to another image."""
    (birds / "text").rename(birds / "no text")
    content = pickle.loads((birds / "captions.pickle").read_bytes(), encoding="latin-1")
    content[0].pop()
    (birds / "captions.pickle").write_bytes(python2_pickle(content))
    with pytest.raises(UserError, match="59 train captions, where 6 file names need 10 each"):
        read(Cub(str(birds)))


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ({0: "<end>"}, "vocabulary is empty.*delete it"),
        ({}, "vocabulary is empty.*delete it"),
        ({0: "a", 1: "b"}, "not '<end>'"),
        ({0: "<end>", 2: "b"}, "a word for each index"),
        (7, "a word for each index"),
    ],
)
def test_bad_vocabulary_stops_the_run(birds: Path, vocabulary: object, message: str) -> None:
    (birds / "captions.pickle").write_bytes(python2_pickle([[], [], vocabulary, {}]))
    with pytest.raises(UserError, match=rf"captions\.pickle: .*{message}"):
        Cub(str(birds)).check()


def test_hostile_pickle(birds: Path) -> None:
    (birds / "train" / "filenames.pickle").write_bytes(b"cposix\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(UserError, match=r"train/filenames\.pickle: refused.*posix\.system"):
        read(Cub(str(birds)))


@pytest.mark.parametrize("value", [{"a": 1}, [1, 2], "x"])
def test_file_names_must_be_a_list_of_names(birds: Path, value: object) -> None:
    (birds / "test" / "filenames.pickle").write_bytes(python2_pickle(value))
    with pytest.raises(UserError, match=r"test/filenames\.pickle: must be a list of names"):
        read(Cub(str(birds)))


def test_class_info_must_fit_the_names(birds: Path) -> None:
    (birds / "train" / "class_info.pickle").write_bytes(python2_pickle([1, 2]))
    with pytest.raises(UserError, match=r"class_info\.pickle: must list one class for each of 6"):
        read(Cub(str(birds)))


def test_one_bad_file_costs_one_image(birds: Path) -> None:
    records, _ = read(Cub(str(birds)))
    keys = [record.key for record in records]
    images = cub(birds) / "images"
    secret = birds.parent / "secret.jpg"
    (images / f"{keys[0]}.jpg").rename(secret)
    (images / f"{keys[0]}.jpg").symlink_to(secret)
    (images / f"{keys[1]}.jpg").write_bytes(b"")
    (images / f"{keys[2]}.jpg").unlink()
    (birds / "text" / f"{keys[3]}.txt").unlink()
    (birds / "text" / f"{keys[4]}.txt").write_bytes(b"\n  \n\xff\xfe\n")
    (images / f"{keys[5]}.jpg").write_text("no picture")
    (images / f"{keys[6]}.jpg").write_bytes((images / f"{keys[7]}.jpg").read_bytes()[:400])
    reader = Cub(str(birds))
    left, drops = read(reader)
    assert [record.key for record in left] == keys[5:]
    assert {drop.key: drop.reason for drop in drops} == {
        keys[0]: BY_LINK,
        keys[1]: "file is empty",
        keys[2]: "file is missing",
        keys[3]: "captions: file is missing",
        keys[4]: "no caption can be used",
    }
    for record, reason in zip(left, ("not a picture", "broken"), strict=False):
        with pytest.raises(BadInput, match=reason):
            reader.image(record, 16)
    assert reader.image(left[2], 16).shape == (16, 16, 3)


def test_bad_captions_are_dropped_and_the_image_stays(birds: Path) -> None:
    key = read(Cub(str(birds)))[0][0].key
    lines = [
        b"\xef\xbb\xbfa red bird",
        b"",
        b"caf\xe9",
        b"x" * 3000,
        b" a \xef\xbf\xbd\xef\xbf\xbd bird\r",
    ]
    (birds / "text" / f"{key}.txt").write_bytes(b"\n".join(lines) + b"\n\n")
    records, drops = read(Cub(str(birds)))
    assert records[0].captions == ("a red bird", "a bird")
    assert drops == [
        Drop(f"{key}#2", "caption is empty"),
        Drop(f"{key}#3", "caption is not UTF-8"),
        Drop(f"{key}#4", "caption is too long"),
    ]


def test_names_that_leave_the_root(birds: Path, native: Path) -> None:
    names = pickle.loads((birds / "train" / "filenames.pickle").read_bytes(), encoding="latin-1")
    names[:3] = ["../../secret", "/etc/passwd", names[3]]
    (birds / "train" / "filenames.pickle").write_bytes(python2_pickle(names))
    records, drops = read(Cub(str(birds)))
    assert len(records) == 5
    assert [drop.reason for drop in drops] == ["path leaves the root"] * 2 + ["listed 2 times"]
    listed = (cub(native) / "images.txt").read_text().splitlines()
    listed[0] = "1 ../../../secret.jpg"
    (cub(native) / "images.txt").write_text("\n".join(listed))
    records, drops = read(Cub(str(native)))
    assert [drop.reason for drop in drops] == ["path leaves the root"]
    assert len(records) == 7


def test_bad_lines_of_the_native_lists(native: Path) -> None:
    path = cub(native) / "images.txt"
    path.write_text(path.read_text() + "1 again.jpg\nalone\n99 a/unknown.jpg\n")
    records, drops = read(Cub(str(native)))
    assert len(records) == 8
    assert drops == [
        Drop("images.txt:9", "id appears twice"),
        Drop("images.txt:10", "not a line `id path`"),
        Drop("a/unknown", "no class in image_class_labels.txt"),
    ]


@pytest.mark.parametrize(
    ("box", "reason"),
    [
        ("nan 1 2 3", "not four numbers"),
        ("1 2 inf 3", "not four numbers"),
        ("1 2 3", "not four numbers"),
        ("-5 1 20 20", "negative"),
        ("1 1 0 20", "empty"),
        (None, "no bounding box"),
    ],
)
def test_bad_boxes(native: Path, box: str | None, reason: str) -> None:
    path = cub(native) / "bounding_boxes.txt"
    lines = path.read_text().splitlines()[1:]
    path.write_text("\n".join(lines if box is None else [f"1 {box}", *lines]))
    records, drops = read(Cub(str(native)))
    assert len(records) == 7
    assert len(drops) == 1
    assert reason in drops[0].reason
    whole, none = read(Cub(str(native), box_crop=False))
    assert len(whole) == 8
    assert not none
    assert all(record.box is None for record in whole)


def test_box_outside_the_picture(native: Path) -> None:
    path = cub(native) / "bounding_boxes.txt"
    path.write_text(path.read_text().replace("1 40.0 30.0", "1 400.0 30.0", 1))
    reader = Cub(str(native))
    with pytest.raises(BadInput, match="outside the picture"):
        reader.image(read(reader)[0][0], 16)


@pytest.mark.parametrize("root", [None, "/nowhere"])
def test_missing_root_is_told_at_once(root: str | None) -> None:
    start = time.perf_counter()
    with pytest.raises(UserError, match=r"data\.root: .*CUB_200_2011\.tgz") as error:
        Cub(root).check()
    assert time.perf_counter() - start < 0.1
    assert "\n" not in str(error.value)


def test_folder_above_is_recognised(birds: Path) -> None:
    with pytest.raises(UserError, match=f"did you mean data.root={birds}"):
        Cub(str(birds.parent)).check()


@pytest.mark.parametrize("name", ["bounding_boxes.txt", "images.txt", "image_class_labels.txt"])
def test_missing_list_is_named(native: Path, name: str) -> None:
    (cub(native) / name).unlink()
    with pytest.raises(UserError, match=name):
        Cub(str(native)).check()


def test_boxes_are_optional_where_no_crop_is_wanted(birds: Path) -> None:
    (cub(birds) / "bounding_boxes.txt").unlink()
    with pytest.raises(UserError, match=r"data\.reader\.box_crop=false"):
        Cub(str(birds)).check()
    assert len(read(Cub(str(birds), box_crop=False))[0]) == 8


def test_asked_layout_must_be_there(native: Path) -> None:
    with pytest.raises(UserError, match=r"train/filenames\.pickle"):
        Cub(str(native), layout="attngan").check()
    with pytest.raises(UserError, match=r"data\.reader\.layout"):
        Cub(str(native), layout="flat")  # type: ignore[arg-type]
