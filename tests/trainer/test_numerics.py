"""What a run does about losses and gradients that are not finite. Batches decide: a system fails at
those that it is told, each time that it meets one, as at a picture that nobody expected.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.data.batches import Batch
from experiments.data.view.caption import CAPTION, Captions
from experiments.run import checkpoint
from experiments.run.stats import StatsFile
from experiments.system.attngan import AttnGAN
from experiments.system.base import Losses, Term
from experiments.system.seeding import Step
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt
from experiments.trainer.loop import fit, resume, step
from experiments.trainer.training import Training
from tests.data.made_batches import make_batches

MakeTraining = Callable[..., Training]  # with `numerics` once it was resumed


def signature(batch: Batch) -> tuple[int, ...]:
    """A batch, or a part of one, by its captions."""
    return tuple(batch.of(Captions).rows.tolist())


class Failing(AttnGAN):
    """One phase is not finite at some batches, in one way."""

    at: set[tuple[int, ...]]
    phase: str
    way: str  # loss, gradient, or pictures, which spoil running statistics as well

    def prepare(self, batch: Batch, step: Step) -> Any:
        if self.way == "pictures" and signature(batch) in self.at:
            captions = batch.of(Captions)
            assert captions.sentence is not None
            spoilt = replace(captions, sentence=captions.sentence * math.nan)
            batch = replace(batch, views=batch.views | {CAPTION: spoilt})
        return super().prepare(batch, step)

    def discriminator_loss(self, shared: Any, step: Step, repeat: int) -> Losses:
        return self.spoil("discriminator", shared, super().discriminator_loss(shared, step, repeat))

    def generator_loss(self, shared: Any, step: Step, repeat: int) -> Losses:
        return self.spoil("generator", shared, super().generator_loss(shared, step, repeat))

    def spoil(self, phase: str, shared: Any, losses: Losses) -> Losses:
        if phase != self.phase or self.way == "pictures" or signature(shared.batch) not in self.at:
            return losses
        name, term = next((name, term) for name, term in losses.items() if term.weight)
        if self.way == "loss":
            return losses | {name: Term(term.value * math.inf, term.weight)}
        zero = (term.value - term.value.detach()).square().sqrt()  # 0, and its gradient 0/0
        return losses | {name: Term(term.value + zero, term.weight)}


class Log:
    """An observer with the statistics of a run alone."""

    def __init__(
        self, training: Training, interrupt: Interrupt | None = None, at: int = -1
    ) -> None:
        training.run.folder.mkdir(parents=True, exist_ok=True)
        self.stats = StatsFile(training.run.folder / "stats.jsonl")
        self.stats.truncate_after(training.images)
        self.interrupt, self.at, self.ticks, self.backs = interrupt, at, list[int](), list[int]()

    @contextmanager
    def progress(self, images: int) -> Any:
        yield

    def tick(self, images: int) -> None:
        self.ticks.append(images)
        if self.interrupt is not None and images == self.at:
            self.interrupt.requested = True

    def log(self, images: int, values: dict[str, float], seconds: float, waited: float) -> None:
        self.stats.append(images, values)

    def saved(self, images: int) -> None:
        pass

    def go_back(self, images: int) -> None:
        self.backs.append(images)
        self.stats.truncate_after(images)

    def sample(self, images: int, ema: Any) -> None:
        pass

    evaluate = sample


@pytest.fixture
def failing(
    make_attngan: Callable[..., AttnGAN], make_training: MakeTraining, tmp_path: Path
) -> Callable[..., Training]:
    """`failing(places, phase=, way=, folder=, norm=, **trainer)`: it fails at the batches that
    follow after so many images."""

    def make(
        places: list[int],
        phase: str = "generator",
        way: str = "loss",
        folder: str = "run",
        norm: str = "group",
        **trainer: Any,
    ) -> Training:
        system = make_attngan(norm=norm)
        system.__class__ = Failing
        training = make_training(system, **{"images": 80, "checkpoint_every": 24} | trainer)
        assert isinstance(system, Failing)
        system.at = {signature(training.batches.at(place)) for place in places}
        system.phase, system.way = phase, way
        training.run = replace(training.run, folder=tmp_path / folder)
        return training

    return make


def run(training: Training, stop_at: int = -1) -> Log:
    training.numerics = resume(training)
    interrupt = Interrupt()
    log = Log(training, interrupt, stop_at)
    assert fit(training, training.numerics, log, interrupt) == (stop_at < 0)  # type: ignore[arg-type]
    return log


def weights(training: Training) -> dict[str, Tensor]:
    found = {f"live.{k}": v.clone() for k, v in training.system.state_dict().items()}
    for name, module in training.ema.averaged.items():
        found |= {f"{name}.{k}": v.clone() for k, v in module.state_dict().items()}
    return found


def same(first: Training, second: Training) -> bool:
    mine, theirs = weights(first), weights(second)
    return mine.keys() == theirs.keys() and all(torch.equal(v, theirs[k]) for k, v in mine.items())


def lines(training: Training) -> list[dict[str, Any]]:
    return StatsFile.read(training.run.folder / "stats.jsonl")


def diagnosis(training: Training, batch_at: int) -> dict[str, Any]:
    path = training.run.folder / "diagnosis" / f"images-{batch_at:010d}.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("phase", "way"), [("generator", "loss"), ("discriminator", "gradient")])
def test_a_stop_tells_the_step_its_terms_and_its_batch(
    failing: Callable[..., Training], phase: str, way: str, precision: torch.dtype
) -> None:
    """The losses are looked at 24 images later, when nothing is finite any more."""
    training = failing([32], phase, way, log_every=80)
    training.precision = precision
    training.numerics = resume(training)
    with pytest.raises(UserError) as error:
        fit(training, training.numerics, Log(training), Interrupt())  # type: ignore[arg-type]
    line = str(error.value)
    term = {"loss": "8px/adversarial", "gradient": "gradient_norm"}[way]
    assert f"a {way} is not finite in the step after 32 images ({phase}/{term})" in line
    assert (
        "diagnosis/images-0000000032.json" in line
        and "the last checkpoint is good: lower optim.*.lr" in line
    )
    assert ("trainer.precision=fp32" in line) == (precision == torch.bfloat16)
    assert "trainer.nonfinite=skip or rollback" in line and "\n" not in line
    found = diagnosis(training, 32)
    assert (found["images"], found["noticed_at"], found["phase"]) == (32, 48, phase)
    assert found["not_finite"] == [f"{phase}/{term}"]
    kept = found["phases"][phase]
    assert kept["gradient_norm"] is None and not kept["finite"] and kept["images"] == 32
    assert (kept["terms"].get("8px/adversarial", 0) is None) == (way == "loss")
    others = [v for k, v in kept["terms"].items() if k not in ("8px/adversarial", "loss")]
    assert len(others) > 3 and all(math.isfinite(value) for value in others)
    assert found["last_checkpoint"] == "checkpoints/images-0000000024.safetensors"
    assert found["learning_rates"] == {"discriminator": 1e-3, "generator": 1e-3}
    assert any(name.startswith(f"{phase}.") for name in found["spoilt"])
    assert not any(name.startswith("encoder.") for name in found["spoilt"])
    assert found["weight_norms"][phase] is None


def test_the_batch_of_a_diagnosis_can_be_made_again(failing: Callable[..., Training]) -> None:
    training = failing([32])
    training.numerics = resume(training)
    with pytest.raises(UserError):
        fit(training, training.numerics, Log(training), Interrupt())  # type: ignore[arg-type]
    found, split = diagnosis(training, 32), training.batches.split
    batch = make_batches(split, 8, found["seed"], 16, "roll", flip=False).at(found["batch_at"])
    assert [row["key"] for row in found["batch"]] == [split.keys[row] for row in batch.rows]
    assert [row["caption_row"] for row in found["batch"]] == batch.of(Captions).rows.tolist()
    assert [row["wrong_caption_row"] for row in found["batch"]] == batch.of(
        Captions
    ).wrong_rows.tolist()
    for row in found["batch"]:
        assert row["caption"] in split.captions[row["row"]]
    # And with it the step: the networks of the last checkpoint are what was trained on the others.
    again = failing([32], log_every=8)
    again.numerics = resume(again)
    assert again.images == 24
    step(again, again.numerics, again.batches.at(24))
    step(again, again.numerics, again.batches.at(32))
    values = again.stats.read()
    assert math.isinf(values["generator/8px/adversarial"])
    assert values["discriminator/loss"] > 0


@pytest.mark.parametrize("way", ["loss", "gradient"])
def test_a_skip_leaves_one_update_out(failing: Callable[..., Training], way: str) -> None:
    training = failing([16], way=way, nonfinite="skip")
    training.numerics = resume(training)
    for place in (0, 8):
        step(training, training.numerics, training.batches.at(place))
    training.stats.read()
    before = weights(training)
    step(training, training.numerics, training.batches.at(16))
    now = weights(training)
    changed = {k for k, v in now.items() if not torch.equal(v, before[k])}
    assert not any(name.startswith("live.generator.") for name in changed)
    assert any(name.startswith("live.discriminator.") for name in changed)
    values = training.stats.read()
    assert "discriminator/loss" in values and not any(k.startswith("generator/") for k in values)
    assert training.numerics.counts() == {"discriminator/skipped": 0, "generator/skipped": 1}
    step(training, training.numerics, training.batches.at(24))
    after = training.system.generator.state_dict()
    assert any(not torch.equal(v, before[f"live.generator.{k}"]) for k, v in after.items())
    assert all(v.isfinite().all() for v in weights(training).values())
    assert diagnosis(training, 16)["done"] == "the update was left out"


@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_what_a_skipped_step_did_to_running_statistics_is_undone(
    failing: Callable[..., Training], precision: torch.dtype
) -> None:
    training = failing([16], way="pictures", norm="batch", nonfinite="skip")
    training.precision = precision
    training.numerics = resume(training)
    for place in (0, 8):
        step(training, training.numerics, training.batches.at(place))
    before = weights(training)
    step(training, training.numerics, training.batches.at(16))
    now = weights(training)
    means = [k for k in now if k.startswith("live.generator") and k.endswith("running_mean")]
    assert means and all(torch.equal(now[name], before[name]) for name in means)
    assert training.numerics.skipped == {"discriminator": 1, "generator": 1}
    step(training, training.numerics, training.batches.at(24))
    assert all(v.isfinite().all() for v in weights(training).values())
    assert any(not torch.equal(now[name], weights(training)[name]) for name in means)


@pytest.mark.parametrize(("policy", "backs"), [("skip", []), ("rollback", [24])])
@pytest.mark.parametrize("stop_at", [16, 40])
def test_stopping_and_going_on_is_as_if_it_had_not_stopped(
    failing: Callable[..., Training], policy: str, backs: list[int], stop_at: int
) -> None:
    """Also between a failure and the checkpoint after it: what a kill leaves is the state there."""
    options = {"nonfinite": policy, "norm": "batch"}
    whole = failing([32], folder="whole", **options)
    log = run(whole)
    assert log.backs == backs
    assert all(v.isfinite().all() for v in weights(whole).values())
    stopped = failing([32], folder="stopped", **options)
    run(stopped, stop_at)
    resumed = failing([32], folder="stopped", **options)
    run(resumed)
    assert same(resumed, whole) and resumed.numerics.state() == whole.numerics.state()
    drop = {"seconds", "images_per_second"}
    for mine, theirs in zip(lines(resumed), lines(whole), strict=True):
        assert {k: v for k, v in mine.items() if k not in drop} == pytest.approx(
            {k: v for k, v in theirs.items() if k not in drop}, nan_ok=True
        )


class Killed(BaseException):
    """The process is gone."""


def test_a_kill_between_a_way_back_and_the_next_checkpoint(
    failing: Callable[..., Training],
) -> None:
    options = {"nonfinite": "rollback", "log_every": 8, "checkpoint_every": 24}
    whole = failing([32, 56], folder="whole", **options)
    # To 24 images at the batch after 32; the next is 40, and that after 56 is seen at 40 images.
    assert run(whole).backs == [24, 24]
    assert whole.numerics.state()["passed_over"] == 16 + 24
    killed = failing([32, 56], folder="killed", **options)
    killed.numerics = resume(killed)
    log = Log(killed)

    def tick(images: int) -> None:
        if len(log.backs) == 1 and images == 32:
            raise Killed

    log.tick = tick  # type: ignore[method-assign]
    with pytest.raises(Killed):
        fit(killed, killed.numerics, log, Interrupt())  # type: ignore[arg-type]
    assert killed.passed_over == 16
    resumed = failing([32, 56], folder="killed", **options)
    assert run(resumed).backs == [24, 24]
    assert same(resumed, whole)


def test_a_way_back_passes_over_the_batches_to_the_failure(
    failing: Callable[..., Training], capfd: pytest.CaptureFixture[str]
) -> None:
    training = failing([32], nonfinite="rollback", log_every=8, checkpoint_every=24)
    log = run(training)
    assert log.ticks == [8, 16, 24, 32, 40, 32, 40, 48, 56, 64, 72, 80]
    assert [line["images"] for line in lines(training)] == list(range(8, 88, 8))
    assert [line["numerics/rollbacks"] for line in lines(training)] == [0] * 3 + [1] * 7
    assert training.numerics.state()["passed_over"] == 16
    said = capfd.readouterr().err
    assert "a loss is not finite in the step after 32 images (generator/8px/adversarial): " in said
    assert "back to 24 images, the next 16 are passed over (1 of at most 3)" in said
    assert diagnosis(training, 32)["done"] == "back to 24 images, the next 16 are passed over"
    # The same by hand: three batches, then those from 40 on.
    other = failing([], folder="other")
    other.numerics = resume(other)
    for place in (0, 8, 16):
        step(other, other.numerics, other.batches.at(place))
    other.passed_over = 16
    for place in range(40, 96, 8):
        step(other, other.numerics, other.batches.at(place))
    assert same(training, other)


def test_the_cause_is_kept_where_it_spoils_a_phase_after_it(
    failing: Callable[..., Training], capfd: pytest.CaptureFixture[str]
) -> None:
    training = failing([0], way="pictures", nonfinite="skip")
    training.numerics = resume(training)
    step(training, training.numerics, training.batches.at(0))
    said = capfd.readouterr().err.splitlines()
    assert [line.count("images-0000000000.json") for line in said] == [1, 1]
    assert diagnosis(training, 0)["phase"] == "discriminator"


def test_a_disk_without_room_for_the_diagnosis_hides_nothing(
    failing: Callable[..., Training], capfd: pytest.CaptureFixture[str]
) -> None:
    training = failing([0])
    training.run.folder.mkdir()
    (training.run.folder / "diagnosis").touch()  # nothing can be written into it
    training.numerics = resume(training)
    with pytest.raises(UserError, match=r"after 0 images .*; there is no checkpoint yet: lower"):
        fit(training, training.numerics, Log(training), Interrupt())  # type: ignore[arg-type]
    assert "images-0000000000.json: could not be written (" in capfd.readouterr().err


def test_a_way_back_to_the_start(failing: Callable[..., Training]) -> None:
    training = failing([8], nonfinite="rollback", checkpoint_every=1000, images=24)
    assert run(training).backs == [0]
    other = failing([], folder="other", nonfinite="rollback")
    other.numerics = resume(other)
    other.passed_over = 16
    for place in (16, 24, 32):
        step(other, other.numerics, other.batches.at(place))
    assert same(training, other)


def test_ways_back_are_bounded_and_more_of_them_go_on(failing: Callable[..., Training]) -> None:
    bad = [32, 40, 48, 56]
    training = failing(bad, nonfinite="rollback", rollbacks=3, log_every=8)
    training.numerics = resume(training)
    log = Log(training)
    with pytest.raises(UserError, match=r"after trainer.rollbacks=3 ways back.*more trainer.rol"):
        fit(training, training.numerics, log, Interrupt())  # type: ignore[arg-type]
    assert log.backs == [24, 24, 24]
    assert diagnosis(training, 56)["done"] == "stopped"
    more = failing(bad, nonfinite="rollback", rollbacks=4, log_every=8)
    run(more)
    assert more.numerics.state()["went_back"] == 4 and more.passed_over == 40


def test_skips_are_bounded_in_a_window_that_outlasts_a_resume(
    failing: Callable[..., Training],
) -> None:
    bad = [8, 24, 40]
    training = failing(bad, nonfinite="skip", skips=2, checkpoint_every=8)
    with pytest.raises(UserError, match=r"3 updates of 100 are more than trainer.skips=2"):
        run(training)
    resumed = failing(bad, nonfinite="skip", skips=2, checkpoint_every=8)
    resumed.numerics = resume(resumed)
    assert resumed.images == 40 and resumed.numerics.state()["recent"] == {"generator": [8, 24]}
    with pytest.raises(UserError, match="3 updates of 100"):
        fit(resumed, resumed.numerics, Log(resumed), Interrupt())  # type: ignore[arg-type]
    more = failing(bad, nonfinite="skip", skips=3, checkpoint_every=8)
    run(more)
    assert more.numerics.skipped == {"generator": 3}
    # What is older than the window does not count.
    old = failing([0], nonfinite="skip", skips=2, folder="old")
    old.numerics = resume(old)
    old.numerics.load({"recent": {"generator": [-808, -801]}, "skipped": {"generator": 2}})
    step(old, old.numerics, old.batches.at(0))
    assert old.numerics.state()["recent"] == {"generator": [0]}


def test_a_checkpoint_of_a_run_without_failures_is_that_of_any_policy(
    failing: Callable[..., Training],
) -> None:
    trainings = [failing([], folder=p, nonfinite=p) for p in ("stop", "skip", "rollback")]
    for training in trainings:
        run(training)
    first, *others = trainings
    assert all(same(first, other) for other in others)
    state = checkpoint.load_newest(first.run.folder)
    assert state is not None
    nothing = {"passed_over": 0, "went_back": 0, "skipped": {}, "recent": {}}
    assert state["numerics"] == nothing
    assert not (first.run.folder / "diagnosis").exists()


@pytest.mark.parametrize("policy", ["stop", "skip", "rollback"])
def test_an_update_that_overflows_is_never_saved(
    failing: Callable[..., Training], policy: str
) -> None:
    """Its gradients are finite, and it may be the last: no loss tells of it."""
    training = failing([], nonfinite=policy, images=24)
    training.numerics = resume(training)
    (generator,) = (turn for turn in training.turns if turn.phase.name == "generator")
    generator.settings.lr = 1e39  # type: ignore[attr-defined]
    with pytest.raises(UserError, match=r"a weight is not finite .* \(generator/weights\)"):
        fit(training, training.numerics, Log(training), Interrupt())  # type: ignore[arg-type]
    found = checkpoint.load_newest(training.run.folder)
    assert (found["images"] if found else None) == (0 if policy == "rollback" else None)
