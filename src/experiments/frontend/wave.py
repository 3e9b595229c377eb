"""Sound in files: read within bounds, whoever wrote it, and written whole.

Needs the extra `speech` (soundfile with libsndfile in it, and soxr).
"""

from __future__ import annotations

import importlib
import math
import re
import stat
from pathlib import Path
from typing import IO, Any

import numpy as np

from experiments.file.whole import aside
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.package import installing

FORMATS = ("WAV", "WAVEX", "RF64", "FLAC", "OGG", "MP3", "MPEG", "AIFF")  # libsndfile's names
RATES = (1_000, 768_000)  # Hz
CHANNELS = 64
SILENT = 2.0**-15  # of full scale: what never leaves its mean by more is no sound
LOUDEST = 2.0**31  # a file of floats may be scaled as integers are
BLOCK = 1 << 18  # values that are decoded at once
MP3_FRAME = 2 * 1152  # samples
UNKNOWN = 0x7FFF0000  # bytes of a chunk
SHORTER = re.compile(r"^ ?(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
FEWER = re.compile(r"Calculated frame count (\d+) does not match value from 'ds64' chunk of (\d+)")


def read_wave(path: Path, rate: int, seconds: float = 60.0) -> np.ndarray:
    """The first `seconds` of a sound: (N,) float32, the mean of its channels, at `rate` Hz.

    What a file is, is told from its content, not its name. Raises `BadInput` for one that is no
    sound of a kind in `FORMATS`, that ends before its header says, or whose sound is none: without
    samples, silent, not finite. Memory is that of `seconds`, however long the file is.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe would keep whoever opens it waiting
            raise BadInput("sound is not a file")
        if not status.st_size:
            raise BadInput("sound file is empty")
        with path.open("rb") as file:
            samples, found = _decoded(file, seconds)
    except OSError as error:
        raise BadInput(f"sound cannot be read ({error.strerror})") from None
    return _checked(_resampled(samples, found, rate))


def as_wave(samples: Any, from_rate: int, to_rate: int) -> np.ndarray:
    """An array or tensor as `read_wave` gives a file: (N,) float32 at `to_rate` Hz.

    samples: (N,), (N, C) or (C, N), where the longer side is time; floats as they are, integers as
    parts of their full scale, uint8 around 128 as wav has them. Raises `BadInput` likewise.
    """
    values = np.asarray(samples)
    if values.dtype.kind not in "iuf":
        raise BadInput(f"sound of type {values.dtype}")
    if not RATES[0] <= from_rate <= RATES[1]:
        raise BadInput("sound has an impossible rate")
    if values.ndim == 2:
        values = values if values.shape[0] >= values.shape[1] else values.T
    elif values.ndim != 1:
        raise BadInput(f"sound has {values.ndim} dimensions")
    if values.size == 0:
        raise BadInput("sound has no samples")
    if values.ndim == 2 and values.shape[1] > CHANNELS:
        raise BadInput("sound has too many channels")
    if values.dtype.kind in "iu":
        full = 2.0 ** (8 * values.dtype.itemsize - 1)
        values = values / full - (1.0 if values.dtype.kind == "u" else 0.0)
    mono = values.astype(np.float64).mean(1) if values.ndim == 2 else values
    with np.errstate(over="ignore"):  # becomes infinite, and is refused
        return _checked(_resampled(mono.astype(np.float32), from_rate, to_rate))


def write_wave(path: Path, wave: np.ndarray, rate: int) -> Path:
    """(N,) in [-1, 1] as wav of 16 bits, or in the format that the name ends with; whole or not at
    all. A louder wave is scaled down to 1. Returns the path."""
    peak = float(np.abs(wave).max(initial=0.0))
    kind = path.suffix[1:].upper() or "WAV"
    with aside(path) as partial:
        _soundfile().write(str(partial), wave / max(peak, 1.0), rate, format=kind)
    return path


def _soundfile() -> Any:
    return _package("soundfile")


def _package(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except (ImportError, OSError) as error:  # OSError: without its library
        raise UserError(
            f"sound needs the package {name} ({error}); run {installing(name)}"
        ) from None


def _decoded(file: IO[bytes], seconds: float) -> tuple[np.ndarray, int]:
    """The first seconds as (N,) float32, and their rate."""
    soundfile = _soundfile()
    try:  # by its number: libsndfile then sees no name to go by, and reads without Python
        with soundfile.SoundFile(file.fileno(), closefd=False) as sound:
            if sound.format not in FORMATS:
                raise BadInput(f"sound is of a kind that is not read ({sound.format})")
            if not RATES[0] <= sound.samplerate <= RATES[1]:
                raise BadInput("sound has an impossible rate")
            if sound.channels > CHANNELS:
                raise BadInput("sound has too many channels")
            wanted = math.ceil(seconds * sound.samplerate)
            parts, got = [], 0
            while got < wanted:
                size = min(BLOCK // sound.channels, wanted - got)
                block = sound.read(size, dtype="float32", always_2d=True)
                if not len(block):
                    break
                parts.append(block.mean(1, dtype=np.float32))
                got += len(block)
            if not got:
                raise BadInput("sound has no samples")
            if _cut(sound, got, wanted):
                raise BadInput("sound ends before its header says")
            return np.concatenate(parts), sound.samplerate
    except soundfile.SoundFileError as error:
        raise BadInput(f"sound cannot be decoded ({_said(error)})") from None
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"sound cannot be decoded ({_said(error)})") from None


def _said(error: BaseException) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")


def _cut(sound: Any, got: int, wanted: int) -> bool:
    """Whether the file holds less than it says. libsndfile reads what there is, and tells in its
    log: of an Ogg stream without its last page, and of a chunk that is longer than the file, unless
    it is as long as can be, which is how a recorder writes that does not know the length yet."""
    slack = MP3_FRAME if sound.format in ("MP3", "MPEG") else 0  # their length may be rounded up
    if got < min(wanted, sound.frames) - slack or "lacks an end-of-stream bit" in sound.extra_info:
        return True
    chunks = ((int(said), int(found)) for said, found in SHORTER.findall(sound.extra_info))
    frames = ((int(said), int(found)) for found, said in FEWER.findall(sound.extra_info))
    return any(found + 1 < said < UNKNOWN for said, found in (*chunks, *frames))


def _resampled(samples: np.ndarray, found: int, rate: int) -> np.ndarray:
    if found == rate:
        return samples
    return _package("soxr").resample(samples, found, rate).astype(np.float32)


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
        raise BadInput("sound is silent")
    return wave
