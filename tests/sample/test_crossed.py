"""What a command may ask of a run that makes pictures of sounds, or sounds of pictures."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from experiments.config.option import Sample
from experiments.frontend.wave import write_wave
from experiments.sample.request import Drawing, drawing_of
from experiments.terminal.error import UserError

pytest.importorskip("soundfile")  # the extra `speech`
SOUND, PICTURE = [["sound"], "picture"], [["picture"], "sound"]


def make_run(folder: Path, *ways: Any) -> Path:
    """What a command reads of a run that makes these."""
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "images-0000000008.safetensors").touch()
    excerpt = {"_target_": "experiments.frontend.excerpt.Excerpt", "seconds": 1.5, "kept": None}
    system = {"_target_": "experiments.system.cmcgan.CMCGAN", "excerpt": excerpt}
    (folder / "config.yaml").write_text(yaml.safe_dump({"system": system, "data": {}}))
    about = {"id": "0", "choices": {"model": "cmcgan"}, "overrides": []}
    (folder / "run.json").write_text(json.dumps(about))
    facts = {"words": [], "reads": "words", "data": "x", "makes": list(ways)}
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run", SOUND, PICTURE)


@pytest.fixture
def song(tmp_path: Path) -> Path:
    time = np.arange(32000) / 16000
    wave = 0.5 * np.sin(2 * np.pi * 300 * time).astype(np.float32)
    return write_wave(tmp_path / "song.wav", wave, 16000)


@pytest.fixture
def bird(tmp_path: Path) -> Path:
    Image.new("RGB", (32, 24), "red").save(tmp_path / "bird.png")
    return tmp_path / "bird.png"


def ask(run: Path, text: Any = None, **options: Any) -> Drawing:
    config = {"task": "sample", "run": str(run), "text": text, "seed": 3, "num_samples": 2}
    given = {key: str(v) if isinstance(v, Path) else v for key, v in options.items()}
    return drawing_of(config | {"sample": asdict(Sample()) | given})


def refused(run: Path, text: Any = None, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(run, text, **options)
    (line,) = str(caught.value).splitlines()
    return line


def test_sounds_and_pictures_are_given_as_files(run: Path, song: Path, bird: Path) -> None:
    heard = ask(run, sound=song)
    assert (heard.way, heard.captions, heard.seeds) == ("sound", ["song.wav"], [3, 4])
    assert heard.notes == ["recordings of which only the first 1.5 s are heard: 1"]
    seen = ask(run, picture=[str(bird), str(bird)])
    assert (seen.way, seen.captions) == ("picture", ["bird.png"])
    assert seen.asked[0].given == bird and seen.kind == "pictures"
    folder = ask(run, sound=song.parent)
    assert folder.captions == ["song.wav"], "and what is no sound is passed over"


def test_what_a_run_cannot_be_asked_is_told_in_a_line(
    run: Path, song: Path, bird: Path, tmp_path: Path
) -> None:
    both = "sample.sound=song.wav or sample.picture=bird.png"
    told = f"run={run}"
    assert refused(run) == f"sample.sound: {told} has to be given something; {both}"
    one = f"sample.sound: {told} is asked for one thing at a time; {both}"
    assert refused(run, sound=song, picture=bird) == one
    assert refused(run, "a red bird") == f"text: {told} reads no captions; give it {both}"
    assert refused(run, sound=song, voice="espeak") == (
        f"sample.voice: not for {told}; give it {both} alone"
    )
    assert "there is no such file" in refused(run, sound=tmp_path / "songs.wav")
    assert "there is no such file" in refused(run, picture=tmp_path / "none.png")
    assert "is a folder; name the pictures in it" in refused(run, picture=tmp_path)
    assert "give a photograph or drawing" in refused(run, picture=song)
    assert "sound cannot be decoded" in refused(run, sound=bird)


def test_a_way_that_a_run_does_not_have_names_the_other(
    tmp_path: Path, song: Path, bird: Path
) -> None:
    sings, draws = (make_run(tmp_path / n, way) for n, way in (("s", PICTURE), ("d", SOUND)))
    assert refused(sings, sound=song) == (
        f"sample.sound: run={sings} makes nothing of a sound; give it sample.picture=bird.png"
    )
    assert refused(draws, picture=bird) == (
        f"sample.picture: run={draws} makes nothing of a picture; give it sample.sound=song.wav"
    )
