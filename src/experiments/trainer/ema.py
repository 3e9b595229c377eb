"""A moving average of weights and buffers, with a half-life in images."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class EMA:
    """Averaged copies of the trained modules among those that a system exports.

    Floating-point buffers (the running statistics of batch norm) are averaged as weights are, so
    that they fit the averaged network; counters are copied. Frozen modules are shared, not copied.
    """

    def __init__(
        self, modules: Mapping[str, nn.Module], halflife: int | None, ramp: float | None = 0.1
    ) -> None:
        """`halflife`: images after which a weight counts half; None keeps no average at all.
        `ramp`: early on the half-life is this share of the images seen, so that the average does
        not remember the first weights (StyleGAN2-ADA: 0.05); None: never shortened.
        """
        self.live, self.halflife, self.ramp = dict(modules), halflife, ramp
        self.modules: dict[str, nn.Module] = {}
        self.averaged: dict[str, nn.Module] = {}  # those of `modules` that are copies
        self._pairs: tuple[list[Tensor], list[Tensor]] = ([], [])
        self._copies: list[tuple[Tensor, Tensor]] = []
        for name, module in self.live.items():
            trained = any(parameter.requires_grad for parameter in module.parameters())
            if halflife is None or not trained:
                self.modules[name] = module
                continue
            averaged = copy.deepcopy(module).requires_grad_(False).eval()
            self.modules[name] = self.averaged[name] = averaged
            self._pair(averaged, module)

    def _pair(self, averaged: nn.Module, module: nn.Module) -> None:
        ours, theirs = averaged.state_dict(keep_vars=True), module.state_dict(keep_vars=True)
        for key, target in ours.items():
            source = theirs[key]
            if target.is_floating_point():
                self._pairs[0].append(target.data)
                self._pairs[1].append(source.data)
            else:
                self._copies.append((target.data, source.data))

    @torch.no_grad()
    def update(self, batch: int, images: int) -> None:
        """After a step of `batch` images, `images` in all."""
        if not self._pairs[0]:
            return
        halflife = float(self.halflife or 0)
        if self.ramp is not None:
            halflife = min(halflife, max(images * self.ramp, 1e-8))
        torch._foreach_lerp_(*self._pairs, 1.0 - 0.5 ** (batch / halflife))
        for target, source in self._copies:
            target.copy_(source)

    @torch.no_grad()
    def reset(self) -> None:
        """Start from the live weights."""
        for target, source in [*zip(*self._pairs, strict=True), *self._copies]:
            target.copy_(source)

    @contextmanager
    def in_place(self, system: nn.Module) -> Iterator[None]:
        """Let a system use the averaged networks, in evaluation mode, for a while."""
        training = system.training
        for name, module in self.modules.items():
            setattr(system, name, module)
        system.eval()
        try:
            yield
        finally:
            for name, module in self.live.items():
                setattr(system, name, module)
            system.train(training)

    def state_dict(self) -> dict[str, dict[str, Tensor]]:
        return {name: module.state_dict() for name, module in self.modules.items()}

    def load_state_dict(self, state: Mapping[str, dict[str, Tensor]]) -> None:
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
