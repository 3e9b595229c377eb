"""Clips written and read again: every frame is there, whatever it is like."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.clip import video, write
from experiments.clip.decode import read_clip
from experiments.clip.write import write_clip, write_video
from experiments.terminal.error import UserError
from tests.clip.made import numbered, numbers

SUFFIXES = [".gif", ".webp", ".mp4", ".webm"]


def require(suffix: str) -> None:
    if suffix in write.ENCODERS:
        pytest.importorskip("av")  # the extra `video`


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("channels", [1, 3])
def test_a_constant_clip_keeps_its_frames(suffix: str, channels: int, tmp_path: Path) -> None:
    require(suffix)
    frames = np.full((32, 20, 24, channels), 77, np.uint8)
    clip = read_clip(write_clip(frames, tmp_path / f"a{suffix}", rate=10))
    assert clip.frames.shape == (32, 20, 24, 3) and clip.seconds == pytest.approx(3.2, abs=0.01)
    assert np.abs(clip.frames.astype(int) - 77).max() <= 2
    assert clip.times == pytest.approx(np.arange(32) / 10, abs=0.002)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_frames_in_a_row_and_odd_sizes(suffix: str, tmp_path: Path) -> None:
    require(suffix)
    frames = numbered(16, 33, 47)[np.arange(16) // 2]
    clip = read_clip(write_clip(frames, tmp_path / f"a{suffix}"))
    assert numbers(clip.frames) == [k // 2 for k in range(16)]
    even = suffix in write.ENCODERS  # of which the last row and column come twice
    assert clip.frames.shape == (16, 34, 48, 3) if even else (16, 33, 47, 3)
    assert np.abs(clip.frames[:, :33, :47].astype(int) - frames).mean() < 3


def test_what_is_lossless(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (5, 17, 19, 1), dtype=np.uint8)
    few = rng.integers(0, 256, (256, 3), dtype=np.uint8)[rng.integers(0, 256, (5, 17, 19))]
    many = rng.integers(0, 256, (5, 17, 19, 3), dtype=np.uint8)
    for name, frames in (("a.gif", grey), ("b.gif", few), ("c.webp", many), ("d.webp", grey)):
        found = read_clip(write_clip(frames, tmp_path / name)).frames
        assert np.array_equal(found, np.broadcast_to(frames, found.shape)), name
    found = read_clip(write_clip(many, tmp_path / "e.gif")).frames
    assert 0 < np.abs(found.astype(int) - many).mean() < 30  # 4,845 colours in 256


def test_a_colour_gif_does_not_flicker(tmp_path: Path) -> None:
    # One palette for all frames, without dither: what stands still is the same in every frame.
    rows, columns = np.mgrid[:40, :40]
    still = np.stack([rows * 6, columns * 6, rows * 3 + columns * 3], -1).astype(np.uint8)
    frames = np.stack([still] * 6)
    frames[:, :8, :8] = np.arange(6)[:, None, None, None] * 40
    found = read_clip(write_clip(frames, tmp_path / "a.gif")).frames
    assert (found[:, 10:] == found[:1, 10:]).all()
    assert np.abs(found.astype(int) - frames).mean() < 5


def test_times_add_up(tmp_path: Path) -> None:
    # 8 a second are 125 ms: a GIF has steps of 10 ms, and no error grows.
    clip = read_clip(write_clip(numbered(24), tmp_path / "a.gif", rate=8))
    assert clip.seconds == pytest.approx(3.0) and len(clip.frames) == 24
    assert np.abs(clip.times - np.arange(24) / 8).max() <= 0.0051
    clip = read_clip(write_clip(numbered(24), tmp_path / "a.webp", rate=24))
    assert (
        clip.seconds == pytest.approx(1.0) and np.abs(clip.times - np.arange(24) / 24).max() < 1e-3
    )


def test_others_read_them_too(tmp_path: Path) -> None:
    for name in ("a.gif", "a.webp"):
        with Image.open(write_clip(numbered(12), tmp_path / name, rate=10)) as image:
            assert image.n_frames == 12 and image.size == (48, 32)  # type: ignore[attr-defined]
            image.seek(11)
            image.load()
            assert image.info["duration"] == 100 and image.info["loop"] == 0
            assert np.asarray(image.convert("RGB"))[-4, -4].tolist() == [108] * 3


@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_ffmpeg_reads_them_too(suffix: str, tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    if suffix == ".webp" and "webp_anim" not in av.formats_available:
        pytest.skip("this FFmpeg reads no animated WebP")
    with av.open(str(write_clip(numbered(12), tmp_path / f"a{suffix}"))) as file:
        found = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    assert numbers(np.stack(found)) == list(range(12))


def test_a_strip(tmp_path: Path) -> None:
    frames = numbered(5, 16, 16)
    with Image.open(write_clip(frames, tmp_path / "a.png", rate=7)) as image:
        assert image.size == (80, 16)
    clip = read_clip(tmp_path / "a.png")
    assert np.array_equal(clip.frames, frames) and clip.seconds == pytest.approx(5 / 7)


def test_frames_with_times_of_their_own(tmp_path: Path) -> None:
    pytest.importorskip("av")
    times = [0.0, 0.1, 0.5, 0.55]
    assert write_video(iter(numbered(4)), tmp_path / "a.mp4", 10, times) == 4
    clip = read_clip(tmp_path / "a.mp4")
    assert clip.times == pytest.approx(times, abs=1e-3) and numbers(clip.frames) == [0, 1, 2, 3]


def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = numbered(3)
    with pytest.raises(UserError, match=r"a\.avi: \.avi is none of \.gif, "):
        write_clip(frames, tmp_path / "a.avi")
    with pytest.raises(UserError, match=r"at most 50 frames a second, not 60"):
        write_clip(frames, tmp_path / "a.gif", rate=60)
    with pytest.raises(UserError, match="frames a second: use"):
        write_clip(frames, tmp_path / "a.webp", rate=float("nan"))

    def gone(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(video.importlib, "import_module", gone)
    with pytest.raises(UserError, match=r"video needs av .*\[video\]"):
        write_clip(frames, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())  # nothing half written
    assert write_clip(frames, tmp_path / "a.gif").is_file()  # which needs no extra


def test_a_size_that_h264_would_refuse_is_padded_by_its_edge(tmp_path: Path) -> None:
    pytest.importorskip("av")
    frames = np.zeros((4, 5, 7, 3), np.uint8)
    frames[:, 4] = 200  # the last row
    found = read_clip(write_clip(frames, tmp_path / "a.mp4")).frames
    assert found.shape == (4, 6, 8, 3)
    assert abs(int(found[0, 5, 3, 0]) - 200) < 30  # and not black


def test_a_clip_of_one_frame_and_of_one_pixel(tmp_path: Path) -> None:
    for name in ("a.gif", "a.webp", "a.png"):
        found = read_clip(write_clip(np.full((1, 1, 1, 3), 9, np.uint8), tmp_path / name))
        assert found.frames.tolist() == [[[[9, 9, 9]]]]
    data = (tmp_path / "a.gif").read_bytes()
    assert struct.unpack_from("<HH", data, 6) == (1, 1)
