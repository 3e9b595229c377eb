"""How near two processes come to one: sums are taken in another order."""

from __future__ import annotations

import torch

STEP = 5e-4  # somewhat more than the learning rate: a step of Adam


def assert_near(ours: torch.Tensor, theirs: torch.Tensor, name: str) -> None:
    """Alike but for rounding. Of ten thousand numbers one may be a step off: where a gradient is
    nearly zero, Adam makes a step of what rounding leaves of it."""
    beyond = (ours - theirs).abs() > 2e-5 + 2e-4 * theirs.abs()
    assert int(beyond.sum()) <= ours.numel() / 10_000, f"{name}: {int(beyond.sum())} differ"
    torch.testing.assert_close(ours, theirs, rtol=2e-4, atol=STEP, msg=name)
