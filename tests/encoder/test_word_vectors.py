"""A table of fixed vectors, as a network has it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from experiments.encoder.word_vectors import WordVectors, read_vectors
from experiments.terminal.error import UserError

WORDS = ["<end>", "bird", "flies", "red", "<unk>"]


def test_vectors_come_with_the_weights_and_need_no_file_again(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_text("bird 3 4\nred 0 5\n")
    first = WordVectors(5, WORDS, 2, str(path))
    assert not first.table.any()
    first.read()
    path.unlink()
    second = WordVectors(5, WORDS, 2, str(path))
    second.load_state_dict(first.state_dict())
    assert second(torch.tensor([[1, 3, 0]])).tolist() == [[[3, 4], [0, 5], [0, 0]]]
    assert list(second.parameters()) == []
    assert second.actions.tolist() == [False, False, True, False, False]
    assert second.unknown == 4


def test_the_nearest_word_is_never_the_padding() -> None:
    vectors = WordVectors(5, WORDS, 16)
    vectors.read()
    assert vectors.nearest(3 * vectors.table[1:]).tolist() == [1, 2, 3, 4]
    assert vectors.nearest(torch.zeros(2, 16)).min() >= 1


def test_what_came_trained_is_not_read_again() -> None:
    network = nn.ModuleList([WordVectors(5, WORDS, 4), WordVectors(5, WORDS, 4)])
    network[0].came_trained = True  # type: ignore[assignment]
    read_vectors(network)
    assert not network[0].table.any() and network[1].table.any()  # type: ignore[operator]


def test_data_without_words() -> None:
    with pytest.raises(UserError, match="have no captions"):
        WordVectors(0, [], 4).read()
