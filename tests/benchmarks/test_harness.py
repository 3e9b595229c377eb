"""What `make bench` measures with: bars, turns, counts, and switches that change no result."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.__main__ import PARTS, USUAL, chosen, parse
from benchmarks.bars import BARS, at_least, at_most
from benchmarks.case import Case, Prepared, prepare
from benchmarks.counting import operators, scalar_reads
from benchmarks.flops import as_published, flops
from benchmarks.part import data, frames, leave_one_out, loss, score, start, step
from benchmarks.row import Row, table
from benchmarks.stopwatch import REST, Stopwatch, parts_of, watch_plain, watch_product
from benchmarks.turns import take_turns
from experiments.discriminator import together
from experiments.generator.block import UpConv
from experiments.machine.rank import Ranks
from experiments.system.seeding import Step
from experiments.trainer import training as train

CPU = torch.device("cpu")
TINY = ["debug=tiny", "encoder/image=cnn", "encoder.image.widths=[4,4,4,4]"]


def tiny(model: str = "attngan", *more: str) -> Prepared:
    return prepare(Case(model, "plumage", 4, [*TINY, *more]), CPU)


def test_a_bar_is_reached_from_its_own_side() -> None:
    assert at_least(2.0).reached(2.0) and not at_least(2.0).reached(1.99)
    assert at_most(0).reached(0) and not at_most(0).reached(1)
    row = Row("loss", "more operators", 1, "", "loss operators")
    assert row.reached is False and row.to_dict()["bar"] == {"value": 0, "most": True}
    assert Row("loss", "no bar", 1).reached is None
    assert "NO" in table([row]) and "<= 0" in table([row])


def test_every_bar_of_a_step_is_one_of_a_case() -> None:
    cases = {case.name for case in step.WHOLE}
    steps = [key.split() for key in BARS if key.startswith("step ")]
    assert steps and all(" ".join(words[1:3]) in cases for words in steps)
    assert {" ".join(words[3:]) for words in steps} == {"fp32", "bf16", "bf16 compiled"}


def test_parts_are_chosen_by_name() -> None:
    assert chosen([]) == list(USUAL) and chosen(["all"]) == list(PARTS)
    assert chosen(["score", "step"]) == ["step", "score"]
    assert parse(["--part", "all"]).compile and not parse([]).compile
    with pytest.raises(SystemExit):
        parse(["--part", "speed"])


def test_workers_take_turns() -> None:
    command = ["benchmarks.part.loss", "plain", "2", "cpu"]
    timing = take_turns({"plain": command}, rounds=2, warm_up=0, title="test")["plain"]
    assert 0 < timing.least <= timing.seconds <= timing.most and timing.memory > 2**20


def test_a_stopwatch_keeps_inner_time_apart() -> None:
    watch = Stopwatch("wall")
    inner = watch.timed(lambda: time.sleep(0.05), "inner")
    watch.timed(lambda: [time.sleep(0.02), inner()], "outer")()
    assert watch.seconds["inner"] >= 0.05
    assert 0.02 <= watch.seconds["outer"] < watch.seconds["inner"]


def test_operators_are_counted_without_views() -> None:
    x = torch.ones(6)
    with operators() as names:
        (x.view(2, 3) + 1).sum().item()
    assert names == {"aten::add": 1, "aten::sum": 1, "aten::_local_scalar_dense": 1}
    assert scalar_reads(names) == 1


def test_flops_are_those_of_the_published_form() -> None:
    assert flops(lambda: torch.ones(3, 4) @ torch.ones(4, 5)) == 2 * 3 * 4 * 5
    layer = UpConv(2, 3, fast=True)
    fast = flops(lambda: layer(torch.ones(1, 2, 4, 4)))
    with as_published(layer):
        assert flops(lambda: layer(torch.ones(1, 2, 4, 4))) == 2 * 3 * 2 * 9 * 8 * 8
    assert layer.fast and fast == 2 * 3 * 2 * 16 * 5 * 5  # 4/9, and a border


@pytest.mark.parametrize("model", ["attngan", "damsm"])
def test_parts_of_both_steps_have_the_same_names(model: str) -> None:
    theirs, ours = tiny(model), tiny(model)
    batch = theirs.batches.at(0)
    plain, training = theirs.plain(), ours.training(Ranks("cpu"), "fp32")
    watches = Stopwatch("cpu"), Stopwatch("cpu")
    watch_plain(plain, watches[0])
    watch_product(training, watches[1])
    noise = Step(0, 0, 4, slice(0, 4), CPU)
    ready = theirs.with_pyramid(batch, CPU)
    found = parts_of(lambda: plain.step(ready, noise), watches[0], 4, 1)

    def step() -> None:
        training.step(batch)
        training.advance()

    expected = parts_of(step, watches[1], 4, 1)
    only = {"crop and pyramid", *(["average"] if model == "damsm" else [])}
    assert expected.keys() - found.keys() == only
    assert found.keys() - expected.keys() == ({"text"} if model == "attngan" else set())
    assert all(seconds >= 0 for seconds in found.values()) and found[REST] < sum(found.values())


@pytest.mark.parametrize(
    "name",
    ["nothing", *(pytest.param(n, marks=pytest.mark.slow) for n in leave_one_out.SWITCHES)],
)
def test_a_switch_changes_no_result(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "let_train", train.let_train)  # switches replace these
    monkeypatch.setattr(together, "as_product", together.as_product)
    found = []
    for switched in (False, True):
        training = tiny("attngan", "optim.discriminator.lr=0").training(Ranks("cpu"), "fp32")
        if switched and name in leave_one_out.SWITCHES:
            leave_one_out.SWITCHES[name](training)
        for number in (0, 4):
            training.step(training.batches.at(number))
            training.advance()
        found.append(training.stats.read())
    assert found[0]["generator/loss"] == pytest.approx(found[1]["generator/loss"], rel=1e-4)
    assert found[0]["discriminator/loss"] == pytest.approx(found[1]["discriminator/loss"], rel=1e-4)
    norm = "discriminator/gradient_norm"  # of its own phase alone
    assert found[0][norm] == pytest.approx(found[1][norm], rel=1e-3)


def test_forms_compute_the_same() -> None:
    assert loss.difference(3) < 1e-5
    first, second = score.sides(64, dim=16)
    one, other = (form(first, second) for form in score.FORMS.values())
    assert float(one) == pytest.approx(float(other), rel=1e-10)
    assert data.difference_to_pil(16, 64) == 0


@pytest.mark.parametrize("kind", list(frames.COUNT))
def test_frames_are_the_same_however_they_are_had(kind: str, tmp_path: Path) -> None:
    """But for the half precision of those that are stored."""
    works = frames.works(kind, 4, tmp_path)
    rows = np.array([2, 0, 2, 3])
    stored, batched = works["stored"](rows), works["batched"](rows)
    assert torch.equal(works["alone"](rows), stored) and stored.dtype == torch.float16
    assert torch.allclose(stored.float(), batched, rtol=1e-3, atol=1e-3)
    assert torch.equal(stored[0], stored[2]) and not torch.equal(stored[0], stored[1])


@pytest.mark.parametrize("words", [*start.QUICK.values(), ["model=attngan_4sta"]])
def test_a_quick_answer_imports_nothing_heavy(words: list[str]) -> None:
    assert start.imported(words) == []
