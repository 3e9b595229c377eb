"""Clips that nobody should send: each a function that puts a file where a video was.

`python -m tests.hostile.clips` tries each, with other choices every time, and writes the table of
docs/reliability.md. It needs the extra `video`.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from experiments.clip.form import ClipForm
from experiments.clip.sound import read_sound
from experiments.clip.strip import SAID
from experiments.clip.write import write_clip
from experiments.data.images import path_inside
from experiments.data.store.filming import Filming
from experiments.data.store.sift import Measuring
from tests.clip.made import tone, write_film
from tests.hostile import pictures
from tests.hostile.single import placed, tried
from tests.hostile.trial import Outcome

Put = Callable[[Path, random.Random], object]
CASES: dict[str, Put] = {}
FORM = ClipForm(8, 24)
FILMS = {  # name: codec and container of FFmpeg
    "MP4": ("libx264", "mp4"),
    "MP4 with sound": ("libx264", "mp4"),
    "MOV of MPEG-4": ("mpeg4", "mov"),
    "Matroska": ("mpeg4", "matroska"),
    "AVI": ("mpeg4", "avi"),
    "MPEG-TS": ("libx264", "mpegts"),
    "MPEG-PS": ("mpeg1video", "mpeg"),
    "FLV": ("flv", "flv"),
}
WRITTEN = (".webm", ".gif", ".webp", ".png")  # by Birdsong itself
ROOM = Path(tempfile.gettempdir())


def case(name: str, put: Put) -> None:
    assert name not in CASES, name
    CASES[name] = put


def bytes_of(name: str, make: Callable[[random.Random], bytes]) -> None:
    case(name, lambda path, draw: path.write_bytes(make(draw)))


def noisy(draw: random.Random, count: int = 12, height: int = 32, width: int = 48) -> np.ndarray:
    rng = np.random.default_rng(draw.randrange(2**32))
    return rng.integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def film(draw: random.Random, kind: str, **options: Any) -> bytes:
    codec, container = FILMS[kind]
    frames = options.pop("frames", None)
    if kind == "MP4 with sound":
        options["sound"] = tone(0.48)
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        path = Path(folder, "film")
        write_film(
            path,
            noisy(draw) if frames is None else frames,
            **{"rate": 25, "codec": codec, "container": container} | options,
        )
        return path.read_bytes()


def written(draw: random.Random, suffix: str, frames: np.ndarray | None = None) -> bytes:
    with tempfile.TemporaryDirectory(dir=ROOM) as folder:
        path = Path(folder, f"clip{suffix}")
        return write_clip(noisy(draw) if frames is None else frames, path).read_bytes()


# ---- broken and misnamed

MAKERS: dict[str, Callable[[random.Random], bytes]] = {
    **{kind: partial(film, kind=kind) for kind in FILMS},
    **{suffix[1:]: partial(written, suffix=suffix) for suffix in WRITTEN},
}


def truncated(make: Callable[[random.Random], bytes], draw: random.Random) -> bytes:
    whole = make(draw)
    return whole[: draw.randrange(1, len(whole))]


def changed(make: Callable[[random.Random], bytes], draw: random.Random, within: int) -> bytes:
    whole = bytearray(make(draw))
    for _ in range(draw.randrange(1, 9)):
        whole[draw.randrange(min(within, len(whole)))] = draw.randrange(256)
    return bytes(whole)


for _name, _make in MAKERS.items():
    bytes_of(f"{_name}: under any name", _make)
    bytes_of(f"{_name}: truncated", partial(truncated, _make))
    bytes_of(f"{_name}: broken anywhere", partial(changed, _make, within=1 << 30))
    bytes_of(f"{_name}: broken head", partial(changed, _make, within=120))

LISTS = {
    "HLS": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.5,\n/etc/passwd\n#EXT-X-ENDLIST\n",
    "an address": b"#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n",
    "concat": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "SDP": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
    "DASH": b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>',
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="/etc/passwd"/></svg>',
}
for _name, _text in LISTS.items():
    bytes_of(f"no clip: {_name}", lambda draw, text=_text: text)
bytes_of("no clip: zero bytes", lambda draw: b"")
bytes_of("no clip: a page", lambda draw: b"<html><body>404 not found</body></html>")
bytes_of("no clip: a photograph", lambda draw: pictures.photograph(draw))
bytes_of("no clip: a program", lambda draw: b"\x7fELF\x02\x01\x01" + draw.randbytes(400))
bytes_of("no clip: words", lambda draw: "a red bird lands\n".encode("utf-16"))
bytes_of("no clip: noise", lambda draw: draw.randbytes(draw.randrange(1, 5000)))
bytes_of("no clip: a pickle", lambda draw: b"\x80\x04cos\nsystem\n(S'touch x'\ntR.")
case("no clip: a sound", lambda path, draw: write_film(path, sound=tone(0.5), container="mp4"))

# ---- what a header says


def said(box: bytes, offset: int, value: bytes, draw: random.Random) -> bytes:
    """An MP4 that says something else of itself, so many bytes after the name of a box."""
    whole = bytearray(film(draw, "MP4"))
    place = whole.rindex(box) + offset
    whole[place : place + len(value)] = value
    return bytes(whole)


for _name, _box, _offset, _value in (
    ("65 000 px a side", b"avc1", 28, struct.pack(">HH", 65_000, 65_000)),
    ("no px", b"avc1", 28, bytes(4)),
    ("2^32 samples", b"stsz", 12, b"\xff" * 4),
    ("samples of 2^32 bytes", b"stsz", 8, b"\xff" * 4),
    ("2^32 runs of times", b"stts", 8, b"\xff" * 4),
    ("a run of 2^32 frames", b"stts", 12, b"\xff" * 4),
    ("frames of no time", b"stts", 16, bytes(4)),
    ("frames of 2^32 ticks", b"stts", 16, b"\xff" * 4),
    ("no ticks a second", b"mdhd", 16, bytes(4)),
    ("2^32 ticks a second", b"mdhd", 16, b"\xff" * 4),
    ("places beyond the file", b"stco", 12, b"\xff" * 4),
    ("any codec", b"avc1", 0, b"xvid"),
    ("a box of 2^32 bytes", b"moov", -4, b"\xff" * 4),
    ("a box of no bytes", b"mdat", -4, bytes(4)),
):
    bytes_of(f"header: MP4 of {_name}", partial(said, _box, _offset, _value))


def gif(draw: random.Random, place: int, value: bytes) -> bytes:
    whole = bytearray(written(draw, ".gif"))
    whole[place : place + len(value)] = value
    return bytes(whole)


bytes_of("header: GIF of 65 535 px a side", partial(gif, place=6, value=b"\xff" * 4))
bytes_of("header: GIF of no px", partial(gif, place=6, value=bytes(4)))
bytes_of("header: GIF of other colours", partial(gif, place=10, value=b"\xf0"))


def strip(draw: random.Random, about: object) -> bytes:
    """A PNG that says anything of its frames."""
    note = PngImagePlugin.PngInfo()
    note.add_text(SAID, about if isinstance(about, str) else json.dumps(about))
    image = Image.fromarray(np.concatenate(list(noisy(draw, 4)), 1))
    return pictures.encoded(image, "PNG", pnginfo=note)


for _about in (
    {"frames": 4, "rate": 10, "axis": "horizontal"},
    {"frames": 10**9, "rate": 10, "axis": "horizontal"},
    {"frames": 5, "rate": 10, "axis": "horizontal"},
    {"frames": 0, "rate": 10, "axis": "horizontal"},
    {"frames": 4, "rate": float("nan"), "axis": "horizontal"},
    {"frames": 4, "rate": 1e-300, "axis": "horizontal"},
    {"frames": True, "rate": "1", "axis": ["vertical"]},
    "[" * 900,
):
    _told = _about if isinstance(_about, str) else " ".join(map(str, _about.values()))
    bytes_of(f"header: strip of {_told[:30]}", partial(strip, about=_about))

# ---- what the frames are

case("frames: none", lambda path, draw: write_film(path, noisy(draw, 0), container="mp4"))
for _name in ("MP4", "Matroska"):
    bytes_of(f"frames: one of {_name}", lambda d, k=_name: film(d, k, frames=noisy(d, 1)))
for _name in WRITTEN:
    bytes_of(f"frames: one of {_name[1:]}", lambda d, s=_name: written(d, s, noisy(d, 1)))


def times_of(times: Sequence[float], draw: random.Random) -> bytes:
    frames = noisy(draw, len(times))
    return film(draw, "MOV of MPEG-4", frames=frames, times=times)


bytes_of("frames: variable rate", partial(times_of, [0, 0.04, 0.05, 0.4, 0.41, 0.9, 2.0, 2.1]))
bytes_of("frames: an hour between two", partial(times_of, [0, 0.04, 3600.0]))
bytes_of("frames: a day after the beginning", partial(times_of, [86_400.0, 86_400.1]))


def sized(sizes: Sequence[tuple[int, int]], draw: random.Random) -> bytes:
    """Streams that follow one another, each of another size."""
    return b"".join(
        film(draw, "MPEG-TS", frames=noisy(draw, 4, height, width)) for height, width in sizes
    )


bytes_of("frames: of several sizes", partial(sized, [(32, 48), (64, 64), (16, 200)]))
bytes_of("frames: 1 px high", lambda draw: written(draw, ".gif", noisy(draw, 4, 1, 500)))
bytes_of("frames: turned by 37 degrees", lambda draw: film(draw, "MP4", rotation=37))


def lasting(milliseconds: Sequence[int], draw: random.Random) -> bytes:
    images = [Image.fromarray(frame) for frame in noisy(draw, len(milliseconds), 8, 8)]
    return pictures.encoded(
        images[0], "GIF", save_all=True, append_images=images[1:], duration=list(milliseconds)
    )


bytes_of("frames: of no time", partial(lasting, [0, 0, 0]))
bytes_of("frames: 60 000 of a GIF of two", partial(lasting, [10, 600_000]))
bytes_of("frames: ten minutes of a GIF of one", partial(lasting, [600_000]))
bytes_of("frames: 4 000 of a GIF", lambda draw: lasting([10] * 4000, draw))

for _name, _put in pictures.SPECIAL.items():
    CASES[f"no file: {_name}"] = _put


class Reader:
    """Of one clip, below a root."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.file = folder, name

    def clip(self, record: None) -> Path:
        return path_inside(self.folder, self.file)


def seen(folder: Path, name: str) -> dict[str, Any]:
    """As a run and its filter read it: from below the root, within bounds, to frames of one form,
    and what is heard."""
    reader: Any = Reader(folder, name)
    record: Any = None
    (frames,) = Filming(FORM)(reader, record)
    assert frames.dtype == np.uint8 and frames.shape == (FORM.kept, 24, 24, 3)
    read_sound(reader.clip(record), 16_000, 0.0, 10.0)
    (numbers,) = Measuring()(reader, record)
    assert np.isfinite(numbers).all() and (numbers >= [1, 0, 0]).all()
    return {"side": int(numbers[0, 0])}


def run(name: str, folder: Path, seed: int) -> Outcome:
    """Put the case in the place of a clip and read it."""
    path = folder / "clip.mp4"
    draw = random.Random(f"{name} {seed}")
    return placed(path, CASES[name], draw, lambda: seen(folder, path.name))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no case failed."""
    return tried("clip", "read to frames, and measured,", CASES, run, 5, arguments)


if __name__ == "__main__":
    sys.exit(main())
