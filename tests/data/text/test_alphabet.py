from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest

from experiments.data.store.dataset import Dataset
from experiments.data.text.alphabet import LENGTH, SYMBOLS, Alphabet, encode_characters
from experiments.terminal.error import UserError


def test_seventy_symbols_of_which_the_hyphen_is_there_twice() -> None:
    assert len(SYMBOLS) == 70 and len(set(SYMBOLS)) == 69
    assert SYMBOLS.index("-") == 36 and SYMBOLS.rindex("-") == 59
    assert Alphabet().encode("-") == [60]  # the later place wins; 0 is the padding
    assert SYMBOLS[0] == "a" and SYMBOLS[26] == "0" and SYMBOLS[-1] == " "


def test_every_symbol_has_its_place() -> None:
    for place, symbol in enumerate(SYMBOLS, start=1):
        assert Alphabet().encode(symbol) == [60 if symbol == "-" else place]


def test_capitals_are_lowered_and_unknown_characters_are_nothing() -> None:
    assert Alphabet().encode("A Bird") == Alphabet().encode("a bird")
    assert Alphabet().encode("aéb€🐦\t") == [1, 0, 2, 0, 0, 0]
    assert Alphabet().unknown("A é-b") == ["é"]


def test_padded_and_cut_at_201() -> None:
    tokens, lengths = encode_characters(["ab", "", "c" * 300, "d" * 201])
    assert tokens.shape == (4, LENGTH) == (4, 201)
    assert lengths.tolist() == [2, 0, 201, 201]
    assert tokens[0, :3].tolist() == [1, 2, 0] and not tokens[0, 2:].any()
    assert not tokens[1].any()
    assert (tokens[2] == 3).all() and (tokens[3] == 4).all()
    assert encode_characters([])[0].shape == (0, 201)


def test_a_letter_that_grows_when_lowered_shifts_nobody_else() -> None:
    """'İ' is two characters in lower case."""
    tokens, lengths = encode_characters(["İ", "ab"])
    assert lengths.tolist() == [2, 2]
    assert tokens[1, :2].tolist() == [1, 2]


def test_a_caption_without_a_known_letter_is_refused() -> None:
    Alphabet().require_known("Ein Vögelchen")
    for caption in ("", "  ...", "鳥"):
        with pytest.raises(UserError, match="no letter that is known"):
            Alphabet().require_known(caption)


def test_a_split_as_its_reader_reads_it(open_tiny: Callable[..., Dataset]) -> None:
    split = open_tiny(count=40).train
    assert split.read_as("words") is split
    by_letters = split.read_as("characters")
    assert split.read_as("characters") is by_letters  # once for all who ask
    assert by_letters.read_as("words") is split
    assert by_letters.tokens.shape == (len(split.tokens), 201)
    flat = [caption for of_image in split.captions for caption in of_image]
    tokens, lengths = by_letters.read(np.array([7, 0]))
    assert tokens.dtype == lengths.dtype == np.int64
    for row, caption in enumerate((flat[7], flat[0])):
        assert lengths[row] == len(caption)
        assert tokens[row, : len(caption)].tolist() == Alphabet().encode(caption)
    assert by_letters.images is split.images and by_letters.labels is split.labels
    with pytest.raises(AssertionError, match="syllables"):
        split.read_as("syllables")  # type: ignore[arg-type]


def test_a_hundred_thousand_captions_a_second() -> None:
    captions = ["this bird has a small red crown, and wings that are black-grey"] * 20000
    start = time.process_time()
    encode_characters(captions)
    assert time.process_time() - start < 0.2
