"""Training of a siamese embedding of sentences and pictures (the pipeline of 2017, its second
step): a caption is near the frames of its own clip, and a margin away from those of others."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.view.base import View
from experiments.data.view.caption import Captions, CaptionView
from experiments.data.view.clip import Clips, ClipView
from experiments.data.view.picture import Pictures, PictureView
from experiments.encoder.siamese import Siamese
from experiments.encoder.word_vectors import read_vectors
from experiments.loss.contrastive import ContrastiveLoss, distance
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step

Positives = Literal["clip", "picture"]
Negatives = Literal["other", "any"]
TENTH_LAST = -10


class SiameseTraining(EmbeddingTraining):
    """One phase over both towers; the encoder of sentences stays as it is."""

    encoder: Siamese

    def __init__(
        self,
        encoder: Siamese,
        contrastive: ContrastiveLoss,
        image_size: int,
        form: ClipForm,
        positives: Positives = "clip",
        negatives: Negatives = "other",
        wrong: int = 3,
        action_weight: float = 0.5,
    ) -> None:
        """`positives`: the first, the last and the tenth-last frame of the caption's clip, or its
        picture alone, for sets without clips. `negatives`: first frames of `wrong` other records of
        the batch, of another class (of another record where all are of one); "any": of any, the
        caption's own among them (the source's slip). `action_weight`: of the words that say what
        happens, told from the code, where the encoder has a head for them.
        """
        super().__init__(encoder, image_size)
        assert wrong >= 1, "wrong: at least 1"
        self.contrastive, self.form = contrastive, form
        self.positives, self.negatives, self.wrong = positives, negatives, wrong
        self.action_weight = action_weight

    def views(self) -> list[View]:
        seen = ClipView(self.form) if self.positives == "clip" else PictureView(self.resolutions)
        return [CaptionView(), seen]

    def phases(self) -> list[Phase]:
        return [Phase("embedding", (self.encoder,), self.loss)]

    def initialise(self) -> None:
        super().initialise()
        read_vectors(self.encoder)

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """Pairs, and what is no pair, each with half of the weight as the source's batches have as
        many of both; beside them `accuracy`, the mean share of both that are on their side of half
        the margin."""
        captions = batch.of(Captions)
        _, code = self.encoder.encode_text(captions.tokens, captions.lengths)
        frames = self.frames(batch)
        rows, count = len(code), len(frames)
        codes = self.encoder.encode_image(torch.cat(frames))[1].unflatten(0, (count, rows))
        near = distance(code, codes)  # (count, B)
        others = step.gather(codes[0])
        chosen, weights = self.strangers(batch, step)
        far = distance(code[:, None], others[chosen])  # (B, wrong)
        weight, half = self.contrastive.weight, self.contrastive.margin / 2
        right = self.contrastive.right(near).mean()
        wrong = (self.contrastive.wrong(far) * weights).mean()
        sure = ((near < half).float().mean() + (far > half).float().mean()) / 2
        losses = {
            "right": Term(right, weight / 2),
            "wrong": Term(wrong, weight / 2),
            "accuracy": Term(sure.detach(), 0.0),
        }
        if self.encoder.action_head is not None:
            told = self.encoder.action_loss(code, captions.tokens, captions.lengths)
            losses["actions"] = Term(told, self.action_weight)
        return losses

    def frames(self, batch: Batch) -> list[Tensor]:
        """The pictures (B, 3, R, R) that belong to each caption, its clip's first one first."""
        if self.positives == "picture":
            return [batch.of(Pictures).images[-1]]
        clips = batch.of(Clips).values
        length = clips.shape[2]
        numbers = dict.fromkeys((0, length - 1, max(0, length + TENTH_LAST)))
        return [self.sized(clips[:, :, number]) for number in numbers]

    def sized(self, frames: Tensor) -> Tensor:
        """Frames (B, C, S, S) as the trunk sees pictures."""
        frames, size = frames.expand(-1, 3, -1, -1), self.resolutions[-1]
        if frames.shape[-1] == size:
            return frames
        return F.interpolate(frames, (size, size), mode="bilinear", antialias=True)

    def strangers(self, batch: Batch, step: Step) -> tuple[Tensor, Tensor]:
        """Numbers (B, wrong) of records of the batch of all processes whose pictures are wrong for
        each caption, drawn at random, and 1 for each, 0 where there is none."""
        drawn = step.uniform(step.batch)
        count = min(self.wrong, step.batch)
        if self.negatives == "other":
            labels, rows = step.gather(batch.labels), step.gather(batch.rows)
            other = batch.labels[:, None] != labels
            other = torch.where((labels != labels[0]).any(), other, batch.rows[:, None] != rows)
            drawn = drawn.masked_fill(~other, -1.0)
        found = drawn.topk(count, dim=1)
        return found.indices, (found.values >= 0).float()
