"""Captions as a view: one of each record's, as a text encoder reads it, and one that is wrong.
`speech.py` has those that are heard.

Stored are the words of all captions (`data/store/split.py`), and for an encoder that never changes
their features (`data/store/feature.py`). Captions and pictures draw from one stream, in turn: runs
that began before there were other views keep their batches.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any, Self, get_args

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.data.store.feature import CaptionFeatures, hash_weights
from experiments.data.store.split import Split
from experiments.data.text.alphabet import tell_letters
from experiments.data.text.pieces import Pieces, tell_cut
from experiments.data.text.reading import Reader, Reads, labels_of, longest_of, reader_of
from experiments.data.text.words import SPLIT, recorded_tokeniser
from experiments.data.view.altered import Alterations, exchanged
from experiments.data.view.base import Attended, Choice, Part, View
from experiments.data.view.captions import Captions
from experiments.data.view.computed import computed, too_large
from experiments.data.view.stranger import Mismatch, Strangers, wrong_captions
from experiments.terminal.error import UserError

CAPTION = "caption"
SHARED_STREAM = 1  # of captions and pictures; those of `data/order.py` are 0 and 2


class CaptionView(View):
    """Captions read as words, characters or word pieces.

    `mismatch`: where a wrong caption comes from (`stranger.py`). `encoder`: a text encoder that
    never changes, whose features of the training captions are computed once. `average`: of a
    record, whose `sentence` is the mean, that which is drawn and others (all, where there are
    fewer). `pieces`: what makes them, where captions are read as pieces of words. `altered`:
    captions with one wrong word that are made of each.
    """

    name = CAPTION
    example = "sample(['a small red bird'])"
    stream: int | None = SHARED_STREAM
    may_compute = True  # features for each batch, where their store would be too large
    computes = False  # since `open`
    reader: Reader  # since `asked`
    longest: int  # tokens that are kept of a caption, since `asked`
    strangers: Strangers  # since `open`
    alterations: Alterations | None  # likewise

    def __init__(
        self,
        reads: Reads = "words",
        mismatch: Mismatch = "none",
        encoder: nn.Module | None = None,
        average: int = 1,
        by_length: bool = True,
        pieces: Pieces | None = None,
        altered: int = 0,
    ) -> None:
        assert mismatch in get_args(Mismatch), mismatch
        assert average == 1 or encoder is not None, "the mean of sentences needs their features"
        self.reads, self.mismatch, self.encoder, self.average = reads, mismatch, encoder, average
        self.by_length, self.pieces, self.altered = by_length, pieces, altered
        self.features: CaptionFeatures | None = None
        self.precision = None if encoder is None else torch.float32

    def open(
        self, dataset: Dataset, split: Split, device: torch.device | str = "cpu", quiet: bool = True
    ) -> Self:
        """Features are of the training split alone: what is scored or shown is encoded anew."""
        if dataset.vocabulary is None:
            raise UserError(f"data: {dataset.name} has no captions; choose another data set")
        if self.reads == "characters" and not quiet:
            tell_letters(split.name, split.captions)
        if self.pieces is not None and not quiet:
            tell_cut(split.name, split.captions, self.pieces)
        return self.opened(dataset, split, device, quiet)

    def opened(
        self, dataset: Dataset, split: Split, device: torch.device | str, quiet: bool
    ) -> Self:
        """The view of a split, with features where they are to be stored."""
        if self.encoder is None or split is not dataset.train:
            return self.of(split)
        assert self.precision is not None
        if self.may_compute and self.average == 1:
            tokens = split.read_as(self.reads, self.pieces).tokens
            assert isinstance(tokens, np.ndarray), "what is heard is always stored"
            places = tokens.shape[1] - self.marks
            each = int(self.encoder.dim) * (1 + self.gives_words * places)  # type: ignore[arg-type]
            if too_large(dataset, split, each * self.precision.itemsize, quiet):
                opened = self.of(split)
                opened.computes = True
                return opened
        features = CaptionFeatures.open(
            split.read_as(self.reads, self.pieces),
            self.encoder.encode_text,  # type: ignore[arg-type]
            self.encoder_id(),
            dataset.folder,
            device,
            quiet,
            self.precision,
        )
        opened = self.of(split, features)
        opened.stores = () if features.folder is None else (features.folder.name,)
        return opened

    def encoder_id(self) -> str:
        """Names what gives the features, for good."""
        assert self.encoder is not None
        return hash_weights(self.encoder)

    def of(self, split: Split, features: CaptionFeatures | None = None) -> Self:
        """The view of a split, with the features of its captions where there are any."""
        opened = copy.copy(self)
        opened.split, opened.features = split.read_as(self.reads, self.pieces), features
        opened.strangers = Strangers(split.labels)
        opened.alterations = Alterations.of_split(opened.split) if self.altered else None
        return opened

    # What is drawn.

    def choose(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """A caption (batch,) of each record, by one number each."""
        return {"rows": self.split.caption_at(rows, rng.random(len(rows)))}

    def pair(
        self, rows: np.ndarray, drawn: Mapping[str, Choice], rng: np.random.Generator
    ) -> Choice:
        """Wrong captions (batch,), -1 for none, the records that they are of, and the captions
        whose sentences are averaged with the right and with the wrong ones."""
        captions = np.asarray(drawn[self.name]["rows"])
        wrong = wrong_captions(
            self.split, self.strangers, self.mismatch, self.by_length, rows, captions, rng
        )
        found: Choice = {"wrong": wrong, "wrong_records": self.split.caption_image[wrong]}
        if self.average > 1:
            found |= {
                key: self.split.caption_sets(chosen, self.average, rng)
                for key, chosen in (("averaged", captions), ("wrong_averaged", wrong))
            }
        if self.alterations is not None:
            found["altered"] = self.alterations.of(captions, self.altered, rng)
        return found

    def plain(self, rows: np.ndarray) -> Choice:
        """The first caption of each record."""
        return {"rows": self.split.caption_start[rows], "wrong": np.full(len(rows), -1)}

    def take(self, choice: Choice) -> Captions:
        features = self.features
        rows, wrong = np.asarray(choice["rows"]), np.asarray(choice["wrong"])
        has_wrong = wrong >= 0
        tokens, lengths = self.given(rows)
        changes = choice.get("altered")
        wrong_tokens, wrong_lengths = self.given(wrong)
        has_tokens = has_wrong.reshape(-1, *(1,) * (wrong_tokens.ndim - 1))
        words = sentence = other = None
        if features is not None:
            words, sentence = features.at(rows)
            other = None if self.mismatch == "none" else features.at(wrong)[1]
            if "averaged" in choice:
                sentence = features.mean(list(choice["averaged"]))
                other = None if other is None else features.mean(list(choice["wrong_averaged"]))
        return Captions(
            torch.from_numpy(tokens),
            torch.from_numpy(lengths),
            torch.from_numpy(rows),
            torch.from_numpy(wrong),
            torch.from_numpy(np.where(has_tokens, wrong_tokens, 0)),
            torch.from_numpy(np.where(has_wrong, wrong_lengths, 0)),
            words,
            sentence,
            other,
            self.steps_of(torch.from_numpy(lengths)),
            torch.from_numpy(self.split.mentions[rows]),
            None if changes is None else torch.from_numpy(exchanged(tokens, np.asarray(changes))),
        )

    def ready(self, part: Part, layout: torch.memory_format = torch.contiguous_format) -> Captions:
        assert isinstance(part, Captions)
        if not self.computes or part.wrong_rows is None:
            return part
        assert self.precision is not None
        return computed(part, self.encoder, self.precision, self.mismatch != "none")

    def given(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Tokens (B, T) and lengths (B,) of captions (B,), as a batch has them."""
        return self.split.read(rows)

    def most(self, data: Mapping[str, Any]) -> int:
        """Tokens that a caption has at most. `data`: the group of the configuration."""
        return longest_of(self.reads, int(data["max_words"]), self.pieces)

    def steps_of(self, lengths: Tensor) -> Tensor | None:
        """The words of captions with so many tokens (B,), where these are not the same."""
        return (lengths - self.marks).clamp(min=1) if self.marks else None

    @property
    def marks(self) -> int:
        """Tokens of every caption that are no words."""
        return 0 if self.pieces is None else self.pieces.marks

    def blank(self, count: int, data: Mapping[str, Any]) -> Captions:
        tokens = torch.zeros(count, self.most(data), dtype=torch.int64)
        rows, lengths = tokens[:, 0].clone(), torch.full((count,), tokens.shape[1])
        wrong = rows.clone(), tokens.clone(), lengths.clone()
        features = self.blank_features(count, tokens.shape[1] - self.marks)
        altered = tokens[:, None].repeat(1, self.altered, 1) if self.altered else None
        steps = self.steps_of(lengths)
        return Captions(tokens, lengths, rows, *wrong, *features, steps, altered=altered)

    def blank_features(
        self, count: int, places: int
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        """Words, of `places`, sentences and wrong sentences without numbers, where there are."""
        if self.encoder is None:
            return None, None, None
        dim = int(self.encoder.dim)  # type: ignore[arg-type]
        sentence = torch.empty(count, dim, dtype=self.precision)
        words = torch.empty(count, dim, places, dtype=self.precision) if self.gives_words else None
        return words, sentence, None if self.mismatch == "none" else sentence.clone()

    def disk(
        self,
        records: int,
        trained: int,
        captions: float,
        data: Mapping[str, Any],
        letters: float = 0.0,
    ) -> dict[str, int]:
        """Features of every caption to train on: sentences, and words of encoders that have
        them."""
        if self.encoder is None or self.precision is None:
            return {}
        words = (self.most(data) - self.marks) * self.gives_words
        numbers = int(self.encoder.dim) * (1 + words)  # type: ignore[arg-type]
        return {"encoded captions": self.precision.itemsize * round(trained * captions) * numbers}

    @property
    def gives_words(self) -> bool:
        """Whether features of words are stored, beside those of sentences."""
        text = getattr(self.encoder, "text", self.encoder)
        return self.encoder is not None and bool(getattr(text, "gives_words", True))

    # What a person sees of it, and asks for.

    def attended(self, row: int) -> Attended:
        """The words, or their pieces, of the first caption that are read."""
        if self.pieces is not None:
            return Attended(self.pieces.labels(self.split.captions[row][0]))
        read = int(self.split.lengths[self.split.caption_start[row]])
        return Attended(SPLIT[self.split.tokeniser](self.split.captions[row][0])[:read])

    def told(self, part: Part) -> dict[str, Tensor]:
        assert isinstance(part, Captions) and part.rows is not None and part.wrong_rows is not None
        return {"caption_row": part.rows, "wrong_caption_row": part.wrong_rows}

    def explained(self, told: Mapping[str, int]) -> dict[str, Any]:
        row, wrong = told["caption_row"], told["wrong_caption_row"]
        record = int(self.split.caption_image[row])
        return {
            "caption_row": row,
            "caption": self.split.captions[record][row - int(self.split.caption_start[record])],
            "wrong_caption_row": wrong if wrong >= 0 else None,
        }

    def asked(self, facts: Mapping[str, Any], config: Mapping[str, Any]) -> Self:
        ready = copy.copy(self)
        longest = int(config["data"]["max_words"])
        words, tokeniser = facts.get("words", []), recorded_tokeniser(facts)
        ready.reader, ready.longest = reader_of(self.reads, words, longest, self.pieces, tokeniser)
        return ready

    def attended_in(self, given: Any, caption: str | None = None) -> Attended:
        return Attended(labels_of(self.reader, given, self.longest))

    def read(self, inputs: Sequence[Any]) -> Captions:
        """Tokens of captions (B); of a long one the beginning is kept."""
        if not inputs:
            raise UserError("text: no caption was given; use text='a small red bird'")
        rows = []
        for caption in inputs:
            self.reader.require_known(caption)
            rows.append(self.reader.encode(caption)[: self.longest])
        tokens = torch.zeros(len(rows), self.longest, dtype=torch.int64)
        for index, row in enumerate(rows):
            tokens[index, : len(row)] = torch.tensor(row)
        lengths = torch.tensor([len(row) for row in rows])
        return Captions(tokens, lengths, steps=self.steps_of(lengths))
