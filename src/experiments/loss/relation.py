"""S2IGAN's relation supervisor: which pair of pictures is called what (Wang et al. 2020, 3.2.3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

IDENTICAL, RELATED, UNRELATED = range(3)  # labels of pairs, as released


class RelationLoss:
    """Cross-entropies of the relation classifier, and that of the generator.

    Both want a generated picture to be `RELATED` to a real one: there is no game between them.
    """

    def __init__(self, weight: float = 1.0, train_on_fake: bool = True) -> None:
        """`weight`: of all terms, the generator's too; 0: no relation supervisor. `train_on_fake`:
        whether generated pairs train the classifier as well, as released.
        """
        self.weight, self.train_on_fake = weight, train_on_fake

    def classifier(
        self,
        identical: Tensor,
        related: Tensor,
        unrelated: Tensor,
        generated: Tensor | None,
        itself: Tensor,
    ) -> dict[str, Tensor]:
        """Terms by name, whose sum is the loss, of the logits (B, 3) of a real picture and itself,
        another of its class, one of another class, and a generated one.

        itself (B,): where a class has one picture, or a set no classes, it is its own other. The
        label `IDENTICAL` would contradict that, and is left out there.
        """
        once = _towards(identical, IDENTICAL).masked_fill(itself, 0.0)
        terms = {
            "identical": once.mean(),
            "related": _towards(related, RELATED).mean(),
            "unrelated": _towards(unrelated, UNRELATED).mean(),
        }
        if generated is not None and self.train_on_fake:
            terms["generated"] = self.generator(generated)
        return terms

    def generator(self, generated: Tensor) -> Tensor:
        """The generator's loss of the logits (B, 3) of real and generated pictures, a scalar."""
        return _towards(generated, RELATED).mean()


def _towards(logits: Tensor, label: int) -> Tensor:
    """(B, 3) -> (B,), in float32."""
    target = torch.full((len(logits),), label, device=logits.device)
    return F.cross_entropy(logits.float(), target, reduction="none")
