"""Classifiers of sounds: which attributes they read, and that a motif is read from its place."""

from __future__ import annotations

import torch

from experiments.encoder.motif import MotifCNN
from experiments.encoder.sound_classifier import SoundClassifier
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt

VALUES = {"crown": 3, "pose": 2, "size": 4}


def make(**options: object) -> SoundClassifier:
    torch.manual_seed(0)
    trunk = MotifCNN(16, (4, 4), local_width=6, deep_width=5, dilations=(1, 2), parts=3)
    return SoundClassifier(Excerpt(LMS(1000, 64, 32, 16), 1.0), trunk, **options).eval()  # type: ignore[arg-type]


def test_it_reads_what_sounds_tell() -> None:
    network = make(attribute_values=VALUES, heard_attributes=["size", "crown"])
    assert network.sizes == {"crown": 3, "size": 4}
    told = dict(network.told(torch.tensor([[0, 1, 2], [2, 0, 3]])))
    assert {name: column.tolist() for name, column in told.items()} == {
        "crown": [0, 2],
        "size": [2, 3],
    }
    logits = network(torch.randn(2, 1, 16, 32))
    assert {name: tuple(rows.shape) for name, rows in logits.items()} == {
        "crown": (2, 3),
        "size": (2, 4),
    }


def test_without_a_word_of_what_sounds_tell_it_reads_all_or_the_class() -> None:
    assert make(attribute_values=VALUES).sizes == VALUES
    assert make(num_classes=7).sizes == {"class": 7}


def test_what_is_heard_at_a_place_comes_from_there_alone() -> None:
    network = make(attribute_values=VALUES, local_attributes=["crown", "pose"])
    assert network.local_attributes == ["crown", "pose"]
    trunk, sound = network.image, torch.randn(1, 1, 16, 64)
    assert isinstance(trunk, MotifCNN)
    other = sound.clone()
    other[..., 40:] += 1.0
    with torch.no_grad():
        first, second = (trunk.places(values)[:, :6] for values in (sound, other))
    assert first.shape == (1, 6, 1, 32)
    assert torch.equal(first[..., :16], second[..., :16])
    assert not torch.equal(first[..., 20:], second[..., 20:])
