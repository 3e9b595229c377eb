"""One process, and what is said where a launcher and the configuration disagree."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from experiments.machine.rank import Ranks, check_launcher, check_precision
from experiments.terminal.error import UserError
from experiments.terminal.line import say_once

FILE = {"ACCELERATE_MIXED_PRECISION": "no"}  # what `accelerate launch` always sets


@pytest.mark.parametrize(
    ("environ", "processes", "said"),
    [
        ({}, 2, ""),
        ({"RANK": "0", "WORLD_SIZE": "2"}, 1, ""),
        ({"RANK": "0", "WORLD_SIZE": "2"}, 2, ""),
        ({"RANK": "0", "WORLD_SIZE": "2"}, 4, "launch.num_processes=4: 2 were started"),
        (FILE, 1, ""),
        (FILE | {"MASTER_PORT": "29500"}, 1, "accelerate launch: it was to start several"),
        (FILE | {"MASTER_PORT": "29500", "RANK": "0", "WORLD_SIZE": "2"}, 1, ""),
    ],
)
def test_how_many_processes_there_are(
    environ: dict[str, str], processes: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    check_launcher(environ, processes)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == bool(said) and all(line.startswith(said) for line in lines)


def test_networks_are_not_split_over_processes() -> None:
    with pytest.raises(UserError, match="FSDP splits networks"):
        check_launcher({"ACCELERATE_USE_FSDP": "true"}, 1)
    check_launcher({"ACCELERATE_USE_FSDP": "false"}, 1)


def test_the_precision_of_the_run_holds(capsys: pytest.CaptureFixture[str]) -> None:
    say_once.cache_clear()
    check_precision({}, "auto", torch.bfloat16)
    check_precision({"ACCELERATE_MIXED_PRECISION": "bf16"}, "auto", torch.bfloat16)
    assert capsys.readouterr().err == ""
    for _ in range(2):  # one line, of however many runs
        check_precision(FILE, "auto", torch.bfloat16)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("trainer.precision=auto: it is bfloat16 here") and "(no)" in line


def test_precision_is_that_of_the_run_that_has_begun() -> None:
    """A process trains several runs; the file of `accelerate launch` decides for none of them."""
    ranks, layer = Ranks("cpu"), nn.Linear(2, 2)
    found = []
    for precision in (torch.float32, torch.bfloat16, torch.float32):
        ranks.begin(precision)
        with ranks.autocast():
            found.append(layer(torch.ones(1, 2)).dtype)
    assert found == [torch.float32, torch.bfloat16, torch.float32]


def test_one_process_is_as_all() -> None:
    ranks = Ranks("cpu")
    rows = torch.arange(4.0)
    assert ranks.main and ranks.any(True) and not ranks.any(False)
    assert torch.equal(ranks.gather(rows), rows) and torch.equal(ranks.mean(rows), rows)
    module = nn.Linear(2, 2)
    assert ranks.prepare(module) is module
