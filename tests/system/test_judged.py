"""How sure a discriminator is of what is real, r_t: every adversarial system tells it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from experiments.config.compose import CONF
from experiments.config.target import locate
from experiments.data.batches import Batch
from experiments.loss.criterion import Criterion
from experiments.loss.relation import RelationLoss
from experiments.system.penalised import Penalised
from experiments.system.seeding import Step
from tests.system.test_penalised import SYSTEMS, step

OF_CAPTIONS = ("gan_cls", "stackgan", "stackgan_stage2", "stackgan_v2", "s2igan", "speech_to_image")
Given = tuple[Penalised, Batch, Step]


class Asked(Criterion):
    """Keeps the logits that a loss wants to be those of something real."""

    def __init__(self) -> None:
        super().__init__()
        self.real_logits: list[Tensor] = []

    def real(self, logits: Tensor) -> Tensor:
        self.real_logits.append(logits)
        return super().real(logits)


@pytest.fixture
def given(
    make_system: Callable[..., Penalised],
    make_attngan: Callable[..., Penalised],
    first_batch: Callable[..., tuple[Batch, Step]],
) -> Callable[[str], Given]:
    """A system by name, and its first batch. No wrong pairs: their pictures may be real as well."""

    def made(name: str) -> Given:
        if name in SYSTEMS:
            system, batch = SYSTEMS[name]()
            return system, batch, step(len(batch.rows))
        options: dict[str, Any] = {"mismatch": "none"}
        if name == "s2igan":
            options["supervision"] = RelationLoss(0.0)  # which compares with wrong pictures
        system = make_attngan(**options) if name == "attngan" else make_system(name, **options)
        return system, *first_batch(system)

    return made


@pytest.mark.parametrize("name", [*OF_CAPTIONS, "attngan", *SYSTEMS])
def test_the_mean_sign_of_all_logits_of_what_is_real_is_told(
    given: Callable[[str], Given], name: str
) -> None:
    """Whatever else the losses are, and it trains nothing."""
    system, batch, steps = given(name)
    asked = system.adversarial.criterion = Asked()
    term = system.discriminator_loss(system.prepare(batch, steps), steps, 0)["r_t"]
    signs = torch.stack([logits.sign().mean() for logits in asked.real_logits])
    torch.testing.assert_close(term.value, signs.mean())
    assert term.weight == 0 and not term.value.requires_grad


def test_no_adversarial_system_is_missing_here(given: Callable[[str], Given]) -> None:
    made = {type(given(name)[0]) for name in (*OF_CAPTIONS, "attngan", *SYSTEMS)}
    files = (CONF / "system").glob("*.yaml")
    targets = [yaml.safe_load(path.read_text()).get("_target_") for path in files]
    systems: set[Any] = {locate(target) for target in targets if target}
    assert made == {system for system in systems if issubclass(system, Penalised)}
