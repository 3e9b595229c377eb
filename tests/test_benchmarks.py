"""The plain form that `make bench` divides by computes what the product computes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from benchmarks.case import Case, Prepared, prepare
from benchmarks.plain import PlainStep, sentence_of_the_next
from experiments.data.batches import Batch
from experiments.ranks import Ranks
from experiments.seeding import Step
from experiments.train import Training

TINY = [
    "debug=smoke",
    "optim.discriminator.lr=0",
    "data.preset.last_resolution=64",
    "data.preset.encoder_size=64",
    "encoder/image=cnn",
    "encoder.image.widths=[4,4,8,8]",
    "encoder.image.global_width=8",
    "generator.noise_dim=8",
    "generator.condition_dim=8",
    "encoder.dim=16",
]
CPU = torch.device("cpu")


def tiny(model: str = "attngan", *overrides: str) -> Prepared:
    return prepare(Case(model, "plumage", 6, [*TINY, *overrides]), CPU)


def product_step(prepared: Prepared, batch: Batch) -> tuple[Training, dict[str, Tensor]]:
    """One step of the product, and the generator's gradients in it."""
    training = prepared.training(Ranks("cpu"), "fp32")
    gradients: dict[str, Tensor] = {}
    for name, parameter in prepared.system.generator.named_parameters():

        def keep(parameter: Tensor, name: str = name) -> None:
            assert parameter.grad is not None
            gradients[name] = parameter.grad.clone()

        parameter.register_post_accumulate_grad_hook(keep)
    training.step(batch)
    return training, gradients


def plain_step(prepared: Prepared, batch: Batch) -> tuple[PlainStep, dict[str, float]]:
    """The plain step on the same batch, with the same noise."""
    step = PlainStep(prepared.system, generator_lr=4e-4, discriminator_lr=0.0)
    size = prepared.batch
    noise = Step(int(prepared.run.config["seed"]), 0, size, slice(0, size), CPU)
    return step, step.step(prepared.with_pyramid(batch, CPU), noise)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Float64 throughout, where rounding hides no difference: what asks for float32 gets it."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("model", ["attngan", "attngan_4stage"])
def test_losses_and_gradients_are_equal(model: str) -> None:
    ours, theirs = tiny(model), tiny(model)
    batch = ours.batches.at(0)
    training, gradients = product_step(ours, batch)
    plain, losses = plain_step(theirs, batch)
    assert len(gradients) == len(list(plain.generator.parameters()))
    for name, parameter in plain.generator.named_parameters():
        gradient = gradients[name]
        assert gradient.dtype == torch.float64 and gradient.abs().max() > 0, name
        difference = torch.linalg.vector_norm(parameter.grad - gradient)
        assert difference < 1e-9 * torch.linalg.vector_norm(gradient), name
    stats = training.stats.read()
    assert stats["generator/loss"] == pytest.approx(losses["generator"], rel=1e-12)
    assert stats["discriminator/loss"] == pytest.approx(
        sum(value for name, value in losses.items() if name.endswith("/discriminator")), rel=1e-12
    )


def test_gradients_are_equal_in_float32() -> None:
    ours, theirs = tiny(), tiny()
    batch = ours.batches.at(0)
    _, gradients = product_step(ours, batch)
    plain, _ = plain_step(theirs, batch)
    pairs = [
        (parameter.grad, gradients[name]) for name, parameter in plain.generator.named_parameters()
    ]
    theirs_all, ours_all = (torch.cat([pair[k].flatten() for pair in pairs]) for k in (0, 1))
    difference = torch.linalg.vector_norm(theirs_all - ours_all)
    assert difference < 1e-5 * torch.linalg.vector_norm(ours_all)


def test_running_statistics_and_weights_are_equal_after_the_step() -> None:
    ours, theirs = tiny(), tiny()
    batch = ours.batches.at(0)
    product_step(ours, batch)
    plain_step(theirs, batch)
    found, expected = theirs.system.state_dict(), ours.system.state_dict()
    buffers = [name for name in expected if "running" in name]
    assert any(name.startswith("discriminator") for name in buffers)
    for name in buffers:
        torch.testing.assert_close(found[name], expected[name], rtol=1e-5, atol=1e-6, msg=name)
    heads = [name for name in expected if name.startswith("generator.heads")]
    for name in heads:  # Adam's first step is the sign of the gradient
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-5, msg=name)


def test_a_word_of_another_caption_would_be_noticed() -> None:
    """The comparison must be able to fail: one changed token moves the gradients by more."""
    ours, theirs = tiny(), tiny()
    batch = ours.batches.at(0)
    _, gradients = product_step(ours, batch)
    tokens = batch.tokens.clone()
    tokens[0, 0] = tokens[0, 0] % 80 + 1
    plain, _ = plain_step(theirs, replace(batch, tokens=tokens))
    name, parameter = next(iter(plain.generator.named_parameters()))
    difference = (parameter.grad - gradients[name]).abs().max()
    assert difference > 1e-4 * gradients[name].abs().max()


def test_wrong_sentences_are_those_of_the_batch_sorted_by_length() -> None:
    sentence = torch.arange(4.0)[:, None]
    wrong = sentence_of_the_next(sentence, torch.tensor([3, 9, 5, 5]))
    # Longest first: rows 1, 2, 3, 0; each takes the next one's, the last the first's.
    assert wrong[:, 0].tolist() == [1.0, 2.0, 3.0, 0.0]
