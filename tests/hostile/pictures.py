"""Pictures that nobody should send: each a function that puts a file where a good one was."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

Put = Callable[[Path, random.Random], None]
CASES: dict[str, Put] = {}
SPECIAL: dict[str, Put] = {}  # those of them that can stand in the place of any file
SECRET = (1, 254, 77)  # the colour of a picture outside of the root, which nothing may read


def case(name: str) -> Callable[[Put], Put]:
    def add(put: Put) -> Put:
        assert name not in CASES, name
        CASES[name] = put
        return put

    return add


def put_bytes(name: str, make: Callable[[random.Random], bytes]) -> None:
    def put(path: Path, draw: random.Random) -> None:
        path.unlink(missing_ok=True)
        path.write_bytes(make(draw))

    case(name)(put)


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(draw: random.Random, *shape: int, dtype: Any = np.uint8) -> np.ndarray:
    random_ = np.random.default_rng(draw.randrange(2**32))
    top = np.iinfo(dtype).max + 1 if np.issubdtype(dtype, np.integer) else 2
    if np.issubdtype(dtype, np.floating):
        return random_.random(shape).astype(dtype) * top
    return random_.integers(0, top, shape, dtype)


def photograph(draw: random.Random, kind: str = "JPEG", side: int = 40, **options: Any) -> bytes:
    return encoded(Image.fromarray(noise(draw, side, side, 3)), kind, **options)


def chunk(name: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def png(width: int, height: int, depth: int, colour: int, packed: bytes, *more: bytes) -> bytes:
    """A PNG of these dimensions whatever its pixels are."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", packed)
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + pixels + chunk(b"IEND", b"")


def flat(length: int) -> bytes:
    """So many zeros, packed by zlib without ever being there: each block repeats the first."""
    block, rest = 1 << 20, length % (1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)  # the next knows of no other
    repeated = packer.compress(bytes(block)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(bytes(rest)) + packer.flush()
    check = struct.pack(">HH", length % 65521, 1)  # Adler's sums of zeros
    return b"\x78\xda" + length // block * repeated + last + check


def tiff(data: bytes, side: int, places: dict[int, int]) -> bytes:
    """A grey TIFF of `side` pixels squared, packed by zlib, with tags that may say anything."""
    tags = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 277: 1} | places
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, tags[tag]) for tag in sorted(tags))
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(data)) + data + directory


# ---- broken and misnamed

for _kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):

    def _truncated(draw: random.Random, kind: str = _kind) -> bytes:
        whole = photograph(draw, kind)
        return whole[: draw.randrange(1, len(whole))]

    def _flipped(draw: random.Random, kind: str = _kind) -> bytes:
        whole = bytearray(photograph(draw, kind))
        for _ in range(draw.randrange(1, 9)):
            whole[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        return bytes(whole)

    def _misnamed(draw: random.Random, kind: str = _kind) -> bytes:
        return photograph(draw, kind)

    put_bytes(f"truncated {_kind}", _truncated)
    put_bytes(f"flipped bits in {_kind}", _flipped)
    put_bytes(f"{_kind} under any name", _misnamed)

put_bytes("zero bytes", lambda draw: b"")
put_bytes("a page", lambda draw: b"<html><body>404 not found</body></html>")
put_bytes("a drawing", lambda draw: b"<svg xmlns='http://www.w3.org/2000/svg' width='9'/>")
put_bytes("a program", lambda draw: b"\x7fELF\x02\x01\x01" + draw.randbytes(400))
put_bytes("words", lambda draw: "a bird with a red crown\n".encode("utf-16"))
put_bytes("noise", lambda draw: draw.randbytes(draw.randrange(1, 5000)))
put_bytes("PostScript", lambda draw: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) run\n")
put_bytes("AVIF", lambda draw: photograph(draw, "AVIF"))
put_bytes("rest after the end", lambda draw: photograph(draw) + draw.randbytes(3000))

# ---- kinds of pixels

put_bytes("CMYK", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, 4), "CMYK"), "JPEG"))
put_bytes("one bit", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9)).convert("1"), "PNG"))
put_bytes(
    "16 bits", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, dtype=np.uint16)), "PNG")
)
put_bytes(
    "32 bits", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, dtype=np.int32)), "TIFF")
)
put_bytes(
    "float", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, dtype=np.float32)), "TIFF")
)
put_bytes(
    "grey and alpha", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, 2), "LA"), "PNG")
)
put_bytes("alpha", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, 4), "RGBA"), "PNG"))
put_bytes("LAB", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, 3), "LAB"), "TIFF"))
put_bytes("YCbCr", lambda draw: encoded(Image.fromarray(noise(draw, 9, 9, 3), "YCbCr"), "TIFF"))


@case("float that is no number")
def _(path: Path, draw: random.Random) -> None:
    values = noise(draw, 9, 9, dtype=np.float32)
    values[draw.randrange(9), draw.randrange(9)] = draw.choice([np.nan, np.inf, -np.inf])
    path.unlink(missing_ok=True)
    path.write_bytes(encoded(Image.fromarray(values), "TIFF"))


@case("palette with a transparent colour")
def _(path: Path, draw: random.Random) -> None:
    palette = Image.fromarray(noise(draw, 9, 9, 3)).quantize(16)
    path.unlink(missing_ok=True)
    path.write_bytes(encoded(palette, "PNG", transparency=draw.randrange(16)))


def _animated(draw: random.Random, kind: str) -> bytes:
    frames = [Image.fromarray(noise(draw, 20, 20, 3)) for _ in range(9)]
    return encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=1)


put_bytes("animated GIF", lambda draw: _animated(draw, "GIF"))
put_bytes("animated WEBP", lambda draw: _animated(draw, "WEBP"))
put_bytes("animated PNG", lambda draw: _animated(draw, "PNG"))
put_bytes("many TIFFs", lambda draw: _animated(draw, "TIFF"))
put_bytes("many JPEGs", lambda draw: _animated(draw, "MPO"))

# ---- bombs

put_bytes("header of 30 000 squared", lambda draw: png(30_000, 30_000, 8, 2, zlib.compress(b"")))
put_bytes("header of 2^31", lambda draw: png(2**31 - 1, 2**31 - 1, 8, 2, zlib.compress(b"")))
put_bytes("5600 squared", lambda draw: png(5600, 5600, 8, 2, flat(5600 * (5600 * 3 + 1))))
put_bytes(
    "5600 squared with alpha", lambda draw: png(5600, 5600, 8, 6, flat(5600 * (5600 * 4 + 1)))
)
put_bytes(
    "5600 squared of 16 bits", lambda draw: png(5600, 5600, 16, 0, flat(5600 * (5600 * 2 + 1)))
)
put_bytes("7900 squared", lambda draw: png(7900, 7900, 8, 2, flat(7900 * (7900 * 3 + 1))))
put_bytes("7900 squared of bits", lambda draw: png(7900, 7900, 1, 0, flat(7900 * (988 + 1))))
put_bytes(
    "zTXt of 300 MB",
    lambda draw: png(9, 9, 8, 2, flat(9 * 28), chunk(b"zTXt", b"a\0\0" + flat(300_000_000))),
)
put_bytes(
    "iCCP of 300 MB",
    lambda draw: png(9, 9, 8, 2, flat(9 * 28), chunk(b"iCCP", b"a\0\0" + flat(300_000_000))),
)
put_bytes(
    "50 000 text chunks",
    lambda draw: png(
        9, 9, 8, 2, flat(9 * 28), *[chunk(b"tEXt", b"k%d\0v" % k) for k in range(50_000)]
    ),
)
put_bytes("pixels without end", lambda draw: png(9, 9, 8, 2, flat(300_000_000)))
put_bytes("JPEG of 7900 squared", lambda draw: encoded(Image.new("RGB", (7900, 7900)), "JPEG"))
put_bytes(
    "progressive of 7900 squared",
    lambda draw: encoded(Image.new("RGB", (7900, 7900)), "JPEG", progressive=True, subsampling=0),
)
put_bytes(
    "GIF that says 65535 squared",
    lambda draw: b"GIF89a" + b"\xff" * 4 + photograph(draw, "GIF")[10:],
)


def _wide_webp(draw: random.Random) -> bytes:
    """Frames of 20 pixels on a canvas that is called 16384 wide and high."""
    whole = _animated(draw, "WEBP")
    assert whole[12:16] == b"VP8X"
    return whole[:24] + b"\xff\x3f\x00" * 2 + whole[30:]


put_bytes("WEBP of 16384 squared", _wide_webp)


@case("JPEG of 3000 scans")
def _(path: Path, draw: random.Random) -> None:
    """A scan of a progressive picture, repeated: each costs a pass over all of it."""
    whole = encoded(Image.new("RGB", (4000, 4000)), "JPEG", progressive=True)
    last = whole.rindex(b"\xff\xda")
    scan = whole[last:-2]
    path.unlink(missing_ok=True)
    path.write_bytes(whole[:-2] + 3000 * scan + b"\xff\xd9")


@case("GIF of 20 000 frames")
def _(path: Path, draw: random.Random) -> None:
    whole = photograph(draw, "GIF", 16)
    first = whole.index(b"\x2c", 13 + 3 * 2 ** ((whole[10] & 7) + 1))
    path.unlink(missing_ok=True)
    path.write_bytes(whole[:-1] + 20_000 * whole[first:-1] + b";")


def _strips(draw: random.Random) -> bytes:
    data = zlib.compress(draw.randbytes(400))
    rows, place = draw.choice([0, 1, 20, 2**31, 2**32 - 1]), draw.choice([8, 0, 2**32 - 9])
    return tiff(data, 20, {273: place, 278: rows, 279: draw.choice([len(data), 0, 2**32 - 1])})


put_bytes("strips that lie", _strips)
put_bytes(
    "a strip that swells",
    lambda draw: tiff(flat(400_000_000), 20, {273: 8, 278: 20, 279: len(flat(400_000_000))}),
)


@case("tile of 17 600 squared in a picture of one")
def _(path: Path, draw: random.Random) -> None:
    data, side = flat(17_600 * 17_600), 17_600
    path.unlink(missing_ok=True)
    path.write_bytes(tiff(data, 1, {322: side, 323: side, 324: 8, 325: len(data)}))


@case("directories in a circle")
def _(path: Path, draw: random.Random) -> None:
    whole = bytearray(photograph(draw, "TIFF"))
    start = int.from_bytes(whole[4:8], "little")
    count = int.from_bytes(whole[start : start + 2], "little")
    whole[start + 2 + 12 * count :][:4] = b""
    whole[start + 2 + 12 * count : start + 6 + 12 * count] = start.to_bytes(4, "little")
    path.unlink(missing_ok=True)
    path.write_bytes(bytes(whole))


# ---- sizes

for _size in ((1, 1), (1, 20_000), (20_000, 1), (2, 3)):
    put_bytes(
        "{} x {}".format(*_size),
        lambda draw, size=_size: encoded(
            Image.new("RGB", size, (9, 9, 9)), draw.choice(["PNG", "JPEG", "BMP"])
        ),
    )
put_bytes("0 x 0 PNG", lambda draw: png(0, 0, 8, 2, zlib.compress(b"")))
put_bytes("0 x 9 PPM", lambda draw: b"P6 0 9 255\n")
put_bytes(
    "0 x 0 BMP",
    lambda draw: (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 0, 0, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
)
put_bytes(
    "negative BMP",
    lambda draw: (
        b"BM"
        + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, -9, -9, 1, 24, 0, 0, 0, 0, 0, 0)
        + bytes(300)
    ),
)
put_bytes(
    "huge BMP",
    lambda draw: (
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 2**30, 2**30, 1, 24, 0, 0, 0, 0, 0, 0)
    ),
)

# ---- EXIF

for _turn in range(1, 9):

    def _turned(draw: random.Random, turn: int = _turn) -> bytes:
        exif = Image.Exif()
        exif[0x0112] = turn
        return photograph(draw, exif=exif)

    put_bytes(f"EXIF rotation {_turn}", _turned)


def _bad_exif(draw: random.Random) -> bytes:
    raw = b"Exif\0\0" + draw.choice([b"II*\0", b"MM\0*", b"XX"]) + draw.randbytes(60)
    return photograph(draw, exif=raw)


put_bytes("EXIF of noise", _bad_exif)
put_bytes(
    "EXIF rotation 0",
    lambda draw: photograph(
        draw,
        exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
        + draw.randbytes(4)
        + bytes(4),
    ),
)
put_bytes(
    "EXIF rotation as text",
    lambda draw: photograph(
        draw, exif=b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0" + bytes(4)
    ),
)

# ---- what is no file


def put_special(name: str, make: Callable[[Path, random.Random], None]) -> None:
    def put(path: Path, draw: random.Random) -> None:
        path.unlink(missing_ok=True)
        make(path, draw)

    SPECIAL[name] = case(name)(put)


def outside(suffix: str) -> Path:
    """A file that lies in no data set."""
    return Path(f"/tmp/topsecret-{os.getpid()}{suffix}")


def _link_out(path: Path, draw: random.Random) -> None:
    """A link to what would do in its place, but for a word and a colour that tell it."""
    secret = outside(path.suffix)
    if path.suffix in (".png", ".jpg"):
        Image.new("RGB", (70, 70), SECRET).save(secret, "PNG")
    else:
        secret.write_text('{"file_name": "kind0/bird 0.png", "text": "topsecret"}\n')
    path.symlink_to(secret)


put_special("link to itself", lambda path, draw: path.symlink_to(path.name))
put_special("link out of the root", _link_out)
put_special("link to nothing", lambda path, draw: path.symlink_to("nothing"))
put_special("link to a device", lambda path, draw: path.symlink_to("/dev/zero"))
put_special("folder", lambda path, draw: path.mkdir())
put_special("pipe", lambda path, draw: os.mkfifo(path))
put_special("unreadable", lambda path, draw: (path.write_bytes(photograph(draw)), path.chmod(0))[1])
