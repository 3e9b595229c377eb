from __future__ import annotations

import pytest
import torch

from experiments.loss.scene import KnownLoss, MaskLoss


def test_the_mask_s_penalty_is_its_mean() -> None:
    mask = torch.tensor([0.0, 1.0, 0.5, 0.5, 1.0, 0.0, 0.25, 0.75]).view(2, 1, 1, 2, 2)
    assert MaskLoss().weight == 0.1
    mask.requires_grad_()
    value = MaskLoss()(mask)
    assert value.item() == 0.5
    value.backward()
    assert torch.equal(mask.grad, torch.full_like(mask, 1 / 8)), "sizeAverage of Torch's L1Penalty"


def test_the_first_frame_by_hand() -> None:
    made, given = torch.tensor([[1.0, -1.0], [0.5, 0.0]]), torch.tensor([[0.0, 1.0], [0.5, 1.0]])
    made, given = (x.view(2, 1, 1, 2) for x in (made, given))
    assert KnownLoss()(made, given).item() == pytest.approx((1 + 2 + 0 + 1) / 4)
    assert KnownLoss(form="l2")(made, given).item() == pytest.approx((1 + 4 + 0 + 1) / 4)


def test_what_does_not_count_changes_nothing() -> None:
    made, given = torch.randn(2, 3, 4, 5, 5), torch.randn(2, 3, 4, 5, 5)
    where = torch.rand(2, 1, 4, 5, 5) < 0.5
    value = KnownLoss()(made, given, where)
    other = torch.where(where, made, made + 7)
    torch.testing.assert_close(KnownLoss()(other, given, where), value)
    rows = [(made[n] - given[n]).abs()[where[n].expand(3, -1, -1, -1)].mean() for n in range(2)]
    torch.testing.assert_close(value, sum(rows) / 2)
    whole = torch.ones_like(where)
    torch.testing.assert_close(KnownLoss()(made, given, whole), KnownLoss()(made, given))


def test_parts_of_a_batch_add_up_to_the_whole() -> None:
    made, given = torch.randn(4, 1, 3, 5, 5), torch.randn(4, 1, 3, 5, 5)
    where = torch.rand(4, 1, 3, 5, 5) < torch.tensor([0.1, 0.4, 0.7, 0.9]).view(4, 1, 1, 1, 1)
    loss = KnownLoss()
    halves = [loss(made[r], given[r], where[r]) for r in (slice(0, 2), slice(2, 4))]
    torch.testing.assert_close(sum(halves) / 2, loss(made, given, where))
