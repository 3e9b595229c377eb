"""The initial values of AttnGAN's and StackGAN-v2's networks, apart from their construction.

Orthogonal values cost seconds (a 512 px discriminator: most of a run's start). A network that will
receive a checkpoint is built without them, or on the meta device.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from experiments.layer.spectral import restart_power_method, stored_weight

NORM_STD = 0.02


def initialise(module: nn.Module, std: float | None = None) -> None:
    """Set every parameter and buffer in place: orthogonal weights, norm scales N(1, 0.02).

    Convolutions and linear layers: orthogonal with gain 1, or N(0, std) where `std` is given (Reed
    2016, StackGAN: 0.02), biases zero. Norms: weight N(1, 0.02), bias zero, running statistics
    fresh. Any other layer gets its own default, so that a module made with `to_empty` is complete
    afterwards. What is frozen or came trained from another run stays as it is, and a network with a
    method `own_start` begins by that.
    Source: the released AttnGAN and StackGAN-v2.
    """
    own_start = getattr(module, "own_start", None)
    if callable(own_start):
        if not getattr(module, "came_trained", False):
            own_start()
        return
    for layer in _fresh(module):
        own = list(layer.parameters(recurse=False))
        if own and not any(parameter.requires_grad for parameter in own):
            continue
        if isinstance(layer, nn.Linear | nn.modules.conv._ConvNd):
            weight = stored_weight(layer)
            if std is None:
                _orthogonal(weight)
            else:
                nn.init.normal_(weight, 0.0, std)
            restart_power_method(layer)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, _BatchNorm | nn.GroupNorm):
            layer.reset_parameters()
            if layer.weight is not None:
                nn.init.normal_(layer.weight, 1.0, NORM_STD)
        elif callable(reset := getattr(layer, "reset_parameters", None)):
            reset()


def _fresh(module: nn.Module) -> Iterator[nn.Module]:
    """The module and what it is made of, without what came trained (`load_pretrained`)."""
    if not getattr(module, "came_trained", False):
        yield module
        for child in module.children():
            yield from _fresh(child)


@torch.no_grad()
def _orthogonal(weight: Tensor) -> None:
    """`nn.init.orthogonal_` needs a contiguous tensor; a weight may be channels last."""
    weight.copy_(nn.init.orthogonal_(torch.empty(weight.shape, device=weight.device)))
