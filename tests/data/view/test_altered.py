from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from experiments.data.store.dataset import Dataset
from experiments.data.view.altered import Alterations, exchanged
from experiments.data.view.caption import CaptionView
from experiments.data.view.condition import view_for

WORDS = ["", "a", "red", "blue", "crown", "cap", "and", "tail"]


def written(*captions: str) -> tuple[np.ndarray, np.ndarray]:
    """Tokens and lengths."""
    rows = [[WORDS.index(word) for word in caption.split()] for caption in captions]
    lengths = np.array([len(row) for row in rows])
    tokens = np.zeros((len(rows), lengths.max()), np.int64)
    for row, words in zip(tokens, rows, strict=True):
        row[: len(words)] = words
    return tokens, lengths


def read(tokens: np.ndarray) -> str:
    return " ".join(WORDS[token] for token in tokens if token)


def test_a_word_is_exchanged_for_those_of_other_classes_alone() -> None:
    """Class 0 has a red crown, which it also calls a cap; class 1 a blue crown and a red tail."""
    captions = written("a red crown", "a red cap", "a blue crown", "a red tail")
    alterations = Alterations(*captions, np.array([0, 0, 1, 1]))
    tokens = captions[0]
    changes = alterations.of(np.array([0, 2]), 200, np.random.default_rng(0))
    assert changes.shape == (2, 200, 2)
    first, second = ({read(row) for row in rows} for rows in exchanged(tokens[[0, 2]], changes))
    first -= {"a red crown"}  # where all tries failed
    second -= {"a blue crown"}
    # "a _ crown" is red in class 0 and blue in class 1; "red _" is crown, cap and tail.
    assert first == {"a blue crown", "a red tail"}
    assert second == {"a red crown"}


def test_a_caption_that_nothing_fits_stays_as_it_is() -> None:
    tokens, lengths = written("a red crown and tail", "blue cap")
    alterations = Alterations(tokens, lengths, np.array([0, 1]))
    changes = alterations.of(np.array([0, 1, 0]), 3, np.random.default_rng(0))
    np.testing.assert_array_equal(exchanged(tokens[[0, 1, 0]], changes)[:, 0], tokens[[0, 1, 0]])


def trigrams(tokens: np.ndarray) -> list[tuple[int, ...]]:
    padded = [0, *tokens.tolist(), 0]
    return [tuple(padded[k : k + 3]) for k in range(len(tokens))]


@pytest.mark.parametrize("classes", [True, False])
def test_of_birds_each_says_one_thing_that_its_class_never_does(
    birds: Dataset, classes: bool
) -> None:
    """Without classes each record is one."""
    split = birds.train
    if not classes:
        split = replace(split, labels=np.zeros_like(split.labels))
    owners = split.labels[split.caption_image] if classes else split.caption_image
    own: dict[int, set[Any]] = {}
    for row, owner in zip(split.tokens, owners.tolist(), strict=True):
        own.setdefault(owner, set()).update(trigrams(row))
    everywhere = set().union(*own.values())
    rows = np.arange(0, len(owners), 3)
    alterations = Alterations.of_split(split)
    changes = alterations.of(rows, 4, np.random.default_rng(1))
    altered = exchanged(split.tokens[rows], changes)
    differ = (altered != split.tokens[rows][:, None]).sum(2)
    assert set(differ.ravel().tolist()) <= {0, 1}
    assert differ.mean() > 0.9  # few captions that nothing fits
    for row, group in zip(rows, altered, strict=True):
        for caption, (place, word) in zip(group, changes[row // 3], strict=True):
            assert caption[place] == word and word != 0
            if (caption != split.tokens[row]).any():
                there = trigrams(caption)[place]
                assert there in everywhere and there not in own[owners[row]]
    again = alterations.of(rows, 4, np.random.default_rng(1))
    np.testing.assert_array_equal(changes, again)


def test_the_view_draws_them_last_so_that_all_else_stays(birds: Dataset) -> None:
    rows = np.arange(6)
    drawn = {}
    for count in (0, 2):
        view = CaptionView(mismatch="class_aware", altered=count).open(birds, birds.train)
        rng = np.random.default_rng(3)
        choice = view.choose(rows, {}, rng)
        choice |= view.pair(rows, {view.name: choice}, rng)
        drawn[count] = view.take(choice)
    plain, altered = drawn[0], drawn[2]
    assert plain.altered is None and altered.altered is not None
    assert altered.altered.shape == (6, 2, plain.tokens.shape[1])
    assert plain.tokens.equal(altered.tokens)
    assert plain.wrong_rows is not None and altered.wrong_rows is not None
    assert plain.wrong_rows.equal(altered.wrong_rows)
    assert ((altered.altered != altered.tokens[:, None]).sum(2) <= 1).all()


@pytest.mark.parametrize("reads", ["characters", "speech"])
def test_letters_and_sounds_are_not_altered(reads: str) -> None:
    with pytest.raises(
        AssertionError, match="altered: captions that are heard, or read by letters"
    ):
        view_for(SimpleNamespace(reads=reads), altered=1)
