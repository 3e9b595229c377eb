from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from experiments.data.batches import Batch
from experiments.data.view.picture import PICTURE, Pictures
from experiments.data.view.sound import SOUND, Sounds
from experiments.discriminator.identity import IdentityHead
from experiments.discriminator.wav2pix import Wav2PixDiscriminator
from experiments.encoder.wav2pix import Wav2PixEncoder
from experiments.frontend.excerpt import Excerpt
from experiments.frontend.waveform import Waveform
from experiments.generator.wav2pix import Wav2PixGenerator
from experiments.layer.spectral import stored_weight
from experiments.loss.feature_matching import FeatureMatching
from experiments.loss.pair import PairLoss
from experiments.system.seeding import Step
from experiments.system.wav2pix import Wav2Pix

SAMPLES, CLASSES = 4096, 3
VALUES = {"wing": 4, "size": 2}


def make(of: Any = "class", features: float = 100.0, **options: Any) -> Wav2Pix:
    torch.manual_seed(0)
    return Wav2Pix(
        Excerpt(Waveform(16000, None), SAMPLES / 16000),
        Wav2PixEncoder(SAMPLES, [2, 2, 4, 4, 4, 8], 8, 6),
        Wav2PixGenerator([16], 4, 6),
        Wav2PixDiscriminator([16], 4, 6),
        IdentityHead(6, of, 5, CLASSES, VALUES),
        PairLoss(),
        FeatureMatching(features),
        **options,
    )


def batch_of(count: int = 4) -> tuple[Batch, Step]:
    generator = torch.Generator().manual_seed(1)
    images, wrong = torch.rand(2, count, 3, 16, 16, generator=generator) * 2 - 1
    views = {
        SOUND: Sounds(torch.randn(count, SAMPLES, generator=generator)),
        PICTURE: Pictures([images], [wrong]),
    }
    labels = torch.arange(count) % CLASSES
    attributes = torch.stack([torch.arange(count) % 4, torch.full((count,), -1)], 1)
    batch = Batch(torch.arange(count), labels, attributes, views)
    return batch, Step(0, 0, count, slice(0, count), torch.device("cpu"))


def test_its_views_and_phases() -> None:
    system = make()
    sound, picture = system.views()
    assert (sound.name, sound.mismatch) == (SOUND, "class")
    assert (picture.name, picture.resolutions, picture.wrong) == (PICTURE, [16], SOUND)
    judge, drawers = system.phases()
    assert judge.modules == (system.discriminator,)
    assert drawers.modules == (system.encoder, system.generator, system.identity)
    assert set(system.export_modules()) == {"encoder", "generator"}


def test_the_discriminator_s_loss_is_over_right_generated_and_wrong_pairs() -> None:
    system = make()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    system.discriminator.eval()  # the power method rests
    losses = system.discriminator_loss(shared, step, 0)
    pictures = batch.of(Pictures)
    real, fake, wrong = (
        system.discriminator([images], shared.heard)[0][0]
        for images in (pictures.images[0], shared.fake, pictures.wrong_images[0])
    )
    expected = {
        "real": (real - 0.9).square().mean(),
        "fake": fake.square().mean(),
        "wrong": wrong.square().mean(),
    }
    assert losses.pop("r_t").value == (real - 0.5).sign().mean()
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name].value, value)
    assert all(term.weight == 1 for term in losses.values())


def test_the_discriminator_s_turn_leaves_encoder_and_generator_alone() -> None:
    system = make()
    batch, step = batch_of()
    losses = system.discriminator_loss(system.prepare(batch, step), step, 0)
    sum(term.value for term in losses.values()).backward()
    assert all(p.grad is not None for p in system.discriminator.parameters())
    for network in (system.encoder, system.generator, system.identity):
        assert all(p.grad is None for p in network.parameters())


def test_the_generator_s_terms_and_their_weights() -> None:
    system = make()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    system.discriminator.eval()
    losses = system.generator_loss(shared, step, 0)
    (real,) = batch.of(Pictures).images
    score = system.discriminator([shared.fake], shared.heard)[0][0]
    seen = [system.discriminator.trunks([[x]])[0][0].mean(0) for x in (shared.fake, real)]
    logits = system.identity(shared.heard)["class"]
    expected = {
        "adversarial": (score - 1).square().mean(),
        "features": (seen[0] - seen[1]).square().mean(),
        "pixels": (shared.fake - real).abs().mean(),
        "identity/class": F.cross_entropy(logits, batch.labels),
    }
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(losses[name].value, value)
    assert [term.weight for term in losses.values()] == [1, 100, 50, 20]


def test_every_term_reaches_the_encoder() -> None:
    system = make()
    batch, step = batch_of()
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    first = system.encoder.layers[0].weight
    for name, term in losses.items():
        (gradient,) = torch.autograd.grad(term.value, first, retain_graph=True)
        assert gradient.abs().sum() > 0, name


def test_the_paper_s_losses_need_no_features_of_real_pictures() -> None:
    system = make(features=0.0, pixel_weight=0.0)
    batch, step = batch_of()
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    weights = {name: term.weight for name, term in losses.items()}
    assert weights == {"adversarial": 1, "pixels": 0, "identity/class": 20}


def test_identity_by_attributes_has_the_weight_in_all_and_skips_what_is_unknown() -> None:
    system = make("attributes")
    batch, step = batch_of()
    losses = system._identity(system.prepare(batch, step))
    assert {name: term.weight for name, term in losses.items()} == {
        "identity/wing": 10,
        "identity/size": 10,
    }
    assert losses["identity/size"].value == 0 and losses["identity/wing"].value > 0


def sampled(system: Wav2Pix, seeds: list[int], rows: slice = slice(None)) -> torch.Tensor:
    asked = {SOUND: batch_of()[0].of(Sounds).cut(rows)}
    return system.sample(asked, seeds).images[0]


def test_two_passes_differ_by_seed_where_it_is_stochastic_and_are_equal_otherwise() -> None:
    """Dropout is on purpose: evaluation mode does not end it, and no pass depends on another."""
    system = make().eval()
    first = sampled(system, [1, 2, 3, 4])
    assert torch.equal(first, sampled(system, [1, 2, 3, 4]))
    other = sampled(system, [5, 2, 3, 4])
    assert (other[0] - first[0]).abs().max() > 1e-3
    torch.testing.assert_close(other[1:], first[1:])
    plain = make(stochastic=False).eval()
    assert torch.equal(sampled(plain, [1, 2, 3, 4]), sampled(plain, [5, 6, 7, 8]))


def test_a_row_is_a_function_of_its_sound_and_seed_alone() -> None:
    system = make().eval()
    whole = sampled(system, [1, 2, 3, 4])
    torch.testing.assert_close(sampled(system, [3], slice(2, 3)), whole[2:3])


def test_noise_is_as_loud_as_asked_and_of_the_row_s_seed() -> None:
    system, waves = make(noise=0.5, stochastic=False).eval(), torch.randn(2, SAMPLES) * 3
    added = system._noisy(waves, torch.randn(2, SAMPLES)) - waves
    torch.testing.assert_close(added.std(1) / waves.std(1), torch.full((2,), 0.5), rtol=0.1, atol=0)
    first = sampled(system, [1, 2, 3, 4])
    assert torch.equal(first, sampled(system, [1, 2, 3, 4]))
    other = sampled(system, [1, 2, 3, 5])
    torch.testing.assert_close(other[:3], first[:3])
    assert not torch.equal(other[3], first[3])
    assert "0.5" in system.sampled_as["noise added"]


def test_training_drops_by_the_step_not_by_the_global_generator() -> None:
    system = make()
    batch, step = batch_of()
    before = torch.get_rng_state()
    first = system.prepare(batch, step).fake
    assert torch.equal(torch.get_rng_state(), before)
    step.begin()
    system.eval()
    again, other = (system.prepare(batch, step).fake for _ in range(2))
    assert (again - other).abs().max() > 1e-4  # another draw, also in evaluation mode
    assert first.shape == (4, 3, 16, 16)


def test_two_processes_draw_what_one_does() -> None:
    whole = batch_of()[1]
    parts = [Step(0, 0, 4, rows, whole.device) for rows in (slice(0, 2), slice(2, 4))]
    assert torch.equal(torch.cat([part.numbers() for part in parts]), whole.numbers())


def test_fresh_weights_are_those_of_the_release() -> None:
    system = make()
    system.initialise()
    for module in system.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            assert abs(module.weight.mean() - 1) < 0.1
    layer = system.discriminator.layers[2]
    assert abs(stored_weight(layer).std() - 0.02) < 0.005


def test_a_wave_of_another_length_is_refused() -> None:
    whole = make()
    options = {n: getattr(whole, n) for n in ("generator", "discriminator", "identity")}
    longer = Excerpt(Waveform(16000, None), 1.0)
    with pytest.raises(AssertionError, match="16000 samples and the encoder takes 4096"):
        Wav2Pix(longer, whole.encoder, **options, adversarial=PairLoss(), features=whole.features)


def test_wrong_pictures_are_asked_for() -> None:
    batch, step = batch_of()
    views = dict(batch.views) | {PICTURE: Pictures(batch.of(Pictures).images)}
    system = make()
    with pytest.raises(AssertionError, match="wrong pictures"):
        system.discriminator_loss(system.prepare(replace(batch, views=views), step), step, 0)
