"""Vosk (Apache-2.0): a recogniser whose models are folders, of many languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from experiments.app.recogniser.base import RATE, NotHeard
from experiments.app.recogniser.captions import Captions
from experiments.terminal.error import UserError, reason_of

KEY = "app.recogniser.folder"
MARK = "am"  # what a folder of a model holds


class Vosk:
    """`folder`: of an unpacked model, as `vosk-model-small-en-us-0.15`; none is fetched."""

    def __init__(self, folder: str | None = None) -> None:
        self.folder = folder
        self._model: Any = None

    def check(self) -> None:
        """See `Recogniser.check`."""
        require_folder(self.folder, "vosk", "vosk-model-small-en-us-0.15", MARK)
        _vosk()

    def expect(self, captions: Captions) -> tuple[str, ...]:
        """See `Recogniser.expect`. The model's own language model stays as it is."""
        self.check()
        vosk = _vosk()
        vosk.SetLogLevel(-1)
        try:
            self._model = vosk.Model(str(self.folder))
        except Exception as error:  # it raises Exception itself
            raise UserError(
                f"{KEY}={self.folder}: Vosk cannot open it ({reason_of(error)}); fetch it again"
            ) from None
        return ()

    def hear(self, samples: np.ndarray) -> str:
        """See `Recogniser.hear`."""
        recogniser = _vosk().KaldiRecognizer(self._model, RATE)
        recogniser.AcceptWaveform((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
        text = str(json.loads(recogniser.FinalResult()).get("text", "")).strip()
        if not text:
            raise NotHeard("no words are heard; say a description, as 'a small red bird'")
        return text


def require_folder(folder: str | None, name: str, example: str, *marks: str) -> None:
    """Raise `UserError` where no model lies in the folder that an option names."""
    if not folder:
        raise UserError(
            f"{KEY}: app/recogniser={name} needs the folder of a model: {KEY}={example}"
        )
    for mark in marks:
        if not (Path(folder) / mark).exists():
            raise UserError(
                f"{KEY}={folder}: is not the folder of a model for {name} (it has no {mark})"
            )


def _vosk() -> Any:
    try:
        import vosk
    except ImportError as error:
        raise UserError(
            f"app/recogniser=vosk needs vosk ({reason_of(error)}); run pip install vosk"
        ) from None
    return vosk
