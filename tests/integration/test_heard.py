"""A run that hears: N + M images equal N, stop, resume, M; and what it leaves to be heard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.frontend.wave import read_wave
from experiments.run import checkpoint
from tests.integration.test_resume import equal

pytest.importorskip("espeakng_loader")
pytest.importorskip("soundfile")

RECIPE = [
    "model=damsm_speech",
    "~metric",
    "trainer.sample_every=1000",
    "optim.embedding.decay_to_zero=null",
]


def state(outputs: Path) -> dict[str, Any]:
    name = "checkpoints/images-0000000016.safetensors"
    (path,) = outputs.glob(f"damsm_speech-plumage/*/{name}")
    return checkpoint.read(path)


def test_it_goes_on_bit_for_bit_and_can_be_heard(commands: Any, tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    commands.ok(*RECIPE, "trainer.images=16", outputs=whole)
    first = commands.ok(*RECIPE, "trainer.images=8", outputs=parted)
    assert "252 left out by data.speech.captions" in first.text
    assert first.text.count(" images at 64 px (") == 1, "its data are told once"
    assert "\nplumage: heard: 108 captions (" in first.text
    (run,) = parted.glob("damsm_speech-plumage/*")
    told = json.loads((run / "samples" / "captions.json").read_text())
    paths = [run / "samples" / name for name in told["sounds"]]
    before = [path.read_bytes() for path in paths]
    assert len(paths) == len(told["captions"]) == 2 and before[0] != before[1]
    assert all(read_wave(path, 22050).size > 22050 for path in paths)  # more than a second
    paths[0].unlink()
    again = commands.ok(*RECIPE, "trainer.images=16", outputs=parted)
    assert "from 8 images to 16 images" in again.text
    assert [path.read_bytes() for path in paths] == before, "spoken again by the same voice"
    assert equal(state(whole), state(parted))
    facts = json.loads((run / "facts.json").read_text())
    assert facts["reads"] == "speech" and facts["speech"]["heard"]["captions"] == 108
    assert not {*facts["speech"]["voices"]["train"]} & {*facts["speech"]["voices"]["test"]}
    (store,) = json.loads((run / "run.json").read_text())["stores"]
    assert store.startswith("speech-")
    card = (run / "card.md").read_text()
    assert "## What it hears" in card and "No person was recorded" in card
