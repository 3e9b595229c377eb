"""What a recogniser hears in speech that was made, beside what it hears in real speech."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.data.reader.plumage import Plumage
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.picture import PICTURE, PictureView
from experiments.data.view.sound import SOUND, SoundView
from experiments.encoder.sed import SED
from experiments.encoder.speech_recogniser import SpeechRecogniser
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.log_mel import LogMel
from experiments.machine.rank import Ranks
from experiments.metric.cross_modal import CrossModalScores
from experiments.metric.spoken import NOTHING, Said, compared, hear, without_pauses
from experiments.system.base import Samples

EXCERPT = Excerpt(LMS(16000, 1024, 512, 32), 3.072, [32, 32], of="speech")
RATE = 16000


def recogniser(sizes: dict[str, int] | None = None) -> SpeechRecogniser:
    torch.manual_seed(0)
    hears = SED(LogMel(22050, 551, 220, 40), dim=8, channels=(4, 4), attention=4, places=5)
    return SpeechRecogniser(hears, sizes or {"crown": 3, "back": 2}).eval()


def tone(seconds: float) -> np.ndarray:
    return (0.5 * np.sin(np.arange(int(seconds * RATE)) * 0.3)).astype(np.float32)


def test_pauses_around_speech_are_not_heard_and_those_in_it_are() -> None:
    rest, spoken = np.zeros(RATE // 2, np.float32), tone(0.4)
    inner = np.concatenate([spoken, rest, spoken])
    around = np.concatenate([rest, inner, rest + 1e-3])
    assert np.array_equal(without_pauses(around, RATE), inner)
    assert not without_pauses(rest, RATE).any()


@torch.no_grad()
def test_silence_says_nothing_and_a_sound_is_heard_as_if_it_were_alone() -> None:
    network, rest = recogniser(), np.zeros(2 * RATE, np.float32)
    sound = np.concatenate([tone(0.6), rest[: len(rest) - int(0.6 * RATE)]])
    found = hear(network, torch.from_numpy(np.stack([rest, sound])), RATE)
    assert found["predicted"][0].tolist() == [NOTHING, NOTHING]
    alone = hear(network, torch.from_numpy(tone(0.6))[None], RATE)["features/speech_recogniser"]
    assert torch.allclose(found["features/speech_recogniser"][1:], alone, atol=1e-5)


@torch.no_grad()
def test_the_last_answer_is_that_nothing_is_said() -> None:
    network = recogniser()
    for head, bias in zip(network.readout.of_words, ([0, 9, 0, 0], [0, 0, 9]), strict=True):
        torch.nn.init.zeros_(head.weight)
        head.bias.data = torch.tensor(bias, dtype=torch.float32)
    found = hear(network, torch.from_numpy(tone(1))[None], RATE)
    assert found["predicted"].tolist() == [[1, NOTHING]]
    assert compared(found["predicted"], torch.tensor([[2, 1]])).tolist() == [[2, -1]]


def test_how_much_is_said() -> None:
    said = Said()
    said.update(torch.tensor([[0, NOTHING], [1, 1]]), real=True)
    said.update(torch.tensor([[NOTHING, NOTHING], [NOTHING, 1], [-1, -1]]), real=False)
    assert said.compute() == (pytest.approx(1 / 6), pytest.approx(3 / 4))


@pytest.fixture(scope="module")
def birds(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    pytest.importorskip("espeakng_loader")
    pytest.importorskip("soundfile")
    reader = Plumage(images_per_species=3, species=8, test_species=4, captions=1)
    cache: Path = tmp_path_factory.mktemp("birds")
    return open_dataset(reader, 16, cache, quiet=True, workers=1)


class Speaker(torch.nn.Module):
    """In place of a generator: the real caption of the picture that is `shift` places further."""

    resolutions = (16,)
    makes = MappingProxyType({(PICTURE,): SOUND})
    sampled_as = MappingProxyType[str, str]({})

    def __init__(self, data: Dataset, shift: int = 0, broken: bool = False) -> None:
        super().__init__()
        self.shift, self.broken = shift, broken
        sounds, pictures = (view.open(data, data.test) for view in self.views())
        rows = np.arange(len(data.test))
        (self.real,) = sounds.stages(sounds.real(rows))
        (self.pictures,) = pictures.stages(pictures.real(rows))

    def views(self) -> list[Any]:
        return [SoundView(EXCERPT), PictureView([16])]

    def sample(self, asked: dict[str, Any], seeds: list[int]) -> Samples:
        given = asked[PICTURE].images[-1].flatten(1)
        rows = torch.cdist(given, self.pictures.flatten(1)).argmin(1) + self.shift
        made = self.real[rows % len(self.real)]
        return Samples({SOUND: [made * torch.nan if self.broken else made]})


class Knowing(SpeechRecogniser):
    """Knows each recording again, and what its caption states."""

    def __init__(self, system: Speaker, data: Dataset) -> None:
        sizes = {name: len(values) for name, values in data.attribute_values.items()}
        super().__init__(recogniser().text, sizes)
        split = data.test
        told = torch.from_numpy(split.attributes)
        mentions = torch.from_numpy(split.mentions[split.caption_start[:-1]])
        self.mentions = mentions
        self.values = told.where(mentions, torch.tensor(list(sizes.values())))
        self.known: Tensor | None = None
        hear(self, EXCERPT.waves(system.real), RATE)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        means = frames.sum(1) / lengths[:, None]
        if self.known is None:
            self.known = means
        rows = torch.cdist(means, self.known).argmin(1)
        pairs = zip(self.sizes.items(), self.values[rows].unbind(1), strict=True)
        logits = {name: F.one_hot(value, size + 1).float() for (name, size), value in pairs}
        return self.known[rows, :8], logits


def scores_of(birds: Dataset, **options: Any) -> tuple[Any, Knowing]:
    system = Speaker(birds, **options)
    judge = Knowing(Speaker(birds), birds)
    return CrossModalScores(recogniser=judge, samples=12)(system, birds, Ranks("cpu")), judge


def test_what_is_said_of_a_picture_is_true_of_it(birds: Dataset) -> None:
    result, judge = scores_of(birds)
    scores, stated = result.scores, judge.mentions.double().mean().item()
    for name in ("attribute_accuracy/heard_colour", "attribute_accuracy/heard_mean"):
        assert scores[name] == scores[f"{name}/real"] == 1.0 and scores[f"{name}/chance"] < 0.6
    assert scores["says/speech_recogniser"] == scores["says/speech_recogniser/real"]
    assert scores["says/speech_recogniser"] == pytest.approx(stated) and 0 < stated < 0.5
    assert scores["recall_at_1/speech_recogniser"] == 1.0
    assert {*result.protocol.weights} == {"speech_recogniser"}
    # It hears attributes and knows no classes: no class score is missing.
    assert not any(name.startswith("inception_score/") for name in {*scores, *result.skipped})


def test_what_is_said_of_another_bird_is_not(birds: Dataset) -> None:
    scores = scores_of(birds, shift=3)[0].scores
    assert scores["attribute_accuracy/heard_colour"] < 0.6
    assert scores["attribute_accuracy/heard_colour/real"] == 1.0
    assert scores["says/speech_recogniser"] == scores["says/speech_recogniser/real"]


def test_what_is_not_finite_says_nothing_that_is_true(birds: Dataset) -> None:
    scores = scores_of(birds, broken=True)[0].scores
    assert scores["says/speech_recogniser"] == scores["attribute_accuracy/heard_colour"] == 0
    assert scores["attribute_accuracy/heard_colour/real"] == 1.0
