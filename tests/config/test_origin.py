"""A mistake is told of the key that a user writes, not of those that its value is handed on to."""

from __future__ import annotations

import pytest
from omegaconf import OmegaConf

from experiments.config.origin import as_given, origin

CFG = OmegaConf.create(
    {
        "data": {"preset": {"lr": -1, "image": {"width": 3}}},
        "optim": {"discriminator": {"lr": "${data.preset.lr}"}, "twice": {"lr": "${optim.a.lr}"}},
        "encoder": {"dim": 7, "text": {"dim": "${..dim}", "half": "${.dim}", "sum": "a${..dim}"}},
        "system": {"encoder": "${encoder}", "wide": "${data.preset.image.width}", "none": None},
    }
)


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("optim.discriminator.lr", "data.preset.lr"),
        ("optim.twice.lr", "optim.a.lr"),
        ("encoder.text.dim", "encoder.dim"),
        ("encoder.text.half", "encoder.dim"),
        ("system.encoder.text.half", "encoder.dim"),
        ("system.wide", "data.preset.image.width"),
        ("encoder.text.sum", "encoder.text.sum"),  # made of it, and another value
        ("system.none.more", "system.none.more"),
        ("nothing.there", "nothing.there"),
    ],
)
def test_a_value_is_followed_to_where_it_is_set(key: str, given: str) -> None:
    assert origin(CFG, key) == given


def test_a_circle_ends() -> None:
    assert origin(OmegaConf.create({"a": "${b}", "b": "${a}"}), "a") in ("a", "b")


def test_the_line_of_a_class_names_the_key_that_was_written() -> None:
    line = "optim.discriminator: lr=-1: must not be negative"
    same = {"data": {"preset": {"lr": -1}}, "optim": {"discriminator": {"lr": -1}}}
    assert as_given(line, CFG, same) == "data.preset.lr=-1: must not be negative"
    other = {"data": {"preset": {"lr": 1}}, "optim": {"discriminator": {"lr": -1}}}
    assert as_given(line, CFG, other) == line, "the run has it from somewhere else"
    for kept in ("/a/b: was trained otherwise", "system.none: x=3: no"):
        assert as_given(kept, CFG, same) == kept
