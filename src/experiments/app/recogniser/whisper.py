"""Whisper (Radford et al. 2022) by faster-whisper (MIT): large, and at home in many languages."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.app.recogniser.base import NotHeard
from experiments.app.recogniser.captions import Captions
from experiments.app.recogniser.vosk import KEY, require_folder
from experiments.terminal.error import UserError, reason_of

# What a converted model holds; without the second, faster-whisper would fetch one.
MARKS = ("model.bin", "tokenizer.json")
PROMPT = 3  # captions that it is shown, to write as they do
SPEECHLESS = 0.6  # of a stretch of sound, from which on it is no speech: Whisper's own choice
CERTAIN = 0.5  # that another language is spoken


class Whisper:
    """`folder`: of a model that was converted for CTranslate2, as `faster-whisper-base.en`; none is
    fetched. `compute`: in what numbers it computes."""

    def __init__(self, folder: str | None = None, compute: str = "int8") -> None:
        self.folder, self.compute = folder, compute
        self._model: Any = None
        self._language, self._prompt = "en", ""

    def check(self) -> None:
        """See `Recogniser.check`."""
        require_folder(self.folder, "whisper", "faster-whisper-base.en", *MARKS)
        _whisper()

    def expect(self, captions: Captions) -> tuple[str, ...]:
        """See `Recogniser.expect`. A few captions go before what it writes."""
        self.check()
        self._language = captions.language.lower().replace("_", "-").split("-")[0]
        self._prompt = ". ".join(captions.texts[:PROMPT])
        try:
            self._model = _whisper().WhisperModel(
                str(self.folder), device="cpu", compute_type=self.compute, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise UserError(
                f"{KEY}={self.folder}: Whisper cannot open it ({reason_of(error)}); fetch it again"
            ) from None
        return ()

    def hear(self, samples: np.ndarray) -> str:
        """See `Recogniser.hear`."""
        if self._model.model.is_multilingual:
            found, share, *_ = self._model.detect_language(samples)
            if found != self._language and share > CERTAIN:
                raise NotHeard(
                    f"this sounds like another language ({found}); the captions of this run are "
                    f"in {self._language}"
                )
        stretches, _ = self._model.transcribe(
            samples, language=self._language, initial_prompt=self._prompt or None, beam_size=5
        )
        said = [each.text for each in stretches if each.no_speech_prob < SPEECHLESS]
        text = " ".join(" ".join(said).split())
        if not text:
            raise NotHeard("no words are heard; say a description, as 'a small red bird'")
        return text


def _whisper() -> Any:
    try:
        import faster_whisper
    except ImportError as error:
        raise UserError(
            f"app/recogniser=whisper needs faster-whisper ({reason_of(error)}); run "
            "pip install faster-whisper"
        ) from None
    return faster_whisper
