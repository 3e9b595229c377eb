"""The DAMSM loss: words and regions, sentences and images (Xu et al. 2018, equations 7 to 13)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

EPSILON = 1e-6


class Altered(NamedTuple):
    """Of every caption K others with one wrong word: their words (B, K, D, T) and sentences
    (B, K, D), and whether there is such a word (B, K). No words of encoders without."""

    words: Tensor | None
    sentence: Tensor
    changed: Tensor


class DAMSMLoss:
    """Four cross-entropies over a batch: each side finds its partner, by words and as a whole.

    All captions are handled at once, so the number of operators does not depend on the batch. The
    largest tensor is (B, B, T, N) in float32: 46 MiB at B=48, T=18, N=289.
    """

    def __init__(
        self,
        gamma1: float = 4.0,
        gamma2: float = 5.0,
        gamma3: float = 10.0,
        length_normalised: bool = False,
        weight: float = 1.0,
        stages: Sequence[int] = (-1,),
        negatives: int = 0,
        shift: int = 0,
        noise: float = 0.0,
        altered: int = 0,
    ) -> None:
        """gamma1 sharpens attention (eq. 9), gamma2 weighs words (eq. 10), gamma3 pairs (eq. 11).

        The word score is log sum exp(gamma2 R), without the paper's exponent 1/gamma2: the released
        code and weights have it so. It grows with the caption; `length_normalised` takes the mean
        of the exponentials instead of their sum. `weight` is lambda of the generator's loss;
        `stages` are those whose pictures it judges; `negatives`: sentences of batches before that
        a picture must be told from as well; `shift`: pixels either way by which a picture is
        moved at random before it is judged, `noise`: deviation of what is added to it then, of
        values from -1 to 1. `altered`: captions with one wrong word that a picture must be told
        from as well. All four are this project's choice.
        """
        self.gamma1, self.gamma2, self.gamma3 = gamma1, gamma2, gamma3
        self.weight, self.stages = weight, list(stages)
        assert negatives >= 0, f"negatives={negatives}: must not be negative"
        assert shift >= 0, f"shift={shift}: must not be negative"
        assert noise >= 0, f"noise={noise}: must not be negative"
        assert altered >= 0, f"altered={altered}: must not be negative"
        self.length_normalised, self.negatives = length_normalised, negatives
        self.shift, self.noise, self.altered = shift, noise, altered

    def __call__(
        self,
        words: Tensor,
        mask: Tensor,
        sentence: Tensor,
        regions: Tensor,
        vector: Tensor,
        labels: Tensor | None = None,
        others: tuple[Tensor, Tensor] | None = None,
        altered: Altered | None = None,
    ) -> dict[str, Tensor]:
        """words (B, D, T), mask (B, T) True on real words, sentence (B, D), regions (B, D, N),
        vector (B, D); caption i belongs to image i. labels (B,) int: other pairs of the same
        label are no negatives. `others`: further sentences (K, D) that no image belongs to, and
        their labels (K,), negative where there is none. `altered`: captions with a wrong word, from
        which each image must be told too. Returns four scalars, which are summed.
        """
        assert words.shape[0] == regions.shape[0], "captions and images come in pairs"
        assert others is None or labels is not None, "other sentences are told apart by labels"
        with torch.autocast(words.device.type, enabled=False):
            by_words = self.gamma3 * self.word_scores(words, mask, regions)
            by_sentence = self.gamma3 * self.sentence_scores(sentence, vector)
            target = torch.arange(words.shape[0], device=words.device)
            if labels is not None:
                same = labels[:, None] == labels[None, :]
                same = same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
                by_words = by_words.masked_fill(same, -math.inf)
                by_sentence = by_sentence.masked_fill(same, -math.inf)
            of_image = by_sentence.t()
            if others is not None and labels is not None:
                sentences, their = others
                far = self.gamma3 * self.sentence_scores(sentences, vector).t()
                out = (their < 0)[None] | (their[None] == labels[:, None])
                of_image = torch.cat((of_image, far.masked_fill(out, -math.inf)), dim=1)
            word_of = by_words.t()
            if altered is not None:
                scores, far = self.altered_scores(altered, mask, regions, vector)
                word_of = torch.cat((word_of, self.gamma3 * scores), dim=1)
                of_image = torch.cat((of_image, self.gamma3 * far), dim=1)
            return {
                "image_to_words": F.cross_entropy(word_of, target),
                "words_to_image": F.cross_entropy(by_words, target),
                "image_to_sentence": F.cross_entropy(of_image, target),
                "sentence_to_image": F.cross_entropy(by_sentence, target),
            }

    def altered_scores(
        self, altered: Altered, mask: Tensor, regions: Tensor, vector: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Of every image and each of its K altered captions, by words and by sentences: (B, K)
        each; minus infinity where a caption was not altered."""
        assert altered.words is not None, "the encoder gives no words"
        count = altered.changed.shape[1]
        captions = altered.words.float().transpose(2, 3).flatten(1, 2)  # (B, K T, D)
        by_words = self._relevance(captions, regions.float(), mask.repeat(1, count), count)
        by_sentence = cosine(altered.sentence.float(), vector.float()[:, None])
        out = ~altered.changed
        return by_words.masked_fill(out, -math.inf), by_sentence.masked_fill(out, -math.inf)

    def word_scores(self, words: Tensor, mask: Tensor, regions: Tensor) -> Tensor:
        """R(Q, D) of equation 10 for every caption and image: (B captions, B' images)."""
        with torch.autocast(words.device.type, enabled=False):
            batch, dim, length = words.shape
            e = words.float().transpose(1, 2).reshape(1, batch * length, dim)
            return self._relevance(e, regions.float(), mask.reshape(1, -1), batch).t()

    def _relevance(self, e: Tensor, v: Tensor, mask: Tensor, captions: int) -> Tensor:
        """(B', captions): of images v (B', D, N) and captions, which lie one after another in e
        (B' or 1, captions T, D), with mask (B' or 1, captions T)."""
        images, _, count = v.shape
        e = e.expand(images, -1, -1)
        length = e.shape[1] // captions
        s = torch.bmm(e, v).view(images, captions, length, count)  # eq. 7
        pad = ~mask.view(-1, captions, length)
        over_words = s.masked_fill_(pad[..., None], -math.inf).softmax(dim=2)  # eq. 8
        alpha = (self.gamma1 * over_words).softmax(dim=3)  # eq. 9
        context = torch.bmm(alpha.view(images, -1, count), v.transpose(1, 2))
        relevance = cosine(context, e).view(images, captions, length)
        scores = (self.gamma2 * relevance).masked_fill(pad, -math.inf).logsumexp(dim=2)
        if self.length_normalised:
            scores = scores - (~pad).sum(dim=2).float().log()
        return scores

    def sentence_scores(self, sentence: Tensor, vector: Tensor) -> Tensor:
        """Cosine of every sentence (B, D) with every image vector (B', D): (B, B')."""
        with torch.autocast(sentence.device.type, enabled=False):
            return cosine(sentence.float()[:, None], vector.float()[None])


def cosine(a: Tensor, b: Tensor) -> Tensor:
    """Cosine along the last axis; 0 for a zero vector, with finite gradients."""
    lengths = torch.linalg.vector_norm(a, dim=-1) * torch.linalg.vector_norm(b, dim=-1)
    return torch.linalg.vecdot(a, b) / lengths.clamp(min=EPSILON)
