"""CMCGAN's losses, worked by hand."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from experiments.loss.correspondence import PATHS, ConsistencyLoss, CorrespondenceLoss


def logits(*values: float) -> Tensor:
    return torch.tensor(values)


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))


def value(terms: dict[str, Tensor]) -> dict[str, float]:
    return {name: term.item() for name, term in terms.items()}


def test_the_discriminator_counts_the_real_pair_twice_and_halves_the_others() -> None:
    """-log D(x) = softplus(-x) and -log(1 - D(x)) = softplus(x) for D = sigmoid."""
    found = CorrespondenceLoss().discriminator(
        logits(1.0, 3.0), (logits(-2.0), logits(0.5)), ([logits(0.0)], [logits(-1.0)])
    )
    expected = {
        "real": softplus(-1.0) + softplus(-3.0),  # twice the mean of two
        "wrong_picture": softplus(-2.0) / 2,
        "wrong_sound": softplus(0.5) / 2,
        "fake_picture": math.log(2) / 2,
        "fake_sound": softplus(-1.0) / 2,
    }
    assert value(found) == pytest.approx(expected, rel=1e-6)


def test_it_is_the_sum_of_l_dw_and_l_df() -> None:
    rv_ra, rv_wa, wv_ra, rv_fa, fv_ra = (torch.tensor([x]) for x in (0.3, -1.2, 0.8, -0.4, 2.0))

    def log(x: Tensor) -> Tensor:
        return x.sigmoid().log()

    def log_not(x: Tensor) -> Tensor:
        return (1 - x.sigmoid()).log()

    l_dw = log(rv_ra) + (log_not(rv_wa) + log_not(wv_ra)) / 2
    l_df = log(rv_ra) + (log_not(rv_fa) + log_not(fv_ra)) / 2
    found = CorrespondenceLoss().discriminator(rv_ra, (wv_ra, rv_wa), ([fv_ra], [rv_fa]))
    assert sum(value(found).values()) == pytest.approx(-(l_dw + l_df).item(), rel=1e-6)
    l_g = log(rv_fa) + log(fv_ra)
    fooled = CorrespondenceLoss().generator(([fv_ra], [rv_fa]))
    assert sum(value(fooled).values()) == pytest.approx(-l_g.item(), rel=1e-6)


def test_several_fakes_of_a_kind_weigh_as_one() -> None:
    """By their mean, so that the ends of paths change no weight."""
    loss = CorrespondenceLoss()
    real, wrong = logits(1.0), (logits(0.0), logits(0.0))
    fakes = [logits(0.0), logits(1.0)], [logits(2.0), logits(2.0)]
    found = value(loss.discriminator(real, wrong, fakes))
    assert found["fake_picture"] == pytest.approx((math.log(2) + softplus(1.0)) / 4)
    assert found["fake_sound"] == pytest.approx(softplus(2.0) / 2)
    fooled = value(loss.generator(fakes))
    assert fooled["adversarial_picture"] == pytest.approx((math.log(2) + softplus(-1.0)) / 2)
    assert fooled["adversarial_sound"] == pytest.approx(softplus(-2.0))


def test_the_standard_loss_sees_no_pair() -> None:
    found = CorrespondenceLoss().discriminator_alone(
        (logits(1.0), logits(2.0)), ([logits(-1.0)], [logits(0.0)])
    )
    expected = {
        "real_picture": softplus(-1.0),
        "fake_picture": softplus(-1.0),
        "real_sound": softplus(-2.0),
        "fake_sound": math.log(2),
    }
    assert value(found) == pytest.approx(expected, rel=1e-6)


def test_labels_are_smoothed_for_the_discriminator_alone() -> None:
    loss = CorrespondenceLoss(label_smoothing=0.1)
    half = logits(0.0)
    found = value(loss.discriminator(logits(1.0), (half, half), ([half], [half])))
    assert found["real"] == pytest.approx(2 * (0.9 * softplus(-1.0) + 0.1 * softplus(1.0)))
    fooled = value(loss.generator(([logits(1.0)], [half])))
    assert fooled["adversarial_picture"] == pytest.approx(softplus(-1.0))


def test_each_path_is_compared_with_the_real_other_or_same_side() -> None:
    picture, sound = torch.full((2, 3, 2, 2), 0.5), torch.full((2, 1, 4, 2), -0.25)
    ends = {
        "sound_picture_sound": sound + 0.5,
        "picture_sound_picture": picture - 0.125,
        "sound_sound_picture": picture + 1.0,
        "picture_picture_sound": sound.clone(),
    }
    ends["picture_picture_sound"][0] += 0.5  # one of two rows
    found = value(ConsistencyLoss()(ends, picture, sound))  # type: ignore[arg-type]
    assert found == pytest.approx(
        {
            "sound_picture_sound": 0.5,
            "picture_sound_picture": 0.125,
            "sound_sound_picture": 1.0,
            "picture_picture_sound": 0.25,
        }
    )


def test_paths_that_do_not_count_need_not_be_there() -> None:
    cycle = ConsistencyLoss(paths=["picture_sound_picture", "sound_picture_sound"])
    assert cycle.paths == list(PATHS[:2])
    sound = torch.zeros(1, 1, 2, 2)
    ends = {"sound_picture_sound": sound + 1, "picture_sound_picture": sound}
    assert set(cycle(ends, sound, sound)) == set(cycle.paths)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="paths: sound_sound; there are sound_picture_sound"):
        ConsistencyLoss(paths=["sound_sound"])  # type: ignore[list-item]
    with pytest.raises(AssertionError, match="each once"):
        ConsistencyLoss(paths=["sound_picture_sound"] * 2)
