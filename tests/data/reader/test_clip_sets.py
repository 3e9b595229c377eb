"""Published sets of clips, in exactly their layouts: UCF-101, KTH, MSVD, VGAN, MPII-MD."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import clip_trees
import numpy as np
import pytest
from clip_trees import FILMS, UCF, VIDEO, gif, write_lines
from drawn import entries
from folder_pictures import splits

from experiments.clip.decode import read_clip
from experiments.data.reader.kth import KTH
from experiments.data.reader.mpii_md import MPIIMD
from experiments.data.reader.msvd import MSVD
from experiments.data.reader.tall import Tall
from experiments.data.reader.ucf101 import UCF101
from experiments.terminal.error import BadInput, UserError
from tests.clip.made import numbers


def test_ucf101_in_its_lists(tmp_path: Path) -> None:
    root = clip_trees.ucf101(tmp_path)
    gif(root / "UCF-101/YoYo/v_YoYo_g30_c01.avi")
    write_lines(root / "UCF-101/YoYo/notes.txt", ["x"])
    (root / "UCF-101/YoYo/v_YoYo_g09_c02.avi").unlink()
    reader = UCF101(str(root))
    reader.check()
    records, drops = entries(reader)
    assert drops == {"YoYo/v_YoYo_g09_c02": "file is missing"}
    assert Counter(splits(records).values()) == {"train": 7, "test": 8}
    record = records["ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01"]
    assert record.captions == ("apply eye makeup",) and record.split == "train"
    assert reader.class_names() == list(UCF) and record.more["pose"] == "g08"
    assert reader.files().not_read == {"clips that no list names": 1, "other files": 1}
    assert reader.clip(record) == root / "UCF-101" / record.more["clip"].removeprefix("UCF-101/")
    assert reader.image(record, 6).shape == (6, 6, 3)


def test_ucf101_without_lists_goes_by_its_groups(tmp_path: Path) -> None:
    root = clip_trees.ucf101(tmp_path, lists=False) / "UCF-101"
    for fold, tested in ((1, {"g01", "g02"}), (2, {"g08", "g09"}), (3, set())):
        records, drops = entries(UCF101(str(root), fold=fold))
        found = {r.more["pose"] for r in records.values() if r.split == "test"}
        assert not drops and found == tested and len(records) == 16
    with pytest.raises(UserError, match=r"data\.reader\.fold: 4 is none of"):
        UCF101(str(root), fold=4)
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError, match=r"no clip .* fetch UCF-101"):
        UCF101(str(tmp_path / "nothing")).check()


def test_kth(tmp_path: Path) -> None:
    root = clip_trees.kth(tmp_path)
    gif(root / "boxing/somebody.avi")
    reader = KTH(str(root))
    records, drops = entries(reader)
    assert not drops and len(records) == 16 and reader.class_names() == ["boxing", "handwaving"]
    tested = {r.more["pose"] for r in records.values() if r.split == "test"}
    assert tested == {"person02", "person22"}
    record = records["handwaving/person11_handwaving_d4_uncomp"]
    assert record.captions == ("a person is waving hands",)
    assert record.attributes == {"action": "handwaving", "scene": "indoors"}
    assert reader.moving_attributes() == ("action",)
    assert record.attributes["action"] in reader.attribute_values()["action"]
    assert reader.files().not_read == {"clips with names of another form": 1}


def test_msvd_in_its_lists(tmp_path: Path) -> None:
    reader = MSVD(str(clip_trees.msvd(tmp_path)))
    reader.check()
    records, drops = entries(reader)
    assert not drops and Counter(splits(records).values()) == {"train": 4, "test": 2}
    record = records[f"{VIDEO}_5_10"]
    assert record.captions == ("a squirrel eats nut 0", "a squirrel eats nut 1")
    assert records[f"{VIDEO}_33_38"].label == record.label  # of one video
    assert reader.files().not_read == {"clips of the sentences that are not there": 1}
    few = entries(MSVD(str(tmp_path / "msvd"), captions_per_image=1))[0]
    assert few[f"{VIDEO}_5_10"].captions == ("a squirrel eats nut 0",)


def test_msvd_by_its_mapping_and_without(tmp_path: Path) -> None:
    root = clip_trees.msvd(tmp_path, lists=False)
    records, _ = entries(MSVD(str(root), test_share=0.4))
    by_video: dict[int, set[str]] = {}
    for record in records.values():
        by_video.setdefault(record.label, set()).add(record.split)
    assert all(len(found) == 1 for found in by_video.values())
    assert set(splits(records).values()) == {"train", "test"}
    names = sorted(records)
    numbered = [(name, 1299 + n) for n, name in enumerate(names)]
    write_lines(root / "youtube_mapping.txt", [f"{name} vid{n}" for name, n in numbered])
    found = splits(entries(MSVD(str(root)))[0])
    assert found == {name: "train" if n <= 1300 else "test" for name, n in numbered}


def test_tall_jpegs_of_vgan(tmp_path: Path) -> None:
    root = clip_trees.tall(tmp_path)
    reader = Tall(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and len(records) == 12 and reader.has == ("picture", "clip")
    assert {r.split for r in records.values()} == {"train", "test"}
    frames, rate = reader.clip(records["frames/000/clip_0"])  # type: ignore[misc]
    assert frames.shape == (40, 16, 16, 3) and rate == 25.0
    assert numbers(frames)[:5] == [0, 1, 2, 3, 4]
    assert np.abs(reader.image(records["frames/000/clip_0"], 8)[6, 6].astype(int) - 20).max() < 6


def test_tall_jpegs_with_classes_and_what_is_broken(tmp_path: Path) -> None:
    root = clip_trees.tall(tmp_path)
    paths = (root / "golf.txt").read_text().split()
    write_lines(root / "train3.txt", [f"{path} {n % 2}" for n, path in enumerate(paths[:8])])
    write_lines(
        root / "test3.txt", [*(f"{path} 1" for path in paths[8:]), "../x.jpg 0", "no.jpg 0"]
    )
    (root / paths[0]).write_bytes(b"broken")
    data = (root / "golf.txt").read_bytes()
    reader = Tall(str(root), list="train3.txt", test_list="test3.txt")
    records, drops = entries(reader)
    assert drops == {"../x.jpg": "path leaves the root", "no": "file is missing"}
    assert Counter(splits(records).values()) == {"train": 8, "test": 4}
    assert reader.class_names() == ["0", "1"]
    with pytest.raises(BadInput, match="not a picture"):
        reader.clip(records["frames/000/clip_0"])  # dropped, and not taken for zeros
    with pytest.raises(UserError, match=r"3 lists \(\*\.txt\)"):
        Tall(str(root)).check()
    (root / "golf.txt").write_bytes(b"not a path\n" + data)
    with pytest.raises(UserError, match=r"golf\.txt:1: neither the path of a picture"):
        Tall(str(root), list="golf.txt").check()


def test_a_strip_that_is_no_whole_number_of_squares(tmp_path: Path) -> None:
    from PIL import Image

    root = clip_trees.tall(tmp_path)
    Image.new("RGB", (16, 50)).save(root / "frames/001/clip_1.jpg")
    reader = Tall(str(root))
    with pytest.raises(BadInput, match="strip of 16 x 50 px is no whole number of squares"):
        reader.clip(entries(reader)[0]["frames/001/clip_1"])


@pytest.mark.parametrize("frames", [False, True])
def test_mpii_md(frames: bool, tmp_path: Path) -> None:
    root = clip_trees.mpii_md(tmp_path, frames)
    reader = MPIIMD(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and Counter(splits(records).values()) == {"train": 6, "test": 3}
    record = records["0001_American_Beauty_00.01.51.500-00.01.53.500"]
    assert record.captions == ("SOMEONE sleeps in scene 1.",) and record.more["pose"] == FILMS[0]
    found = reader.clip(record)
    if frames:
        pixels, rate = found  # type: ignore[misc]
        assert numbers(pixels) == [0, 1, 2, 3] and rate == 2.0  # four in two seconds
    else:
        assert numbers(read_clip(found).frames) == [0, 1, 2]  # type: ignore[arg-type]
    assert reader.image(record, 8).shape == (8, 8, 3)


def test_mpii_md_of_some_films(tmp_path: Path) -> None:
    root = clip_trees.mpii_md(tmp_path)
    reader = MPIIMD(str(root), films=["American Beauty", "0005_Chinatown"])
    records, drops = entries(reader)
    assert not drops and {r.more["pose"] for r in records.values()} == set(FILMS[:2])
    # Both films are trained on as published: then a share of their clips is the test.
    assert Counter(splits(records).values()) == {"train": 5, "test": 1}
    assert reader.files().not_read["clips of films that were not asked for"] == 3
    with pytest.raises(UserError, match="no film Chinatwon; did you mean 0005_Chinatown"):
        MPIIMD(str(root), films=["Chinatwon"]).check()
    with pytest.raises(UserError, match="names no film"):
        MPIIMD(str(root), films=[])


def test_what_lsmdc_writes_is_read_too(tmp_path: Path) -> None:
    root = clip_trees.mpii_md(tmp_path)
    table = root / "annotations/annotations-someone.csv"
    rows = [line.split("\t") for line in table.read_text().splitlines()]
    write_lines(
        table, ["\t".join([name, *["00.00.01.000"] * 4, text]) for name, text in rows] + ["x"]
    )
    records, drops = entries(MPIIMD(str(root)))
    assert len(records) == 9 and drops == {
        "annotations-someone.csv:10": "not <clip> TAB <sentence>"
    }
    assert records[rows[0][0]].captions == (rows[0][1],)
