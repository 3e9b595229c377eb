"""A model that listens: what its pictures depend on, and what task=sample leaves of recordings."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.data.store.dataset import Dataset
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.sed import SED
from experiments.frontend.log_mel import LogMel
from experiments.frontend.wave import read_wave, write_wave
from experiments.sample.asked import Asked
from experiments.sample.between import draw_between
from experiments.sample.caption import draw_captions
from experiments.sample.command import long_enough
from experiments.sample.model import Model
from experiments.sample.request import Drawing
from experiments.terminal.error import UserError
from tests.conftest import tiny_attngan

soundfile = pytest.importorskip("soundfile")  # the extra `speech`
RATE, DIM, SECONDS = 8000, 8, 2.0
ABOUT = '{"id": "34f6266e81", "choices": {}, "overrides": []}'
OPTIONS = {"stages": False, "attention": True, "between": None}


def listening(birds: Dataset, mask_padding: bool = True) -> Model:
    """A model of random weights that attends to at most six stretches of sound."""
    system = tiny_attngan(birds)
    torch.manual_seed(0)
    mel = LogMel(RATE, 256, 80, 12)
    text = SED(mel, dim=DIM, channels=(6, 6), attention=4, places=6, mask_padding=mask_padding)
    encoder = DAMSM(text, CNN((4, 8), (2, 2), global_width=6), dim=DIM)
    heard = type(system)(
        encoder,
        system.generator,
        system.discriminator,
        system.adversarial,
        system.kl,
        system.damsm,
        mismatch="roll",
        wrong="caption",
    )
    return Model(heard.eval(), {}, {"data": {"speech": {"seconds": SECONDS}}}, 0)


@pytest.fixture
def model(birds: Dataset) -> Model:
    return listening(birds)


def sound(seed: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    """Steps of tones, as a melody."""
    tones = np.random.default_rng(seed).uniform(100, 1500, 8).repeat(int(rate * seconds / 8))
    return (0.5 * np.sin(2 * np.pi * np.cumsum(tones) / rate)).astype(np.float32)


def record(path: Path, *args: Any) -> Asked:
    write_wave(path, sound(*args), RATE)
    return Asked(path.name, path, f"{args}")


def drawing(folder: Path, asked: list[Asked], count: int = 2, **options: Any) -> Drawing:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(ABOUT)
    return Drawing(folder, asked, list(range(count)), OPTIONS | options, [])


def pixels(image: Any) -> np.ndarray:
    return np.asarray(image).astype(int)


def test_a_picture_is_one_of_its_recording_and_seed(birds: Dataset, model: Model) -> None:
    """Not of others that it is asked for with, longer or shorter; the released attention, which
    looks at their padding, hears each alone."""
    given = [(sound(seed, seconds), RATE) for seed, seconds in ((1, 0.5), (2, 1.0), (3, 2.0))]
    for asked in (model, listening(birds, mask_padding=False)):
        together = asked.sample(speech=given, seed=4)
        for row, one in enumerate(given):
            (alone,) = asked.sample(speech=[one], seed=4 + row)
            assert np.abs(pixels(alone) - pixels(together[row])).max() <= 1
            assert np.array_equal(pixels(asked.sample(speech=[one], seed=4 + row)[0]), alone)
        assert (pixels(together[0]) != pixels(asked.sample(speech=[given[1]], seed=4)[0])).any()


def test_a_file_is_heard_as_its_samples_are(model: Model, tmp_path: Path) -> None:
    """Of any rate, and in stereo; of a long one the beginning."""
    wave = sound(1, 1.0, 16000)
    soundfile.write(tmp_path / "a.flac", np.stack([wave, wave], 1), 16000)
    (one,) = model.sample(speech=[str(tmp_path / "a.flac")])
    (other,) = model.sample(speech=[(np.stack([wave, wave]), 16000)])
    assert np.abs(pixels(one) - pixels(other)).max() <= 2  # it is stored in 16 bits
    long = sound(2, 3.0)
    heard = [model.sample(speech=[(part, RATE)])[0] for part in (long, long[: int(RATE * SECONDS)])]
    assert np.array_equal(*map(pixels, heard))


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (
            {"captions": ["a red bird"]},
            "caption: this run makes a picture of speech, as sample(spe",
        ),
        ({"speech": "a.wav"}, "speech: give a list, as ['a.wav']"),
        ({"speech": []}, "speech: none was given; name a file"),
        ({"speech": ["no.wav"]}, "no.wav: sound cannot be read (No such file or directory); give"),
        ({"speech": [np.ones(9)]}, "speech: ndarray is neither a file nor samples with their rate"),
        ({"speech": [(np.ones(9), "x")]}, "a recording: invalid literal for int()"),
        ({"speech": [(np.ones(9), 0)]}, "a recording: sound has an impossible rate; give"),
        ({"speech": [(np.zeros(9000), RATE)]}, "a recording: sound is silent; give"),
        ({"speech": [(np.full(9000, np.nan), RATE)]}, "a recording: sound is not finite; give"),
        ({"speech": [(sound(1, 0.05), RATE)]}, "a recording: is too short ("),
    ],
)
def test_what_cannot_be_heard(model: Model, asked: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as caught:
        model.sample(**asked)
    assert str(caught.value).startswith(line) and "\n" not in str(caught.value)


def test_files_of_recordings(model: Model, tmp_path: Path) -> None:
    """Nothing of the recording is copied; what a voice said is kept."""
    said = Asked("a red bird", voice="espeak/f3", language="en-us")
    asked = [record(tmp_path / "red bird.wav", 1), record(tmp_path / "b.wav", 2)]
    pytest.importorskip("espeakng_loader")
    written = draw_captions(model, drawing(tmp_path, [*asked, said]))
    names = {"seed-0.png", "seed-1.png", "sheet.png", "attention.png"}
    for one in asked:
        folder = tmp_path / "drawn" / one.slug
        assert {path.name for path in folder.iterdir()} == names
        (expected,) = model.sample(speech=[one.recording], seed=1)
        with Image.open(folder / "seed-1.png") as found:
            assert np.abs(pixels(found) - pixels(expected)).max() <= 1
    folder = tmp_path / "drawn" / said.slug
    assert {path.name for path in folder.iterdir()} == names | {"speech.wav"}
    assert folder / "speech.wav" in written and len(written) == 3 * 4 + 2
    wave, rate = said.given
    assert np.abs(read_wave(folder / "speech.wav", rate) - wave).max() < 1e-4


def test_attention_over_a_recording(model: Model, tmp_path: Path) -> None:
    """Six stretches, evenly over what is heard; what is said is known where a voice says it."""
    looks = model.captions.attended_in((sound(1, 1.2), RATE), "a bird")
    assert looks.steps == ["0.10 s", "0.30 s", "0.50 s", "0.71 s", "0.91 s", "1.11 s"]
    assert looks.picture is not None and looks.picture.shape == (12, 121)  # a frame each 10 ms
    assert looks.caption == "a bird"
    one = record(tmp_path / "a.wav", 1)
    draw_captions(model, drawing(tmp_path, [one], 1))
    with Image.open(tmp_path / "drawn" / one.slug / "attention.png") as sheet:
        cells = 7 * 160
        assert cells < sheet.width < cells + 7 * 40 and sheet.height > 160 + 120


def test_attention_among_the_samples_of_a_training(model: Model) -> None:
    """The first caption of a record, with its words where the data have them."""
    view, frames = copy.copy(model.captions), np.ones((121, 12), np.float16)
    start, read = np.array([0, 2]), lambda rows: (frames[None], np.array([121]))
    for words, known in (("a red bird", "a red bird"), ("", None)):
        there: Any = SimpleNamespace(caption_start=start, read=read, captions=[[words, "more"]])
        view.split = there
        looks = view.attended(0)
        assert looks.steps[0] == "0.10 s" and len(looks.steps) == 6 and looks.caption == known
        assert looks.picture is not None and looks.picture.shape == (12, 121)


def test_the_way_from_one_recording_to_the_next(model: Model, tmp_path: Path) -> None:
    asked = [record(tmp_path / "a.wav", 1), record(tmp_path / "b.wav", 2, 1.5)]
    more = {"between": "sentence", "interpolation": "linear", "steps": 3}
    draw_between(model, drawing(tmp_path, asked, 1, **more))
    (folder,) = (tmp_path / "drawn").iterdir()
    assert folder.name.startswith("sentence-a-")
    for step, one in ((1, asked[0]), (3, asked[1])):
        (end,) = model.sample(speech=[one.recording])
        with Image.open(folder / f"leg-1-row-1-step-{step}.png") as found:
            assert np.abs(pixels(found) - pixels(end)).max() <= 1


def test_recordings_of_a_folder_that_are_too_short_are_left_out(
    model: Model, tmp_path: Path
) -> None:
    one, short = record(tmp_path / "a.wav", 1), record(tmp_path / "b.wav", 2, 0.05)
    listed = Asked("b.wav", short.recording, "x", listed=True)
    asked = long_enough(model, drawing(tmp_path, [one, listed]))
    assert asked.asked == [one]
    (line,) = asked.notes
    assert line.startswith(f"left out: sample.speech={short.recording}: is too short (")
    for left in ([one, short], [listed]):
        with pytest.raises(UserError, match=r"sample\.speech=.*b\.wav: is too short"):
            long_enough(model, drawing(tmp_path, left))
