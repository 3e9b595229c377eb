from __future__ import annotations

import pytest

from experiments.metric import meaning as scores


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("frechet/classifier", "lower"),
        ("kernel/inception", "lower"),
        ("attribute_accuracy/colour", "higher"),
        ("attribute_kept/pose", "higher"),
        ("r_precision/damsm", "higher"),
        ("diversity/classifier", "higher"),
        ("redrawn/style", "lower"),
        ("something/else", None),
    ],
)
def test_which_way_is_better(name: str, way: str | None) -> None:
    assert scores.better(name) == way


def test_headlines_come_in_the_order_of_the_question() -> None:
    names = [
        "diversity/classifier",
        "frechet/classifier",
        "frechet/classifier/real",
        "kernel/classifier",
        "attribute_accuracy/belly",
        "r_precision/damsm",
        "r_precision/damsm/real/std",
        "attribute_accuracy/mean",
        "attribute_accuracy/colour",
    ]

    assert scores.headlines(names) == [
        "attribute_accuracy/colour",
        "attribute_accuracy/mean",
        "r_precision/damsm",
        "frechet/classifier",
        "diversity/classifier",
    ]
    assert scores.in_order(names)[5:] == ["attribute_accuracy/belly", "kernel/classifier"]


def test_runs_that_draw_nothing_have_headlines_of_their_own() -> None:
    names = ["zero_shot/damsm", "zero_shot/damsm/chance", "precision_at_50/damsm"]

    assert scores.headlines(names) == ["zero_shot/damsm", "precision_at_50/damsm"]


@pytest.mark.parametrize(
    ("name", "value", "error", "text"),
    [
        ("attribute_accuracy/mean", 0.56288, None, "56.3\u00a0%"),
        ("r_precision/damsm", 0.682, 0.0123, "68.2 ± 1.2\u00a0%"),
        ("frechet/classifier", 1691.56, None, "1,692"),
        ("frechet/classifier", 286.089, 12.3, "286 ± 12"),
        ("diversity/classifier", 0.019938, 0.0000861, "0.01994 ± 0.00009"),
        ("diversity/classifier", float("nan"), None, "–"),
    ],
)
def test_values_have_their_unit_and_as_many_digits_as_they_are_sure_of(
    name: str, value: float, error: float | None, text: str
) -> None:
    assert scores.shown(name, value, error) == text


@pytest.mark.parametrize(
    ("name", "value", "scale", "text"),
    [
        ("attribute_accuracy/mean", 0.123, None, "+12.3"),
        ("attribute_accuracy/mean", -0.0004, None, "0.0"),
        ("frechet/classifier", -10.01, 17.0, "−10"),
        ("frechet/classifier", -1234.5, 200.0, "−1,234"),
        ("diversity/classifier", 0.005538, 0.0093, "+0.0055"),
    ],
)
def test_differences_have_a_sign(name: str, value: float, scale: float, text: str) -> None:
    assert scores.change(name, value, scale) == text
