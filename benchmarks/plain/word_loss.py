"""The DAMSM loss caption by caption, as released (Xu et al. 2018, equations 7 to 13)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.loss.damsm import DAMSMLoss
from experiments.terminal.error import UserError


def require_published(settings: DAMSMLoss, redraws: bool = False) -> None:
    """Raise `UserError` for losses that no published step has, `redraws`: one is of pictures drawn
    again."""
    beyond = settings.negatives, settings.altered, settings.shift, settings.noise
    if redraws or any(beyond):
        raise UserError(
            "loss.reconstruction, loss.damsm.negatives, .altered, .shift, .noise: no published "
            "step has them, so there is nothing to compare with; name a recipe without them"
        )


def damsm_losses(
    words: Tensor,
    lengths: Tensor,
    sentence: Tensor,
    regions: Tensor,
    vector: Tensor,
    labels: Tensor,
    settings: DAMSMLoss,
) -> dict[str, Tensor]:
    """The loss by words and the loss by sentences, two scalars.

    words (B, D, T), lengths (B,), sentence (B, D), regions (B, D, N), vector (B, D), labels (B,).
    """
    target = torch.arange(len(sentence), device=sentence.device)
    by_words = word_scores(words, lengths, regions, settings)
    by_sentence = F.cosine_similarity(sentence[:, None], vector[None], dim=2)
    losses = {}
    for name, scores in (("word", by_words), ("sentence", by_sentence)):
        scores = without_own_class(settings.gamma3 * scores, labels)
        losses[name] = F.cross_entropy(scores, target) + F.cross_entropy(scores.t(), target)
    return losses


def word_scores(words: Tensor, lengths: Tensor, regions: Tensor, settings: DAMSMLoss) -> Tensor:
    """R(Q, D) of every caption and image (B, B), caption by caption (Xu 2018, eq. 7 to 10)."""
    rows = []
    for index in range(len(words)):
        e = words[index : index + 1, :, : int(lengths[index])].expand(len(regions), -1, -1)
        s = torch.bmm(e.transpose(1, 2), regions)  # eq. 7: (B, T, N)
        alpha = (settings.gamma1 * s.softmax(dim=1)).softmax(dim=2)  # eq. 8 and 9
        context = torch.bmm(regions, alpha.transpose(1, 2))  # (B, D, T)
        relevance = F.cosine_similarity(e, context, dim=1)
        rows.append((settings.gamma2 * relevance).exp().sum(dim=1).log())
    return torch.stack(rows)


def without_own_class(scores: Tensor, labels: Tensor) -> Tensor:
    """scores (B, B) in which another picture of the same class is no negative, row by row."""
    masks = []
    for index in range(len(labels)):
        same = labels == labels[index]
        same[index] = False
        masks.append(same)
    return scores.masked_fill(torch.stack(masks), float("-inf"))
