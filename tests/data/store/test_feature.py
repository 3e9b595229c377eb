from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from experiments.data.store.dataset import Dataset
from experiments.data.store.feature import BATCH, CaptionFeatures, tokens_hash
from experiments.data.store.split import Split
from experiments.data.view.caption import Captions
from experiments.terminal.error import UserError
from tests.data.made_batches import make_batches


class Encoder(nn.Module):
    """Words are embeddings, zero on the padding; the sentence is their mean."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.embedding = nn.Parameter(torch.randn(500, 6, generator=generator))
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        self.shapes.append(tuple(tokens.shape))
        kept = torch.arange(tokens.shape[1]) < lengths[:, None]
        words = self.embedding[tokens] * kept[..., None]
        return words.transpose(1, 2), words.sum(1) / lengths[:, None]


@pytest.fixture
def split(open_tiny: Callable[..., Dataset]) -> Split:
    return open_tiny(count=100).train


def refuse(tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    raise AssertionError("the features were computed again")


@pytest.mark.parametrize("precision", [torch.float32, torch.float16])
def test_features_are_those_of_the_encoder(
    split: Split, tmp_path: Path, precision: torch.dtype
) -> None:
    encoder = Encoder()
    features = CaptionFeatures.open(
        split, encoder, "enc", tmp_path, quiet=True, precision=precision
    )
    assert len(features) == len(split.tokens) > BATCH
    assert features.dim == 6
    assert set(encoder.shapes) == {(BATCH, 18)}, "every batch has one shape"
    rows = np.array([0, 5, len(features) - 1, 5])
    words, sentence = features.at(rows)
    expected = encoder(torch.from_numpy(split.tokens[rows]), torch.from_numpy(split.lengths[rows]))
    assert words.dtype == sentence.dtype == precision
    assert torch.equal(words, expected[0].to(precision))
    assert torch.equal(sentence, expected[1].to(precision))
    assert torch.equal(features.at(torch.from_numpy(rows))[0], words)


def test_they_are_computed_once(split: Split, tmp_path: Path) -> None:
    first = CaptionFeatures.open(split, Encoder(), "enc", tmp_path, quiet=True)
    second = CaptionFeatures.open(split, refuse, "enc", tmp_path, quiet=True)
    rows = np.arange(len(first))
    assert all(map(torch.equal, first.at(rows), second.at(rows)))
    with pytest.raises(AssertionError, match="again"):
        CaptionFeatures.open(split, refuse, "other", tmp_path, quiet=True)


def test_both_types_stand_side_by_side_and_float16_is_found_where_it_was(
    split: Split, tmp_path: Path
) -> None:
    old = tmp_path / f"captions-enc-{tokens_hash(split)}"  # as versions before named it
    for precision in (torch.float16, torch.float32):
        CaptionFeatures.open(split, Encoder(), "enc", tmp_path, quiet=True, precision=precision)
    sizes = {f.parent.name: f.stat().st_size for f in tmp_path.glob("captions-*/words.npy")}
    assert len(sizes) == 2 and old.is_dir()
    assert max(sizes.values()) - 128 == 2 * (sizes[old.name] - 128)  # but for the header
    for precision in (torch.float16, torch.float32):
        found = CaptionFeatures.open(split, refuse, "enc", tmp_path, "cpu", True, precision)
        assert found.at(np.arange(2))[1].dtype == precision


def test_two_runs_write_the_same_bytes(split: Split, tmp_path: Path) -> None:
    for run in ("a", "b"):
        CaptionFeatures.open(split, Encoder(), "enc", tmp_path / run, quiet=True)
    for name in ("words.npy", "sentence.npy"):
        one, other = (next((tmp_path / run).glob(f"captions-*/{name}")) for run in ("a", "b"))
        assert one.read_bytes() == other.read_bytes()


def test_other_tokens_have_another_hash(split: Split, open_tiny: Callable[..., Dataset]) -> None:
    data = open_tiny(count=100, max_words=4)
    assert len({tokens_hash(s) for s in (split, data.train, data.test)}) == 3


def test_a_failure_leaves_nothing(split: Split, tmp_path: Path) -> None:
    encoder = Encoder()
    encoder.embedding.data[:] = 1e6  # more than float16 holds
    cache, half = tmp_path / "cache", torch.float16
    with pytest.raises(UserError, match="not finite"):
        CaptionFeatures.open(split, encoder, "enc", cache, quiet=True, precision=half)
    assert not list(cache.glob("captions-*"))
    assert len(CaptionFeatures.open(split, encoder, "enc", cache, quiet=True)) > 0


def test_batches_carry_the_features_of_their_captions(split: Split, tmp_path: Path) -> None:
    features = CaptionFeatures.open(split, Encoder(), "enc", tmp_path, quiet=True)
    batch = make_batches(split, 8, 0, 8, "class_aware", features=features).at(24)
    text = batch.of(Captions)
    assert text.words is not None and text.sentence is not None
    assert text.wrong_sentence is not None
    words, sentence = features.at(text.rows)
    assert torch.equal(text.words, words) and torch.equal(text.sentence, sentence)
    assert torch.equal(text.wrong_sentence, features.at(text.wrong_rows)[1])
    assert batch.to("cpu").of(Captions).words is not None
    assert make_batches(split, 8, 0, 8, features=features).at(0).of(Captions).wrong_sentence is None


def test_an_encoder_of_sentences_alone_has_no_words(split: Split, tmp_path: Path) -> None:
    encoder = Encoder()

    def encode(tokens: Tensor, lengths: Tensor) -> tuple[None, Tensor]:
        return None, encoder(tokens, lengths)[1]

    for _ in range(2):  # computed, then read
        features = CaptionFeatures.open(split, encode, "enc", tmp_path, quiet=True)
        words, sentence = features.at(np.array([3, 0]))
        assert words is None and features.dim == 6
        expected = encoder(*(torch.from_numpy(part) for part in split.read(np.array([3, 0]))))[1]
        assert torch.equal(sentence, expected)
    assert [file.name for file in tmp_path.glob("captions-*/*")] == ["sentence.npy"]
    batch = make_batches(split, 8, 0, 8, "class_aware", features=features).at(24)
    text = batch.of(Captions)
    assert text.words is None and text.sentence is not None
    assert torch.equal(text.sentence, features.at(text.rows)[1])
    assert torch.equal(text.wrong_sentence, features.at(text.wrong_rows)[1])


def test_characters_are_encoded_by_their_own_tokens(split: Split, tmp_path: Path) -> None:
    """The same weights on words and on letters: neither finds the features of the other."""
    letters = split.read_as("characters")
    by_words = CaptionFeatures.open(split, Encoder(), "enc", tmp_path, quiet=True)
    by_letters = CaptionFeatures.open(letters, Encoder(), "enc", tmp_path, quiet=True)
    rows = np.arange(4)
    expected = Encoder()(*(torch.from_numpy(part) for part in letters.read(rows)))[1]
    assert torch.equal(by_letters.at(rows)[1], expected)
    assert not torch.equal(by_letters.at(rows)[1], by_words.at(rows)[1])
    batch = make_batches(letters, 8, 0, 8, features=by_letters).at(0)
    text = batch.of(Captions)
    assert text.tokens.dtype == torch.int64 and text.tokens.shape == (
        8,
        201,
    )
    assert torch.equal(
        text.tokens,
        torch.from_numpy(letters.read(text.rows.numpy())[0]),
    )
