"""The autoencoder of sentences: its layers and counts, its code, and what its options do."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.encoder.sentence_vae import SentenceVAE, between
from experiments.encoder.word_vectors import WordVectors
from experiments.terminal.error import UserError

WORDS = ["<end>", "a", "bird", "black", "flies", "left", "red", "<unk>"]
END, A, BIRD, BLACK, FLIES, LEFT, RED, UNK = range(8)
TOKENS = torch.tensor([[A, RED, BIRD, FLIES, LEFT], [A, UNK, BIRD, 0, 0]])
LENGTHS = torch.tensor([5, 3])


def vae(**options: Any) -> SentenceVAE:
    torch.manual_seed(0)
    vectors = WordVectors(8, WORDS, options.pop("word_dim", 4))
    vectors.read()
    return SentenceVAE(
        vectors, **({"length": 5, "hidden": 16, "dim": 6, "scaled": False} | options)
    )


@pytest.mark.parametrize(
    ("length", "dim", "count"),
    [  # the text's words with the code that the next step takes, and the notebook's
        (25, 500, 9_001_200 + 2 * 600_500 + 601_200 + 9_007_500),
        (10, 1000, 3_601_200 + 2 * 1_201_000 + 1_201_200 + 3_603_000),
    ],
)
def test_published_counts(length: int, dim: int, count: int) -> None:
    with torch.device("meta"):
        network = SentenceVAE(WordVectors(8, None, 300), length=length, dim=dim)
    assert sum(p.numel() for p in network.parameters()) == count
    assert network.encoder[1].in_features == {25: 7500, 10: 3000}[length]


def test_words_stand_side_by_side_and_the_rest_is_empty() -> None:
    network = vae()
    values, weights = network.placed(TOKENS, LENGTHS)
    torch.testing.assert_close(values[0, 1], network.vectors.table[RED])
    torch.testing.assert_close(values[1, 1], network.vectors.table[UNK])  # it keeps its place
    assert values.shape == (2, 5, 4) and not values[1, 3:].any()
    assert weights.tolist() == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]


def test_padding_changes_nothing_and_long_sentences_are_cut() -> None:
    network = vae(length=4)
    wide = torch.nn.functional.pad(TOKENS, (0, 3))
    for ours, theirs in zip(
        network.placed(TOKENS, LENGTHS), network.placed(wide, LENGTHS), strict=True
    ):
        assert ours.shape[1] == 4
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_dropped_words_move_the_others_up() -> None:
    values, weights = vae(unknown="drop").placed(TOKENS, LENGTHS)
    torch.testing.assert_close(values[1, 1], vae().vectors.table[BIRD])
    assert weights[1].tolist() == [1, 1, 0, 0, 0]


def test_words_are_averaged() -> None:
    network = vae(combined="averaged")
    values, weights = network.placed(TOKENS, LENGTHS)
    expected = network.vectors.table[[A, UNK, BIRD]].mean(0)
    torch.testing.assert_close(values[1, 0], expected)
    assert values.shape == (2, 1, 4) and weights.tolist() == [[1], [1]]
    with pytest.raises(UserError, match="averaged"):
        network.words_of(torch.zeros(1, 6))


def test_emphasis_scales_vectors_of_what_happens() -> None:
    plain, network = vae().placed(TOKENS, LENGTHS), vae(emphasis="scale", strength=0.5)
    values, weights = network.placed(TOKENS, LENGTHS)
    times = torch.tensor([1, 1, 1, 1.5, 1.5])[:, None]
    torch.testing.assert_close(values[0], plain.values[0] * times)
    torch.testing.assert_close(values[1], plain.values[1])
    torch.testing.assert_close(weights, plain.weights)


@pytest.mark.parametrize("combined", ["concatenated", "averaged"])
def test_emphasis_has_a_vector_of_its_own(combined: Any) -> None:
    network = vae(emphasis="slot", combined=combined)
    values, weights = network.placed(TOKENS, LENGTHS)
    expected = network.vectors.table[[FLIES, LEFT]].mean(0)
    torch.testing.assert_close(values[0, -1], expected)
    assert weights[:, -1].tolist() == [1, 0] and not values[1, -1].any()
    assert network.decode(torch.zeros(2, 6)).shape == values.shape


def test_the_slot_makes_7800_numbers_of_7500() -> None:
    with torch.device("meta"):
        network = SentenceVAE(WordVectors(8, None, 300), emphasis="slot")
    assert network.encoder[1].in_features == 7800


def test_emphasis_counts_in_the_loss() -> None:
    values, weights = vae(emphasis="loss_weight", strength=2.0).placed(TOKENS, LENGTHS)
    assert weights.tolist() == [[1, 1, 1, 3, 3], [1, 1, 1, 0, 0]]
    torch.testing.assert_close(values, vae().placed(TOKENS, LENGTHS).values)


def test_scaled_vectors_have_a_mean_square_of_one() -> None:
    network = vae(scaled=True)
    every = torch.arange(1, 6)[None]
    rest = torch.tensor([[6, 7, 0, 0, 0]])
    one, two = network.placed(every, torch.tensor([5])), network.placed(rest, torch.tensor([2]))
    numbers = torch.cat((one.values[0], two.values[0, :2]))
    assert numbers.square().mean().item() == pytest.approx(1, abs=1e-5)


def test_numbers_in_zero_to_one_and_back() -> None:
    network = vae(likelihood="bce_minmax", emphasis="scale")
    squeezed = network.squeezed(network.placed(TOKENS, LENGTHS).values)
    assert squeezed.min() >= 0 and squeezed.max() <= 1
    made = network.decode(torch.randn(3, 6))
    assert made.min() > 0 and made.max() < 1
    assert vae().decode(torch.randn(3, 6)).min() < 0  # no sigmoid: vectors are signed


def test_the_text_encoder_gives_the_mean_of_the_code() -> None:
    network = vae().freeze()
    words, sentence = network.encode_text(TOKENS, LENGTHS)
    assert words is None and not sentence.requires_grad
    torch.testing.assert_close(
        sentence, network.code(network.placed(TOKENS, LENGTHS).values)[0], rtol=0, atol=0
    )


def test_interpolation_ends_at_what_was_given() -> None:
    first, second = torch.randn(2, 6)
    line = between(first, second, 5)
    assert torch.equal(line[0], first) and torch.equal(line[-1], second)
    torch.testing.assert_close(line[2], (first + second) / 2)
