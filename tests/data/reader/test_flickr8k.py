"""Flickr8k with written and spoken captions, in the layouts that people have."""

from __future__ import annotations

import shutil
from pathlib import Path

import flickr8k_pictures as flickr
import numpy as np
import pytest
from drawn import entries

from experiments.data.layout.flickr8k import read_captions
from experiments.data.reader.flickr8k import Flickr8k
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError
from tests.data.spoken import frames


def heard(root: Path) -> Flickr8k:
    reader = Flickr8k(str(root))
    reader.recordings = True
    return reader


def test_pictures_captions_and_split(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    reader = Flickr8k(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and reader.records_speech
    assert list(records) == [name[:-4] for name in flickr.NAMES]
    assert [record.split for record in records.values()] == ["train"] * 4 + ["test"] * 2
    assert len({record.label for record in records.values()}) == 6  # each is a class of its own
    for name, record in zip(flickr.NAMES, records.values(), strict=True):
        assert record.captions == tuple(flickr.caption(name, k) for k in range(5))
        assert record.image == f"Flicker8k_Dataset/{name}" and not record.more
        assert reader.image(record, 8).shape == (8, 8, 3)


def test_recordings(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    reader = heard(root)
    records, _ = entries(reader)
    for key, record in records.items():
        lost = key == flickr.NAMES[1][:-4]
        expected = [f"flickr_audio/wavs/{key}_{k}.wav" for k in range(5)]
        assert record.more["speech"] == [None if lost and k == 2 else expected[k] for k in range(5)]
    record = records[flickr.NAMES[0][:-4]]
    assert reader.recording(record, 3) == root / f"flickr_audio/wavs/{record.key}_3.wav"
    assert Flickr8k(str(root)).fingerprint() != reader.fingerprint()


def test_mapping_says_which_caption_a_recording_is_of(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    name = flickr.NAMES[0]
    path = root / "flickr_audio/wav2capt.txt"
    lines = path.read_text().splitlines()
    lines[0], lines[1] = f"{name[:-4]}_0.wav {name} #1", f"{name[:-4]}_1.wav {name} #0"
    lines[2] = f"../../secret.wav {name} #2"
    lines[3] = "no line"
    path.write_text("\n".join(lines))
    records, _ = entries(heard(root))
    top = f"flickr_audio/wavs/{name[:-4]}"
    expected = [f"{top}_1.wav", f"{top}_0.wav", None, None, f"{top}_4.wav"]
    assert records[name[:-4]].more["speech"] == expected
    path.unlink()
    records, _ = entries(heard(root))
    assert records[name[:-4]].more["speech"] == [f"{top}_{k}.wav" for k in range(5)]


def test_tree_of_s2igan(tmp_path: Path) -> None:
    root = flickr.s2igan(tmp_path)
    reader = heard(root)
    records, drops = entries(reader)
    assert not drops
    assert [record.split for record in records.values()] == ["train"] * 4 + ["test"] * 2
    record = records[flickr.NAMES[5][:-4]]
    assert record.captions == tuple(flickr.caption(flickr.NAMES[5], k) for k in range(5))
    assert record.more["speech"][4] == {
        "file": f"flickr_audio/mel/{record.key}.npy",
        "index": 4,
    }
    found = reader.recording(record, 4)
    assert isinstance(found, np.ndarray) and np.array_equal(found, frames(4, 7))


def test_prepared_as_a_run_does(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    data = open_dataset(heard(root), 8, tmp_path / "cache", quiet=True, workers=1)
    assert data.report["kept"] == {"train": 4, "test": 2} and data.report["captions"] == 30
    assert all(len(record.more["speech"]) == 5 for record in data.records())


def test_what_is_missing_is_named_with_what_to_fetch(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    parts = (
        ("Flickr8k_text/Flickr_8k.testImages.txt", "no Flickr_8k.testImages.txt"),
        ("Flickr8k_text/Flickr8k.token.txt", "no Flickr8k.token.txt"),
        ("Flicker8k_Dataset", "no Flicker8k_Dataset/"),
    )
    for path, reason in parts:
        (root / path).rename(tmp_path / "aside")
        with pytest.raises(UserError, match=reason) as error:
            Flickr8k(str(root)).check()
        assert "Flickr8k_text.zip" in str(error.value) and "\n" not in str(error.value)
        (tmp_path / "aside").rename(root / path)
    shutil.rmtree(root / "flickr_audio")
    reader = Flickr8k(str(root))
    reader.check()
    assert not reader.records_speech
    with pytest.raises(UserError, match="not set; fetch Flickr8k_Dataset"):
        Flickr8k().check()


def test_bad_captions(tmp_path: Path) -> None:
    root = flickr.official(tmp_path)
    path = root / "Flickr8k_text/Flickr8k.token.txt"
    first, second, *_ = flickr.NAMES
    lines = [f"{first}#0\tone dog", f"{first}#2\ttwo dogs", f"{second} no tab", "x#9999\ty"]
    path.write_text("\n".join([*lines, f"{second}#1\tcaf\udce9 \udcff"]), errors="surrogateescape")
    records, drops = entries(Flickr8k(str(root)))
    assert records[first[:-4]].captions == ("one dog", "two dogs")
    assert drops[f"{first[:-4]}#2"] == "caption is empty"  # the second, which nothing gives
    assert drops[second[:-4]] == "no caption can be used"
    path.write_text("no captions\n")
    with pytest.raises(UserError, match="no line `picture"):
        list(Flickr8k(str(root)).read())
    table = tmp_path / "captions.txt"
    table.write_text("a,b\n")
    with pytest.raises(UserError, match="does not begin with image,caption"):
        read_captions(table)
