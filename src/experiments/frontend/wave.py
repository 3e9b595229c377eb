"""Sound in files: read within bounds, whoever wrote it, and written whole.

Needs the extra `speech` (soundfile with libsndfile in it, and soxr).
"""

from __future__ import annotations

import importlib
import io
import math
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from experiments.file.whole import aside
from experiments.terminal.error import BadInput, UserError, reason_of
from experiments.terminal.package import installing

FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "MPEG", "AIFF")  # libsndfile's names
RATES = (1_000, 768_000)  # Hz
CHANNELS = 64
LONGEST = 1 << 30  # samples
SILENT = 2.0**-15  # of full scale: what never leaves its mean by more is no sound
LOUDEST = 2.0**31  # a file of floats may be scaled as integers are
BLOCK = 1 << 18  # values that are decoded at once
MP3_FRAME = 2 * 1152  # samples
UNKNOWN = 0x7FFF0000  # bytes of a chunk
SHORTER = re.compile(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
FEWER = re.compile(r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)")


class Silent(BadInput):
    """A sound in which there is nothing to hear."""


def read_wave(path: Path, rate: int, seconds: float = 60.0) -> np.ndarray:
    """The first `seconds` of a sound: (N,) float32, the mean of its channels, at `rate` Hz.

    What a file is, is told from its content, not its name. Raises `BadInput` for one that is no
    sound of a kind in `FORMATS`, that ends before its header says, or whose sound is none: without
    samples, silent, not finite. Memory is that of `seconds` at `rate`, however long the file is.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
            raise BadInput("sound is not a file")
        if not status.st_size:
            raise BadInput("sound file is empty")
        with path.open("rb") as file:
            return _checked(_decoded(file, rate, seconds))
    except OSError as error:
        raise BadInput(f"sound cannot be read ({error.strerror})") from None


def decode_wave(content: bytes, rate: int, seconds: float = 60.0) -> np.ndarray:
    """The same of a file's content, which is in memory and never on a disk."""
    if not content:
        raise BadInput("sound file is empty")
    return _checked(_decoded(io.BytesIO(content), rate, seconds))


def as_wave(samples: Any, from_rate: int, to_rate: int) -> np.ndarray:
    """An array or tensor as `read_wave` gives a file: (N,) float32 at `to_rate` Hz.

    samples: (N,), (N, C) or (C, N), where the longer side is time; floats as they are, integers as
    parts of their full scale, uint8 around 128 as wav has them. Raises `BadInput` likewise.
    """
    if hasattr(samples, "detach"):
        samples = samples.detach().cpu()
        samples = samples.float() if samples.is_floating_point() else samples
    try:
        values = np.asarray(samples)
    except ValueError:  # a list of lists of several lengths
        raise BadInput("sound is no array") from None
    if values.dtype.kind not in "iuf":
        raise BadInput(f"sound is of the type {values.dtype}")
    if values.ndim not in (1, 2):
        raise BadInput(f"sound has {values.ndim} dimensions")
    if values.size == 0:
        raise BadInput("sound has no samples")
    values = values.reshape(len(values), -1)
    values = values if values.shape[0] >= values.shape[1] else values.T
    _require_plausible(from_rate, values.shape[1])
    full = 2.0 ** (8 * values.dtype.itemsize - 1) if values.dtype.kind in "iu" else 1.0
    zero = 1.0 if values.dtype.kind == "u" else 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # not finite then, which is refused
        mono = (values.mean(1, dtype=np.float64) / full - zero).astype(np.float32)
    return _checked(mono if from_rate == to_rate else _soxr().resample(mono, from_rate, to_rate))


def write_wave(path: Path, wave: np.ndarray, rate: int) -> Path:
    """(N,) in [-1, 1] in the format that the name ends with, wav of 16 bits for one; whole or not
    at all. A louder wave is scaled down to 1. Returns the path."""
    content = encoded(wave, rate, path.suffix[1:].upper())
    with aside(path) as partial:
        partial.write_bytes(content)
    return path


def encoded(wave: np.ndarray, rate: int, kind: str = "WAV") -> bytes:
    """The same as the content of a file."""
    peak = float(np.abs(wave).max(initial=0.0))
    assert math.isfinite(peak)
    file = io.BytesIO()
    _soundfile().write(file, wave / max(peak, 1.0), rate, format=kind)
    return file.getvalue()


def with_texts(wav: bytes, title: str, comment: str, software: str) -> bytes:
    """The content of a WAV of 16 bits, mono, that also says what it is (RIFF INFO)."""
    soundfile = _soundfile()
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="int16")
    file = io.BytesIO()
    with soundfile.SoundFile(file, "w", rate, 1, format="WAV", subtype="PCM_16") as sound:
        sound.title, sound.comment, sound.software = title, comment, software
        sound.write(samples)
    return file.getvalue()


def check() -> None:
    """Raise `UserError` where a package that reads sound is missing."""
    _soundfile()
    _soxr()


def _soundfile() -> Any:
    return _package("soundfile")


def _soxr() -> Any:
    return _package("soxr")


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: its library cannot be loaded
        raise UserError(
            f"sound needs {name} ({reason_of(error)}); run {installing(name)}"
        ) from None


def _require_plausible(rate: int, channels: int) -> None:
    if not RATES[0] <= rate <= RATES[1]:
        raise BadInput("sound has an impossible rate")
    if channels > CHANNELS:
        raise BadInput("sound has too many channels")


def _decoded(file: IO[bytes], rate: int, seconds: float) -> np.ndarray:
    """The first seconds as (N,) float32 at this rate, block by block."""
    soundfile = _soundfile()
    # By its number: libsndfile then has no name to go by, and reads without Python.
    source = file if isinstance(file, io.BytesIO) else file.fileno()
    try:
        with soundfile.SoundFile(source, closefd=False) as sound:
            if sound.format not in FORMATS:
                raise BadInput(f"sound is of a kind that is not read ({sound.format})")
            _require_plausible(sound.samplerate, sound.channels)
            blocks = _mixed(sound, min(math.ceil(seconds * sound.samplerate), LONGEST))
            if sound.samplerate != rate:
                blocks = _resampled(blocks, sound.samplerate, rate)
            return np.concatenate([np.zeros(0, np.float32), *blocks])
    except soundfile.SoundFileError as error:
        said = str(getattr(error, "error_string", error)).removeprefix("Error : ").rstrip(". ")
        raise BadInput(f"sound cannot be decoded ({said})") from None


def _mixed(sound: Any, wanted: int) -> Iterator[np.ndarray]:
    """Blocks of the mean of all channels. Raises `BadInput` where they end too soon."""
    got = 0
    while got < wanted:
        block = sound.read(min(BLOCK // sound.channels, wanted - got), "float32", always_2d=True)
        if not len(block):
            break
        got += len(block)
        with np.errstate(over="ignore", invalid="ignore"):  # not finite then, which is refused
            yield block.mean(1, dtype=np.float32)
    slack = MP3_FRAME if sound.format in ("MP3", "MPEG") else 0  # they are as long as whole frames
    if got < min(wanted, sound.frames) - slack or _cut(sound.extra_info):
        raise BadInput("sound ends before its header says")


def _resampled(blocks: Iterator[np.ndarray], found: int, rate: int) -> Iterator[np.ndarray]:
    stream = _soxr().ResampleStream(found, rate, 1, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros(0, np.float32), last=True)


def _cut(log: str) -> bool:
    """Whether a file holds less than it says. libsndfile reads what there is, and tells in its log:
    of an Ogg stream without its last page, and of a chunk that is longer than the file, unless it
    is as long as can be, which is how a recorder writes that does not know the length yet."""
    chunks = [(int(said), int(found)) for said, found in SHORTER.findall(log)]
    chunks += [(int(said), int(found)) for found, said in FEWER.findall(log)]
    short = any(found + 1 < said < UNKNOWN for said, found in chunks)
    return short or "lacks an end-of-stream bit" in log


def _checked(wave: np.ndarray) -> np.ndarray:
    if not len(wave):
        raise BadInput("sound has no samples")
    low, high = float(wave.min()), float(wave.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise BadInput("sound is not finite")
    if max(-low, high) > LOUDEST:
        raise BadInput("sound is louder than any scale")
    mean = float(wave.mean(dtype=np.float64))
    if max(high - mean, mean - low) < SILENT:
        raise Silent("sound is silent")
    return wave
