"""Scores of both directions: what belongs scores as what is real, what does not as chance."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.augment import to_uint8
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.picture import PICTURE, PictureView
from experiments.data.view.sound import SOUND, SoundView
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.motif import MotifCNN
from experiments.encoder.sound_classifier import SoundClassifier
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.machine.rank import Ranks
from experiments.metric.cross_modal import CrossModalScores
from experiments.metric.extractor import NetworkExtractor
from experiments.system.base import Samples

EXCERPT = Excerpt(LMS(16000, 256, 1024, 16), 2.048, [16, 32])
CPU = Ranks("cpu")


@pytest.fixture(scope="module")
def singers(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    reader = PlumageSong(images_per_species=3, species=10, test_species=4, captions=1)
    cache: Path = tmp_path_factory.mktemp("singers")
    return open_dataset(reader, 16, cache, quiet=True, workers=1)


class Oracle(nn.Module):
    """In place of generators: the real picture, or sound, of the record that is asked for, or of
    the one `shift` places further."""

    resolutions = (16,)
    makes = MappingProxyType({(SOUND,): PICTURE, (PICTURE,): SOUND})
    sampled_as = MappingProxyType[str, str]({})

    def __init__(self, data: Dataset, shift: int = 0) -> None:
        super().__init__()
        self.shift = shift
        opened = [view.open(data, data.test) for view in self.views()]
        rows = np.arange(len(data.test))
        self.real = {view.name: view.stages(view.real(rows))[-1] for view in opened}

    def views(self) -> list[Any]:
        return [SoundView(EXCERPT), PictureView([16])]

    def sample(self, asked: dict[str, Any], seeds: list[int]) -> Samples:
        ((asks, part),) = asked.items()
        given = part.values if asks == SOUND else part.images[-1]
        distances = torch.cdist(given.flatten(1), self.real[asks].flatten(1))
        rows = (distances.argmin(1) + self.shift) % len(self.real[asks])
        makes = self.makes[(asks,)]
        return Samples({makes: [self.real[makes][rows]]})


def knowing(kind: type[Classifier], real: Tensor, data: Dataset, *arguments: Any) -> Classifier:
    """A classifier that recognises what is real, and knows all of it."""

    class Knowing(kind):  # type: ignore[misc, valid-type]
        def read(self, values: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
            flat = values.flatten(1)
            rows = torch.cdist(flat, real.flatten(1)).argmin(1)
            known = torch.from_numpy(data.test.attributes)[rows][:, self.columns].unbind(1)
            pairs = zip(self.sizes.items(), known, strict=True)
            one_hot = nn.functional.one_hot
            return real.flatten(1)[rows][:, :40], {
                name: one_hot(value, size).float() for (name, size), value in pairs
            }

    sizes = {name: len(values) for name, values in data.attribute_values.items()}
    return Knowing(*arguments, attribute_values=sizes)


def scorer_of(data: Dataset, real: dict[str, Tensor]) -> CrossModalScores:
    trunk = CNN((4, 8), (2, 2), global_width=6)
    songs = knowing(SoundClassifier, real[SOUND], data, EXCERPT, MotifCNN(16, (4, 4), parts=2))
    songs.columns = [list(data.attribute_values).index(name) for name in data.heard_attributes]
    songs.sizes = {name: songs.sizes[name] for name in data.heard_attributes}
    pixels = to_uint8(real[PICTURE]).float() / 127.5 - 1
    return CrossModalScores(
        NetworkExtractor(Classifier(trunk, num_classes=4), "tiny"),
        knowing(Classifier, pixels, data, trunk),
        songs,  # type: ignore[arg-type]
        samples=12,
        splits=2,
    )


def test_what_belongs_scores_as_what_is_real(singers: Dataset) -> None:
    system = Oracle(singers)
    result = scorer_of(singers, system.real)(system, singers, CPU)
    scores = result.scores
    for name in ("attribute_accuracy/colour", "attribute_accuracy/motif"):
        assert scores[name] == scores[f"{name}/real"] == 1.0
        assert scores[f"{name}/chance"] < 0.5
    assert scores["attribute_accuracy/sung_size"] == 1.0
    assert "attribute_accuracy/pose" not in scores, "a song does not tell it"
    for name in ("classifier", "song_classifier", "tiny"):
        assert scores[f"frechet/{name}"] == pytest.approx(0, abs=1e-3)
    assert scores["recall_at_1/song_classifier"] == scores["recall_at_1/classifier"] == 1.0
    assert scores["recall_at_1/song_classifier/chance"] == pytest.approx(1 / 12)
    assert result.protocol.n_fake == 12 and result.protocol.extra["sound"] == "2.048 s"
    assert result.samples is not None
    means = result.samples.averages["attribute_accuracy/motif"]
    assert means[0] == "attribute_accuracy/sung_crown" and len(means) == 8


def test_what_belongs_to_others_does_not(singers: Dataset) -> None:
    system = Oracle(singers, shift=3)  # another species
    scores = scorer_of(singers, system.real)(system, singers, CPU).scores
    for name in ("attribute_accuracy/colour", "attribute_accuracy/motif"):
        assert scores[name] < 0.4 and scores[f"{name}/real"] == 1.0
    assert scores["frechet/classifier"] == pytest.approx(0, abs=1e-3), "the set is the same"
    assert scores["recall_at_1/song_classifier"] == 0


def test_classes_that_were_not_trained_on_are_told(singers: Dataset) -> None:
    system = Oracle(singers)
    trunk = CNN((4, 8), (2, 2), global_width=6)
    scorer = CrossModalScores(
        NetworkExtractor(Classifier(trunk, num_classes=4), "tiny"),
        Classifier(trunk, num_classes=10),
        SoundClassifier(EXCERPT, MotifCNN(16, (4, 4), parts=2), num_classes=10),
        samples=12,
    )
    skipped = scorer(system, singers, CPU).skipped
    reason = "no test class is in the training split"
    assert skipped["recognition/classifier"] == skipped["recognition/song_classifier"] == reason


def test_what_is_not_finite_shows_and_tells_nothing(singers: Dataset) -> None:
    system = Oracle(singers)

    class Broken(Oracle):
        def sample(self, asked: dict[str, Any], seeds: list[int]) -> Samples:
            made = super().sample(asked, seeds).made
            return Samples({name: [values[-1] * torch.nan] for name, values in made.items()})

    result = scorer_of(singers, system.real)(Broken(singers), singers, CPU)
    assert result.scores["attribute_accuracy/motif"] == 0
    assert "frechet/song_classifier" in result.undefined
