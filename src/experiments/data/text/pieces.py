"""Pieces of words and their indices, as the tokeniser of a text model makes them.

The tokeniser is one of `tokenizers`, given as its own JSON: nothing of a model's folder is run.
Nothing here imports torch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Any

import numpy as np

from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import say_once
from experiments.terminal.package import installing

LENGTH = 64  # pieces of a caption, with the marks; the rest is cut (this project's choice)
TOGETHER = 4096  # captions that are cut at once
LONGEST_WORD = 100  # letters, of BERT's rules


class Pieces:
    """What `Vocabulary` offers to who reads a caption, for pieces of words.

    `length`: pieces that are kept of a caption, with the marks that the model wants before and
    after it (`before`, `after`); those after it stay where a caption is cut. `digest` names the
    rules.
    """

    def __init__(self, text: str, length: int = LENGTH) -> None:
        """`text`: the JSON of a tokeniser. Raises `UserError` where it is none."""
        self.text, self.length = text, length
        self.digest = hashlib.sha256(f"{length} {text}".encode()).hexdigest()[:12]
        self._free = _tokeniser(text)
        self._free.no_truncation()
        self._free.no_padding()
        marks = self._free.encode("a").special_tokens_mask
        self.before = next((k for k, mark in enumerate(marks) if not mark), len(marks))
        self.after = next((k for k, mark in enumerate(marks[::-1]) if not mark), 0)
        if length <= self.marks:
            raise UserError(
                f"encoder.text.length={length}: must be more than the {self.marks} marks that the "
                "text model puts around a caption"
            )
        self._cut = _tokeniser(text)
        self._cut.no_padding()
        self._cut.enable_truncation(length)
        model = json.loads(text)["model"]
        unknown = model.get("unk_token")
        if unknown is None and model.get("unk_id") is not None:
            self._unknown: int | None = model["unk_id"]
        else:
            self._unknown = None if unknown is None else self._free.token_to_id(str(unknown))

    @property
    def marks(self) -> int:
        """How many of the tokens of every caption are no pieces of it."""
        return self.before + self.after

    def encode(self, caption: str) -> list[int]:
        """Indices with the marks, without padding; at most `length`."""
        return list(self._cut.encode(caption).ids)

    def encode_all(self, captions: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Indices int32 (M, length), padded with 0, and lengths int64 (M,) of the captions."""
        tokens = np.zeros((len(captions), self.length), np.int32)
        lengths = np.zeros(len(captions), np.int64)
        for first in range(0, len(captions), TOGETHER):
            found = self._cut.encode_batch(list(captions[first : first + TOGETHER]))
            for row, one in enumerate(found, start=first):
                lengths[row] = len(one.ids)
                tokens[row, : lengths[row]] = one.ids
        return tokens, lengths

    def count(self, caption: str) -> int:
        """How many tokens the whole of a caption has."""
        return len(self._free.encode(caption).ids)

    def cut(self, captions: Sequence[str]) -> int:
        """How many of the captions have more tokens than are kept."""
        found = 0
        for first in range(0, len(captions), TOGETHER):
            whole = self._free.encode_batch(list(captions[first : first + TOGETHER]))
            found += sum(len(one.ids) > self.length for one in whole)
        return found

    def labels(self, caption: str) -> list[str]:
        """The pieces that are kept, without marks, as they stand in the caption."""
        found = self._cut.encode(caption)
        parts = zip(found.offsets, found.tokens, found.special_tokens_mask, strict=True)
        return [caption[a:b].strip() or piece for (a, b), piece, mark in parts if not mark]

    def unknown(self, caption: str) -> list[str]:
        """The parts of the caption that no pieces make up, in order."""
        found = self._free.encode(caption, add_special_tokens=False)
        places = zip(found.ids, found.offsets, strict=True)
        return [caption[a:b].strip() for index, (a, b) in places if index == self._unknown]

    def require_known(self, caption: str) -> None:
        """Raise `UserError` for a caption of which no piece is known."""
        ids = self._free.encode(caption, add_special_tokens=False).ids
        if all(index == self._unknown for index in ids):
            raise UserError(
                f"caption {caption!r}: it holds no word that is known to the text encoder; write "
                "in a language that it was trained on"
            )


def tell_cut(name: str, captions: Sequence[Sequence[str]], pieces: Pieces) -> None:
    """Say how many captions have more pieces than are kept."""
    cut = pieces.cut([text for texts in captions for text in texts])
    if cut:
        say_once(
            f"{name}: captions of which only the first {pieces.length} pieces are read "
            f"(encoder.text.length): {cut:,}"
        )


@lru_cache(maxsize=8)
def pieces_of_text(text: str, length: int) -> Pieces:
    """The same, made once for each tokeniser."""
    return Pieces(text, length)


def uncased(words: Sequence[str]) -> str:
    """The JSON of BERT's uncased tokeniser (Devlin et al. 2019) with a list of pieces, as exports
    of `encoder=minilm` have it from before tokenisers were kept."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    index = {piece: place for place, piece in enumerate(words)}
    missing = {"[PAD]", "[UNK]", "[CLS]", "[SEP]"} - index.keys()
    if missing or index["[PAD]"] != 0:
        raise UserError(f"pieces: are no list of BERT's ({', '.join(sorted(missing))} missing)")
    made = Tokenizer(
        models.WordPiece(index, unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD)
    )
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    marks = [(mark, index[mark]) for mark in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=marks)
    return str(made.to_str())


@cache
def require_tokenizers() -> None:
    """Raise `UserError` where the library is not installed."""
    try:
        import tokenizers  # noqa: F401
    except ImportError as error:
        raise UserError(
            f"the tokeniser of the text model needs tokenizers: run {installing('tokenizers')}"
        ) from error


def _tokeniser(text: str) -> Any:
    require_tokenizers()
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_str(text)
    except Exception as error:  # a plain Exception is what the library raises
        raise UserError(f"tokenizer.json: cannot be read ({reason_of(error)})") from None
