"""Trees of Oxford-102 with parts missing, broken or hostile: one drop each, or one line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from drawn import entries, write
from oxford102_pictures import (
    LAYOUTS,
    TEST,
    key,
)

from experiments.data.reader.oxford102 import Oxford102
from experiments.data.record import Record
from experiments.terminal.error import BadInput, UserError
from tests.data.cub_tree import python2_pickle

BY_LINK = "path leaves the root by a link, which data.follow_links=true follows"


def test_a_missing_split_says_which_file_to_add(flowers: Path) -> None:
    with pytest.raises(UserError) as caught:
        Oxford102(str(flowers)).check()
    message = str(caught.value)
    assert "\n" not in message and "testclasses.txt" in message and str(flowers) in message
    assert "train/filenames.pickle and test/filenames.pickle" in message


@pytest.mark.parametrize(
    ("train", "test", "message"),
    [
        (["class_00001"], ["class_00102"], None),
        (["class_00001", "class_00102"], ["class_00102"], r"testclasses\.txt: class_00102 stands"),
        (None, ["class_00999"], "leaves no class for the test split"),
        (None, ["class_00001", "class_00077", "class_00102"], "no class for the train split"),
    ],
)
def test_lists_of_classes_must_split_them(
    flowers: Path, train: list[str] | None, test: list[str], message: str | None
) -> None:
    write(flowers / "testclasses.txt", test)
    if train is not None:
        write(flowers / "trainvalclasses.txt", train)
    if message is not None:
        with pytest.raises(UserError, match=message):
            entries(Oxford102(str(flowers)))
        return
    records, drops = entries(Oxford102(str(flowers)))
    assert {r.split for r in records.values()} == {"train", "test"} and len(records) == 4
    assert set(drops.values()) == {"class in neither trainvalclasses.txt nor testclasses.txt"}


@pytest.mark.parametrize("part", ["jpg", "text_c10", ""])
def test_a_missing_part_is_told_in_a_line(reed: Path, part: str) -> None:
    (reed / part).rename(reed.parent / "elsewhere")
    with pytest.raises(UserError, match=r"data\.root: .*102flowers\.tgz") as caught:
        Oxford102(str(reed)).check()
    assert "\n" not in str(caught.value) and str(reed) in str(caught.value)


@pytest.mark.parametrize("layout", ["stackgan", "reed"])
def test_one_bad_file_costs_one_picture(layout: str, tmp_path: Path) -> None:
    root: Path = LAYOUTS[layout](tmp_path)
    (root / "jpg/image_00001.jpg").rename(root.parent / "secret.jpg")
    (root / "jpg/image_00001.jpg").symlink_to(root.parent / "secret.jpg")
    (root / "jpg/image_00002.jpg").write_bytes(b"")
    (root / "text_c10" / f"{key(3)}.txt").unlink()
    (root / "text_c10" / f"{key(4)}.txt").write_bytes(b"caf\xe9\n\nwei\xc3\x9fe Bl\xc3\xbcte\n")
    (root / "jpg/image_00005.jpg").unlink()
    whole = (root / "jpg/image_00006.jpg").read_bytes()
    (root / "jpg/image_00006.jpg").write_bytes(whole[:300])
    reader = Oxford102(str(root))
    records, drops = entries(reader)
    assert set(records) == {key(4), key(6)}
    assert records[key(4)].captions == ("weiße Blüte",)
    reasons = {name.rpartition("/")[2]: reason for name, reason in drops.items()}
    assert reasons == {
        "image_00001": BY_LINK,
        "image_00002": "file is empty",
        "image_00003": "captions: file is missing",
        "image_00004#1": "caption is not UTF-8",
        "image_00004#2": "caption is empty",
        "image_00005": "file is missing",
    }
    with pytest.raises(BadInput, match="broken"):
        reader.image(records[key(6)], 8)
    stray = Record("x", ("x",), 0, "train", image="jpg/../setid.mat")
    with pytest.raises(BadInput, match="leaves the root"):
        reader.image(stray, 8)


def test_captions_in_two_classes_are_nobodys(reed: Path) -> None:
    write(reed / "text_c10/class_00077/image_00003.txt", ["a rose"])
    records, drops = entries(Oxford102(str(reed)))
    assert drops == {"image_00003": "captions in two folders"} and len(records) == 5


def test_hostile_pickle_and_hostile_names(stackgan: Path) -> None:
    path = stackgan / "train/filenames.pickle"
    names = pickle.loads(path.read_bytes(), encoding="latin-1")
    path.write_bytes(python2_pickle(["../../secret", "/etc/passwd", "..", names[3]], 0))
    (stackgan.parent / "secret.jpg").write_bytes(b"secret")
    records, drops = entries(Oxford102(str(stackgan)))
    assert drops == dict.fromkeys(["../../secret", "/etc/passwd", ".."], "file is missing")
    assert len(records) == 3
    path.write_bytes(b"cposix\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(UserError, match=r"train/filenames\.pickle: refused.*posix\.system"):
        entries(Oxford102(str(stackgan)))


def test_pictures_listed_in_both_splits_stay_in_one(stackgan: Path) -> None:
    path = stackgan / "test/filenames.pickle"
    names = pickle.loads(path.read_bytes(), encoding="latin-1")
    path.write_bytes(python2_pickle([*names, "jpg/image_00001"], 0))
    (stackgan / "test/class_info.pickle").write_bytes(python2_pickle([TEST, TEST, 77]))
    found = list(Oxford102(str(stackgan)).read())
    assert [e.key for e in found if not isinstance(e, Record)] == [key(1)]
    assert {e.split for e in found if isinstance(e, Record) and e.key == key(1)} == {"train"}
