"""espeak-ng through the library of the package espeakng-loader, by ctypes alone.

espeak's signals, once it has spoken, depend on all that it spoke before: the phase of its flutter,
its echo, its noise. So that a caption sounds the same in every process and order, the library is
opened anew for each, which costs a third of a millisecond, and its dice are seeded.
"""

from __future__ import annotations

import _ctypes
import contextlib
import ctypes
import importlib.metadata
import os
import re
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from experiments.file.bounded import read_bounded
from experiments.file.name import shown
from experiments.terminal.error import BadInput, UserError, suggest
from experiments.terminal.package import installing

SECONDS = 300  # of one caption, after which the engine is stopped
SEED = 1
SYNCHRONOUS, DONT_EXIT, UTF8 = 2, 0x8000, 1  # speak_lib.h; UTF8 alone: neither SSML nor phonemes
RATE, PITCH = 1, 3  # espeak_PARAMETER
# Their noise comes from the C library's dice, so they do not sound the same twice.
UNSTEADY = ("caleb", "Reed")
MUTE = ("fo", "kaa", "xex")  # languages that are described, without a dictionary
FILE = 2**16  # bytes of a description of a language at most
LANGUAGE = re.compile(r"^language\s+(\S+)(?:\s+(\d+))?", re.MULTILINE)

_lock = threading.Lock()


def _fresh_lock() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_fresh_lock)  # a thread of the parent may have held it


def speak(
    name: str, text: str, language: str, words_per_minute: int, pitch: int
) -> tuple[np.ndarray, int]:
    """See `experiments.data.voice.speak.speak`."""
    require(name)
    file = _file(language)
    with _lock, _engine() as (library, rate), open(file, "rb") as opened:
        heard = _Heard(SECONDS * rate)
        library.espeak_SetSynthCallback(heard.callback)
        # By the open file: espeak would look a name with capitals up in each of its 240 files.
        path = f"/proc/self/fd/{opened.fileno()}+{name}"
        if library.espeak_SetVoiceByFile(os.fsencode(path)):
            raise UserError(
                f"data.speech.language={language}: espeak has a description of it and yet cannot "
                "speak it; choose another"
            )
        library.espeak_SetParameter(RATE, words_per_minute, 0)
        library.espeak_SetParameter(PITCH, pitch, 0)
        library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        words = text.encode() + b"\0"
        library.espeak_Synth(words, ctypes.c_size_t(len(words)), 0, 0, 0, UTF8, None, None)
        library.espeak_Synchronize()
    return heard.wave(), rate


def check(name: str, language: str) -> None:
    """Raise `UserError` where espeak is missing, or knows no such variant or language."""
    require(name)
    _file(language)


def require(name: str) -> None:
    """Raise `UserError` for a name that no voice has."""
    if name in voices():
        return
    said = f"data.speech.voice={shown(f'espeak/{name}')}"
    if name in UNSTEADY:
        raise UserError(f"{said}: this variant does not sound the same twice; choose another")
    first = name.partition("+")[0].lower()
    if first in languages():
        raise UserError(
            f"{said}: the name of a voice is that of espeak's variant, as in espeak/f3; say the "
            f"language as data.speech.language={first}"
        )
    raise UserError(f"{said}: espeak has no such variant{suggest(name.lower(), list(voices()))}")


def version(name: str) -> str:
    """Of the engine, and of the package that brings it with its data."""
    return _version()


@cache
def _version() -> str:
    with _lock, _engine() as (library, _):
        library.espeak_Info.restype = ctypes.c_char_p
        engine = library.espeak_Info(None).decode(errors="replace").split()[0]
    return f"espeak-ng {engine}, espeakng-loader {importlib.metadata.version('espeakng-loader')}"


@cache
def voices() -> tuple[str, ...]:
    """Variants that sound the same each time, in the order of their names."""
    found = sorted(path.name for path in (_place()[1] / "voices/!v").iterdir())
    return tuple(name for name in found if name not in UNSTEADY)


@cache
def languages() -> dict[str, Path]:
    """What describes each language, by its code in small letters: `en-us`, `en-gb`, `fr`."""
    found: dict[str, tuple[int, Path]] = {}
    for path in sorted((_place()[1] / "lang").rglob("*")):
        if not path.is_file():
            continue
        told = read_bounded(path, FILE).decode(errors="replace")
        for code, rank in LANGUAGE.findall(told):
            new = (int(rank or 5), path)  # espeak's own default
            found[code.lower()] = min(new, found.get(code.lower(), new))
    return {code: path for code, (_, path) in sorted(found.items()) if code not in MUTE}


def _file(language: str) -> Path:
    known = languages()
    if language.lower() not in known:
        near = suggest(language.lower(), list(known))
        raise UserError(f"data.speech.language={shown(language)}: espeak does not speak it{near}")
    return known[language.lower()]


@cache
def _place() -> tuple[str, Path]:
    """The library, and the folder of its data."""
    try:
        import espeakng_loader
    except ImportError:
        raise UserError(
            f"voices of espeak need espeakng-loader; run {installing('espeakng-loader')}"
        ) from None
    return espeakng_loader.get_library_path(), Path(espeakng_loader.get_data_path())


@contextlib.contextmanager
def _engine() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library as if nothing had been spoken yet, and its samples a second."""
    path, data = _place()
    with contextlib.suppress(OSError):
        ctypes.CDLL(path, mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
        raise UserError(
            "espeak is in use by another part of this process, and would sound otherwise each "
            "time; speak in a process of its own"
        )
    try:
        library = ctypes.CDLL(path)
    except OSError as error:
        raise UserError(
            f"espeak's library cannot be opened ({error}); run {installing('espeakng-loader')}"
        ) from None
    try:
        rate = library.espeak_Initialize(SYNCHRONOUS, 0, os.fsencode(data), DONT_EXIT)
        if rate <= 0:
            raise UserError(
                f"{data}: espeak cannot read its data; run {installing('espeakng-loader')} again"
            )
        yield library, rate
    finally:
        library.espeak_Terminate()
        _ctypes.dlclose(library._handle)


class _Heard:
    """Collects what the engine says, as 16-bit integers, up to `most` samples."""

    def __init__(self, most: int) -> None:
        self.most, self.count, self.parts = most, 0, list[bytes]()
        self.error: BaseException | None = None
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )
        self.callback = kind(self._take)

    def _take(self, samples: object, count: int, events: object) -> int:
        """0 to go on, 1 to stop. An error, such as Ctrl-C, would be lost in the engine."""
        try:
            if samples and count > 0 and self.count <= self.most:
                self.parts.append(ctypes.string_at(samples, 2 * count))  # type: ignore[arg-type]
                self.count += count
        except BaseException as error:
            self.error = error
        return int(self.error is not None or self.count > self.most)

    def wave(self) -> np.ndarray:
        if self.error is not None:
            raise self.error
        if self.count > self.most:
            raise BadInput(f"the caption takes more than {SECONDS} seconds to say")
        return np.frombuffer(b"".join(self.parts), "<i2").astype(np.float32) / 32768
