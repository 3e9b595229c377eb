"""Captions that are heard, as a view: what is drawn, what it is distorted by, and how it sounds."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from recorded_reader import BINS, Given, RecordedReader
from tiny_reader import TinyReader
from torch import Tensor, nn

from experiments.data.batches import Batches
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.recorder import frames_of
from experiments.data.store.speech import Speech
from experiments.data.view.caption import Captions
from experiments.data.view.picture import PictureView
from experiments.data.view.speech import SPEECH, SpeechView
from experiments.encoder.cnn import CNN
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.frontend.distortion import Distortion
from experiments.frontend.log_mel import LogMel
from experiments.frontend.wave import read_wave
from experiments.trainer.sound import written
from tests.data.made_batches import flat
from tests.system.heard import small_sed

DISTORTION = Distortion(tempo=0.5, pitch=1.0, time_mask=2, frequency_mask=1)


class Ear(nn.Module):
    """Has no words, as the view asks of it."""

    gives_words, shortest, dim = False, 2, 3

    def __init__(self, frontend: object = None) -> None:
        super().__init__()
        self.frontend = Given() if frontend is None else frontend


@pytest.fixture
def recorded(tmp_path: Path) -> Dataset:
    tiny = open_dataset(RecordedReader(), 8, tmp_path / "cache", quiet=True, workers=1)
    return SpeechView(Ear()).usable(tiny)


def batches(data: Dataset, distortion: Distortion | None, **options: int) -> Batches:
    view = SpeechView(Ear(), "class_aware", distortion=distortion)
    opened = [view.open(data, data.train), PictureView([8]).of(data.train, True)]
    return Batches(data.train, 8, 3, opened, **options)


def test_a_batch_is_a_function_of_the_images_seen(recorded: Dataset) -> None:
    first, again = (batches(recorded, DISTORTION) for _ in range(2))
    later = flat(again.at(24))
    for name, value in flat(first.at(24)).items():
        assert torch.equal(value, later[name]), name
    assert not torch.equal(flat(first.at(0))["speech.numbers"], later["speech.numbers"])


def test_features_are_named_by_what_the_weights_do_not_say() -> None:
    """Else those of an encoder with other places would be taken for its own."""

    def named(**options: object) -> str:
        torch.manual_seed(0)
        text = small_sed(**options)
        return SpeechView(
            text, encoder=JointEmbedding(text, CNN((4,), (2,)), 8).freeze()
        ).encoder_id()

    assert named(places=4) == named(places=4)
    assert len({named(places=4), named(places=5), named(places=4, mask_padding=False)}) == 3


def test_processes_share_a_batch(recorded: Dataset) -> None:
    whole = flat(batches(recorded, DISTORTION).at(8))
    parts = [flat(batches(recorded, DISTORTION, rank=k, num_processes=2).at(8)) for k in (0, 1)]
    for name in ("rows", "speech.rows", "speech.wrong_rows", "speech.numbers", "speech.lengths"):
        assert torch.equal(torch.cat([one[name] for one in parts]), whole[name]), name


def test_what_distorts_changes_nothing_of_other_views(recorded: Dataset) -> None:
    plain, distorted = (flat(batches(recorded, how).at(16)) for how in (None, DISTORTION))
    assert "speech.numbers" not in plain and "speech.numbers" in distorted
    others = [name for name in plain if not name.startswith("speech.")]
    assert any(name.startswith("picture.") for name in others)
    for name in [*others, "speech.rows", "speech.tokens", "speech.lengths"]:
        assert torch.equal(plain[name], distorted[name]), name


def test_each_caption_comes_with_its_recording_and_the_wrong_one_with_its_own(
    recorded: Dataset,
) -> None:
    view = SpeechView(Ear(), "class_aware").open(recorded, recorded.train)
    part = Batches(recorded.train, 8, 3, [view]).at(0).views[SPEECH]
    assert isinstance(part, Captions)
    texts = [text for texts in recorded.train.captions for text in texts]
    for rows, tokens in ((part.rows, part.tokens), (part.wrong_rows, part.wrong_tokens)):
        assert rows is not None and tokens is not None
        for row, frames in zip(rows.tolist(), tokens, strict=True):
            image, number = (int(value) for value in frames[0, :2])
            assert texts[row].startswith(f"bird {image} view {number} ")


def test_in_training_frames_are_distorted_and_in_evaluation_as_they_are(recorded: Dataset) -> None:
    view = SpeechView(Ear(), distortion=DISTORTION).open(recorded, recorded.train)
    taken = Batches(recorded.train, 8, 3, [view]).at(0).views[SPEECH]
    ready = view.ready(taken)
    assert isinstance(taken, Captions) and ready.tokens.shape != taken.tokens.shape
    expected = DISTORTION(taken.tokens.float(), taken.lengths, taken.numbers)  # type: ignore[attr-defined]
    assert torch.equal(ready.tokens, expected[0])
    assert torch.equal(ready.lengths, expected[1].clamp(min=2))
    rows = np.arange(4)
    real = view.real(rows)
    assert isinstance(real, Captions)
    frames, lengths = recorded.train.read_as("speech").read(recorded.train.caption_start[rows])
    assert torch.equal(real.tokens, torch.from_numpy(frames))
    assert torch.equal(real.lengths, torch.from_numpy(lengths))


@pytest.mark.parametrize("distortion", [None, DISTORTION])
def test_a_plan_has_the_shapes_of_the_longest_recordings(distortion: Distortion | None) -> None:
    data = {"max_words": 18, "speech": {"seconds": 0.5}}
    view = SpeechView(Ear(), "class_aware", distortion=distortion)
    blank = view.blank(3, data)
    taken = Captions(
        torch.ones(3, 50, BINS, dtype=torch.float16), torch.full((3,), 50)
    )  # half a second of frames of 10 ms
    if distortion is not None:
        slowest = torch.full((3, distortion.numbers), 1 - 1e-7)
        tokens, lengths = distortion(taken.tokens.float(), taken.lengths, slowest)
        assert (blank.tokens.shape, blank.lengths.tolist()) == (tokens.shape, lengths.tolist())
        assert view.most(data) == 75
    else:
        assert blank.tokens.shape == taken.tokens.shape and view.most(data) == 50
    assert blank.tokens.dtype == (torch.float16 if distortion is None else torch.float32)
    wrong = blank.wrong_tokens
    assert isinstance(wrong, Tensor) and wrong.shape == (3, 50, BINS)


def test_a_plan_says_how_much_is_stored(recorded: Dataset) -> None:
    data = {"max_words": 18, "speech": {"seconds": 4.0, "captions": 3}}
    view, frame = SpeechView(Ear()), 2 * BINS
    assert view.disk(10, 8, 10, data) == {"recordings, at most": 30 * 400 * frame}
    found = view.disk(10, 8, 2, data, letters=40)
    # 9.57 * 40 letters over 125 to 235 words a minute: 2.197 s in the mean.
    assert found == {"recordings": 20 * 219 * frame}


def test_sounds_are_those_that_the_frames_were_made_of(tmp_path: Path) -> None:
    pytest.importorskip("espeakng_loader")
    tiny = open_dataset(TinyReader(count=10), 8, tmp_path / "cache", quiet=True, workers=1)
    tiny = dataclasses.replace(tiny, speech=Speech(captions=2))
    view = SpeechView(Ear(LogMel(16000, 400, 160, 40)))
    data = view.usable(tiny)
    opened = view.open(data, data.test)
    assert opened.stores == (next(data.folder.glob("speech-*")).name,)
    sounds = opened.sounds([1, 0])
    for row, sound in zip([1, 0], sounds, strict=True):
        assert sound is not None and sound[1] == 16000
        assert data.test.recordings is not None
        stored = data.test.recordings.of(int(data.test.caption_start[row]))
        assert np.array_equal(frames_of(view.frontend, sound[0]), stored)
    folder = tmp_path / "samples"
    folder.mkdir()
    paths = written([opened], [1, 0], folder)
    assert [path and path.name for path in paths] == ["speech-000001.wav", "speech-000000.wav"]
    assert paths[0] is not None and sounds[0] is not None
    assert np.abs(read_wave(paths[0], 16000) - sounds[0][0]).max() <= 2**-15
    paths[0].write_bytes(b"mine")
    written([opened], [1, 0], folder)
    assert paths[0].read_bytes() == b"mine", "they are written once"


def test_frames_that_the_data_bring_have_no_sound(recorded: Dataset, tmp_path: Path) -> None:
    opened = SpeechView(Ear()).open(recorded, recorded.test)
    assert opened.sounds([0, 1]) == [None, None]
    assert written([opened], [0, 1], tmp_path) == [None, None]
    assert not list(tmp_path.glob("*.wav"))
    assert written([PictureView([8])], [0, 1], tmp_path) == []
