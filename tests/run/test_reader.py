"""A run that listens has the recordings of its data; all others have the data as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.data.reader.stamps import Stamps
from experiments.run.identity import identity
from experiments.run.reader import check_data, listens, reader_of
from experiments.terminal.error import UserError

READER = "experiments.data.reader.stamps.Stamps"
HEARS = {"encoder": {"text": {"frontend": {"_target_": "experiments.frontend.log_mel.LogMel"}}}}
READS = {"encoder": {"text": {"_target_": "experiments.encoder.text.lstm.BiLSTM"}}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, content in (
        ("birds/owl.png", b"png"),
        ("birds/owl.txt", b"An owl.\nfr.utf8=Un hibou.\nde.utf8=Eine Eule.\n"),
        ("birds/owl_desc_fr.ogg", b"ogg"),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def config(root: Path, system: dict[str, Any], voice: str, language: str = "fr") -> dict[str, Any]:
    reader = {"_target_": READER, "root": str(root), "language": language}
    return {"system": system, "data": {"reader": reader, "speech": {"voice": voice}}}


@pytest.mark.parametrize(
    ("system", "voice", "language", "recordings"),
    [
        (HEARS, "auto", "fr", True),
        (HEARS, "recordings", "fr", True),
        (HEARS, "espeak", "fr", False),  # whose captions are spoken
        (HEARS, "auto", "de", False),  # which nobody recorded
        (READS, "auto", "fr", False),
    ],
)
def test_recordings_belong_to_the_data_of_a_run_that_listens(
    root: Path, system: dict[str, Any], voice: str, language: str, recordings: bool
) -> None:
    made = config(root, system, voice, language)
    reader = reader_of(made)
    assert listens(made) == (system is HEARS)
    assert isinstance(reader, Stamps) and reader.recordings == recordings
    reads = Stamps(str(root), language=language).fingerprint()
    assert (reader.fingerprint() != reads) == recordings


def test_data_that_are_not_there_are_told_by_who_asks_for_them(tmp_path: Path) -> None:
    assert reader_of(config(tmp_path / "none", HEARS, "auto")).name == "stamps"


def test_english_is_no_part_of_an_id(root: Path) -> None:
    """Ids of runs from before there were other languages stay; captions in another are others."""
    before = config(root, READS, "auto")
    del before["data"]["reader"]["language"]
    assert identity(config(root, READS, "auto", "en"), {}) == identity(before, {})
    assert identity(config(root, READS, "auto", "fr"), {}) != identity(before, {})


@pytest.mark.parametrize(
    ("voice", "unheard", "language", "reason"),
    [
        ("recordings", True, "de", "has no recordings of its captions; data.speech.voice=espeak"),
        ("espeek", True, "fr", "data.speech.voice='espeek': a voice .*; did you mean espeak"),
        ("espeak/f3", True, "fr", "one speaker cannot be heard and unheard"),
        (["espeak"], True, "xx", "data.speech.language='xx': espeak does not speak it"),
    ],
)
def test_a_voice_that_cannot_speak_is_told_before_data_are_read(
    root: Path, voice: Any, unheard: bool, language: str, reason: str
) -> None:
    made = config(root, HEARS, voice, "de" if voice == "recordings" else "fr")
    made["data"]["speech"] |= {"unheard": unheard, "language": language}
    with pytest.raises(UserError, match=reason):
        check_data(made)
    check_data(made | {"system": READS})  # which knows nothing of voices
