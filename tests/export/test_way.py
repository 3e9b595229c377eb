"""What a card tells of a run that has sounds on one side, or on both."""

from __future__ import annotations

from pathlib import Path

import pytest
from recipes import make_recipe

from experiments.export import told, way
from experiments.export.card import card_of
from experiments.export.folder import _asked, _samples
from experiments.export.sheet import newest, sheets_of
from experiments.export.way import in_words, tags, uses, ways_of

S2I, I2S = {("sound",): "picture"}, {("picture",): "sound"}


def test_both_ways_in_words() -> None:
    assert in_words(S2I | I2S) == "sound to picture, picture to sound"
    assert tags(S2I | I2S) == ["sound-to-image", "image-to-sound"]
    assert [line.partition("(")[0] for line in uses(S2I)] == ["images = model.sample"]
    assert [line.partition("(")[0] for line in uses(I2S)] == ["sounds = model.sing"]
    assert len(uses(S2I | I2S)) == 2
    assert way.asked_by(I2S | S2I) == ["sample.picture=bird.png", "sample.sound=song.wav"]


def test_sheets_of_each_way() -> None:
    second = "picture-to-sound-images-0000000200.png"
    names = ["images-0000000100.png", second, "images-0000000200.png"]
    assert newest([*names, "attention-images-0000000300.png"]) == [names[2], second]
    assert newest([]) == []


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A classifier of songs, with the sheets and sounds of one that makes pictures and songs."""
    folder = make_recipe(tmp_path / "run", "song_classifier")
    (folder / "samples").mkdir()
    for name in (
        "images-0000000032.png",
        "picture-to-sound-images-0000000032.png",
        "picture-to-sound-images-0000000032-000003.wav",
        "picture-to-sound-images-0000000032-secret.wav",
        "sound-000003.wav",
        "picture-to-sound-images-0000000016-000003.wav",
        "other-images-0000000032.png",
    ):
        (folder / "samples" / name).touch()
    text = '{"captions": ["a _bird_"], "sounds": ["sound-000003.wav"]}'
    (folder / "samples" / "captions.json").write_text(text)
    return folder


def test_the_card_of_both_ways(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ways_of(run) == {}, "a classifier makes nothing"
    before = card_of(run)
    assert "It draws nothing." in before and "## What it was given of sounds" in before
    assert "| front-end | `LMS`: " in before
    assert " s; a shorter one is padded, a longer one cut |" in before
    monkeypatch.setattr(told, "ways_of", lambda folder: S2I | I2S)
    text = card_of(run)
    sheet = "picture-to-sound-images-0000000032"
    for part in (
        "![What it makes of records of the test split](samples/images-0000000032.png)",
        f"](samples/{sheet}.png)",
        f'<audio controls preload="none" src="samples/{sheet}-000003.wav">',
        "Real sounds of the records, from top to bottom:",
        '- a \\_bird\\_ <audio controls preload="none" src="samples/sound-000003.wav">',
        'model.sample(sound=["song.wav"], seed=0)',
        'model.sing(["bird.png"], seed=0)',
        "- sound-to-image\n- image-to-sound\n- gan",
        "do not take its pictures for photographs, nor its sounds for recordings.",
    ):
        assert part in text, part
    assert "pipeline_tag" not in text and "It reads" not in text and "secret" not in text


def test_an_export_takes_its_sounds_along(run: Path) -> None:
    names = [path.name for path in _samples(run, 32)]
    assert names == [
        *(path.name for path in sheets_of(run, 32)),
        *("captions.json", "sound-000003.wav"),
        "picture-to-sound-images-0000000032-000003.wav",
    ]
    assert "other-images-0000000032.png" not in names
    assert _asked(run) == []


def test_clips_in_words() -> None:
    ways = {("caption",): "clip", ("picture",): "clip", (): "clip"}
    assert in_words(ways) == "caption to clip, picture to clip, noise to clip"
    assert tags(ways) == ["text-to-video", "image-to-video", "unconditional-to-video"]
    assert [line.partition("#")[0].rstrip() for line in uses(ways)] == [
        'clips = model.sample(["a red bird lands"], seed=0)',
        'clips = model.sample(picture=["bird.png"], seed=0)',
        "clips = model.sample(count=4, seed=0)",
    ]
    assert way.asked_by(ways) == ["'text=...'", "sample.picture=bird.png", "num_samples=4"]
    both = {("picture", "caption"): "clip"}
    assert way.asked_by(both) == ["sample.picture=bird.png 'text=...'"]
