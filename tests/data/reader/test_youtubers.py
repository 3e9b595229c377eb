"""Youtubers: wav2pix's tree."""

from __future__ import annotations

from pathlib import Path

import pytest
import sound_pictures
from drawn import draw, entries

from experiments.data.reader.youtubers import Youtubers
from experiments.terminal.error import UserError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sound_pictures.youtubers(tmp_path)


def test_faces_that_are_called_png_with_voices(root: Path) -> None:
    reader = Youtubers(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and len(records) == 8 and reader.class_names() == ["ann", "bo"]
    record = records["test/bo/cropped_face_frame_10"]
    assert record.split == "test" and record.label == 1
    assert (root / record.image).read_bytes()[:3] == b"\xff\xd8\xff"  # a JPEG
    assert reader.image(record, 8)[4, 6].tolist() == pytest.approx([0, 0, 220], abs=8)
    assert record.more == {"sound": "test/bo/preprocessed_frame_10.wav"}
    assert reader.sound(record) == root / record.more["sound"]


def test_splits_and_what_is_left(root: Path) -> None:
    (root / "test").rename(root / "valid")
    assert sum(r.split == "test" for r in entries(Youtubers(str(root)))[0].values()) == 2
    sound_pictures.face(root, "test", "ann", 11)
    sound_pictures.face(root, "test", "ann/v_2", 12)
    (root / "test/ann/preprocessed_frame_11.wav").unlink()
    draw(root / "train/ann/full_frame_7.jpg")
    draw(root / "cropped_face_frame_1.png")
    reader = Youtubers(str(root))
    records, drops = entries(reader)
    assert drops == {"cropped_face_frame_1": "not at <split>/<name>/"}
    assert sum(record.split == "test" for record in records.values()) == 2
    assert reader.sound(records["test/ann/cropped_face_frame_11"]) is None
    assert records["test/ann/v_2/cropped_face_frame_12"].more["pose"] == "v_2"
    assert reader.files().not_read == {"pictures that are no cropped_face_frame": 1}


def test_what_is_missing(root: Path) -> None:
    for place in (root.parent, root / "train"):
        with pytest.raises(UserError, match=f"did you mean data.root={root}") as error:
            Youtubers(str(place)).check()
        assert "wav2pix" in str(error.value)
    with pytest.raises(UserError, match="not set; take the faces"):
        Youtubers().check()
