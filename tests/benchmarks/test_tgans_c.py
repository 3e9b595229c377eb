"""The plain form of TGANs-C's step computes what the product computes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.case import Case, Prepared, prepare
from tests.benchmarks.test_step import CPU, double, far, plain_step, product_step  # noqa: F401

# lr 0: or both would judge by other weights after the judge's turn.
SMALL = ["debug=tiny", "optim.discriminator.lr=0", "data.preset.clip.channels=1"]
PUBLISHED = [
    f"data.preset.clip.tgans_c.{setting}"
    for setting in (
        *("norm=batch", "judge_head=joint", "judge_norm=batch", "reduction=third", "form=binary"),
    )
]
ARMS = {
    "ours": [],
    "published": PUBLISHED,
    "constraint": [*PUBLISHED, "system.temporal=constraint"],
}


def small(arm: str) -> Prepared:
    prepared = prepare(Case("tgans_c", "digits", 6, [*SMALL, *ARMS[arm]]), CPU)
    for layer in prepared.system.discriminator.modules():
        if hasattr(layer, "parametrizations"):
            arrive(layer)
    return prepared


def arrive(layer: nn.Module) -> None:
    """The power method has found what it looks for, however often it is asked again."""
    bound = layer.parametrizations.weight  # type: ignore[union-attr]
    left, _, right = torch.linalg.svd(bound.original.detach().flatten(1), full_matrices=False)
    bound[0]._u.copy_(left[:, 0])
    bound[0]._v.copy_(right[0])


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("arm", list(ARMS))
def test_losses_gradients_and_statistics_are_equal(arm: str) -> None:
    ours, theirs = small(arm), small(arm)
    batch = ours.batches.at(0)
    before = {name: buffer.clone() for name, buffer in ours.system.named_buffers()}
    training, expected = product_step(ours, batch)
    _, found, losses = plain_step(theirs, batch)
    trained = {name for name, p in ours.system.named_parameters() if p.requires_grad}
    assert found.keys() == expected.keys() >= trained
    for name, gradient in expected.items():
        assert gradient.dtype == torch.float64, name
        # A bias before batch norm has no gradient but rounding.
        if gradient.abs().max() > 1e-13:
            assert far(found[name], gradient) < 1e-7, name
    stats = training.stats.read()
    for phase in ("discriminator", "generator"):
        assert stats[f"{phase}/loss"] == pytest.approx(losses[phase], rel=1e-9), phase
    after, plains = dict(ours.system.named_buffers()), dict(theirs.system.named_buffers())
    drawn = [n for n in after if n.startswith("generator.") and "running" in n]
    assert drawn
    for name in drawn:  # the plain form draws everything twice; momentum 0.1
        reached = after[name] + 0.9 * (after[name] - before[name])
        torch.testing.assert_close(plains[name], reached, rtol=1e-9, atol=1e-12, msg=name)
    if arm != "ours":
        for name in (n for n in after if n.startswith("discriminator.") and "running" in n):
            torch.testing.assert_close(plains[name], after[name], rtol=1e-9, atol=1e-12, msg=name)
