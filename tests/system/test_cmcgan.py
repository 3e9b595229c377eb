"""CMCGAN: its phases, which networks each path uses, what its judge sees, and its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.data.batches import Batch
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.view.picture import Pictures
from experiments.data.view.sound import Sounds
from experiments.discriminator.cmcgan import JointDiscriminator
from experiments.frontend.decibel import LMS
from experiments.frontend.excerpt import Excerpt
from experiments.generator.cmcgan import CMCGANGenerator
from experiments.loss.correspondence import PATHS, ConsistencyLoss, CorrespondenceLoss, Path
from experiments.system.cmcgan import CMCGAN
from experiments.system.seeding import Step
from experiments.terminal.error import UserError
from experiments.trainer.training import Training
from tests.conftest import tiny_training
from tests.system.adding import total

SOUND = (1, 16, 8)
ENCODERS = ["encoders.picture", "encoders.sound"]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """20 singing birds of 5 species to train on, 12 of 3 others to test on."""
    reader = PlumageSong(images_per_species=4, species=8, test_species=3)
    cache = tmp_path_factory.mktemp("songs")
    return replace(open_dataset(reader, 16, cache, 12, quiet=True, workers=1), flip=False)


def make(**options: Any) -> CMCGAN:
    """At 16 px and 16 x 8; group norm, unless it is said."""
    torch.manual_seed(0)
    norm, joint = options.pop("norm", "group"), options.pop("joint", True)
    noise, paths = options.pop("noise_dim", 3), options.pop("paths", PATHS)
    encoded, told = options.pop("encoded", True), options.pop("told_dim", 0)
    system = CMCGAN(
        Excerpt(LMS(16000, 512, 256, 16), 0.512, SOUND[1:]),
        CMCGANGenerator([16], SOUND, 2, 6, noise, norm, encoded),
        JointDiscriminator([16], SOUND, 2, 6, norm, joint, told),
        CorrespondenceLoss(),
        ConsistencyLoss(10.0, paths),
        **options,
    )
    system.initialise()
    return system.train()


@pytest.fixture
def training_of(songs: Dataset, tmp_path: File) -> Callable[..., Training]:
    return partial(tiny_training, songs, tmp_path / "run")


@pytest.fixture
def first(training_of: Callable[..., Training]) -> Callable[[CMCGAN], tuple[Batch, Step]]:
    """What a system is given at its first step: eight singing birds."""

    def given(system: CMCGAN) -> tuple[Batch, Step]:
        training = training_of(system)
        return training.split(training.to_device(training.batches.at(0)))[0]

    return given


First = Callable[[CMCGAN], tuple[Batch, Step]]


def reached(system: CMCGAN, value: Tensor) -> set[str]:
    """The networks that a value's gradient reaches."""
    network = system.generator
    names = [*ENCODERS, "decoders.picture", "decoders.sound"]
    found = set()
    for name in names:
        weights = list(network.get_submodule(name).parameters())
        gradients = torch.autograd.grad(value, weights, retain_graph=True, allow_unused=True)
        if any(one is not None and one.abs().sum() > 0 for one in gradients):
            found.add(name)
    return found


def test_each_path_reaches_the_networks_that_it_passes_and_no_other(first: First) -> None:
    system = make()
    made = system.prepare(*first(system))
    everything = {*ENCODERS, "decoders.picture", "decoders.sound"}
    expected: dict[Path, set[str]] = {
        "sound_picture_sound": everything,
        "picture_sound_picture": everything,
        "sound_sound_picture": everything - {"encoders.picture"},
        "picture_picture_sound": everything - {"encoders.sound"},
    }
    assert set(made.ends) == set(expected)
    for path, networks in expected.items():
        assert reached(system, made.ends[path].square().sum()) == networks, path
    assert reached(system, made.crossed["picture"].sum()) == {"encoders.sound", "decoders.picture"}
    assert reached(system, made.crossed["sound"].sum()) == {"encoders.picture", "decoders.sound"}


def test_paths_and_fakes_are_compositions_of_the_four_networks(first: First) -> None:
    """Each with noise of its own, in the order in which it is drawn."""
    system = make()
    batch, step = first(system)
    made, go = system.prepare(batch, step), system.generator
    step.begin()
    z = [step.normal(3) for _ in range(8)]
    v, a = batch.of(Pictures).images[-1], batch.of(Sounds).values
    fv, fa = go(a, z[0], "sound", "picture"), go(v, z[1], "picture", "sound")
    expected = {
        "sound_picture_sound": go(fv, z[2], "picture", "sound"),
        "picture_sound_picture": go(fa, z[3], "sound", "picture"),
        "sound_sound_picture": go(go(a, z[4], "sound", "sound"), z[5], "sound", "picture"),
        "picture_picture_sound": go(go(v, z[6], "picture", "picture"), z[7], "picture", "sound"),
    }
    torch.testing.assert_close(made.crossed, {"picture": fv, "sound": fa})
    torch.testing.assert_close(made.ends, expected)


def by_pairs(system: CMCGAN, made: Any) -> Tensor:
    """L_D as the equations have it: a pass for every pair."""
    batch, judge = made.batch, system.discriminator
    rv, ra = made.real["picture"], made.real["sound"]
    wv, wa = batch.of(Pictures).wrong_images[-1], batch.of(Sounds).wrong_values
    fakes = system.fakes(made)

    def log(v: Tensor, a: Tensor, real: bool) -> Tensor:
        (logits,) = judge([(judge.pictures([v.detach()])[0], judge.sounds([a.detach()])[0])])
        return F.logsigmoid(logits if real else -logits).mean()

    l_dw = log(rv, ra, True) + (log(rv, wa, False) + log(wv, ra, False)) / 2
    fa = torch.stack([log(rv, one, False) for one in fakes["sound"]]).mean()
    fv = torch.stack([log(one, ra, False) for one in fakes["picture"]]).mean()
    return -(l_dw + log(rv, ra, True) + (fa + fv) / 2)


@pytest.mark.parametrize("options", [{}, {"norm": "batch"}, {"path_ends": True}])
def test_features_that_are_shared_are_what_a_pass_for_each_pair_gives(
    first: First, options: dict[str, Any]
) -> None:
    system = make(**options)
    batch, step = first(system)
    made = system.prepare(batch, step)
    assert len(system.fakes(made)["picture"]) == (3 if "path_ends" in options else 1)
    found = total(system.discriminator_loss(made, step, 0))
    expected = by_pairs(system, made)
    torch.testing.assert_close(found, expected)
    weights = list(system.discriminator.parameters())
    both = (torch.autograd.grad(found, weights), torch.autograd.grad(expected, weights))
    for ours, plain in zip(*both, strict=True):
        torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-6)


def test_the_generator_s_loss(first: First) -> None:
    system = make()
    batch, step = first(system)
    made, judge = system.prepare(batch, step), system.discriminator
    losses = system.generator_loss(made, step, 0)
    v, fv = judge.pictures([made.real["picture"], made.crossed["picture"]])
    a, fa = judge.sounds([made.real["sound"], made.crossed["sound"]])
    first_pair, second_pair = judge([(fv, a), (v, fa)])
    torch.testing.assert_close(
        losses["adversarial_picture"].value, -F.logsigmoid(first_pair).mean()
    )
    torch.testing.assert_close(losses["adversarial_sound"].value, -F.logsigmoid(second_pair).mean())
    for path in PATHS:
        assert losses[path].weight == 10.0
        target = made.real["picture" if path.endswith("picture") else "sound"]
        torch.testing.assert_close(losses[path].value, (made.ends[path] - target).abs().mean())
    again = system.generator_loss(made, step, 1)
    assert again["sound_sound_picture"].value != losses["sound_sound_picture"].value, (
        "a further turn draws new noise"
    )


def test_the_judge_s_turn_leaves_the_networks_and_theirs_the_judge(
    training_of: Callable[..., Training],
) -> None:
    for number, expected in enumerate(("discriminator", "generator")):
        training = training_of(make(generator_steps=2))
        for place, turn in enumerate(training.turns):
            turn.settings.lr = 1e-2 if place == number else 0.0
        before = {k: v.clone() for k, v in training.system.named_parameters()}
        training.step(training.batches.at(0))
        after = dict(training.system.named_parameters())
        changed = {k.split(".")[0] for k in before if not torch.equal(before[k], after[k])}
        assert changed == {expected}


def test_wrong_pairs_are_of_another_class_on_both_sides(
    training_of: Callable[..., Training],
) -> None:
    training = training_of(make())
    labels = training.batches.split.labels
    rows = training.batches._order.rows(0)
    drawn = training.batches._drawn(rows, 0)
    wrong = drawn["picture"]["wrong"]
    assert (wrong == drawn["sound"]["wrong_records"]).all() and (
        labels[wrong] != labels[rows]
    ).all()


def test_the_standard_loss_needs_no_wrong_pairs(first: First) -> None:
    system = make(joint=False)
    batch, step = first(system)
    assert batch.of(Pictures).wrong_images is batch.of(Sounds).wrong_values is None
    made = system.prepare(batch, step)
    losses = system.discriminator_loss(made, step, 0)
    assert set(losses) == {"real_picture", "fake_picture", "real_sound", "fake_sound", "r_t"}
    judge = system.discriminator
    (logits,) = judge.alone(judge.sounds([made.crossed["sound"]]), sounds=True)
    torch.testing.assert_close(losses["fake_sound"].value, -F.logsigmoid(-logits).mean())
    fooled = system.generator_loss(made, step, 0)["adversarial_sound"].value
    torch.testing.assert_close(fooled, -F.logsigmoid(logits).mean())


def test_the_plain_cycle_computes_no_more_than_it_needs(first: First) -> None:
    system = make(paths=PATHS[:2], noise_dim=0)
    batch, step = first(system)
    made = system.prepare(batch, step)
    assert list(made.ends) == list(PATHS[:2])
    losses = system.generator_loss(made, step, 0)
    assert set(losses) == {"adversarial_picture", "adversarial_sound", *PATHS[:2]}
    again = system.generator_loss(made, step, 1)
    assert all(torch.equal(again[k].value, losses[k].value) for k in losses), "it has no noise"


def test_both_directions_are_asked_by_name(first: First) -> None:
    system = make().eval()
    batch, _ = first(system)
    batch = batch.cut(0, 3)
    found = system.sample({"sound": batch.of(Sounds)}, [3, 4, 3])
    assert list(found.made) == ["picture"] and found.images[0].shape == (3, 3, 16, 16)
    alone = system.sample({"sound": batch.cut(2, 3).of(Sounds)}, [3])
    torch.testing.assert_close(alone.images[0][0], found.images[0][2])
    sung = system.sample({"picture": batch.of(Pictures)}, [3, 4, 5]).made["sound"][0]
    assert sung.shape == (3, *SOUND)
    assert dict(system.makes) == {("sound",): "picture", ("picture",): "sound"}


class Means(torch.nn.Module):
    """Features of both sides: means of their rows, times a weight."""

    feature_dim = 6

    def __init__(self, excerpt: Excerpt | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.excerpt = excerpt

    def features(self, values: Tensor) -> Tensor:
        rows = values.shape[2]
        assert rows == 32 or self.excerpt is None, "sounds come as its excerpt has them"
        return self.weight * F.adaptive_avg_pool2d(values, (6, 1)).mean(1).flatten(1)


def test_features_that_are_given_take_the_place_of_those_that_are_learned(first: First) -> None:
    heard = Means(Excerpt(LMS(16000, 512, 256, 16), 0.512, (32, 8)))
    system = make(encoded=False, encoder={"picture": Means(), "sound": heard})
    batch, step = first(system)
    made = system.prepare(batch, step)
    assert not system.generator.encoders and set(system.export_modules()) == {
        "generator",
        "encoder",
    }
    step.begin()
    z = step.normal(3)
    told = heard.features(F.interpolate(made.real["sound"], (32, 8), mode="bilinear"))
    torch.testing.assert_close(made.crossed["picture"], system.generator.decode(told, z, "picture"))
    sum(term.value for term in system.generator_loss(made, step, 0).values()).backward()
    assert heard.weight.grad is None, "it is not trained"
    decoders = system.generator.decoders
    assert all(one.grad is not None for one in decoders.parameters()), "paths pass through it"


def test_a_judge_is_told_the_features_of_both_halves(first: First) -> None:
    heard = Means(Excerpt(LMS(16000, 512, 256, 16), 0.512, (32, 8)))
    system = make(encoded=False, encoder={"picture": Means(), "sound": heard}, told_dim=6)
    batch, step = first(system)
    made, judge = system.prepare(batch, step), system.discriminator
    v, a = made.real["picture"], made.crossed["sound"]
    pair = (
        torch.cat((judge.pictures([v])[0], system.encode(v, "picture")), 1),
        torch.cat((judge.sounds([a])[0], system.encode(a, "sound")), 1),
    )
    found = system.generator_loss(made, step, 0)["adversarial_sound"].value
    torch.testing.assert_close(found, -F.logsigmoid(judge([pair])[0]).mean())
    losses = system.discriminator_loss(made, step, 0)
    torch.testing.assert_close(
        losses["fake_sound"].value, -F.logsigmoid(-judge([pair])[0]).mean() / 2
    )


@pytest.mark.parametrize(
    ("options", "calls"),
    # Both real halves, what crosses, reconstructs and is wrong; the ends of four paths. Then what
    # crosses and reconstructs anew.
    [({}, 8 + 4), ({"path_ends": True}, 12 + 8), ({"paths": ()}, 6 + 2)],
)
def test_each_half_is_encoded_once_and_losses_and_gradients_are_those_of_features_taken_anew(
    first: First, monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], calls: int
) -> None:
    heard = Means(Excerpt(LMS(16000, 512, 256, 16), 0.512, (32, 8)))
    given = {"picture": Means(), "sound": heard}
    system = make(encoded=False, encoder=given, told_dim=6, **options)
    batch, step = first(system)
    counted = list[str]()
    encode = system.encode
    monkeypatch.setattr(system, "encode", lambda v, side: counted.append(side) or encode(v, side))
    made = system.prepare(batch, step)
    weights = [*system.generator.parameters(), *system.discriminator.parameters()]

    def losses(made: Any) -> list[Tensor]:
        values = [
            sum(term.value * term.weight for term in loss(made, step, 0).values())
            for loss in (system.discriminator_loss, system.generator_loss)
        ]
        gradients = torch.autograd.grad(sum(values), weights, retain_graph=True)
        return [*values, *gradients]

    kept = losses(made)
    system.generator_loss(made, step, 1)
    assert counted.count("picture") == counted.count("sound") == calls // 2
    fakes = system.fakes(made)
    anew = replace(
        made,
        features={side: system.encode(made.real[side], side) for side in fakes},
        fakes_told={side: [system.encode(v, side) for v in fakes[side]] for side in fakes},
    )
    for found, plain in zip(kept, losses(anew), strict=True):
        torch.testing.assert_close(found, plain, rtol=1e-5, atol=1e-6)


def test_features_have_one_source_and_one_size() -> None:
    given = {"picture": Means(), "sound": Means()}
    with pytest.raises(UserError, match=r"set generator.encoded=false"):
        make(encoder=given)
    with pytest.raises(UserError, match=r"nothing gives features; set generator.encoded=true"):
        make(encoded=False)
    with pytest.raises(UserError, match=r"told_dim=5: system.encoder gives 6"):
        make(encoded=False, encoder=given, told_dim=5)
    given["sound"].feature_dim = 7
    with pytest.raises(UserError, match=r"system.encoder.sound: .*set generator.dim=7"):
        make(encoded=False, encoder=given)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(AssertionError, match="mismatch: must be class or pose"):
        make(mismatch="none")
    with pytest.raises(AssertionError, match="generator_steps must be at least 1"):
        make(generator_steps=0)
    system = make()
    with pytest.raises(
        AssertionError, match=r"generator.sound: \[1, 16, 8\]; sounds are \[1, 8, 8"
    ):
        CMCGAN(
            Excerpt(LMS(16000, 512, 256, 16), 0.512, (8, 8)),
            system.generator,
            system.discriminator,
            system.adversarial,
            system.consistency,
        )


def test_more_steps_follow_the_same_way(training_of: Callable[..., Training]) -> None:
    """Two steps, and one, saved and loaded, and one: bit for bit."""
    whole, half = training_of(make()), training_of(make())
    for training, count in ((whole, 2), (half, 1)):
        for _ in range(count):
            training.step(training.batches.at(training.images))
            training.advance()
    resumed = training_of(make(norm="group"))
    resumed.load(half.state())
    resumed.step(resumed.batches.at(resumed.images))
    resumed.advance()
    for name, value in whole.system.state_dict().items():
        assert torch.equal(value, resumed.system.state_dict()[name]), name
    assert np.isfinite(list(whole.stats.read().values())).all()
