"""The plain forms that `make bench` divides by compute what the product computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.fx import GraphModule

from benchmarks.case import Case, Prepared, prepare
from benchmarks.plain import PlainStep
from benchmarks.plain.attngan import sentence_of_the_next
from experiments.data.batches import Batch
from experiments.data.view.caption import CAPTION, Captions
from experiments.machine.rank import Ranks
from experiments.system.base import System
from experiments.system.seeding import Step, mix
from experiments.terminal.error import UserError
from experiments.trainer.training import Training

SMALL = [
    "debug=smoke",
    "data.preset.last_resolution=64",
    "data.preset.encoder_size=64",
    "encoder/image=cnn",
    "encoder.image.widths=[4,4,8,8]",
    "encoder.image.global_width=8",
    "encoder.dim=16",
]
GAN = [*SMALL, "optim.discriminator.lr=0", "generator.noise_dim=8"]
ATTNGAN = [*GAN, "generator.condition_dim=8"]
SETTINGS = {
    "attngan": ATTNGAN,
    "attngan_4stage": ATTNGAN,
    "damsm": SMALL,
    "stackgan_stage1": ATTNGAN,
    "stackgan_stage2": [*SMALL, "optim.discriminator.lr=0", "generator.condition_dim=8"],
    "gan_cls": GAN,
}
CPU = torch.device("cpu")
Gradients = dict[str, Tensor]


def small(model: str = "attngan", shortest: int | None = None) -> Prepared:
    return prepare(Case(model, "plumage", 6, SETTINGS[model]), CPU, shortest=shortest)


@pytest.mark.parametrize(
    ("model", "setting"),
    [
        *(("attngan", setting) for setting in ("negatives=4", "altered=2", "shift=2", "noise=0.1")),
        ("damsm", "altered=2"),
    ],
)
def test_what_no_published_step_has_is_not_compared(model: str, setting: str) -> None:
    settings = [*SETTINGS[model], f"loss.damsm.{setting}"]
    prepared = prepare(Case(model, "plumage", 6, settings), CPU)
    with pytest.raises(UserError, match="no published step has them"):
        prepared.plain()


def kept(system: System, optimisers: Sequence[torch.optim.Optimizer]) -> Gradients:
    """Fills with the gradients that each update is made of, by the name of the parameter."""
    names = {id(parameter): name for name, parameter in system.named_parameters()}
    found: Gradients = {}

    def keep(optimiser: torch.optim.Optimizer, *_: object) -> None:
        for group in optimiser.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    found[names[id(parameter)]] = parameter.grad.clone()

    for optimiser in optimisers:
        optimiser.register_step_pre_hook(keep)
    return found


def product_step(
    prepared: Prepared, batch: Batch, compiled: bool = False
) -> tuple[Training, Gradients]:
    """One step of the product, and the gradients in it."""
    training = prepared.training(Ranks("cpu"), "fp32", compiled)
    gradients = kept(prepared.system, [turn.optimiser for turn in training.turns])
    training.step(batch)
    training.advance()
    return training, gradients


def plain_step(prepared: Prepared, batch: Batch) -> tuple[PlainStep, Gradients, dict[str, float]]:
    """The plain step on the same batch, with the same noise, also where it draws it twice."""
    plain, size, seed = prepared.plain(), prepared.batch, int(prepared.run.config["seed"])
    gradients = kept(prepared.system, plain.optimisers)
    step = Step(seed, 0, size, slice(0, size), CPU)
    if getattr(plain, "redraws", False):
        draw = plain.draw  # type: ignore[attr-defined]
        plain.draw = lambda *given: [step.begin(), draw(*given)][1]  # type: ignore[attr-defined]
    torch.manual_seed(mix(seed, 0, 0))  # of dropout
    return plain, gradients, plain.step(prepared.with_pyramid(batch, CPU), step)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Float64 throughout, where rounding hides no difference: what asks for float32 gets it."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def far(one: Tensor, other: Tensor) -> float:
    """The norm of the difference as a share of the norm."""
    return float(torch.linalg.vector_norm(one - other) / torch.linalg.vector_norm(other))


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("shortest", [1, pytest.param(None, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "model",
    [
        "attngan",
        "damsm",
        *(
            pytest.param(m, marks=pytest.mark.slow)
            for m in SETTINGS
            if m not in ("attngan", "damsm")
        ),
    ],
)
def test_losses_gradients_and_statistics_are_equal(model: str, shortest: int | None) -> None:
    require_equal(model, shortest, compiled=False)


@pytest.fixture
def double_in_graphs(double: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks for float32 inside of a compiled network gets float64 as well."""
    from torch._inductor.compile_fx import compile_fx  # seconds that other tests do without

    compile_network = nn.Module.compile

    def doubled(graph: GraphModule, inputs: Sequence[Tensor]) -> object:
        for node in graph.graph.find_nodes(op="call_method", target="float"):
            node.target = "double"
        return compile_fx(graph, inputs)

    def compile_doubled(network: nn.Module, **settings: bool) -> None:
        compile_network(network, backend=doubled, **settings)

    monkeypatch.setattr(nn.Module, "compile", compile_doubled)


@pytest.mark.slow
@pytest.mark.usefixtures("double_in_graphs")
@pytest.mark.parametrize("model", SETTINGS)
def test_they_are_equal_with_compiled_networks(model: str) -> None:
    """Short captions included."""
    require_equal(model, 1, compiled=True)


def require_equal(model: str, shortest: int | None, compiled: bool) -> None:
    ours, theirs = small(model, shortest), small(model, shortest)
    batch = ours.batches.at(0)
    assert len(set(batch.of(Captions).lengths.tolist())) > 1, (
        "captions of one length hide what padding does"
    )
    before = {name: buffer.clone() for name, buffer in ours.system.named_buffers()}
    training, expected = product_step(ours, batch, compiled)
    plain, found, losses = plain_step(theirs, batch)
    trained = {name for turn in training.turns for name in names_of(ours.system, turn.trained)}
    assert found.keys() == expected.keys() == trained
    for name, gradient in expected.items():
        assert gradient.dtype == torch.float64, name
        # A bias before batch norm has no gradient but rounding.
        if gradient.abs().max() > 1e-14:
            assert far(found[name], gradient) < 1e-9, name
    assert sum(gradient.abs().max() > 1e-14 for gradient in expected.values()) > 0.9 * len(expected)
    stats = training.stats.read()
    for turn in training.turns:
        phase = turn.phase.name
        assert stats[f"{phase}/loss"] == pytest.approx(losses[phase], rel=1e-12), phase
    after, plains = dict(ours.system.named_buffers()), dict(theirs.system.named_buffers())
    running = [name for name in after if "running" in name]
    assert any((after[name] != before[name]).any() for name in running)
    for name in running:
        reached = after[name]
        if name.startswith("generator.") and getattr(plain, "redraws", False):
            reached = reached + 0.9 * (reached - before[name])  # the same again, momentum 0.1
        torch.testing.assert_close(plains[name], reached, rtol=1e-9, atol=1e-12, msg=name)


def names_of(system: nn.Module, parameters: Sequence[nn.Parameter]) -> set[str]:
    wanted = {id(parameter) for parameter in parameters}
    return {name for name, parameter in system.named_parameters() if id(parameter) in wanted}


def test_gradients_are_equal_in_float32() -> None:
    ours, theirs = small(), small()
    batch = ours.batches.at(0)
    _, expected = product_step(ours, batch)
    _, found, _ = plain_step(theirs, batch)
    names = [name for name in expected if name.startswith("generator.")]
    whole = [torch.cat([side[name].flatten() for name in names]) for side in (found, expected)]
    assert far(*whole) < 1e-5


def test_weights_are_equal_after_the_step() -> None:
    ours, theirs = small(), small()
    batch = ours.batches.at(0)
    product_step(ours, batch)
    plain_step(theirs, batch)
    found, expected = theirs.system.state_dict(), ours.system.state_dict()
    heads = [name for name in expected if name.startswith("generator.heads")]
    for name in heads:  # Adam's first step is the sign of the gradient
        torch.testing.assert_close(found[name], expected[name], rtol=0, atol=1e-5, msg=name)


@pytest.mark.parametrize("model", ["attngan", "damsm"])
def test_a_word_of_another_caption_would_be_noticed(model: str) -> None:
    """The comparison must be able to fail: one changed token moves the gradients by more."""
    ours, theirs = small(model), small(model)
    batch = ours.batches.at(0)
    _, expected = product_step(ours, batch)
    captions = batch.of(Captions)
    tokens = captions.tokens.clone()
    tokens[0, 0] = tokens[0, 0] % 80 + 1
    changed = {**batch.views, CAPTION: replace(captions, tokens=tokens)}
    _, found, _ = plain_step(theirs, replace(batch, views=changed))
    assert max(map(partial(moved, found, expected), expected)) > 1e-4


def moved(found: Gradients, expected: Gradients, name: str) -> float:
    return far(found[name], expected[name])


def test_wrong_sentences_are_those_of_the_batch_sorted_by_length() -> None:
    sentence = torch.arange(4.0)[:, None]
    wrong = sentence_of_the_next(sentence, torch.tensor([3, 9, 5, 5]))
    # Longest first: rows 1, 2, 3, 0; each takes the next one's, the last the first's.
    assert wrong[:, 0].tolist() == [1.0, 2.0, 3.0, 0.0]
