"""The text encoder that AttnGAN released and DF-GAN takes as it is: its words and its sizes."""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F

from experiments.convert.form import require_form
from experiments.convert.state import ReleasedState
from experiments.convert.word_order import FEWEST, is_python2_order
from experiments.data.layout.pickle_lists import pickled_words
from experiments.data.text.vocabulary import Vocabulary
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

EMBEDDING = "encoder.weight"


def released_words(captions: Path) -> list[str]:
    """The words of a `captions.pickle`, by their number. Raises `UserError` for another file."""
    require_form(captions, "captions")
    return pickled_words(captions)


def require_order(words: list[str], captions: Path, own_captions: bool) -> None:
    """Raise `UserError` for a file that was written anew, unless `own_captions` says that the
    encoder was trained with it."""
    if is_python2_order(words[1:]) is False and not own_captions:
        raise UserError(_other_order(captions, words))


def with_unknown(text: ReleasedState, words: list[str]) -> Vocabulary:
    """The vocabulary, whose `<unk>`, which the release has not, gets a row that says nothing."""
    vocabulary = Vocabulary(words)
    rows = len(vocabulary) - len(words)
    text.tensors[EMBEDDING] = F.pad(text.tensors[EMBEDDING], (0, 0, 0, rows))
    return vocabulary


def text_sizes(text: ReleasedState, words: list[str], captions: Path) -> tuple[int, int]:
    """Features of a word, and of its embedding. Raises `UserError` where the encoder has another
    number of words."""
    rows, embedding_dim = text.shape(EMBEDDING, 2, "; is this AttnGAN's text encoder?")
    if rows != len(words):
        raise UserError(
            f"{text.path}: {EMBEDDING} has {number_of(rows, 'word')}, and {captions} has "
            f"{len(words)}; take the captions.pickle that the encoder was trained with"
        )
    # One layer of an LSTM in both directions; what else it may be has other shapes and names.
    _, hidden = text.shape("rnn.weight_hh_l0", 2)
    return 2 * hidden, embedding_dim


def told_order(words: list[str]) -> str:
    """What is known of the order of the words, as the end of a line."""
    found = is_python2_order(words[1:])
    if found is None:
        return f", too few to tell whether their order is the released one (from {FEWEST} on)"
    return " in the order of Python 2, as released" if found else " in an order of your own"


def _other_order(captions: Path, words: list[str]) -> str:
    return (
        f"{captions}: its {number_of(len(words), 'word')} do not stand in the order of Python 2, "
        "with which the released files were written: this one was written anew, and a released "
        "encoder takes each word for another; take the captions.pickle of the metadata that the "
        "README of taoxugit/AttnGAN links (its eval/data/ has that of birds), or add "
        "--own-captions if the encoder was trained with this very file"
    )
