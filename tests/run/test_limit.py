"""Sizes that a configuration of somebody else may not ask for: told before anything is made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.run.limit import require_sizes, within_limits
from experiments.terminal.error import UserError

PLACE = Path("outputs/x/0123456789")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"system": {"generator": {"frames": 10**6}}}, "system.generator.frames=1000000"),
        ({"system": {"form": {"side": 5000}}}, "system.form.side=5000, and at most 4,096 is read"),
        ({"system": {"excerpt": {"seconds": 1e9}}}, "system.excerpt.seconds=1000000000.0"),
        ({"system": {"a": [{"side": float("inf")}]}}, "system.a.side=inf"),
        ({"system": {"width": 10**400}}, "system.width=10000000000000000000, and at most"),
        ({"data": {"speech": {"seconds": 10**5}}}, "data.speech.seconds=100000"),
    ],
)
def test_sizes_beyond_all_bounds(config: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError) as caught:
        require_sizes(PLACE, config)
    line = str(caught.value)
    assert line.startswith(f"run={PLACE}: its config.yaml asks for {told}") and "\n" not in line


@pytest.mark.parametrize(
    "words",
    [
        ["model=attngan_4stage", "data=cub"],
        ["model=tgans_c", "data=msvd", "data.root=x"],
        ["model=text_to_clip"],
        ["model=speech2face", "data=voxceleb1", "data.root=x"],
    ],
)
def test_what_is_published_is_within_them(words: list[str]) -> None:
    require_sizes(PLACE, plain(checked_compose(words)))


def test_layers_that_are_no_modules_are_counted() -> None:
    began = time.monotonic()
    with (
        pytest.raises(UserError, match="more than 10,000 tensors; refused"),
        within_limits(PLACE),
        torch.device("meta"),
    ):
        nn.LSTM(1, 1, num_layers=10**6)
    assert time.monotonic() - began < 20
