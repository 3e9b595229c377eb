"""Vosk and Whisper: their models are nowhere to be had without a network, so what has their
interface (vosk 0.3.45, faster-whisper 1.2.1) stands in for them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.app.recogniser.base import RATE, NotHeard
from experiments.app.recogniser.captions import Captions
from experiments.app.recogniser.listener import Listener, check_recogniser, recogniser_of
from experiments.app.recogniser.vosk import Vosk
from experiments.app.recogniser.whisper import Whisper
from experiments.terminal.error import UserError

CAPTIONS = Captions(("a bird with a red head", "a grey bird"), (), "two captions")
SOUND = np.sin(np.arange(RATE) / 9).astype(np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("am", "model.bin", "tokenizer.json"):
        (tmp_path / name).touch()
    return tmp_path


def test_vosk_is_given_integers_and_its_words_are_put_right(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    class Recogniser:
        def __init__(self, model: str, rate: int) -> None:
            given.append((model, rate))

        def AcceptWaveform(self, data: bytes) -> None:
            given.append(np.frombuffer(data, "<i2"))

        def FinalResult(self) -> str:
            return json.dumps({"text": given.pop(0) and "a gray bird with a redhead"})

    module = ModuleType("vosk")
    module.SetLogLevel, module.Model = lambda level: None, str  # type: ignore[attr-defined]
    module.KaldiRecognizer = Recogniser  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vosk", module)
    heard = Listener(Vosk(str(folder)), CAPTIONS).hear(SOUND, RATE)
    assert heard.text == "a grey bird with a red head"
    assert heard.changed == (("gray", "grey"), ("redhead", "red head"))
    np.testing.assert_allclose(given[0] / 32767, SOUND, atol=1e-4)


def whisper(
    monkeypatch: pytest.MonkeyPatch, language: str = "en", silent: float = 0.1
) -> dict[str, Any]:
    asked: dict[str, Any] = {}

    class Model:
        model = SimpleNamespace(is_multilingual=True)

        def __init__(self, folder: str, **options: Any) -> None:
            asked.update(options)

        def detect_language(self, audio: np.ndarray) -> tuple[str, float, list[Any]]:
            return language, 0.9, []

        def transcribe(self, audio: np.ndarray, **options: Any) -> tuple[list[Any], None]:
            asked.update(options)
            said = SimpleNamespace(text=" A gray bird.", no_speech_prob=silent)
            return [said], None

    module = ModuleType("faster_whisper")
    module.WhisperModel = Model  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    return asked


def test_whisper_is_told_captions_and_fetches_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = whisper(monkeypatch)
    assert Listener(Whisper(str(folder)), CAPTIONS).hear(SOUND, RATE).text == "a grey bird"
    assert asked["local_files_only"] is True and asked["language"] == "en"
    assert asked["initial_prompt"] == "a bird with a red head. a grey bird"


def test_whisper_tells_another_language_and_what_is_no_speech(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whisper(monkeypatch, language="el")
    with pytest.raises(NotHeard, match=r"another language \(el\)"):
        Listener(Whisper(str(folder)), CAPTIONS).hear(SOUND, RATE)
    whisper(monkeypatch, silent=0.9)
    with pytest.raises(NotHeard, match="no words"):
        Listener(Whisper(str(folder)), CAPTIONS).hear(SOUND, RATE)


@pytest.mark.parametrize(
    ("name", "mark", "package"),
    [("vosk.Vosk", "am", "vosk"), ("whisper.Whisper", "model.bin", "faster-whisper")],
)
def test_what_is_missing_is_told_before_anything_loads(
    name: str, mark: str, package: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = {"_target_": f"experiments.app.recogniser.{name}"}
    with pytest.raises(UserError, match=r"needs the folder of a model: app\.recogniser\.folder="):
        check_recogniser(node)
    monkeypatch.setitem(sys.modules, package.replace("-", "_"), None)
    with pytest.raises(UserError, match=f"run pip install {package}"):
        recogniser_of(node | {"folder": str(folder)}).check()
    (folder / mark).unlink()
    with pytest.raises(UserError, match=f"it has no {mark}"):
        check_recogniser(node | {"folder": str(folder)})
