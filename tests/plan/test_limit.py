"""`task=plan` counts what `data.limit` leaves."""

from __future__ import annotations

import pytest

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.plan.facts import facts_of


@pytest.mark.parametrize(
    ("data", "limit", "train", "pictures"),
    [
        ("plumage", "null", 6000, 8000),
        ("plumage", "50", 50, 100),
        ("plumage", "3000", 3000, 5000),  # the test split has 2,000
        ("cub", "150", 150, 300),
    ],
)
def test_pictures_of_a_trial(data: str, limit: str, train: int, pictures: int) -> None:
    found = facts_of(plain(checked_compose([f"data={data}", f"data.limit={limit}"])))
    assert (found.train, found.pictures) == (train, pictures)
    assert ("data.limit" in found.source) == (limit != "null")
