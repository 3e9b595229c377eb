"""A caption as sound: the text that an engine is handed, and which engine that is."""

from __future__ import annotations

import unicodedata
from types import ModuleType

import numpy as np

from experiments.data.voice import espeak, flite, piper
from experiments.file.name import shown
from experiments.terminal.error import BadInput, UserError, suggest

ENGINES: dict[str, ModuleType] = {"espeak": espeak, "flite": flite, "piper": piper}
LONGEST = 1000  # letters of a caption that is spoken: about a minute
# Controls, halves of pairs, and private letters: engines take some of them for commands.
SILENT = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")
LANGUAGE = "en-us"
WORDS_PER_MINUTE, PITCH = 175, 50  # what espeak does unasked
SLOWEST, FASTEST, HIGHEST = 80, 400, 99


def speak(
    voice: str,
    text: str,
    language: str = LANGUAGE,
    words_per_minute: int = WORDS_PER_MINUTE,
    pitch: int = PITCH,
) -> tuple[np.ndarray, int]:
    """The caption as float32 (samples,) within -1 and 1, and samples a second.

    The same arguments give the same bytes in every process, in whatever order captions are spoken.
    `words_per_minute` from 80 to 400; `pitch` from 0 to 99, 50 being the voice's own. Markup in the
    text is read out or passed over, never obeyed. Raises `BadInput` for a caption that cannot be
    spoken, `UserError` for a voice or a language that cannot speak at all (see `check`).
    """
    if not (SLOWEST <= words_per_minute <= FASTEST and 0 <= pitch <= HIGHEST):
        raise ValueError(f"{words_per_minute} words a minute at pitch {pitch}")
    engine, name = engine_of(voice)
    wave, rate = engine.speak(name, plain(text), language, words_per_minute, pitch)
    if not wave.size or not wave.any():
        raise BadInput(f"{voice} has no sound for the caption {shown(text)}")
    return wave, rate


def check(voice: str, language: str = LANGUAGE) -> None:
    """Raise `UserError`, before hours of work, where this voice cannot speak here: its engine is
    missing, or knows no such voice or language. A short word is spoken to find out."""
    engine, name = engine_of(voice)
    engine.check(name, language)
    try:
        speak(voice, "a bird 1", language)
    except BadInput as error:
        raise UserError(f"data.speech.voice={voice} language {language}: {error}") from None


def version_of(voice: str) -> str:
    """The engine with its version, and its data where they are packed apart: what is spoken stays
    the same as long as this does."""
    engine, name = engine_of(voice)
    version: str = engine.version(name)
    return version


def engine_of(voice: str) -> tuple[ModuleType, str]:
    """The engine of a voice, and the voice's name in it. Raises `UserError` for another family."""
    family, _, name = voice.partition("/")
    if family not in ENGINES or not name:
        raise unknown(voice)
    return ENGINES[family], name


def unknown(voice: str) -> UserError:
    """Of what is neither a voice nor a family of them."""
    family = voice.partition("/")[0]
    near = suggest(family, list(ENGINES)) if family not in ENGINES else ""
    return UserError(
        f"data.speech.voice={shown(voice)}: a voice is named by its engine and its own name, as "
        f"espeak/f3, flite/slt, piper/joe{near}"
    )


def plain(text: str) -> str:
    """The text as an engine may see it: one line, no controls. Raises `BadInput` for one that is
    too long, or has nothing to say."""
    if len(text) > LONGEST:
        raise BadInput(f"the caption has {len(text)} letters, more than {LONGEST} are not spoken")
    kept = "".join(" " if unicodedata.category(sign) in SILENT else sign for sign in text)
    if not any(sign.isalnum() for sign in kept):
        raise BadInput(f"the caption {shown(text)} has no letter to be spoken")
    return " ".join(kept.split())
