"""CMU Sphinx by pocketsphinx (BSD): the default, whose US English model comes in its package."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any, Literal

import numpy as np

from experiments.app.recogniser.base import RATE, NotHeard
from experiments.app.recogniser.captions import Captions
from experiments.app.recogniser.doubt import Part, doubt_of, parts_of, text_of
from experiments.app.recogniser.language import BEGIN, END, Language, language_of
from experiments.app.recogniser.pronunciation import pronounced
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import number_of
from experiments.terminal.package import installing

MODEL, DICTIONARY = "en-us", "cmudict-en-us.dict"
PADDING = 0.3  # seconds of near silence before and after
DITHER = 0.003  # of the loudest sample: 40 dB below speech
STRETCH = 160  # samples, 10 ms, in which no two differ: no microphone hears that
SHOWN = 8  # words that are named
LanguageModel = Literal["captions", "general"]


class Sphinx:
    """`language_model`: captions, a trigram model of the run's own; or general, that of the
    package, which knows all of English and makes several times as many mistakes."""

    def __init__(self, language_model: LanguageModel = "captions") -> None:
        if language_model not in ("captions", "general"):
            raise ValueError(f"language_model={language_model}: captions or general")
        self.language_model = language_model
        self._decoder: Any = None
        self._known: Language | None = None
        self._lock = threading.Lock()

    def check(self) -> None:
        """See `Recogniser.check`."""
        _pocketsphinx()

    def expect(self, captions: Captions) -> tuple[str, ...]:
        """See `Recogniser.expect`. Words that nobody knows how to say are told."""
        language = captions.language.lower().replace("_", "-").split("-")[0]
        if language != "en":
            raise UserError(
                f"app/recogniser=sphinx hears English, and the captions of this run are in "
                f"{captions.language}; use app/recogniser=vosk or whisper with a model of it"
            )
        sphinx = _pocketsphinx()
        place = Path(sphinx.get_model_path(MODEL))
        notes: list[str] = []
        if self.language_model == "captions":
            self._known = language_of(captions.texts, () if captions.texts else captions.words)
            self._decoder = _expecting(sphinx, place, self._known, notes)
            notes.append(
                f"speech: expects {captions.where} ({number_of(len(self._known.words), 'word')})"
            )
        else:
            self._decoder = sphinx.Decoder(samprate=RATE, loglevel="FATAL")
        return tuple(notes)

    def hear(self, samples: np.ndarray) -> str:
        """See `Recogniser.hear`."""
        assert self._decoder is not None, "expect() comes first"
        sound = prepared(samples)
        with self._lock:  # a decoder is of one sound at a time
            parts = _decoded(self._decoder, sound)
        if doubt := doubt_of(parts, None if self._known is None else self._unlikely):
            raise NotHeard(doubt)
        return text_of(parts)

    def _unlikely(self, words: list[str]) -> float:
        """Minus log10 of the mean probability of each word in a caption, and of the end."""
        assert self._known is not None
        scores = [
            self._known.score(word, (BEGIN, *words[:place]))
            for place, word in enumerate([*words, END])
        ]
        return -sum(scores) / len(scores)


def prepared(samples: np.ndarray) -> bytes:
    """float32 (N,) as 16-bit integers with a pause before and after. Faint noise goes over all of
    it where there is exact digital silence, as of synthesisers, which upsets how Sphinx normalises
    features; the same noise for the same sound."""
    silent = has_digital_silence(samples)
    padded = np.pad(samples.astype(np.float64), round(PADDING * RATE))
    if silent:
        noise = np.random.default_rng(0).normal(size=len(padded))
        padded += DITHER * np.abs(samples).max(initial=0.0) * noise
    return (padded.clip(-1, 1) * 32767).astype("<i2").tobytes()


def has_digital_silence(samples: np.ndarray) -> bool:
    """Whether somewhere no two samples of 10 ms differ."""
    whole = samples[: len(samples) // STRETCH * STRETCH].reshape(-1, STRETCH)
    return bool((np.ptp(whole, axis=1) == 0).any())


def _expecting(sphinx: Any, place: Path, language: Language, notes: list[str]) -> Any:
    """A decoder with a language model, and only its words."""
    ways = pronounced(language.words, place / DICTIONARY)
    if not ways.said:
        raise UserError(
            "app/recogniser=sphinx: knows no word of the captions of this run; use "
            "app/recogniser=vosk or whisper"
        )
    if ways.missing:
        more = ", ..." if len(ways.missing) > SHOWN else ""
        notes.append(
            f"speech: {len(ways.missing)} of {number_of(len(language.words), 'word')} of the "
            "captions are not "
            f"heard, as nobody says how they sound: {', '.join(ways.missing[:SHOWN])}{more}"
        )
    with tempfile.TemporaryDirectory(prefix="birdsong-speech-") as name:
        model, dictionary = Path(name, "captions.arpa"), Path(name, "captions.dict")
        model.write_text(language.arpa(), encoding="utf-8")
        dictionary.write_text(ways.dictionary(), encoding="utf-8")
        return sphinx.Decoder(lm=str(model), dict=str(dictionary), samprate=RATE, loglevel="FATAL")


def _decoded(decoder: Any, sound: bytes) -> list[Part]:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()
    return parts_of(decoder.seg() or ())


def _pocketsphinx() -> Any:
    try:
        import pocketsphinx
    except (ImportError, OSError) as error:
        raise UserError(
            f"app/recogniser=sphinx needs pocketsphinx ({reason_of(error)}); run "
            f"{installing('pocketsphinx')}"
        ) from None
    return pocketsphinx
