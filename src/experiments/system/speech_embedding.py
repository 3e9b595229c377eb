"""Training S2IGAN's speech embedding network (Wang et al. 2020)."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.picture import Pictures
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.frontend.distortion import Distortion
from experiments.loss.distinctive import DistinctiveLoss
from experiments.loss.matching import MatchingLoss
from experiments.system.base import EmbeddingTraining, Losses, Phase, Term
from experiments.system.seeding import Step
from experiments.system.stated import readout_for, stated_losses


class SpeechEmbeddingTraining(EmbeddingTraining):
    """One phase over both encoders, and over the classes that both sides are to say.

    It hears nothing that is particular to sound: an encoder of written captions trains as well.
    """

    encoder: JointEmbedding

    def __init__(
        self,
        encoder: JointEmbedding,
        matching: MatchingLoss,
        distinctive: DistinctiveLoss,
        image_size: int,
        distortion: Distortion | None = None,
        stated: float = 0.0,
        attribute_values: Mapping[str, int] | None = None,
        class_count: int | None = None,
    ) -> None:
        """`class_count`: classes of the data set, so that labels are what they are everywhere.
        Where there is but one, or `distinctive` has no weight, there is no layer of them.
        `stated`: the weight of what captions state of attributes, read out of vectors, where the
        data set knows it (this project's choice)."""
        super().__init__(encoder, image_size, distortion)
        self.matching, self.distinctive = matching, distinctive
        self.class_count = class_count
        told = distinctive.weight > 0 and class_count is not None and class_count > 1
        # Shared by both sides; no part of what other runs load.
        self.classes = nn.Linear(encoder.dim, class_count or 0) if told else None
        self.stated = stated
        self.readout = readout_for(encoder.dim, attribute_values, False, stated)

    def phases(self) -> list[Phase]:
        heads = (head for head in (self.classes, self.readout) if head is not None)
        return [Phase("embedding", (self.encoder, *heads), self.loss)]

    def loss(self, batch: Batch, step: Step, repeat: int) -> Losses:
        """The matching loss over the pairs of all processes, and the distinctive loss."""
        captions, labels = batch.of(Captions), batch.labels
        _, speech = self.encoder.encode_text(captions.tokens, captions.lengths)
        _, vector = self.encoder.encode_image(batch.of(Pictures).images[-1])
        # Where all is of one class there are none, and every other pair is a negative.
        known = None if self.class_count == 1 else step.gather(labels)
        found = self.matching(step.gather(speech.float()), step.gather(vector.float()), known)
        losses = {name: Term(value, self.matching.weight) for name, value in found.items()}
        if self.classes is not None:
            classes: dict[str, Tensor] = self.distinctive(
                self.classes(speech), self.classes(vector), labels
            )
            losses |= {n: Term(value, self.distinctive.weight) for n, value in classes.items()}
        if self.readout is not None:
            losses |= stated_losses(self.readout, batch, None, speech, self.stated)
        return losses
