"""How often pictures are changed: a chance that follows r_t, by hand."""

from __future__ import annotations

import pytest
import torch

from experiments.discriminator.pipe import Pipe


def led(*leads: float, batch: int = 64, parts: int = 1) -> float:
    """The chance after steps of such r_t."""
    pipe = Pipe(["geometric"], "adaptive")
    for lead in leads:
        for _ in range(parts):
            pipe.note(torch.tensor(lead), batch // parts, batch)
    return pipe.probability.item()


@pytest.mark.parametrize(("batch", "step"), [(64, 0.000512), (16, 0.000128)])
def test_four_batches_move_it_by_their_share(batch: int, step: float) -> None:
    """B 4 / 500,000 in four steps, however many parts a batch has."""
    assert led(*[1.0] * 3, batch=batch) == 0
    assert led(*[1.0] * 4, batch=batch) == pytest.approx(step)
    assert led(*[1.0] * 11, batch=batch, parts=2) == pytest.approx(2 * step)
    assert led(*[1.0] * 8, *[0.0] * 4, batch=batch) == pytest.approx(step)


def test_the_mean_of_four_decides_and_it_stays_within_bounds() -> None:
    assert led(1.0, 1.0, 0.2, 0.3) == pytest.approx(0.000512)  # 0.625
    assert led(1.0, 1.0, 0.2, 0.1) == 0  # 0.575, and not below
    pipe = Pipe(["cutout"], "adaptive", target=0.0, images=512)
    for _ in range(12):
        pipe.note(torch.tensor(1.0), 64, 64)
    assert pipe.probability == 1


def test_a_checkpoint_has_it_where_it_moves() -> None:
    pipe = Pipe(["cutout"], "adaptive", images=512)
    for _ in range(5):
        pipe.note(torch.tensor(1.0), 64, 64)
    other = Pipe(["cutout"], "adaptive", images=512)
    other.load_state_dict(pipe.state_dict())
    assert (other.probability, other.signs, other.rows) == (0.5, 64, 64)
    assert not Pipe(["cutout"]).state_dict() and not Pipe(["cutout"], 0.5).state_dict()


def test_a_fixed_chance_takes_numbers_of_its_own() -> None:
    assert Pipe(["cutout", "geometric"]).numbers == 3 + 6
    assert Pipe(["cutout", "geometric"], 0.5).numbers == 3 + 6 + 1 + 5
    torch.manual_seed(0)
    pipe, images = Pipe(["cutout"], 0.25), torch.ones(4000, 1, 4, 4)
    (seen,) = pipe([images], torch.rand(4000, pipe.numbers))
    assert (seen != images).flatten(1).any(1).float().mean() == pytest.approx(0.25, abs=0.02)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(AssertionError, match=r"augment_probability=1\.5"):
        Pipe(["cutout"], 1.5)
    with pytest.raises(AssertionError, match="nothing is changed"):
        Pipe([], "adaptive")
    with pytest.raises(AssertionError, match="augment_target"):
        Pipe(["cutout"], "adaptive", target=1.0)
