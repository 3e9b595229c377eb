from __future__ import annotations

from collections import Counter
from math import exp, log
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from experiments.loss.damsm import Altered, DAMSMLoss

GAMMA1, GAMMA2, GAMMA3 = 4.0, 5.0, 10.0
Batch = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def batch(size: int = 5, dim: int = 6, length: int = 7, regions: int = 9) -> Batch:
    """words, mask, sentence, regions, vector with captions of different lengths."""
    generator = torch.Generator().manual_seed(2)
    lengths = torch.randint(1, length + 1, (size,), generator=generator)
    mask = torch.arange(length)[None] < lengths[:, None]
    words, sentence, maps, vector = (
        torch.randn(shape, generator=generator).requires_grad_()
        for shape in [(size, dim, length), (size, dim), (size, dim, regions), (size, dim)]
    )
    return words, mask, sentence, maps, vector


def total(terms: dict[str, Tensor]) -> Tensor:
    return torch.stack(list(terms.values())).sum()


def looped(data: Batch, labels: Tensor | None) -> dict[str, Tensor]:
    """One caption and one image at a time, each caption cut to its words."""
    words, mask, sentence, regions, vector = data
    size = len(words)
    scores = torch.empty(size, size)
    cosines = torch.empty(size, size)
    for i in range(size):
        e = words[i][:, mask[i]]
        for j in range(size):
            v = regions[j]
            s = (e.T @ v).softmax(0)
            alpha = (GAMMA1 * s).softmax(1)
            relevance = F.cosine_similarity(v @ alpha.T, e, dim=0)
            scores[i, j] = GAMMA3 * (GAMMA2 * relevance).exp().sum().log()
            cosines[i, j] = GAMMA3 * F.cosine_similarity(sentence[i], vector[j], dim=0)
            if labels is not None and i != j and labels[i] == labels[j]:
                scores[i, j] = cosines[i, j] = -torch.inf
    target = torch.arange(size)
    return {
        "image_to_words": F.cross_entropy(scores.T, target),
        "words_to_image": F.cross_entropy(scores, target),
        "image_to_sentence": F.cross_entropy(cosines.T, target),
        "sentence_to_image": F.cross_entropy(cosines, target),
    }


@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 0, 2, 1])])
def test_equals_the_loop_in_values_and_gradients(labels: Tensor | None) -> None:
    results = []
    for function in (lambda data: DAMSMLoss()(*data, labels), lambda data: looped(data, labels)):
        data = batch()
        terms = function(data)
        total(terms).backward()
        results.append((terms, [x.grad for x in data if x.requires_grad]))
    torch.testing.assert_close(results[0], results[1], rtol=1e-5, atol=1e-5)


def test_one_word_and_one_region_by_hand() -> None:
    """Then every softmax is 1 and the word score is gamma2 cos(v, e): here 1 or 0."""
    words = torch.eye(2)[:, :, None]
    terms = DAMSMLoss()(
        words, torch.ones(2, 1, dtype=torch.bool), torch.eye(2), words, -torch.eye(2)
    )
    by_words = log(1 + exp(-GAMMA3 * GAMMA2))
    by_sentence = log(1 + exp(GAMMA3))
    assert float(terms["image_to_words"]) == pytest.approx(by_words, abs=1e-6)
    assert float(terms["words_to_image"]) == pytest.approx(by_words, abs=1e-6)
    assert float(terms["image_to_sentence"]) == pytest.approx(by_sentence)
    assert float(terms["sentence_to_image"]) == pytest.approx(by_sentence)


def test_word_score_of_two_words_by_hand() -> None:
    """One region: its context is itself, cosines 1 and 0, so log(e^5 + e^0)."""
    words = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    region = torch.tensor([[[2.0], [0.0]]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert float(DAMSMLoss().word_scores(words, mask, region)) == pytest.approx(log(exp(5) + 1))
    normalised = DAMSMLoss(length_normalised=True).word_scores(words, mask, region)
    assert float(normalised) == pytest.approx(log((exp(5) + 1) / 2))


def test_longer_padding_changes_nothing() -> None:
    words, mask, *rest = batch()
    padded = torch.cat((words, torch.full((5, 6, 4), 3.0)), dim=2)
    longer = F.pad(mask, (0, 4))
    for normalised in (False, True):
        loss = DAMSMLoss(length_normalised=normalised)
        torch.testing.assert_close(loss(padded, longer, *rest), loss(words, mask, *rest))


def test_order_of_pairs_and_of_regions_changes_nothing() -> None:
    data, labels = batch(), torch.tensor([0, 1, 0, 2, 1])
    order = torch.tensor([3, 0, 4, 1, 2])
    moved = [x[order] for x in data]
    moved[3] = moved[3].flip(2)
    torch.testing.assert_close(DAMSMLoss()(*moved, labels[order]), DAMSMLoss()(*data, labels))


def test_matching_embeddings_beat_chance() -> None:
    size = 4
    words, mask, _, _, _ = batch(size)
    sentence = torch.randn(size, 6, generator=torch.Generator().manual_seed(0))
    regions = words.detach() * mask[:, None]
    for term in DAMSMLoss()(words, mask, sentence, regions, sentence).values():
        assert term.item() < log(size)


def test_one_class_leaves_only_the_diagonal() -> None:
    for term in DAMSMLoss()(*batch(), torch.zeros(5, dtype=torch.long)).values():
        assert term.item() == pytest.approx(0.0, abs=1e-6)


def test_autocast_does_not_reach_the_scores() -> None:
    data = batch()
    exact = DAMSMLoss()(*data)
    with torch.autocast("cpu", torch.bfloat16):
        torch.testing.assert_close(DAMSMLoss()(*data), exact, rtol=0, atol=0)


def test_zero_vectors_give_finite_gradients() -> None:
    words, mask, sentence, regions, vector = batch()
    zeros = [torch.zeros_like(x).requires_grad_() for x in (words, sentence, regions, vector)]
    total(DAMSMLoss()(zeros[0], mask, zeros[1], zeros[2], zeros[3])).backward()
    assert all(x.grad is not None and x.grad.isfinite().all() for x in zeros)


def test_scores_need_no_square_batch() -> None:
    words, mask, sentence, regions, vector = batch()
    loss = DAMSMLoss()
    torch.testing.assert_close(
        loss.word_scores(words, mask, regions[:2]), loss.word_scores(words, mask, regions)[:, :2]
    )
    assert loss.sentence_scores(sentence, vector[:3]).shape == (5, 3)


class CountOperators(TorchDispatchMode):
    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.calls[str(func)] += 1
        return func(*args, **(kwargs or {}))


def test_number_of_operators_does_not_depend_on_the_batch() -> None:
    counts = []
    for size in (4, 48):
        data = batch(size)
        with CountOperators() as counter:
            total(DAMSMLoss()(*data, torch.arange(size) // 2)).backward()
        counts.append(counter.calls)
    assert counts[0] == counts[1]
    assert sum(counts[0].values()) < 250


def test_other_sentences_stand_beside_those_of_the_batch() -> None:
    words, mask, sentence, regions, vector = batch()
    labels = torch.arange(5)
    others, theirs = torch.randn(4, 6), torch.tensor([7, 2, -1, 8])
    loss = DAMSMLoss()
    plain = loss(words, mask, sentence, regions, vector, labels)
    wide = loss(words, mask, sentence, regions, vector, labels, (others, theirs))
    logits = GAMMA3 * F.cosine_similarity(
        torch.cat((sentence, others))[None], vector[:, None], dim=2
    )
    logits[:, 7] = -torch.inf  # none was kept there
    logits[2, 6] = -torch.inf  # of the same class
    expected = F.cross_entropy(logits, torch.arange(5))
    torch.testing.assert_close(wide.pop("image_to_sentence"), expected)
    assert plain.pop("image_to_sentence") < expected
    torch.testing.assert_close(wide, plain)


def test_a_picture_is_told_from_altered_captions_as_from_those_of_others() -> None:
    """The two losses of images equal those over all captions together, one picture at a time."""
    words, mask, sentence, regions, vector = batch()
    other_words = torch.randn(5, 2, 6, 7, generator=torch.Generator().manual_seed(3))
    other_sentence = torch.randn(5, 2, 6, generator=torch.Generator().manual_seed(4))
    changed = torch.tensor([[True, True]] * 4 + [[False, True]])
    loss = DAMSMLoss(length_normalised=True)
    labels = torch.arange(5)
    altered = Altered(other_words, other_sentence, changed)
    found = loss(words, mask, sentence, regions, vector, labels, altered=altered)
    plain = loss(words, mask, sentence, regions, vector, labels)
    by_words, by_sentence = [], []
    for i in range(5):
        own = changed[i]
        all_words = torch.cat((words, other_words[i][own]))
        all_masks = torch.cat((mask, mask[i : i + 1].repeat(int(own.sum()), 1)))
        scores = loss.word_scores(all_words, all_masks, regions[i : i + 1])[:, 0]
        cosines = loss.sentence_scores(
            torch.cat((sentence, other_sentence[i][own])), vector[i : i + 1]
        )[:, 0]
        by_words.append(F.cross_entropy(GAMMA3 * scores, torch.tensor(i)))
        by_sentence.append(F.cross_entropy(GAMMA3 * cosines, torch.tensor(i)))
    torch.testing.assert_close(found["image_to_words"], torch.stack(by_words).mean())
    torch.testing.assert_close(found["image_to_sentence"], torch.stack(by_sentence).mean())
    for name in ("words_to_image", "sentence_to_image"):
        assert found[name] == plain[name]
    none = altered._replace(changed=torch.zeros(5, 2, dtype=torch.bool))
    torch.testing.assert_close(
        loss(words, mask, sentence, regions, vector, labels, altered=none), plain
    )
