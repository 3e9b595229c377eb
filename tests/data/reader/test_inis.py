"""Folders of a class with pictures and sounds, as INIS."""

from __future__ import annotations

from pathlib import Path

import pytest
import sound_pictures
from drawn import draw, entries

from experiments.data.reader.inis import Inis
from experiments.data.record import Record
from experiments.terminal.error import UserError
from tests.data.spoken import write_wave


def sides(records: dict[str, Record]) -> dict[tuple[int, str], set[str]]:
    """The splits in which recordings of a class are."""
    found: dict[tuple[int, str], set[str]] = {}
    for record in records.values():
        found.setdefault((record.label, record.more["pose"]), set()).add(record.split)
    return found


def test_a_recording_is_on_one_side(tmp_path: Path) -> None:
    root = sound_pictures.inis(tmp_path, "abcdef")
    reader = Inis(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and len(records) == 36 and reader.class_names() == ["drum", "piano"]
    found = sides(records)
    assert len(found) == 12 and all(len(splits) == 1 for splits in found.values())
    for label in (0, 1):
        tested = sum(splits == {"test"} for (of, _), splits in found.items() if of == label)
        assert 1 <= tested <= 5
    record = records["piano/piano_b_001"]
    assert record.more == {"sound": "piano/piano_b_001.wav", "pose": "piano_b"}
    more = sides(entries(Inis(str(root), test_share=0.9))[0])
    assert sum(s == {"test"} for s in more.values()) > sum(s == {"test"} for s in found.values())
    assert Inis(str(root), test_share=0.9).fingerprint() != reader.fingerprint()


def test_folders_of_recordings_and_of_splits(tmp_path: Path) -> None:
    for name in ("train/sax/one/3", "train/sax/two/3", "test/sax/three/1", "test/sax/4"):
        sound_pictures.pair(tmp_path / f"{name}.png", tmp_path / f"{name}.flac.wav")
        (tmp_path / f"{name}.flac.wav").rename(tmp_path / f"{name}.flac")
    draw(tmp_path / "other/sax/1.png")
    draw(tmp_path / "alone.png")
    records, drops = entries(Inis(str(tmp_path)))
    assert drops == {"alone": "not in the folder of a class", "other/sax/1": "in no split"}
    poses = {key: (record.split, record.more["pose"]) for key, record in records.items()}
    assert poses == {
        "train/sax/one/3": ("train", "one"),
        "train/sax/two/3": ("train", "two"),
        "test/sax/three/1": ("test", "three"),
        "test/sax/4": ("test", "4"),
    }


def test_without_names_in_common_sounds_take_turns(tmp_path: Path) -> None:
    for k in range(5):
        draw(tmp_path / f"piano/n0392_{k}.jpg")
    for name in ("solo1_0", "solo1_1", "solo2_0"):
        write_wave(tmp_path / f"piano/{name}.wav")
    records, _ = entries(Inis(str(tmp_path)))
    sounds = [record.more["sound"] for record in records.values()]
    assert sounds == [f"piano/{name}.wav" for name in ("solo1_0", "solo1_1", "solo2_0") * 2][:5]
    assert sorted(map(len, sides(records).values())) == [1, 1]
    assert len({record.split for record in records.values()}) == 2


def test_what_cannot_be_split_or_is_missing(tmp_path: Path) -> None:
    root = sound_pictures.inis(tmp_path, "ab")
    for name in ("harp_a_1", "harp_a_2"):
        sound_pictures.pair(root / f"harp/{name}.jpg", root / f"harp/{name}.wav")
    reader = Inis(str(root))
    harp = [r for r in entries(reader)[0].values() if r.image.startswith("harp/")]
    assert {record.split for record in harp} == {"train"}
    assert reader.files().not_read == {"classes of one recording, which are trained on alone": 1}
    with pytest.raises(UserError, match=f"no class with .*; did you mean data.root={root}"):
        Inis(str(root / "harp")).check()
    alone = tmp_path / "alone"
    (root / "harp").rename(tmp_path / "harp")
    alone.mkdir()
    (tmp_path / "harp").rename(alone / "harp")
    with pytest.raises(UserError, match=r"no class of .* has two recordings"):
        Inis(str(alone)).check()
    with pytest.raises(UserError, match="test_share: 1 is not between"):
        Inis(str(root), test_share=1)
