"""What clips show, worked out by hand: each attribute, averages, all together, chance, the gate."""

from __future__ import annotations

import math

import pytest
import torch

from experiments.metric.attribute import attribute_hits
from experiments.metric.clip_attribute import (
    Alignment,
    ClipAttributes,
    groups,
    joint_chance,
    joint_hits,
)
from experiments.terminal.error import UserError

NAMES = ["wing", "tail", "action"]
COLOURS = ["wing", "tail"]
KNOWN = torch.tensor([[0, 1, 0], [1, 1, 1], [0, 0, 1], [1, 0, 0]])


def scored(predicted: torch.Tensor, read: torch.Tensor | None = None, least: float = 0.95):  # type: ignore[no-untyped-def]
    alignment = Alignment(NAMES, COLOURS, least)
    real = (KNOWN if read is None else read, KNOWN, KNOWN)
    return alignment, alignment.scored(real, (predicted, KNOWN, KNOWN))


def test_the_right_action_in_the_wrong_colours() -> None:
    wrong = KNOWN.clone()
    wrong[:, :2] = 1 - wrong[:, :2]
    alignment, found = scored(wrong)
    values = {name.removeprefix("attribute_accuracy/"): v for name, v in found.scores.items()}
    assert values["action"] == 1 and values["colour"] == values["wing"] == values["tail"] == 0
    assert values["mean"] == pytest.approx(1 / 3) and values["joint"] == 0
    assert all(values[f"{name}/real"] == 1 for name in (*NAMES, "colour", "mean", "joint"))
    assert values["action/chance"] == 0.5 and values["joint/chance"] == 0.25
    assert found.averages["attribute_accuracy/colour"] == [
        "attribute_accuracy/wing",
        "attribute_accuracy/tail",
    ]
    assert not found.skipped and alignment.told is None


def test_what_is_right_in_some_clips() -> None:
    predicted = KNOWN.clone()
    predicted[0, 0], predicted[0, 2], predicted[1, 2] = 1, 1, -1  # of 4 clips, 1 and 2 are wrong
    _, found = scored(predicted)
    values = found.scores
    assert values["attribute_accuracy/wing"] == 0.75
    assert values["attribute_accuracy/action"] == 0.5
    assert values["attribute_accuracy/colour"] == (0.75 + 1.0) / 2
    assert values["attribute_accuracy/joint"] == 0.5
    assert found.columns["attribute_accuracy/joint"].tolist() == [0, 0, 1, 1]


def test_what_the_network_cannot_read_is_counted_and_not_reported() -> None:
    read = KNOWN.clone()
    read[0, 1] = 0  # 3 of 4 real tails
    alignment, found = scored(KNOWN, read)
    assert not any("tail" in name for name in found.scores)
    assert (
        found.skipped["attribute_accuracy/tail"] == "read right in 75.0 % of real clips, below 95 %"
    )
    assert found.averages["attribute_accuracy/colour"] == ["attribute_accuracy/wing"]
    assert found.scores["attribute_accuracy/joint/real"] == 1, "of what is reported"
    assert alignment.told is not None and "1 of 3 attributes" in alignment.told
    assert "tail 75.0 %" in alignment.told
    alignment, found = scored(KNOWN, read, least=0.75)
    assert found.scores["attribute_accuracy/tail/real"] == 0.75 and alignment.told is None


def test_nothing_is_said_of_what_nothing_states() -> None:
    stated = KNOWN.clone()
    stated[:, 2] = -1
    found = Alignment(NAMES, COLOURS).scored((KNOWN, stated, KNOWN), (KNOWN, stated, KNOWN))
    reason = "nothing that was asked for states it"
    assert found.skipped == {"attribute_accuracy/action": reason}
    nothing = torch.full_like(KNOWN, -1)
    found = Alignment(NAMES).scored((KNOWN, nothing, KNOWN), (KNOWN, nothing, KNOWN))
    assert not found.scores and len(found.skipped) == 3


def test_joint_counts_what_is_stated() -> None:
    stated = torch.tensor([[0, -1], [1, 1], [-1, -1]])
    shown = torch.tensor([[0, 5], [1, 0], [0, 0]])
    assert joint_hits(attribute_hits(shown, stated)).tolist()[:2] == [1.0, 0.0]
    assert math.isnan(joint_hits(attribute_hits(shown, stated))[2])
    # (0, any) fits the first and the third record of three, (1, 1) none: 2 of 6.
    assert joint_chance(stated, shown) == pytest.approx(2 / 6)


def test_two_of_one_kind_are_averaged_under_its_name() -> None:
    two = ["digit_a", "motion_a", "digit_b", "motion_b"]
    assert groups(two) == {
        "mean": two,
        "digit": ["digit_a", "digit_b"],
        "motion": ["motion_a", "motion_b"],
    }
    assert groups(["digit", "digit_a", "digit_b"]) == {"mean": ["digit", "digit_a", "digit_b"]}
    assert groups(["eye_ring", "back_a"]) == {"mean": ["eye_ring", "back_a"]}


def test_rows_of_several_batches_are_one_set() -> None:
    metric = ClipAttributes()
    with pytest.raises(UserError, match="nothing read"):
        metric.compute()
    for part in KNOWN.split(2):
        metric.update(part, part, part)
    assert all(torch.equal(rows, KNOWN) for rows in metric.compute())
