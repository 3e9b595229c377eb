"""A user's own clips."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from clip_trees import gif
from drawn import draw, entries, write
from folder_pictures import jsonl, splits

from experiments.clip import video
from experiments.clip.decode import read_clip
from experiments.data.reader.clips import Clips
from experiments.terminal.error import BadInput, UserError
from tests.clip.made import numbered, numbers, tone, write_film


def test_captions_in_every_form(tmp_path: Path) -> None:
    for name in ("a.gif", "b.WEBP", "deep/c.gif"):
        gif(tmp_path / name)
    write(tmp_path / "a.txt", ["a bird flies", "it flies"])
    jsonl(
        tmp_path / "metadata.jsonl",
        {"file_name": "b.WEBP", "text": "a bird lands"},
        {"file_name": "deep/c.gif", "captions": ["it hops", "a hop"], "split": "test"},
    )
    reader = Clips(str(tmp_path))
    reader.check()
    records, drops = entries(reader)
    assert not drops and reader.has == ("picture", "caption", "clip")
    assert {key: record.captions for key, record in records.items()} == {
        "a": ("a bird flies", "it flies"),
        "b": ("a bird lands",),
        "deep/c": ("it hops", "a hop"),
    }
    record = records["deep/c"]
    assert record.more == {"clip": "deep/c.gif"} and reader.clip(record) == tmp_path / "deep/c.gif"
    assert numbers(read_clip(reader.clip(record)).frames) == [0, 1, 2]
    assert pickle.loads(pickle.dumps(reader)).clip(record) == tmp_path / "deep/c.gif"


def test_its_picture_is_the_first_frame(tmp_path: Path) -> None:
    gif(tmp_path / "a.gif", 5, 24, 32)
    write(tmp_path / "a.txt", ["a bird"])
    gif(tmp_path / "b.gif")
    write(tmp_path / "b.txt", ["a bird"])
    reader = Clips(str(tmp_path))
    record = entries(reader)[0]["a"]
    image = reader.image(record, 12)
    assert image.shape == (12, 12, 3) and image.dtype == np.uint8
    assert image[9, 9].tolist() == [20, 20, 20] and image[2, 1].tolist() == [10, 10, 10]


def test_classes_splits_and_what_is_left(tmp_path: Path) -> None:
    for split in ("train", "test"):
        for label in ("fly", "hop"):
            gif(tmp_path / split / label / "0.gif")
            write(tmp_path / split / label / "0.txt", [f"it {label}s"])
    draw(tmp_path / "train/fly/cover.jpg")
    write(tmp_path / "train/fly/9.txt", ["nothing there"])
    reader = Clips(str(tmp_path))
    records, drops = entries(reader)
    assert reader.class_names() == ["fly", "hop"]
    assert splits(records)["test/hop/0"] == "test" and records["test/hop/0"].label == 1
    assert drops == {"train/fly/9": "no clip beside the captions"}
    assert reader.files().not_read == {"other files": 1}


def test_broken_clips_say_why(tmp_path: Path) -> None:
    pytest.importorskip("av")
    (tmp_path / "text.mp4").write_text("no video")
    (tmp_path / "empty.mp4").write_bytes(b"")
    write_film(tmp_path / "sound.mp4", sound=tone(0.3))
    outside = gif(tmp_path.parent / f"{tmp_path.name}-away.gif")
    (tmp_path / "link.gif").symlink_to(outside)
    for name in ("a", "b"):
        gif(tmp_path / f"{name}.gif")
    for name in ("text", "empty", "sound", "link", "a", "b"):
        write(tmp_path / f"{name}.txt", ["a bird"])
    reader = Clips(str(tmp_path))
    records, drops = entries(reader)
    assert drops["empty"] == "file is empty" and "follow_links" in drops["link"]
    for key, reason in (("text", "not a video, or a broken one"), ("sound", "a sound without")):
        with pytest.raises(BadInput, match=reason):
            reader.image(records[key], 8)
    assert set(records) == {"a", "b", "text", "sound"}
    assert "link" in entries(Clips(str(tmp_path), follow_links=True))[0]


def test_what_is_heard_in_it(tmp_path: Path) -> None:
    pytest.importorskip("av")
    write_film(tmp_path / "a.mp4", numbered(10), sound=tone(1.0))
    write_film(tmp_path / "b.mp4", numbered(10))
    reader = Clips(str(tmp_path))
    reader.sounds = True
    assert reader.has == ("picture", "sound", "clip")
    records, drops = entries(reader)
    assert not drops and reader.sound(records["b"]) is None
    heard = reader.sound(records["a"])
    assert isinstance(heard, tuple)
    wave, rate = heard
    assert rate == 44_100 and abs(len(wave) / rate - 1.0) < 0.1
    spectrum = np.abs(np.fft.rfft(wave[4410 : 4410 + 22_050]))
    assert spectrum.argmax() * 2 == pytest.approx(440, abs=4)


def test_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw(tmp_path / "a.jpg")
    with pytest.raises(UserError, match=r"data.root: no clip \(mp4, .*gif.* in .*name\.mp4"):
        Clips(str(tmp_path)).check()
    gif(tmp_path / "a.gif")
    with pytest.raises(UserError, match=r"data\.root: no captions in"):
        Clips(str(tmp_path)).check()
    write(tmp_path / "a.txt", ["a bird"])
    Clips(str(tmp_path)).check()
    with pytest.raises(UserError, match=r"a single clip can be used"):
        entries(Clips(str(tmp_path)))
    (tmp_path / "b.mp4").write_bytes(b"x")

    def gone(name: str) -> None:
        raise ImportError("no")

    monkeypatch.setattr(video.importlib, "import_module", gone)
    with pytest.raises(UserError, match=r"video needs av .*\[video\]"):
        Clips(str(tmp_path)).check()
