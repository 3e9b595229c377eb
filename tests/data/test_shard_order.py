"""The order of shards: every picture once an epoch, lanes that share nothing, a pure function."""

import numpy as np
import pytest

from experiments.data.shard_order import OPEN, ShardOrder


def groups_of(counts: list[int]) -> np.ndarray:
    return np.repeat(np.arange(len(counts)) + 7, counts)


COUNTS = [5, 1, 30, 12, 12, 9, 3, 40, 2, 17, 17, 11]  # 159 pictures


@pytest.mark.parametrize("batch", [1, 3, 4, 6, 8, 24])
def test_every_picture_comes_once_an_epoch(batch: int) -> None:
    order = ShardOrder(groups_of(COUNTS), batch, seed=3)
    whole = order.each * order.lanes  # of an epoch
    assert 159 - whole < OPEN
    stretch = [order.rows(seen) for seen in range(0, whole * batch, batch)]
    lanes = np.stack(stretch).reshape(-1, order.lanes, batch // order.lanes)
    lanes = lanes.transpose(1, 0, 2).reshape(order.lanes, -1)
    for epoch in range(batch):
        part = lanes[:, epoch * order.each : (epoch + 1) * order.each].ravel()
        assert len(np.unique(part)) == whole and part.min() >= 0 and part.max() < 159


def test_it_is_a_function_of_seed_and_images_seen() -> None:
    one, other = (ShardOrder(groups_of(COUNTS), 8, seed=0) for _ in range(2))
    forwards = [one.rows(seen) for seen in range(0, 800, 8)]
    backwards = [other.rows(seen) for seen in range(792, -1, -8)][::-1]
    np.testing.assert_array_equal(forwards, backwards)
    another = ShardOrder(groups_of(COUNTS), 8, seed=1)
    assert any((another.rows(8 * k) != forwards[k]).any() for k in range(5))
    assert (np.sort(forwards[:19], axis=None) != np.sort(forwards[19:38], axis=None)).any() or (
        np.concatenate(forwards[:19]) != np.concatenate(forwards[19:38])
    ).any()


def test_processes_read_groups_of_their_own() -> None:
    """Each of four processes has a quarter of every batch, and in an epoch no other's groups, but
    for those at the ends of its stretch."""
    groups = groups_of([50] * 64)
    order = ShardOrder(groups, 32, seed=0)
    seen = np.stack([order.rows(k) for k in range(0, order.each * order.lanes, 32)])
    shares = [set(groups[seen[:, 8 * rank : 8 * rank + 8]].ravel()) for rank in range(4)]
    assert all(16 <= len(share) <= 18 for share in shares)
    assert sum(map(len, shares)) - len(set.union(*shares)) <= 3
    rows = [set(seen[:, 8 * rank : 8 * rank + 8].ravel()) for rank in range(4)]
    assert sum(map(len, rows)) == len(set.union(*rows))


def test_few_groups_are_open_at_a_time() -> None:
    groups = groups_of([100] * 100)
    for batch in (8, 12, 5):
        order = ShardOrder(groups, batch, seed=0)
        for seen in range(0, 4000, 40 * batch):
            rows = np.concatenate([order.rows(seen + k * batch) for k in range(4)])
            assert len(np.unique(groups[rows])) <= 2 * OPEN


def test_a_batch_is_mixed() -> None:
    groups = groups_of([100] * 100)
    rows = np.concatenate([ShardOrder(groups, 16, 0).rows(16 * k) for k in range(4)])
    assert len(np.unique(groups[rows])) >= OPEN
    assert len(np.unique(np.diff(rows))) > 40  # not as they lie


def test_fewer_pictures_than_lanes() -> None:
    order = ShardOrder(np.array([1, 1, 1]), 8, seed=0)
    assert sorted(np.concatenate([order.rows(0), order.rows(8), order.rows(16)])) == sorted(
        [0, 1, 2] * 8
    )
