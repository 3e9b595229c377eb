"""Losses that compare, and penalties of slopes: of every adversarial system that draws of something
else than a caption, or something else than pictures. The others are in `test_stabiliser.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.loss.criterion import Criterion
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.base import Losses
from experiments.system.cross_modal import PictureToSound, SoundToPicture
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step
from tests.system import (
    scenes,
    test_cmcgan,
    test_cross_modal,
    test_text_to_clip,
    test_tgans_c,
    test_wav2pix,
)
from tests.system.adding import total

Made = tuple[Penalised, Batch]
ROWS = 4


def step(rows: int) -> Step:
    return Step(0, 0, rows, slice(0, rows), torch.device("cpu"))


def tgans_c(**options: Any) -> Made:
    system = test_tgans_c.made("a", **options)
    return system, test_tgans_c.batch_of(system)


def cmcgan(**options: Any) -> Made:
    generator = torch.Generator().manual_seed(1)
    pictures = [torch.rand(ROWS, 3, 16, 16, generator=generator) for _ in range(2)]
    sounds = [torch.rand(ROWS, *test_cmcgan.SOUND, generator=generator) for _ in range(2)]
    views = {"picture": Pictures(pictures[:1], pictures[1:]), "sound": Sounds(*sounds)}
    rows = torch.arange(ROWS)
    return test_cmcgan.make(**options), Batch(rows, rows, rows[:, None], views)


SYSTEMS: Mapping[str, Callable[..., Made]] = {
    "cross_modal_s2i": lambda **o: (
        test_cross_modal.made(SoundToPicture, **o),
        test_cross_modal.batch_of(),
    ),
    "cross_modal_i2s": lambda **o: (
        test_cross_modal.made(PictureToSound, **o),
        test_cross_modal.batch_of(),
    ),
    "vgan": lambda **o: (scenes.vgan(**o), scenes.batch_of()[0]),
    "vgan_text": lambda **o: (scenes.vgan_text(judges_frames=True, **o), scenes.batch_of()[0]),
    "vgan_image": lambda **o: (scenes.vgan_image(**o), scenes.batch_of()[0]),
    "text_to_clip": lambda **o: (test_text_to_clip.system(**o), test_text_to_clip.batch()),
    "tgans_c": tgans_c,
    "cmcgan": cmcgan,
    "cmcgan_alone": lambda **o: cmcgan(joint=False, **o),
    "wav2pix": lambda **o: (test_wav2pix.make(**o), test_wav2pix.batch_of()[0]),
}


@pytest.mark.parametrize(
    ("name", "at"),
    [*((name, "both") for name in SYSTEMS), ("cmcgan", "fake"), ("vgan_text", "real")],
)
def test_a_penalty_is_the_same_joined_and_as_a_turn_of_its_own(name: str, at: Any) -> None:
    """And leaves every other term as it was."""
    system, batch = SYSTEMS[name](gradient_penalty=GradientPenalty(0.5, at=at, interval=2))
    system.discriminator.eval()  # spectral norms go on with every pass
    steps = step(len(batch.rows))
    shared = system.prepare(batch, steps)
    plain = system.discriminator_loss(shared, steps, 0)
    names = [phase.name for phase in system.phases()]
    assert names[:2] == ["discriminator", "penalty"] and len(names) == 3
    penalty = system.phases()[1]
    assert penalty.interval == 2 and penalty.modules == (system.discriminator,)
    apart = penalty.loss(shared, steps, 0)
    assert len(apart) == (2 if at == "both" else 1)
    assert all(term.value > 0 and term.weight == 1.0 for term in apart.values())
    system.gradient_penalty = GradientPenalty(0.5, at=at, joined=True)
    assert [phase.name for phase in system.phases()] == ["discriminator", "generator"]
    losses = system.discriminator_loss(shared, steps, 0)
    assert losses.keys() == plain.keys() | apart.keys()
    for key, term in losses.items():
        torch.testing.assert_close(term.value, (plain | apart)[key].value)
    total(losses).backward()
    judged = [p.grad for p in system.discriminator.parameters() if p.grad is not None]
    assert judged and all(gradient.isfinite().all() for gradient in judged)
    drawn = [p for p in system.generator.parameters() if p.grad is not None]
    assert not drawn


@pytest.mark.parametrize("name", SYSTEMS)
def test_logits_are_compared_with_those_of_what_is_real(name: str) -> None:
    """A discriminator that says the same of everything has ln 2 a comparison, and so has the
    generator; what is real is a constant in the generator's turn."""
    system, batch = SYSTEMS[name]()
    system.adversarial.criterion = Criterion("relativistic")
    steps = step(len(batch.rows))
    shared = system.prepare(batch, steps)
    losses = system.discriminator_loss(shared, steps, 0)
    assert not [key for key in losses if key.rpartition("/")[2].startswith("real")]
    assert -1 <= losses["r_t"].value <= 1
    total(losses).backward()
    system.zero_grad()
    made = system.generator_loss(shared, steps, 0)
    total(made).backward()
    moved = [p.grad for p in system.generator.parameters() if p.grad is not None]
    assert moved and all(gradient.isfinite().all() for gradient in moved)
    system.discriminator.requires_grad_(False)
    for key, parameter in system.discriminator.named_parameters():
        if "parametrizations" not in key:  # zero has no norm; what stands behind those is enough
            parameter.zero_()
    shared = system.prepare(batch, steps)
    half = 0.5 if name.startswith(("vgan", "text_to_clip")) else 1.0  # L_D is a mean there
    judged = adversarial(system.discriminator_loss(shared, steps, 0))
    whole = torch.tensor(2.0).log()
    comparisons = 2.0 if name in ("cmcgan", "cmcgan_alone", "wav2pix") else 1.0
    torch.testing.assert_close(judged, half * comparisons * whole)
    drawn = adversarial(system.generator_loss(shared, steps, 0))
    torch.testing.assert_close(drawn, (2.0 if name.startswith("cmcgan") else 1.0) * whole)


def adversarial(losses: Losses) -> torch.Tensor:
    """The sum of what judges say."""
    kinds = ("fake", "wrong", "real", "adversarial")
    return total({k: t for k, t in losses.items() if k.rpartition("/")[2].startswith(kinds)})


def test_the_slope_is_that_of_all_judges_of_a_clip() -> None:
    """That of the clip and the mean of those of its frames, for each clip by itself."""
    system, batch = SYSTEMS["vgan_text"](gradient_penalty=GradientPenalty(0.5, text=True))
    judge = system.discriminator.eval()
    steps = step(len(batch.rows))
    shared = system.prepare(batch, steps)
    squares = []
    for row in range(ROWS):
        clip, told = (
            one[row : row + 1].clone().requires_grad_() for one in (shared.real, shared.sentence)
        )
        said = judge(clip, told).sum() + judge.of_frames(clip, told).mean()
        squares.append(sum(g.square().sum() for g in torch.autograd.grad(said, (clip, told))))
    (term,) = system.penalty_loss(shared, steps, 0).values()
    torch.testing.assert_close(term.value, torch.stack(squares).mean())


def test_the_slope_of_a_pair_is_that_of_both_halves() -> None:
    system, batch = cmcgan(gradient_penalty=GradientPenalty(0.5, at="both"))
    steps = step(ROWS)
    shared = system.prepare(batch, steps)
    found = system.penalty_loss(shared, steps, 0)
    judge: Any = system.discriminator
    real, made = ([*part.values()] for part in (shared.real, shared.crossed))
    for name, (v, a), other in (
        ("gradient", real, [None, None]),
        ("gradient_fake", made, real),
    ):
        v, a = (one.detach().clone().requires_grad_() for one in (v, a))
        seen, heard = (
            (judge.pictures if of == "picture" else judge.sounds)([one])[0]
            for of, one in (("picture", v), ("sound", a))
        )
        if name == "gradient":
            said = judge([(seen, heard)])[0].sum()
        else:
            w, b = judge.pictures([other[0]])[0], judge.sounds([other[1]])[0]
            said = judge([(seen, b), (w, heard)])
            said = said[0].sum() + said[1].sum()
        slopes = torch.autograd.grad(said, (v, a))
        expected = sum(slope.square().flatten(1).sum(1) for slope in slopes).mean()
        torch.testing.assert_close(found[name].value, expected)


def test_where_a_penalty_has_no_sense_it_is_said() -> None:
    with pytest.raises(AssertionError, match="told nothing"):
        scenes.vgan(gradient_penalty=GradientPenalty(1.0, text=True))
    with pytest.raises(AssertionError, match="no pair between"):
        cmcgan(gradient_penalty=GradientPenalty(1.0, at="between"))
