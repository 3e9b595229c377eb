"""What people send is judged before it is decoded."""

from __future__ import annotations

import io
import random
import struct
import threading
import tracemalloc
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from made import RED
from PIL import Image

from experiments.app.bound import Bounds, caption_of, picture_of, recording_of
from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.app.wish import Recording, Wish

sound = pytest.importorskip("soundfile")
TIGHT = Bounds(letters=50, bytes=3_000_000, seconds=2.0, pixels=10_000)


def wave(seconds: float, rate: int = 16_000, kind: str = "WAV") -> bytes:
    file = io.BytesIO()
    sound.write(file, np.sin(np.arange(int(seconds * rate)) / 9), rate, format=kind)
    return file.getvalue()


def png(width: int, height: int) -> bytes:
    """A header that says a size, without pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        sums = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + sums

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_recordings_of_every_kind(kind: str, rate: int) -> None:
    found = Recording.of(wave(1.5, rate, kind), TIGHT)
    assert found.rate == 16_000 and found.samples.dtype == np.float32
    assert found.seconds == pytest.approx(1.5, abs=0.1)


def test_a_recording_that_is_too_long_is_not_decoded() -> None:
    """An hour in 2 MB: no more than the bound and a second come into memory."""
    file = io.BytesIO()
    sound.write(file, np.zeros(3600 * 8000, np.int16), 8000, format="FLAC")
    content = file.getvalue()
    assert len(content) < TIGHT.bytes
    tracemalloc.start()
    with pytest.raises(Refused, match=r"longer than 2 s|silent"):
        recording_of(content, TIGHT)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000, peak
    with pytest.raises(Refused, match="longer than 2 s; give a shorter one"):
        recording_of(wave(2.5), TIGHT)


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x00" * 999, b"ID3" + b"\xff" * 500])
def test_what_is_no_recording_is_told(content: bytes) -> None:
    with pytest.raises(Refused, match=r"^recording: sound"):
        recording_of(content, TIGHT)


def test_an_upload_beyond_its_bytes_is_not_looked_at() -> None:
    for judge in (recording_of, picture_of):
        with pytest.raises(Refused, match=r"the file has 3.0 MB, and at most 3 are taken"):
            judge(b"x" * 3_000_001, TIGHT)


def test_a_picture_of_too_many_pixels_is_not_decoded() -> None:
    for width, height in ((101, 100), (60_000, 60_000), (2**31 - 1, 2**31 - 1)):
        with pytest.raises(Refused, match=rf"{width} x {height} pixels|cannot be opened"):
            picture_of(png(width, height), TIGHT)
    file = io.BytesIO()
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(file, "PNG")
    seen = picture_of(file.getvalue(), TIGHT)
    assert seen.mode == "RGB" and seen.getpixel((5, 5)) == (255, 255, 255)


def test_no_file_of_the_machine_is_opened_by_a_picture() -> None:
    """Formats that name other files, or run a program, are not of those that are read."""
    for content in (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n",
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        b"push graphic-context\nimage over 0,0 0,0 '/etc/passwd'\n",
    ):
        with pytest.raises(Refused, match="picture: it cannot be opened"):
            picture_of(content, TIGHT)


def test_files_that_were_damaged_are_refused_or_read() -> None:
    """Never another exception."""
    draw = random.Random(0)
    file = io.BytesIO()
    Image.linear_gradient("L").resize((40, 40)).convert("RGB").save(file, "JPEG")
    for judge, whole in ((picture_of, file.getvalue()), (recording_of, wave(0.2, kind="FLAC"))):
        for _ in range(150):
            content = bytearray(whole[: draw.randrange(1, len(whole) + 1)])
            for _ in range(draw.randrange(8)):
                content[draw.randrange(len(content))] = draw.randrange(256)
            try:
                judge(bytes(content), TIGHT)
            except Refused as refusal:
                assert str(refusal)


def test_texts_are_bounded_and_made_plain() -> None:
    assert caption_of("  a\tred\n\x00bird ", TIGHT) == "a red bird"
    for text, told in (("a" * 51, "51 letters"), (" \n", "empty"), ("\ud800", "UTF-8")):
        with pytest.raises(Refused, match=told):
            caption_of(text, TIGHT)


def test_pictures_are_opened_one_at_a_time_in_their_turn(
    open_session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small file may hold a picture of many megabytes: those that wait hold files alone."""
    from experiments.app import draw

    session, opened = open_session("styled"), list[str]()
    picture_of = draw.picture_of

    def watched(content: bytes, bounds: Bounds) -> Image.Image:
        opened.append(threading.current_thread().name)
        return picture_of(content, bounds)

    monkeypatch.setattr(draw, "picture_of", watched)
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    session.draw("style_encoder", Wish(RED, picture=file.getvalue(), count=1))
    assert opened == ["app_0"]
