from __future__ import annotations

import itertools
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.data.view.picture import Pictures
from experiments.system.attngan import AttnGAN
from experiments.system.text_to_image import TextToImage
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Interrupt, stop_if_asked
from experiments.trainer.loop import fit, resume
from experiments.trainer.training import Training
from experiments.trainer.turn import let_train

Make = Callable[..., AttnGAN]
MakeTraining = Callable[..., Training]


class Listener:
    """An observer that remembers at how many images it was called, and with what."""

    def __init__(self, stop: Callable[[], None] = lambda: None, stop_at: int = -1) -> None:
        events = ("tick", "log", "saved", "sample", "evaluate")
        self.calls: dict[str, list[int]] = {event: [] for event in events}
        self.values: list[dict[str, float]] = []
        self.stop, self.stop_at = stop, stop_at

    @contextmanager
    def progress(self, images: int) -> Iterator[None]:
        yield

    def tick(self, images: int) -> None:
        self.calls["tick"].append(images)
        if images == self.stop_at:
            self.stop()

    def log(self, images: int, values: dict[str, float], seconds: float, waited: float) -> None:
        self.calls["log"].append(images)
        self.values.append(values)

    def saved(self, images: int) -> None:
        self.calls["saved"].append(images)

    def sample(self, images: int, ema: Any) -> None:
        self.calls["sample"].append(images)

    def evaluate(self, images: int, ema: Any) -> None:
        self.calls["evaluate"].append(images)


def run(training: Training, listener: Listener | None = None, interrupt: Any = None) -> bool:
    return fit(training, resume(training), listener or Listener(), interrupt or Interrupt())  # type: ignore[arg-type]


def weights(training: Training) -> dict[str, Tensor]:
    found = {f"live.{k}": v.clone() for k, v in training.system.state_dict().items()}
    for name, module in training.ema.averaged.items():
        found |= {f"{name}.{k}": v.clone() for k, v in module.state_dict().items()}
    return found


def saved(training: Training) -> list[int]:
    files = (training.run.folder / "checkpoints").glob("images-*.safetensors")
    return sorted(int(file.stem.rpartition("-")[2]) for file in files)


def gradients(module: nn.Module) -> list[Tensor | None]:
    return [parameter.grad for parameter in module.parameters()]


def test_a_turn_changes_only_what_its_phase_trains(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan())
    system = training.system
    networks = {name: getattr(system, name) for name in ("discriminator", "generator")}
    part, step = training.split(training.to_device(training.batches.at(0)))[0]
    shared = training.prepare(part, step)
    for turn in training.turns:
        mine = networks[turn.phase.name]
        (other,) = (network for network in networks.values() if network is not mine)
        before = {k: v.clone() for k, v in other.state_dict().items()}
        first = {k: v.clone() for k, v in mine.named_parameters()}
        let_train([turn], training.turns)
        turn.backward(shared, step, 0)
        assert all(gradient is not None for gradient in gradients(mine))
        assert all(gradient is None for gradient in gradients(other))
        turn.update(0)
        torch.testing.assert_close(dict(other.state_dict()), before, rtol=0, atol=0)
        assert all(not torch.equal(first[k], v) for k, v in mine.named_parameters())
    assert all(gradient is None for gradient in gradients(system.encoder))
    assert not any(parameter.requires_grad for parameter in system.encoder.parameters())


def test_gradients_of_parts_are_those_of_the_whole_batch(
    make_attngan: Make, make_training: MakeTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without batch statistics, and without negatives from the batch (the weight of DAMSM is 0)."""
    found = []
    for parts in (1, 2, 4):
        training = make_training(make_attngan(damsm=0.0, generator_steps=2), accumulate=parts)
        for turn in training.turns:
            monkeypatch.setattr(turn, "update", lambda images: None)
        training.step(training.batches.at(0))
        training.advance()
        system = training.system
        found.append(gradients(system.generator) + gradients(system.discriminator))
        assert all(gradient is not None and gradient.ne(0).any() for gradient in found[-1])
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(found[2], found[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_generator_takes_its_turns_on_fresh_noise_and_the_discriminator_one(
    steps: int, make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan(generator_steps=steps))
    noises: list[Tensor] = []
    training.system.generator.register_forward_pre_hook(lambda _, given: noises.append(given[0]))
    training.step(training.batches.at(0))
    training.advance()
    assert len(noises) == steps
    for a, b in itertools.combinations(noises, 2):
        assert not torch.equal(a, b)
    taken = {
        turn.phase.name: {int(state["step"]) for state in turn.optimiser.state.values()}
        for turn in training.turns
    }
    assert taken == {"discriminator": {1}, "generator": {steps}}


def test_a_phase_may_be_due_every_second_step(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan())
    discriminator, generator = training.turns
    discriminator.phase = replace(discriminator.phase, interval=2)
    for _ in range(5):
        training.step(training.batches.at(training.images))
        training.advance()
    counts = [
        {int(s["step"]) for s in turn.optimiser.state.values()}
        for turn in (discriminator, generator)
    ]
    assert counts == [{3}, {5}]


def test_terms_without_weight_are_logged(make_attngan: Make, make_training: MakeTraining) -> None:
    training = make_training(make_attngan(damsm=0.0, kl=0.0, adversarial=1.0))
    training.step(training.batches.at(0))
    training.advance()
    values = training.stats.read()
    damsm = [name for name in values if "damsm" in name]
    assert len(damsm) == 4 and all(values[name] > 0 for name in [*damsm, "generator/kl"])
    adversarial = values["generator/8px/adversarial"] + values["generator/16px/adversarial"]
    assert values["generator/loss"] == pytest.approx(adversarial)


def test_a_phase_without_weights_leaves_its_networks_alone(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan(adversarial=0.0))
    before = {k: v.clone() for k, v in training.system.discriminator.state_dict().items()}
    training.step(training.batches.at(0))
    training.advance()
    torch.testing.assert_close(dict(training.system.discriminator.state_dict()), before)
    assert "discriminator/loss" not in training.stats.read()


def test_things_are_due_where_an_interval_is_crossed_and_at_the_end(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(
        make_attngan(),
        images=40,
        log_every=8,
        sample_every=20,
        checkpoint_every=12,
        evaluate_every=16,
        keep=9,
    )
    listener = Listener()
    assert run(training, listener)
    assert listener.calls["tick"] == listener.calls["log"] == [8, 16, 24, 32, 40]
    assert listener.calls["sample"] == [24, 40]
    assert saved(training) == [16, 24, 40]
    assert listener.calls["evaluate"] == [16, 32]  # the end is scored by who called
    assert listener.values[0]["generator/lr"] == 1e-3
    assert {"discriminator/gradient_norm", "generator/kl"} <= listener.values[0].keys()
    # A finished run trains no further, and says so. It draws what a kill may have cost it.
    again = Listener()
    assert run(training, again) and again.calls.pop("sample") == [40]
    assert not any(again.calls.values())


def test_an_interval_beyond_the_end_is_due_at_the_end_only(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan(), images=20, log_every=10**6, sample_every=10**6)
    listener = Listener()
    assert run(training, listener)
    assert listener.calls["log"] == listener.calls["sample"] == [24]  # whole batches


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_stopping_saves_and_going_on_is_as_if_it_had_not_stopped(
    norm: str, make_attngan: Make, make_training: MakeTraining, tmp_path: Path
) -> None:
    whole = make_training(make_attngan(norm=norm), images=40, sample_every=8)
    assert run(whole)
    interrupt = Interrupt()
    listener = Listener(lambda: setattr(interrupt, "requested", True), stop_at=16)
    options = {"images": 40, "sample_every": 8, "checkpoint_every": 10**6}
    stopped = make_training(make_attngan(norm=norm), **options)
    stopped.run = replace(stopped.run, folder=tmp_path / "stopped")
    assert not run(stopped, listener, interrupt)
    assert saved(stopped) == [16] and listener.calls["sample"] == [8]
    resumed = make_training(make_attngan(norm=norm), **options)
    resumed.run = stopped.run
    listener = Listener()
    assert run(resumed, listener)
    assert listener.calls["tick"] == [24, 32, 40]
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=0, atol=0)


@pytest.mark.parametrize("what", ["sample", "evaluate"])
def test_stopping_what_is_shown_saves_and_it_is_shown_again(
    what: str, make_attngan: Make, make_training: MakeTraining, tmp_path: Path
) -> None:
    """Also where no checkpoint is due, and where it is asked for again at the very start."""
    interrupt = Interrupt()

    class Asked(Listener):
        def sample(self, images: int, ema: Any) -> None:
            super().sample(images, ema)
            self.ask("sample", images)

        def evaluate(self, images: int, ema: Any) -> None:
            super().evaluate(images, ema)
            self.ask("evaluate", images)

        def ask(self, name: str, images: int) -> None:
            if name == what and images == 16:
                interrupt.note(signal.SIGTERM)
                stop_if_asked()

    options = {"images": 32, "checkpoint_every": 10**6, "sample_every": 16, "evaluate_every": 16}
    whole = make_training(make_attngan(), **options)
    assert run(whole)

    def again() -> Training:
        training = make_training(make_attngan(), **options)
        training.run = replace(training.run, folder=tmp_path / "stopped")
        return training

    for _ in range(2):
        interrupt = Interrupt(lambda number: None)
        stopped, listener = again(), Asked()
        with interrupt:
            assert not run(stopped, listener, interrupt)
        assert saved(stopped) == [16] and listener.calls[what] == [16]
    resumed, listener = again(), Listener()
    assert run(resumed, listener)
    assert listener.calls["sample"] == [16, 32] and listener.calls["evaluate"] == [16]
    torch.testing.assert_close(weights(resumed), weights(whole), rtol=0, atol=0)


def test_means_go_on_over_a_checkpoint_between_two_lines(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    interrupt, whole, resumed = Interrupt(), Listener(), Listener()
    first = Listener(lambda: setattr(interrupt, "requested", True), stop_at=16)
    options = {"images": 48, "log_every": 24, "checkpoint_every": 8, "sample_every": 999}
    training = make_training(make_attngan(), **options)
    assert run(training, whole)
    shutil.rmtree(training.run.folder)
    assert not run(make_training(make_attngan(), **options), first, interrupt)
    assert run(make_training(make_attngan(), **options), resumed)
    assert resumed.calls["log"] == whole.calls["log"] == [24, 48]
    assert resumed.values == whole.values


def test_a_run_goes_on_in_the_precision_that_it_began_with(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    began = make_training(make_attngan(), images=8, checkpoint_every=8)
    began.precision = torch.bfloat16  # auto, on a processor that has it
    assert run(began)
    elsewhere = make_training(make_attngan(), images=8)
    resume(elsewhere)
    assert elsewhere.precision == torch.bfloat16


def test_a_loss_that_is_not_finite_ends_the_run_and_names_its_terms(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan(), images=40, log_every=16, checkpoint_every=16)

    def poison() -> None:
        nn.init.constant_(training.system.discriminator.stages[1].conditional_head.bias, torch.inf)

    with pytest.raises(UserError, match=r"not finite in the step after 24 .*lower optim") as error:
        run(training, Listener(poison, stop_at=24))
    assert "discriminator/16px/conditional_fake" in str(error.value)
    assert "8px" not in str(error.value)
    assert saved(training) == [16]


def test_weights_that_are_not_finite_are_not_saved(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    training = make_training(make_attngan(), images=40, log_every=16, checkpoint_every=8)

    def poison() -> None:
        nn.init.constant_(training.system.discriminator.stages[1].conditional_head.bias, torch.inf)

    with pytest.raises(UserError, match=r"a weight is not finite .*\(discriminator/weights\)"):
        run(training, Listener(poison, stop_at=16))
    assert saved(training) == [8]


def test_channels_last_trains_alike_and_resumes(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    system = make_attngan(norm="batch").to(memory_format=torch.channels_last)
    training = make_training(system, images=16, checkpoint_every=8, channels_last=True)
    plain = make_training(make_attngan(norm="batch"), images=16)
    for one, layout in ((training, torch.channels_last), (plain, torch.contiguous_format)):
        pictures = one.to_device(one.batches.at(0)).of(Pictures).images
        assert pictures and all(p.is_contiguous(memory_format=layout) for p in pictures)
    plain.run = replace(plain.run, folder=plain.run.folder.with_name("plain"))
    assert run(training) and run(plain)
    expected = weights(plain)
    for name, value in weights(training).items():
        torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-3, msg=name)
    again = make_attngan(norm="batch").to(memory_format=torch.channels_last)
    resumed = make_training(again, images=32, channels_last=True)
    assert run(resumed)
    assert (
        resumed.images == 32 and resumed.ema.averaged["generator"].heads[0].weight.isfinite().all()
    )


@pytest.mark.parametrize(
    "kind",
    [
        "stackgan_v2",
        *(pytest.param(k, marks=pytest.mark.slow) for k in ("gan_cls", "stackgan_stage2")),
    ],
)
def test_what_is_compiled_is_one_graph(
    make_system: Callable[..., TextToImage], make_training: MakeTraining, kind: str
) -> None:
    """Parts of a graph would be an error; `backend="eager"` computes what it captured."""
    training, plain = (make_training(make_system(kind)) for _ in range(2))
    (network,) = training.system.compiled()
    network.compile(backend="eager", fullgraph=True)
    for number in range(2):
        for one in (training, plain):
            one.step(one.batches.at(8 * number))
            one.advance()
    expected = weights(plain)
    for name, value in weights(training).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=1e-6, msg=name)


def test_a_run_stays_as_compiled_as_it_began(
    make_attngan: Make, make_training: MakeTraining
) -> None:
    began = make_training(make_attngan())
    began.compiled = True
    later = make_training(make_attngan())
    assert not later.compiled
    later.load(began.state())
    assert later.compiled
