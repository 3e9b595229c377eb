"""The initial values of AttnGAN's and StackGAN-v2's networks, apart from their construction.

Orthogonal values cost seconds (a 512 px discriminator: most of a run's start). A network that will
receive a checkpoint is built without them, or on the meta device.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

NORM_STD = 0.02


def initialise(module: nn.Module, std: float | None = None) -> None:
    """Set every parameter and buffer in place: orthogonal weights, norm scales N(1, 0.02).

    Convolutions and linear layers: orthogonal with gain 1, or N(0, std) where `std` is given (Reed
    2016, StackGAN: 0.02), biases zero. Norms: weight N(1, 0.02),
    bias zero, running statistics fresh. Any other layer gets its own default, so that a module
    made with `to_empty` is complete afterwards. What is frozen came trained, and stays as it is.
    Source: the released AttnGAN and StackGAN-v2.
    """
    for layer in module.modules():
        own = list(layer.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            continue
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
            if std is None:
                _orthogonal(layer.weight)
            else:
                nn.init.normal_(layer.weight, 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, _BatchNorm | nn.GroupNorm):
            layer.reset_parameters()
            if layer.weight is not None:
                nn.init.normal_(layer.weight, 1.0, NORM_STD)
        elif callable(reset := getattr(layer, "reset_parameters", None)):
            reset()


@torch.no_grad()
def _orthogonal(weight: Tensor) -> None:
    """`nn.init.orthogonal_` needs a contiguous tensor; a weight may be channels last."""
    weight.copy_(nn.init.orthogonal_(torch.empty(weight.shape, device=weight.device)))
