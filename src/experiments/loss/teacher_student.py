"""What a speech encoder learns of a fixed image encoder (Li et al. 2020).

As released in `Audio_to_Image/train_audio_encoder.py` and `jel.py`, or put right.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


class TeacherStudentLoss:
    """Three terms: pairs above other pairs, the same direction, the same distribution."""

    def __init__(
        self,
        embedding: float = 1.0,
        l1: float = 5.0,
        distillation: float = 2.0,
        temperature: float = 2.0,
        same_class: float = 0.1,
        legacy: bool = False,
    ) -> None:
        """`embedding`, `l1` and `distillation` weigh the terms. `temperature` T softens both
        distributions. `same_class` weighs pairs of one class, which need no margin.

        `legacy`: as released, vectors are divided by the norm of the whole batch, T stands on the
        teacher alone, and the divergence is a mean over all values, so that its weight is 1000; a
        mean over the pairs alone needs 2, about T 1000 / 1024, for gradients of the same size.
        """
        assert temperature > 0, f"temperature={temperature}: must be positive"
        assert min(embedding, l1, distillation, same_class) >= 0, "weights must not be negative"
        self.weights = {"embedding": embedding, "l1": l1, "distillation": distillation}
        self.temperature, self.same_class, self.legacy = temperature, same_class, legacy

    def __call__(self, student: Tensor, teacher: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """student a, teacher v: (B, D), row i of one pair; labels (B,). Returns the three terms,
        scalars without their weights:

            embedding     sum over i, j of [d_ij + 1]+ between classes, and of `same_class` [d_ij]+
                          within, / B^2, where d_ij = v_i . a_j - v_j . a_j
            l1            mean of |a / ||a|| - v / ||v|||
            distillation  KL(softmax(v / T) || softmax(a / T)), mean over the pairs
        """
        assert student.shape == teacher.shape, "student and teacher give as many values"
        with torch.autocast(student.device.type, enabled=False):
            a, v = student.float(), teacher.float()
            return {
                "embedding": self._embedding(a, v, labels),
                "l1": (self._unit(a) - self._unit(v)).abs().mean(),
                "distillation": self._distillation(a, v),
            }

    def _embedding(self, a: Tensor, v: Tensor, labels: Tensor) -> Tensor:
        scores = v @ a.t()
        above = scores - scores.diagonal()[None, :]
        same = labels[:, None] == labels[None, :]
        return torch.where(same, self.same_class * above.relu(), (above + 1).relu()).mean()

    def _unit(self, x: Tensor) -> Tensor:
        return x / x.norm().clamp(min=1e-12) if self.legacy else F.normalize(x, dim=1)

    def _distillation(self, a: Tensor, v: Tensor) -> Tensor:
        soft = 1.0 if self.legacy else self.temperature
        wanted = (v / self.temperature).log_softmax(1)
        found = F.kl_div((a / soft).log_softmax(1), wanted, reduction="sum", log_target=True)
        return found / (a.numel() if self.legacy else len(a))
