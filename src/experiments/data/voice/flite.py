"""The command flite (Debian's package flite): five English voices, at 8 kHz (kal) or 16 kHz."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import wave
from functools import cache
from pathlib import Path

import numpy as np

from experiments.file.bounded import read_bounded
from experiments.file.name import shown
from experiments.terminal.error import BadInput, UserError, reason_of, suggest

VOICES = ("awb", "kal", "kal16", "rms", "slt")  # the others that `flite -lv` names tell the time
SECONDS = 60  # of patience with one caption, which takes a twentieth of a second
BYTES = 10 * 2**20  # of one caption: five minutes
WORDS = 157  # a minute, as espeak counts them, at flite's own tempo
OCTAVE = 50  # steps of pitch: 0 is an octave below the voice's own
VERSION = re.compile(r"flite-[\w.-]+")


def speak(
    name: str, text: str, language: str, words_per_minute: int, pitch: int
) -> tuple[np.ndarray, int]:
    """See `experiments.data.voice.speak.speak`."""
    check(name, language)
    with tempfile.TemporaryDirectory(prefix="flite-") as folder:
        said, sound = Path(folder, "caption.txt"), Path(folder, "caption.wav")
        said.write_text(text, encoding="utf-8")
        tempo = f"duration_stretch={WORDS / words_per_minute:.3f}"
        height = f"f0_shift={2 ** ((pitch - OCTAVE) / OCTAVE):.3f}"
        changed = ("--setf", tempo, "--setf", height)
        code, told = _run("-voice", name, *changed, "-f", str(said), "-o", str(sound))
        if code or not sound.is_file():
            raise BadInput(f"flite cannot speak the caption {shown(text)}: {told or code}")
        if sound.stat().st_size > BYTES:
            raise BadInput(f"the caption {shown(text)} takes flite more than five minutes to say")
        return _decoded(sound)


def check(name: str, language: str) -> None:
    """Raise `UserError` where flite is missing, or has no such voice or language."""
    require(name)
    if language.lower() not in ("en", "en-us"):
        raise UserError(
            f"data.speech.language={shown(language)}: flite speaks en-us alone; use a voice of "
            "espeak for others"
        )
    _program()


def require(name: str) -> None:
    """Raise `UserError` for a name that no voice has; flite itself would use another voice."""
    if name not in VOICES:
        said = f"data.speech.voice={shown(f'flite/{name}')}"
        raise UserError(f"{said}: flite has no such voice{suggest(name, list(VOICES))}")


def version(name: str) -> str:
    return _version()


def voices() -> tuple[str, ...]:
    return VOICES


@cache
def _version() -> str:
    found = VERSION.search(_run("--version")[1])
    return found[0] if found else "flite"


@cache
def _program() -> str:
    found = shutil.which("flite")
    if found is None:
        raise UserError(
            "voices of flite need the command flite; install it (Debian: apt install flite), or "
            "use data.speech.voice=espeak"
        )
    return found


def _run(*arguments: str) -> tuple[int, str]:
    """How flite ended, and the first of what it said."""
    try:
        done = subprocess.run(
            [_program(), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInput(f"flite was not done after {SECONDS} seconds") from None
    except OSError as error:
        raise UserError(f"{_program()}: cannot be run ({reason_of(error)})") from None
    return done.returncode, " ".join(done.stdout.decode(errors="replace").split())[:500]


def _decoded(path: Path) -> tuple[np.ndarray, int]:
    """What flite writes: one channel of 16-bit integers."""
    read_bounded(path, BYTES)
    try:
        with wave.open(str(path)) as file:
            if (file.getnchannels(), file.getsampwidth()) != (1, 2):
                raise BadInput("flite wrote a sound of an unknown kind")
            rate, data = file.getframerate(), file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise BadInput(f"flite wrote no sound ({reason_of(error)})") from None
    return np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768, rate
