"""Words for scores: FID, IS and KID belong to one extractor."""

from __future__ import annotations

import pytest

from experiments.metric.names import label


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("frechet/inception", "FID (Inception 2015)"),
        ("inception_score/inception", "IS (Inception 2015)"),
        ("kernel/inception/real", "KID (Inception 2015), real"),
        ("frechet/efficientnet_lite0", "Fréchet distance (efficientnet_lite0)"),
        ("r_precision/damsm/real/std", "R-precision (damsm), real, std"),
        ("attribute_accuracy/crown", "attribute accuracy (crown)"),
        ("zero_shot/char_cnn_rnn/chance", "zero-shot accuracy (char_cnn_rnn), chance"),
        ("precision_at_50/word_lstm", "AP@50 (word_lstm)"),
        ("precision_at_7/word_lstm", "precision_at_7/word_lstm"),
        ("loss/generator", "loss/generator"),
        ("frechet", "frechet"),
    ],
)
def test_labels(name: str, words: str) -> None:
    assert label(name) == words


@pytest.mark.parametrize("extractor", ["efficientnet_lite0", "classifier", "inception_0a1b2c3d"])
def test_reserved_words_are_for_the_reference_alone(extractor: str) -> None:
    for score in ("frechet", "inception_score", "kernel", "diversity"):
        words = label(f"{score}/{extractor}").replace("(", " ").split()
        assert not {"FID", "IS", "KID"} & set(words)
