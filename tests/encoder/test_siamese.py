"""The siamese embedding: its towers, their counts, and what of it never changes."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.encoder.cnn import CNN
from experiments.encoder.sentence_vae import SentenceVAE
from experiments.encoder.siamese import Siamese
from experiments.encoder.word_vectors import WordVectors

WORDS = ["<end>", "a", "bird", "flies", "left", "<unk>"]
TOKENS, LENGTHS = torch.tensor([[1, 2, 3, 4], [1, 2, 0, 0]]), torch.tensor([4, 2])


def siamese(**options: Any) -> Siamese:
    torch.manual_seed(0)
    vectors = WordVectors(6, WORDS, 8)
    vectors.read()
    text = SentenceVAE(vectors, length=4, hidden=16, dim=10)
    image = CNN([4, 4], [2, 2], 1, 12)
    return Siamese(text, image, **({"dim": 7, "hidden": 9} | options))


def test_the_towers_have_the_source_s_sizes() -> None:
    """500 -> 500 -> 512 over a sentence, and 2048 -> 500 -> 512 over a picture of Xception."""
    vectors = WordVectors(6, WORDS, 8)
    image = CNN([4, 4], [2, 2], 1, 2048)
    network = Siamese(SentenceVAE(vectors, length=4, hidden=16, dim=500), image)
    counts = [
        sum(p.numel() for p in tower.parameters())
        for tower in (network.text_tower, network.image_tower)
    ]
    assert counts == [250_500 + 256_512, 1_024_500 + 256_512]
    assert network.text_tower[2].p == 0.5


def test_codes_are_of_length_one_and_in_one_corner() -> None:
    network = siamese().eval()
    code = network.encode_text(TOKENS, LENGTHS)[1]
    seen = network.encode_image(torch.rand(3, 3, 16, 16))[1]
    torch.testing.assert_close(code.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(seen.norm(dim=1), torch.ones(3))
    assert code.min() >= 0 and code.shape == (2, 7)
    long = siamese(normalise=False).eval().encode_text(TOKENS, LENGTHS)[1]
    assert not torch.allclose(long.norm(dim=1), torch.ones(2), atol=1e-3)


def test_sentences_are_a_fixed_function() -> None:
    network = siamese()
    network.encode_text(TOKENS, LENGTHS)[1].sum().backward()
    assert all(p.grad is None and not p.requires_grad for p in network.text.parameters())
    assert network.text_tower[0].weight.grad is not None


def test_the_trunk_sees_signed_numbers() -> None:
    """The source gave 0 to 255 to a trunk that is made for [-1, 1]."""
    images, seen = torch.rand(2, 3, 16, 16) * 2 - 1, []
    for pixels in ("signed", "raw"):
        network = siamese(pixels=pixels).eval()
        network.image.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        network.encode_image(images)
    torch.testing.assert_close(seen[0], images)
    torch.testing.assert_close(seen[1], (images + 1) * 127.5)
    assert seen[1].max() > 200


def test_words_that_say_what_happens_are_told_from_the_code() -> None:
    network = siamese(actions=True)
    assert network.action_head is not None and network.action_head.out_features == 2
    with torch.no_grad():
        network.action_head.weight.zero_()
        network.action_head.bias.copy_(torch.tensor([0.0, 3.0]).log_softmax(0))
    code = torch.rand(2, 7)
    chances = torch.tensor([0.0, 3.0]).log_softmax(0)
    # Both words of the first sentence, in the mean; the second has none and counts 0.
    expected = -(chances.mean() + 0) / 2
    assert network.action_loss(code, TOKENS, LENGTHS).item() == pytest.approx(expected.item())


def test_a_frozen_one_has_no_dropout() -> None:
    network = siamese().freeze()
    network.train()
    first, again = (network.encode_text(TOKENS, LENGTHS)[1] for _ in range(2))
    assert torch.equal(first, again)
