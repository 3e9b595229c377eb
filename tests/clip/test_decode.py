"""Clips in files: which frames, when, which way up."""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.clip import video
from experiments.clip.bound import Bounds
from experiments.clip.decode import frames_of, is_clip, needs_package, read_clip
from experiments.clip.write import write_clip
from experiments.terminal.error import BadInput, UserError
from tests.clip.made import numbered, numbers, tone, write_film

pytest.importorskip("av")  # the extra `video`


def reason(path: Path, **options: object) -> str:
    with pytest.raises(BadInput) as caught:
        read_clip(path, **options)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 120 and str(caught.value).isprintable()
    return str(caught.value)


def test_frames_and_times_of_a_variable_rate(tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.2, 0.7, 0.75, 1.5]
    clip = read_clip(write_film(tmp_path / "a.mp4", numbered(6), times))
    assert numbers(clip.frames) == [0, 1, 2, 3, 4, 5]
    assert clip.times == pytest.approx(times, abs=2e-3)
    # A frame stays until the next one comes, and the last after the end.
    assert clip.at(np.array([-1, 0.65, 0.7, 0.74, 1.4, 9])).tolist() == [0, 2, 3, 3, 4, 5]


def test_a_film_that_was_held_upright_stands(tmp_path: Path) -> None:
    lying = numbered(3)  # 32 high, 48 wide, dark in the upper left
    for rotation, corner in ((90, (1, 0)), (180, (1, 1)), (270, (0, 1)), (0, (0, 0))):
        clip = read_clip(write_film(tmp_path / f"{rotation}.mp4", lying, rotation=rotation))
        assert clip.frames.shape[1:3] == ((48, 32) if rotation % 180 else (32, 48))
        height, width = clip.frames.shape[1:3]
        dark = {
            (row, column): clip.frames[2, row * (height - 8) + 4, column * (width - 8) + 4].mean()
            for row in (0, 1)
            for column in (0, 1)
        }
        assert min(dark, key=dark.__getitem__) == corner, rotation


def test_it_is_made_smaller_and_never_larger(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", numbered(4, 66, 130))
    assert read_clip(path, side=33).frames.shape == (4, 33, 65, 3)
    assert read_clip(path, side=200).frames.shape == (4, 66, 130, 3)
    assert numbers(read_clip(path, side=33).frames) == [0, 1, 2, 3]
    gif = write_clip(numbered(4, 66, 131), tmp_path / "a.gif")
    assert read_clip(gif, side=33).frames.shape == (4, 33, 66, 3)


def test_a_part_of_a_film(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", numbered(25))
    clip = read_clip(path, start=1.5, seconds=0.4)
    assert numbers(clip.frames) == [15, 16, 17, 18] and clip.times[0] == 0
    assert numbers(read_clip(path, start=2.25).frames) == [22, 23, 24]
    assert reason(path, start=7.0) == "video ends before 7 s"
    gif = write_clip(numbered(6), tmp_path / "a.gif")
    assert numbers(read_clip(gif, start=0.25, seconds=0.2).frames) == [2, 3, 4]


def test_what_a_file_is_says_its_content(tmp_path: Path) -> None:
    for kind in ("webm", "gif", "webp"):
        write_clip(numbered(5), tmp_path / f"a.{kind}").rename(tmp_path / f"{kind}.mp4")
        assert numbers(read_clip(tmp_path / f"{kind}.mp4").frames) == [0, 1, 2, 3, 4]
    avi = write_film(tmp_path / "a.avi", numbered(5), codec="mpeg4")
    assert numbers(read_clip(avi).frames) == [0, 1, 2, 3, 4]
    assert is_clip("a.MP4") and is_clip("b.webp") and not is_clip("a.jpg")
    assert needs_package("a.mp4") and not needs_package("a.gif")


def test_frames_that_a_gif_merged_come_back(tmp_path: Path) -> None:
    images = [Image.fromarray(frame) for frame in numbered(3)]
    still = [images[0], images[0], images[1], images[2], images[2], images[2]]
    for name, options in (("a.gif", {}), ("a.webp", {"lossless": True}), ("a.png", {})):
        path = tmp_path / name
        still[0].save(path, save_all=True, append_images=still[1:], duration=100, loop=0, **options)
        with Image.open(path) as image:
            assert image.n_frames == 3, "or Pillow has learnt to keep them"  # type: ignore[attr-defined]
        clip = read_clip(path)
        assert numbers(clip.frames) == [0, 0, 1, 2, 2, 2], name
        assert clip.times == pytest.approx(np.arange(6) / 10) and clip.seconds == pytest.approx(0.6)


def test_a_gif_of_120_and_130_ms_is_not_expanded(tmp_path: Path) -> None:
    clip = read_clip(write_clip(numbered(8), tmp_path / "a.gif", rate=8))
    assert numbers(clip.frames) == list(range(8)) and clip.seconds == pytest.approx(1.0)
    assert clip.times[:3] == pytest.approx([0, 0.12, 0.25])


def test_what_is_seen_through_is_white(tmp_path: Path) -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    full = Image.new("RGBA", (8, 8), (0, 0, 255, 255))
    clear.save(tmp_path / "a.webp", save_all=True, append_images=[full], lossless=True)
    frames = read_clip(tmp_path / "a.webp").frames
    assert frames[0, 4, 4].tolist() == [255, 255, 255] and frames[1, 4, 4].tolist() == [0, 0, 255]


def test_files_that_are_no_clip(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    assert reason(path) == "file is missing"
    path.write_bytes(b"")
    assert reason(path) == "file is empty"
    assert reason(tmp_path) == "not a file"
    path.write_text("a bird flies\n" * 50)
    assert reason(path) == "not a video, or a broken one"
    Image.fromarray(numbered(1)[0]).save(path, "JPEG")
    assert reason(path) == "not a video of a kind that is read"
    write_film(path, sound=tone(0.5))
    assert reason(path) == "a sound without frames"
    write_film(path, numbered(0))
    assert reason(path) == "video has no frames"
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    assert reason(pipe) == "not a file"


def test_a_list_that_names_other_files_opens_none(tmp_path: Path) -> None:
    write_film(tmp_path / "a.ts", numbered(5), container="mpegts")
    lists = {
        "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\na.ts\n#EXT-X-ENDLIST\n",
        "concat": "ffconcat version 1.0\nfile a.ts\n",
        "address": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    }
    for name, text in lists.items():
        (tmp_path / f"{name}.mp4").write_text(text)
        (tmp_path / f"{name}.m3u8").write_text(text)
        assert reason(tmp_path / f"{name}.mp4").startswith("not a video")
        assert reason(tmp_path / f"{name}.m3u8").startswith("not a video")
    (tmp_path / "hls.mp4").write_bytes((tmp_path / "a.ts").read_bytes())
    assert numbers(read_clip(tmp_path / "hls.mp4").frames) == [0, 1, 2, 3, 4]  # it is none now


@pytest.mark.parametrize("name", ["a.mp4", "a.webm", "a.gif", "a.webp"])
def test_a_file_that_ends_too_soon(name: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (40, 32, 32, 3), dtype=np.uint8)
    path = write_clip(frames, tmp_path / name)
    whole = path.read_bytes()
    for share in (0.02, 0.3, 0.7):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert reason(path)  # and never half a clip


def test_sizes_that_are_huge_are_refused_before_they_are_held(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", numbered(3, 64, 64))
    assert reason(path, bounds=Bounds(pixels=4000)) == "video is too large (64 x 64 px)"
    gif = tmp_path / "a.gif"
    write_clip(numbered(2), gif)
    data = bytearray(gif.read_bytes())
    data[6:10] = struct.pack("<HH", 60000, 60000)
    gif.write_bytes(data)
    assert "too large" in reason(gif)
    # MP4: the size that its header says is not that of its frames.
    data = bytearray(path.read_bytes())
    place = data.index(b"avc1", data.index(b"stsd")) + 28
    assert struct.unpack_from(">HH", data, place) == (64, 64)
    data[place : place + 4] = struct.pack(">HH", 65000, 65000)
    path.write_bytes(data)
    try:
        assert read_clip(path).frames.shape == (3, 64, 64, 3)
    except BadInput as error:
        assert "too large" in str(error)


def test_bounds_of_frames_bytes_and_time(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", numbered(12))
    assert "more than 10 frames" in reason(path, bounds=Bounds(frames=10))
    assert "20,000 bytes" in reason(path, bounds=Bounds(held=20_000))
    assert "s to decode" in reason(path, bounds=Bounds(cpu=0.0))
    made = io.BytesIO()
    images = [Image.new("L", (4, 4), n) for n in (0, 200)]
    images[0].save(made, "GIF", save_all=True, append_images=images[1:], duration=[10, 600_000])
    (tmp_path / "a.gif").write_bytes(made.getvalue())
    assert "more than 20,000 frames" in reason(tmp_path / "a.gif")


def test_frames_come_one_after_another(tmp_path: Path) -> None:
    found = frames_of(write_film(tmp_path / "a.mp4", numbered(12)))
    first = next(found)
    assert (first.time, round(first.lasts, 3)) == (0.0, 0.1)
    found.close()


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "a.mp4", numbered(3))
    gif = write_clip(numbered(3), tmp_path / "a.gif")
    monkeypatch.setattr(video.importlib, "import_module", _gone)
    with pytest.raises(UserError, match=r"video needs av .*\[video\]"):
        read_clip(path)
    assert len(read_clip(gif).frames) == 3


def _gone(name: str) -> None:
    raise ImportError(f"No module named {name!r}")
