"""A sample of what `make test-faults` does, and what the harness must see."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint
from experiments.run.folder import by_images
from experiments.run.stats import StatsFile
from tests.integration.faults import evidence
from tests.integration.faults.__main__ import once
from tests.integration.faults.bench import Bench
from tests.integration.faults.damage import flip, truncate
from tests.integration.faults.kinds import FAULTS
from tests.integration.faults.outcome import Outcome, Tally, Unavailable, faults_table

SEED = 20
QUICK = [name for name, fault in FAULTS.items() if fault.quick]
SLOW = [name for name, fault in FAULTS.items() if not fault.quick]


@pytest.fixture(scope="module")
def bench(commands: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    made = Bench(tmp_path_factory.mktemp("faults"), commands)
    yield made
    made.close()


@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_a_run_that_is_disturbed_is_the_run(bench: Bench, name: str) -> None:
    try:
        outcome, seed = once(bench, name, SEED)
    except Unavailable as why:
        pytest.skip(str(why))
    again = f"python -m tests.integration.faults --only {name} --times 1 --seed {seed}"
    assert not outcome.problems, f"{again}: {outcome}"
    assert outcome.hit, f"{again}: the run had always ended before"
    assert outcome.identical and outcome.lost <= outcome.allowed


def test_what_is_not_the_same_is_seen(bench: Bench, tmp_path: Path) -> None:
    theirs = bench.straight(bench.settings).results
    (name,) = (name for name in theirs if name.startswith("attngan-"))
    case = bench.make()
    assert case.start().wait() == 0
    run = shutil.copytree(case.outputs / name, tmp_path / "run")
    assert evidence.differences(evidence.result_of(run), theirs[name]) == []
    assert evidence.reached(run) == 40 and evidence.damaged(run) == []
    shutil.rmtree(case.folder)

    file = StatsFile(run / "stats.jsonl")
    text = file.path.read_text()
    line = text.splitlines(keepends=True)[-1]
    file.path.write_text(text + line)
    (found,) = evidence.differences(evidence.result_of(run), theirs[name])
    assert found.startswith("statistics differ: lines at ")
    file.path.write_text(text)

    newest = by_images(run, "checkpoints")[0]
    state = checkpoint.read(newest)
    tensor = next(value for value in state["system"].values() if isinstance(value, torch.Tensor))
    tensor.view(-1)[0] += 1e-6
    checkpoint.save(run, state, 2)
    (found,) = evidence.differences(evidence.result_of(run), theirs[name])
    assert found.startswith("state differ at /system/")

    truncate(newest, random.Random(0))
    assert evidence.damaged(run) == [newest]
    (run / ".stats.jsonl.7.tmp").touch()
    assert evidence.left_over(run) == [str(run / ".stats.jsonl.7.tmp")]


def test_one_bit_is_one_bit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    content = (16).to_bytes(8, "little") + bytes(range(100))
    path.write_bytes(content)
    flip(path, random.Random(3))
    changed = int.from_bytes(path.read_bytes(), "big") ^ int.from_bytes(content, "big")
    assert changed.bit_count() == 1 and path.stat().st_size == len(content)


def test_where_runs_went_on_is_read_from_what_was_said() -> None:
    said = (
        "damsm-plumage 17e7107429: from the start to 16 images, batch 4\n"
        "attngan-plumage 3d164c3766: from 24 images to 40 images, batch 4\n"
    )
    expected = {"damsm-plumage/17e7107429": 0, "attngan-plumage/3d164c3766": 24}
    assert evidence.resumed(said) == expected


def test_the_table_counts_what_was_kept() -> None:
    good = Outcome(True, 8, 12, True)
    bad = Outcome(True, 16, 12, False, ["16 images lost, 12 are allowed"])
    tally = Tally("killed", [good, bad, good])
    assert tally.failed and not Tally("killed", [good]).failed
    assert faults_table([tally]).splitlines()[-1] == "| killed | 3 | 2 | 16 | 12 | 2 of 3 |"
