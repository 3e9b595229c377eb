"""Sub-URMP, and what all readers of pictures with sounds have in common."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import sound_pictures
from drawn import draw, entries

from experiments.data.layout.sub_urmp import song_of
from experiments.data.reader.sub_urmp import SubURMP
from experiments.data.record import has_of
from experiments.data.store.dataset import open_dataset
from experiments.data.view.sound import SoundView
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.waveform import Waveform
from experiments.terminal.error import BadInput, UserError
from tests.data.spoken import write_wave

FIRST = "train/cello/cello_01_0"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sound_pictures.sub_urmp(tmp_path)


def test_pictures_with_sounds(root: Path) -> None:
    reader = SubURMP(str(root))
    reader.check()
    assert has_of(reader) == ("picture", "sound")
    records, drops = entries(reader)
    assert not drops and len(records) == 27
    assert reader.class_names() == list(sound_pictures.INSTRUMENTS)
    assert sum(record.split == "test" for record in records.values()) == 9
    for key, record in records.items():
        split, instrument, name = key.split("/")
        assert record.split == ("train" if split == "train" else "test")
        assert reader.class_names()[record.label] == instrument
        assert record.captions == () and record.image == f"img/{key}.jpg"
        song = name.removeprefix(f"{instrument}_").split("_")[0]
        assert record.more == {"sound": f"chunk/{key}.wav", "pose": song}
        assert reader.sound(record) == root / f"chunk/{key}.wav"
        assert reader.image(record, 8).shape == (8, 8, 3)
    assert pickle.loads(pickle.dumps(reader)).fingerprint() == reader.fingerprint()


@pytest.mark.parametrize(
    ("instrument", "name", "song"),
    [
        ("cello", "cello_01_12", "01"),
        ("double_bass", "double_bass_38_Jerusalem_12", "38_Jerusalem"),
        ("sax", "saxophone_3_4", "saxophone_3"),
        ("sax", "12", "12"),
    ],
)
def test_song_of_a_name(instrument: str, name: str, song: str) -> None:
    assert song_of(instrument, name) == song


def test_what_has_no_partner(root: Path) -> None:
    (root / f"chunk/{FIRST}.wav").unlink()
    (root / "img/train/violin/violin_01_1.jpg").unlink()
    write_wave(root / "chunk/train/cello/cello_01_1.mp3")  # the wav is taken
    draw(root / "img/other/cello/cello_01_1.jpg")
    (root / "img/train/.DS_Store").write_bytes(b"x")
    reader = SubURMP(str(root))
    records, drops = entries(reader)
    assert drops == {"other/cello/cello_01_1": "not at <split>/<instrument>/<name>"}
    assert reader.sound(records[FIRST]) is None and len(records) == 26
    assert records["train/cello/cello_01_1"].more["sound"].endswith(".wav")
    assert reader.files().not_read == {"sounds without a picture": 1, "other files": 1}


def test_an_empty_folder_in_place_of_a_picture_is_counted(root: Path) -> None:
    """Whatever made it, a picture was lost; a folder of pictures may be called as it likes."""
    (root / f"img/{FIRST}.jpg").unlink()
    (root / f"img/{FIRST}.jpg").mkdir()
    (root / "img/train/violin").rename(root / "img/train/violin.jpg")
    (root / "chunk/train/violin").rename(root / "chunk/train/violin.jpg")
    reader = SubURMP(str(root))
    records, drops = entries(reader)
    assert drops == {FIRST: "not a file"} and len(records) == 26


def test_content_is_that_of_pictures_and_sounds(root: Path) -> None:
    before = SubURMP(str(root)).fingerprint()
    write_wave(root / f"chunk/{FIRST}.wav", 9)
    heard = SubURMP(str(root)).fingerprint()
    draw(root / f"img/{FIRST}.jpg")
    assert len({before, heard, SubURMP(str(root)).fingerprint()}) == 3
    copy = root.with_name("copy")
    shutil.copytree(root, copy)
    assert SubURMP(str(copy)).fingerprint() == SubURMP(str(root)).fingerprint()


def test_no_path_leaves_the_root(root: Path) -> None:
    outside = root.with_name("secret.wav")
    write_wave(outside)
    sound = root / f"chunk/{FIRST}.wav"
    sound.unlink()
    sound.symlink_to(outside)
    reader = SubURMP(str(root))
    records, _ = entries(reader)
    with pytest.raises(BadInput, match="leaves the root by a link"):
        reader.sound(records[FIRST])
    sound.unlink()
    sound.touch()
    with pytest.raises(BadInput, match="empty"):
        reader.sound(records[FIRST])
    followed = SubURMP(str(root), follow_links=True)
    sound.unlink()
    sound.symlink_to(outside)
    assert followed.sound(records[FIRST]) == sound
    sound_pictures.moved(root, "chunk", "img/train/cello")  # the first may be on another disk
    with pytest.raises(UserError, match=r"1 link out of the root where folders are.*\(train/cello"):
        SubURMP(str(root)).check()
    assert len(entries(SubURMP(str(root), follow_links=True))[0]) == 27
    assert len(entries(SubURMP(str(root), follow_links=False))[0]) == 21


def test_what_is_missing_is_named_with_what_to_fetch(root: Path) -> None:
    for place, meant in ((root.parent, root), (root / "img", root), (root / "img/train", root)):
        with pytest.raises(UserError, match="no img/train/") as error:
            SubURMP(str(place)).check()
        assert f"did you mean data.root={meant}?" in str(error.value)
        assert "\n" not in str(error.value) and "vagan" in str(error.value)
    shutil.rmtree(root / "img/validation")
    with pytest.raises(UserError, match=r"no pictures in img/validation/"):
        SubURMP(str(root)).check()
    shutil.rmtree(root / "chunk")
    with pytest.raises(UserError, match="no img/train/ with chunk/train/") as error:
        SubURMP(str(root)).check()
    assert "did you mean" not in str(error.value)
    with pytest.raises(UserError, match="not set; fetch Sub-URMP"):
        SubURMP().check()


def test_prepared_and_heard_as_a_run_does(root: Path, tmp_path: Path) -> None:
    (root / f"chunk/{FIRST}.wav").unlink()
    data = open_dataset(SubURMP(str(root)), 8, tmp_path / "cache", quiet=True, workers=1)
    assert data.vocabulary is None and data.train.label(0) == FIRST
    assert data.report["kept"] == {"train": 18, "test": 9} and data.report["captions"] == 0
    assert data.report["classes_in_both_splits"] == 3
    view = SoundView(Excerpt(Waveform(8000, None), 0.02), mismatch="pose")
    heard = view.usable(data)
    assert len(heard.train) == 17 and "left out, without a sound: 1" in heard.summary
    opened = view.open(heard, heard.train)
    rows = np.arange(17)
    wrong = opened.pair(rows, {}, np.random.default_rng(0))["wrong_records"]
    keys = np.array(heard.train.keys)
    for key, other in zip(keys, keys[wrong], strict=True):
        assert key.rpartition("_")[0] != other.rpartition("_")[0]
        assert key.split("/")[1] == other.split("/")[1]
