"""Sounds that nobody should send: each a function that puts a file where a recording was.

`python -m tests.hostile.sounds` tries each, with other choices every time, and writes the table of
docs/reliability.md.
"""

from __future__ import annotations

import io
import random
import struct
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from experiments.data.images import path_inside
from experiments.frontend.log_mel import LogMel
from experiments.frontend.wave import read_wave
from tests.hostile import pictures
from tests.hostile.single import placed, tried
from tests.hostile.trial import Outcome

Put = Callable[[Path, random.Random], None]
CASES: dict[str, Put] = {}
KINDS = {  # name: format and subtype of libsndfile
    "wav": ("WAV", "PCM_16"),
    "wav of floats": ("WAV", "FLOAT"),
    "wav of IMA ADPCM": ("WAV", "IMA_ADPCM"),
    "wav of GSM": ("WAV", "GSM610"),
    "RF64": ("RF64", "PCM_16"),
    "AIFF": ("AIFF", "PCM_16"),
    "FLAC": ("FLAC", "PCM_16"),
    "Ogg Vorbis": ("OGG", "VORBIS"),
    "Ogg Opus": ("OGG", "OPUS"),
    "MP3": ("MP3", "MPEG_LAYER_III"),
    "W64": ("W64", "PCM_16"),
    "MAT5": ("MAT5", "PCM_16"),
    "CAF": ("CAF", "PCM_16"),
}
UNREAD = ("W64", "MAT5", "CAF")  # of those that libsndfile would read
RATE, SECONDS = 22050, 20.0
MOST = 2**32 - 1  # bytes that a chunk can say it has


def case(name: str, make: Callable[[random.Random], bytes]) -> None:
    def put(path: Path, draw: random.Random) -> None:
        path.unlink(missing_ok=True)
        path.write_bytes(make(draw))

    assert name not in CASES, name
    CASES[name] = put


def encoded(
    draw: random.Random,
    kind: str = "wav",
    rate: int = 16000,
    channels: int = 1,
    seconds: float = 0.3,
) -> bytes:
    import soundfile

    form, subtype = KINDS[kind]
    samples = np.random.default_rng(draw.randrange(2**32)).normal(
        0, 0.1, (int(rate * seconds), channels)
    )
    file = io.BytesIO()
    soundfile.write(file, samples, rate, format=form, subtype=subtype)
    return file.getvalue()


def wav(
    samples: bytes,
    rate: int = 16000,
    channels: int = 1,
    bits: int = 16,
    tag: int = 1,
    size: int | None = None,
    before: bytes = b"",
    align: int | None = None,
) -> bytes:
    """A wav that may say anything of itself."""
    block = channels * bits // 8 if align is None else align
    form = struct.pack("<HHIIHH", tag, channels, rate, rate * block % 2**32, block % 2**16, bits)
    said = len(samples) if size is None else size
    chunks = before + b"fmt \x10\0\0\0" + form + b"data" + struct.pack("<I", said) + samples
    return b"RIFF" + struct.pack("<I", min(len(chunks) + 4, MOST)) + b"WAVE" + chunks


def noise(draw: random.Random, count: int = 4000) -> bytes:
    return draw.randbytes(2 * count)


# ---- broken and misnamed

for _kind in KINDS:

    def _truncated(draw: random.Random, kind: str = _kind) -> bytes:
        whole = encoded(draw, kind)
        return whole[: draw.randrange(1, len(whole))]

    def _flipped(draw: random.Random, kind: str = _kind) -> bytes:
        whole = bytearray(encoded(draw, kind))
        for _ in range(draw.randrange(1, 9)):
            whole[draw.randrange(len(whole))] ^= 1 << draw.randrange(8)
        return bytes(whole)

    def _broken_head(draw: random.Random, kind: str = _kind) -> bytes:
        whole = bytearray(encoded(draw, kind))
        for _ in range(draw.randrange(1, 9)):
            whole[draw.randrange(min(80, len(whole)))] = draw.randrange(256)
        return bytes(whole)

    case(f"{_kind}: under any name", lambda draw, kind=_kind: encoded(draw, kind))
    case(f"{_kind}: truncated", _truncated)
    case(f"{_kind}: flipped bits", _flipped)
    case(f"{_kind}: broken head", _broken_head)

case("no sound: zero bytes", lambda draw: b"")
case("no sound: a page", lambda draw: b"<html><body>404 not found</body></html>")
case("no sound: a picture", lambda draw: pictures.photograph(draw))
case("no sound: a program", lambda draw: b"\x7fELF\x02\x01\x01" + draw.randbytes(400))
case("no sound: words", lambda draw: "a bird with a red crown\n".encode("utf-16"))
case("no sound: noise", lambda draw: draw.randbytes(draw.randrange(1, 5000)))
case("no sound: MIDI", lambda draw: b"MThd\0\0\0\x06\0\0\0\x01\0\x60MTrk\0\0\0\x04\0\xff\x2f\0")
case("no sound: a pickle", lambda draw: b"\x80\x04cos\nsystem\n(S'touch x'\ntR.")

# ---- what a header says

for _rate in (0, 1, 999, 8000, 192_000, 768_001, 2**31 - 1, 2**32 - 1):
    case(f"header: {_rate} Hz", lambda draw, rate=_rate: wav(noise(draw), rate))
for _channels in (0, 8, 64, 65, 1024, 65_535):
    case(
        f"header: {_channels} channels",
        lambda draw, channels=_channels: wav(noise(draw, 8192), channels=channels),
    )
for _bits in (0, 1, 7, 33, 65_535):
    case(f"header: {_bits} bits", lambda draw, bits=_bits: wav(noise(draw), bits=bits))
for _size in (0, 1, 10**6, 2**31 - 1, 2**32 - 1):
    case(f"header: {_size} bytes of samples", lambda draw, size=_size: wav(noise(draw), size=size))
case("header: blocks of nothing", lambda draw: wav(noise(draw), align=0))
case("header: any kind of samples", lambda draw: wav(noise(draw), tag=draw.randrange(2**16)))
case("header: none", lambda draw: b"RIFF\xff\xff\xff\xffWAVEdata" + b"\x40\0\0\0" + noise(draw, 32))
case("header: a chunk of 4 GB", lambda draw: wav(noise(draw), before=b"LIST" + b"\xff" * 4))
case("header: 200 000 chunks", lambda draw: wav(noise(draw), before=b"junk\0\0\0\0" * 200_000))
case(
    "header: a kilobyte of cues",
    lambda draw: wav(noise(draw), before=b"cue \x04\0\0\0" + b"\xff" * 4),
)


def _flac(draw: random.Random) -> bytes:
    """Of 2^36 - 1 samples, by its header, and of any rate."""
    whole = bytearray(encoded(draw, "FLAC"))
    whole[21] |= 0x0F
    whole[22:26] = b"\xff" * 4
    if draw.random() < 0.5:
        whole[18:20] = draw.randbytes(2)
    return bytes(whole)


case("header: FLAC of 2^36 samples", _flac)
case(
    "header: ID3 of 256 MB",
    lambda draw: b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + encoded(draw, "MP3"),
)
case("header: Ogg in a hundred parts", lambda draw: encoded(draw, "Ogg Vorbis", seconds=0.05) * 100)
case("header: Ogg of one page", lambda draw: encoded(draw, "Ogg Vorbis")[:58])


def _opus(draw: random.Random) -> bytes:
    whole = bytearray(encoded(draw, "Ogg Opus", 48000))
    place = whole.index(b"OpusHead") + 9
    whole[place : place + 10] = draw.randbytes(10)
    return bytes(whole)


case("header: Opus of anything", _opus)

# ---- what the samples are

for _value in ("nan", "inf", "-inf", "1e38", "1e12", "1e-40"):

    def _float(draw: random.Random, value: float = float(_value)) -> bytes:
        samples = np.random.default_rng(draw.randrange(2**32)).normal(0, 0.1, 4000)
        samples[draw.randrange(4000)] = value
        return wav(samples.astype("<f4").tobytes(), bits=32, tag=3)

    case(f"samples: {_value}", _float)
case("samples: all of them nan", lambda draw: wav(b"\xff" * 4000, bits=32, tag=3))
case("samples: none", lambda draw: wav(b""))
case("samples: one", lambda draw: wav(b"\x12\x34"))
case("samples: half of one", lambda draw: wav(b"\x12"))
case("samples: silence", lambda draw: wav(bytes(8000)))
case("samples: a constant", lambda draw: wav(b"\x12\x34" * 4000))
for _rate in (8000, 44100, 192_000):
    for _channels in (1, 2, 8):
        case(
            f"samples: {_channels} channels at {_rate} Hz",
            lambda draw, rate=_rate, channels=_channels: encoded(draw, "wav", rate, channels),
        )


def _hour(path: Path, draw: random.Random) -> None:
    """Of silence, in two channels of 48 kHz: 691 MB that take no room on the disk."""
    size = 3600 * 48_000 * 4
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        file.write(wav(noise(draw) if draw.random() < 0.5 else b"", 48_000, 2, size=size))
        file.truncate(44 + size)


CASES["samples: an hour of silence"] = _hour


def _hour_of_flac(draw: random.Random) -> bytes:
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, np.zeros(3600 * 8000, np.int16), 8000, format="FLAC")
    return file.getvalue()


case("samples: an hour of silence in a megabyte", _hour_of_flac)

for _name, _put in pictures.SPECIAL.items():
    CASES[f"no file: {_name}"] = _put


def heard(folder: Path, name: str) -> dict[str, Any]:
    """As a run reads it: from below the root, within bounds, to frames."""
    wave = read_wave(path_inside(folder, name), RATE, SECONDS)
    assert wave.dtype == np.float32 and wave.ndim == 1 and 0 < len(wave) <= RATE * SECONDS + 1
    assert np.isfinite(wave).all()
    front_end = LogMel(RATE, 551, 220, 40)
    frames, lengths = front_end(torch.from_numpy(wave)[None], torch.tensor([len(wave)]))
    frames = front_end.normalise(frames.half(), lengths)
    assert frames.isfinite().all() and len(frames[0]) == int(lengths)
    return {"frames": int(lengths)}


def run(name: str, folder: Path, seed: int) -> Outcome:
    """Put the case in the place of a recording and read it."""
    path = folder / "sound.wav"
    draw = random.Random(f"{name} {seed}")
    return placed(path, CASES[name], draw, lambda: heard(folder, path.name))


def main(arguments: Sequence[str] | None = None) -> int:
    """0 where no case failed."""
    return tried("sound", "read to frames", CASES, run, 10, arguments)


if __name__ == "__main__":
    sys.exit(main())
