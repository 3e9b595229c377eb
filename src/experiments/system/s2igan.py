"""S2IGAN: StackGAN-v2 with dense stages and a relation supervisor (Wang et al. 2020).

The dense stages are the generator's (`generator.dense`). The supervisor is a classifier of pairs of
pictures, by features of the encoder's picture side, which never changes; it has a phase of its own
between the discriminator's and the generator's.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.discriminator.relation import RelationClassifier
from experiments.generator.initialisation import initialise
from experiments.loss.relation import RelationLoss
from experiments.system.base import Losses, Phase, Term
from experiments.system.judging import Shared
from experiments.system.seeding import Step
from experiments.system.stackgan_v2 import StackGANv2
from experiments.system.text import Text


@dataclass(frozen=True)
class Related(Shared):
    """With features (B, D), of length 1, of the largest pictures: real ones, others of their class,
    wrong ones, and fakes with their graph."""

    real: Tensor
    other: Tensor
    unrelated: Tensor
    fake: Tensor


class S2IGAN(StackGANv2):
    """Classifier and generator agree that a generated picture is related to the real one."""

    def __init__(
        self,
        *,
        relation: RelationClassifier,
        supervision: RelationLoss,
        random_head: bool = False,
        **options: Any,
    ) -> None:
        """`supervision`: its weight 0 leaves the relation supervisor out. `random_head`: pictures
        are compared by a head that nothing has trained, as released for Flickr8k and Places.
        `options` are those of `StackGANv2`.
        """
        super().__init__(**options)
        self.head: nn.Module | None = None
        if random_head:
            assert hasattr(self.encoder, "vector_head"), (
                "random_head: must be false, as this encoder has no head over its image network"
            )
            self.head = copy.deepcopy(self.encoder.vector_head).requires_grad_(False)
        self.relation, self.supervision = relation, supervision
        self.other_images = self.supervised = supervision.weight != 0
        if self.supervised:
            assert self.encoder.sees_pictures, (
                "loss.relation.weight: must be 0, as this encoder has no picture side to compare by"
            )
            assert self.wrong_images, (
                "wrong: must be image, with pairs (mismatch), as wrong pictures are compared"
            )
            assert relation.dim == self.encoder.dim, (
                f"relation.dim={relation.dim}: the encoder gives {self.encoder.dim}"
            )

    def phases(self) -> list[Phase]:
        """Discriminators, then the classifier, then the generator, as released."""
        *before, generator = super().phases()
        if not self.supervised:
            return [*before, generator]
        return [*before, Phase("relation", (self.relation,), self.relation_loss), generator]

    def initialise(self) -> None:
        super().initialise()
        initialise(self.relation, self.initial_std)
        if self.head is not None:
            self.head.reset_parameters()  # type: ignore[operator]

    def make(self, batch: Batch, text: Text, step: Step) -> Shared:
        """With what the classifier and the generator compare."""
        shared = super().make(batch, text, step)
        if not self.supervised:
            return shared
        pictures = batch.of(Pictures)
        assert pictures.wrong_images is not None and pictures.other is not None
        with torch.no_grad():
            real = self.features(pictures.images[-1])
            other, wrong = self.features(pictures.other), self.features(pictures.wrong_images[-1])
        fake = self.features(shared.fakes[-1])
        return Related(batch, text, shared.made, real, other, wrong, fake)

    def features(self, images: Tensor) -> Tensor:
        """Pictures (B, 3, R, R) -> (B, D), float32, of length 1; gradients flow to the pictures."""
        if self.head is None:
            vectors = self.encoder.encode_image(images)[1]
        else:
            vectors = self.head(self.encoder.image(images)[1])
        return F.normalize(vectors.float(), dim=1)

    def relation_loss(self, shared: Related, step: Step, repeat: int) -> Losses:
        """What the classifier learns: pairs of real pictures, and of a real and a generated one,
        each kind with batch statistics of its own."""
        real, itself = shared.real, shared.batch.of(Pictures).itself
        assert itself is not None
        fake = shared.fake.detach() if self.supervision.train_on_fake else None
        terms = self.supervision.classifier(
            self.relation(real, real),
            self.relation(real, shared.other),
            self.relation(real, shared.unrelated),
            None if fake is None else self.relation(real, fake),
            itself,
        )
        return {name: Term(value, self.supervision.weight) for name, value in terms.items()}

    def generator_loss(self, shared: Shared, step: Step, repeat: int) -> Losses:
        """StackGAN-v2's, and the classifier's word that the fakes are related to the real ones."""
        if repeat > 0:
            shared = self.make(shared.batch, shared.text, step)
        losses = super().generator_loss(shared, step, 0)
        if isinstance(shared, Related):
            value = self.supervision.generator(self.relation(shared.real, shared.fake))
            losses["relation"] = Term(value, self.supervision.weight)
        return losses
