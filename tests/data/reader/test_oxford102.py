"""Oxford-102 in the layouts that people have."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from drawn import entries
from oxford102_pictures import (
    CLASS_OF,
    COLOURS,
    LAYOUTS,
    TEST,
    captions,
    dfgan,
    key,
    write_pickles,
)

from experiments.data.reader.oxford102 import Oxford102
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError
from tests.data.cub_tree import python2_pickle


@pytest.fixture(name="dfgan")
def _dfgan(tmp_path: Path) -> Path:
    return dfgan(tmp_path)


@pytest.mark.parametrize("layout", ["stackgan", "reed", "dfgan"])
def test_every_layout_tells_the_same(layout: str, tmp_path: Path) -> None:
    reader = Oxford102(str(LAYOUTS[layout](tmp_path)))
    reader.check()
    records, drops = entries(reader)
    assert not drops
    assert set(records) == {key(number) for number in CLASS_OF}
    assert reader.class_names() == ["class_00001", "class_00077", "class_00102"]
    for number, label in CLASS_OF.items():
        record = records[key(number)]
        assert record.captions == tuple(captions(number))  # nine of image 3, ten of the others
        assert reader.class_names()[record.label] == f"class_{label:05d}"
        assert record.split == ("test" if label == TEST else "train")
        assert record.box is None
        image = reader.image(record, 20).astype(int)
        assert image.shape == (20, 20, 3)
        assert np.abs(image[:, 4:] - COLOURS[label]).max() < 12


def test_the_whole_height_is_kept_and_the_sides_are_cut(reed: Path) -> None:
    """Of 60×40 pixels the columns 10 to 50: the white stripe of 12 leaves two of the 40."""
    reader = Oxford102(str(reed))
    image = reader.image(entries(reader)[0][key(1)], 40).astype(int)
    white = (image > 128).all(axis=2)
    assert (white.sum(axis=1) == 2).all() and white[:, :2].all()


@pytest.mark.parametrize("name", ["class_00102/image_{:05d}", "image_{:05d}"])
def test_names_of_the_pickles_may_have_any_folder(flowers: Path, name: str) -> None:
    write_pickles(flowers, name)
    records, drops = entries(Oxford102(str(flowers)))
    assert not drops and set(records) == {key(number) for number in CLASS_OF}


def test_classes_of_captions_without_folders_come_from_class_info(dfgan: Path) -> None:
    for number in CLASS_OF:
        (dfgan / "text" / f"{key(number)}.txt").rename(dfgan / "text" / f"image_{number:05d}.txt")
    records, drops = entries(Oxford102(str(dfgan)))
    assert not drops and set(records) == {key(number) for number in CLASS_OF}
    (dfgan / "test" / "class_info.pickle").unlink()
    records, drops = entries(Oxford102(str(dfgan)))
    assert not records and len(drops) == 6
    assert all("no class" in reason for reason in drops.values())


def test_root_may_be_the_inner_folder(dfgan: Path) -> None:
    inner, outer = (Oxford102(str(path)) for path in (dfgan / "oxford-102-flowers", dfgan))
    (here, _), (there, _) = entries(inner), entries(outer)
    assert {k: (r.captions, r.split) for k, r in here.items()} == {
        k: (r.captions, r.split) for k, r in there.items()
    }
    assert np.array_equal(inner.image(here[key(1)], 8), outer.image(there[key(1)], 8))


@pytest.mark.parametrize("kept", ["trainvalclasses.txt", "testclasses.txt"])
def test_one_list_of_classes_is_enough(reed: Path, kept: str) -> None:
    both = entries(Oxford102(str(reed)))
    (reed / ({"trainvalclasses.txt", "testclasses.txt"} - {kept}).pop()).unlink()
    assert entries(Oxford102(str(reed))) == both


def test_captions_elsewhere(reed: Path) -> None:
    before = entries(Oxford102(str(reed)))
    (reed / "text_c10").rename(reed.parent / "elsewhere")
    assert entries(Oxford102(str(reed), text=str(reed.parent / "elsewhere"))) == before
    with pytest.raises(UserError, match=r"data\.reader\.text"):
        Oxford102(str(reed), text=str(reed / "none")).check()


def test_words_of_dfgan_are_kept(dfgan: Path) -> None:
    assert Oxford102(str(dfgan)).words() is None
    table = {0: "<end>", 1: "red", 2: "flower"}
    (dfgan / "captions_DAMSM.pickle").write_bytes(python2_pickle([[], [], table, {}]))
    assert Oxford102(str(dfgan)).words() == ["<end>", "red", "flower"]
    (dfgan / "captions_DAMSM.pickle").write_bytes(python2_pickle([[], [], {0: "<end>"}, {}]))
    with pytest.raises(UserError, match="vocabulary is empty"):
        Oxford102(str(dfgan)).check()


def test_fingerprint_follows_content_and_settings(reed: Path) -> None:
    first = Oxford102(str(reed)).fingerprint()
    assert Oxford102(str(reed)).fingerprint() == first
    seen = {first, Oxford102(str(reed), captions_per_image=2).fingerprint()}
    for path in (reed / "jpg/image_00001.jpg", reed / "testclasses.txt"):
        path.write_bytes(path.read_bytes() + b"\n")
        seen.add(Oxford102(str(reed)).fingerprint())
    (reed / "setid.mat").write_bytes(b"other")
    assert len(seen | {Oxford102(str(reed)).fingerprint()}) == 4


def test_fewer_captions(reed: Path) -> None:
    records, _ = entries(Oxford102(str(reed), captions_per_image=2))
    assert {len(record.captions) for record in records.values()} == {2}
    with pytest.raises(UserError, match=r"data\.reader\.captions_per_image"):
        Oxford102(str(reed), captions_per_image=0)


def test_opens_as_a_data_set(reed: Path, tmp_path: Path) -> None:
    data = open_dataset(Oxford102(str(reed)), 16, tmp_path / "cache", quiet=True, workers=1)
    assert (len(data.train), len(data.test)) == (4, 2)
    assert data.report["captions"] == 59 and data.report["classes_in_both_splits"] == 0
    copy = pickle.loads(pickle.dumps(Oxford102(str(reed))))
    assert copy.fingerprint() == Oxford102(str(reed)).fingerprint()
