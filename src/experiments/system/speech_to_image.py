"""Direct speech-to-image translation: StackGAN-v2 with a class-aware term (Li et al. 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor

from experiments.loss.class_aware import ClassAwareLoss
from experiments.system.base import Losses, term
from experiments.system.judging import Shared
from experiments.system.seeding import Step
from experiments.system.stackgan_v2 import StackGANv2


class SpeechToImage(StackGANv2):
    """The generator is also asked to draw what is of one class alike, to each discriminator."""

    def __init__(self, *, class_aware: ClassAwareLoss, **options: Any) -> None:
        """`options` are those of `StackGANv2`."""
        super().__init__(**options)
        self.class_aware = class_aware

    def feature_losses(self, features: Sequence[Tensor], shared: Shared, step: Step) -> Losses:
        """The term of every stage, over the fakes of all processes."""
        labels, losses = step.gather(shared.batch.labels), Losses()
        for size, maps in zip(self.resolutions, features, strict=True):
            rows = step.gather(maps.flatten(1).float())
            value = partial(self.class_aware, rows, labels)
            losses[f"{size}px/class_aware"] = term(self.class_aware.weight, value)
        return losses
