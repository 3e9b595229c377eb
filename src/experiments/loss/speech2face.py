"""What a voice encoder learns of the features of the face (Oh et al. 2019, section 3).

    L = ||f_dec(v_f) - f_dec(v_s)||_1 + l1 ||v_f / |v_f| - v_s / |v_s| ||_2^2
        + l2 L_distill(f_vgg(v_f), f_vgg(v_s))
    L_distill(a, b) = - sum_i p_i(a) log p_i(b),  p = softmax(. / T)

v_f are features of the true face, v_s those told from the voice; each term is a sum over the values
of a row, and the mean over the rows. One port computes the first term without a gradient, and
divides by the norm of the whole batch; both are faults, and here are neither.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


class Speech2FaceLoss:
    """Three terms: what the decoder sees first, the direction, what the recogniser says."""

    def __init__(
        self,
        decoder: float = 1.0,
        direction: float = 0.025,
        distillation: float = 200.0,
        temperature: float = 2.0,
    ) -> None:
        """Weights of the terms, 1, l1 and l2 of the paper; `temperature`: T."""
        assert min(decoder, direction, distillation) >= 0, "weights must not be negative"
        assert temperature > 0, f"temperature={temperature}: must be positive"
        self.weights = {
            "decoder": decoder,
            "direction": direction,
            "distillation": distillation,
        }
        self.temperature = temperature

    def decoder(self, face: Tensor, voice: Tensor) -> Tensor:
        """f_dec(v_f) and f_dec(v_s), (B, H) each: the sum of |difference|, mean over the rows. The
        gradient of `voice` flows back through f_dec."""
        return (face.detach() - voice).abs().sum(1).mean()

    def direction(self, face: Tensor, voice: Tensor) -> Tensor:
        """v_f and v_s, (B, D) each: the squared distance of unit vectors, of every row its own."""
        apart = F.normalize(face.detach(), dim=1) - F.normalize(voice, dim=1)
        return apart.square().sum(1).mean()

    def distillation(self, face: Mapping[str, Tensor], voice: Mapping[str, Tensor]) -> Tensor:
        """Logits (B, values) of every head, of the face and of the voice. Several heads say one
        distribution, over all combinations of their values, so that their terms add up."""
        found = [self._cross_entropy(face[name].detach(), voice[name]) for name in voice]
        return torch.stack(found).sum()

    def _cross_entropy(self, face: Tensor, voice: Tensor) -> Tensor:
        wanted = (face / self.temperature).softmax(1)
        return -(wanted * (voice / self.temperature).log_softmax(1)).sum(1).mean()
