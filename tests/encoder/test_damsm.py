from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.sed import SED


@pytest.fixture
def model() -> DAMSM:
    torch.manual_seed(0)
    image = CNN(widths=(4, 8), strides=(2, 2), global_width=10)
    return DAMSM(BiLSTM(20, dim=6, embedding_dim=5), image, dim=6)


TOKENS, LENGTHS = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2])


def test_both_sides_share_one_space(model: DAMSM) -> None:
    words, sentence, regions, vector = model(TOKENS, LENGTHS, torch.randn(2, 3, 16, 16))
    assert words.shape == (2, 6, 3)
    assert sentence.shape == vector.shape == (2, 6)
    assert regions.shape == (2, 6, 16)


def test_heads_have_the_published_size() -> None:
    """Inception's 768 and 2048 channels: a bias-free 1x1 convolution and a linear layer."""
    image = torch.nn.Module()
    image.region_channels, image.pooled_channels = 768, 2048  # type: ignore[assignment]
    with torch.device("meta"):
        model = DAMSM(BiLSTM(5450), image)
    assert sum(p.numel() for p in model.region_head.parameters()) == 768 * 256
    assert sum(p.numel() for p in model.vector_head.parameters()) == 2048 * 256 + 256


def test_frozen_stays_frozen_and_passes_gradients_to_images(model: DAMSM) -> None:
    torch.nn.Sequential(model.freeze()).train()
    assert not any(module.training for module in model.modules())
    assert not any(p.requires_grad for p in model.parameters())
    images = torch.randn(2, 3, 16, 16, requires_grad=True)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    regions, vector = model.encode_image(images)
    (regions.sum() + vector.sum()).backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert all(torch.equal(before[name], buffer) for name, buffer in model.named_buffers())


def test_text_of_another_width_is_refused() -> None:
    with pytest.raises(AssertionError, match="dim=8"):
        DAMSM(BiLSTM(20, dim=6), CNN(widths=(4,), strides=(2,)), dim=8)


def test_words_are_stretches_of_sound_where_captions_are_heard(model: DAMSM) -> None:
    assert model.name == "damsm" and model.steps(LENGTHS).tolist() == [3, 2]
    image = CNN(widths=(4, 8), strides=(2, 2), global_width=10)
    mel: Any = SimpleNamespace(shape=(5,), normalise=lambda frames, lengths: frames)
    heard = DAMSM(SED(mel, dim=6, channels=(4, 4), places=4), image, dim=6)
    assert (heard.name, heard.reads) == ("damsm_speech", "speech")
    words, sentence = heard.encode_text(torch.randn(2, 59, 5), torch.tensor([20, 59]))
    assert words.shape == (2, 6, 4) and sentence.shape == (2, 6)
    assert heard.steps(torch.tensor([20, 59])).tolist() == [2, 4]
    with pytest.raises(AssertionError, match="sentences only"):
        DAMSM(SED(mel, dim=6, channels=(4, 4)), image, dim=6)
