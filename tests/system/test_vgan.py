"""VGAN with and without captions: losses, turns, what is made."""

from __future__ import annotations

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from experiments.data.record import CLIP
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.clip import Clips
from experiments.generator.vgan import VGANGenerator
from experiments.loss.scene import MaskLoss
from experiments.system.vgan import VGAN
from experiments.terminal.error import UserError
from tests.system.scenes import DIM, SIDE, batch_of, parts, vgan, vgan_text, views


def towards(logits: torch.Tensor, target: float) -> torch.Tensor:
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target))


def test_what_it_is_given_and_makes() -> None:
    system = vgan()
    (view,) = system.views()
    assert view.name == CLIP and view.form.shape == (3, 8, SIDE, SIDE) and view.wrong is None
    assert dict(system.makes) == {(): CLIP}
    assert set(system.export_modules()) == {"generator"} and system.drawing() == ["generator"]
    told = vgan_text("action")
    captions, clips = told.views()
    assert (captions.name, captions.mismatch, clips.wrong) == (CAPTION, "none", "action")
    assert captions.encoder is told.encoder, "its features are stored"
    assert dict(told.makes) == {(CAPTION,): CLIP}
    assert set(told.export_modules()) == {"generator", "encoder"}


def test_the_discriminator_s_loss_is_a_mean_of_real_and_made() -> None:
    system = vgan()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    system.discriminator.eval()
    losses = system.discriminator_loss(shared, step, 0)
    real, made = (system.discriminator(x) for x in (batch.of(Clips).values, shared.made.clip))
    assert set(losses) == {"real", "fake", "r_t"}
    total = sum(term.value * term.weight for term in losses.values())
    torch.testing.assert_close(total, (towards(real, 1) + towards(made, 0)) / 2)


def test_with_captions_real_clips_of_others_are_refused_as_well() -> None:
    system = vgan_text()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    system.discriminator.eval()
    losses = system.discriminator_loss(shared, step, 0)
    clips, sentence = batch.of(Clips), batch.of(Captions).sentence
    real, made, wrong = (
        system.discriminator(x, sentence)
        for x in (clips.values, shared.made.clip, clips.wrong_values)
    )
    total = sum(term.value * term.weight for term in losses.values())
    refused = (towards(made, 0) + towards(wrong, 0)) / 2
    torch.testing.assert_close(total, (towards(real, 1) + refused) / 2)


def test_frames_are_judged_with_their_sentence_as_much_as_the_clip() -> None:
    system = vgan_text("action", judges_frames=True)
    judge = system.discriminator.eval()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    losses = system.discriminator_loss(shared, step, 0)
    clips, sentence = batch.of(Clips), batch.of(Captions).sentence
    names = {f"{at}{n}" for at in ("", "frame/") for n in ("real", "fake", "wrong")}
    assert set(losses) == names | {"r_t"}
    means = []
    for judged in (judge, judge.of_frames):
        batches = clips.values, shared.made.clip, clips.wrong_values
        real, made, wrong = (judged(x, sentence) for x in batches)
        refused = (towards(made, 0) + towards(wrong, 0)) / 2
        means.append((towards(real, 1) + refused) / 2)
    total = sum(term.value * term.weight for term in losses.values())
    torch.testing.assert_close(total, sum(means) / 2)
    losses = system.generator_loss(shared, step, 0)
    fooled = [towards(f(shared.made.clip, sentence), 1) for f in (judge, judge.of_frames)]
    total = sum(losses[n].value * losses[n].weight for n in ("adversarial", "frame/adversarial"))
    torch.testing.assert_close(total, sum(fooled) / 2)
    swapped = dataclasses.replace(shared, sentence=sentence.roll(1, 0))
    other = system.discriminator_loss(swapped, step, 0)["frame/real"].value
    assert not torch.allclose(other, towards(judge.of_frames(clips.values, sentence), 1))


def test_the_generator_s_loss_and_the_mask_s_penalty() -> None:
    system = vgan()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    system.discriminator.eval()
    losses = system.generator_loss(shared, step, 0)
    made = system.discriminator(shared.made.clip)
    torch.testing.assert_close(losses["adversarial"].value, towards(made, 1))
    torch.testing.assert_close(losses["mask"].value, shared.made.mask.mean())
    assert (losses["adversarial"].weight, losses["mask"].weight) == (1.0, 0.1)


def test_one_stream_has_no_mask_to_weigh_or_to_show() -> None:
    system = vgan("one")
    batch, step = batch_of()
    assert set(system.generator_loss(system.prepare(batch, step), step, 0)) == {"adversarial"}
    made = system.eval().sample({}, [1])
    assert len(made.made[CLIP]) == 1 and not made.named


def test_turns_leave_the_other_network_alone() -> None:
    system = vgan_text()
    batch, step = batch_of()
    shared = system.prepare(batch, step)
    for phase, losses in (
        (0, system.discriminator_loss(shared, step, 0)),
        (1, system.generator_loss(shared, step, 0)),
    ):
        (own,) = system.phases()[phase].modules
        sum(term.value * term.weight for term in losses.values()).backward()
        if not phase:
            assert all(p.grad is None for p in system.generator.parameters())
        assert all(p.grad is not None and p.grad.isfinite().all() for p in own.parameters())


def test_foreground_mask_and_background_stand_beside_the_clip() -> None:
    system = vgan().eval()
    found = system.sample({}, [1, 2]).named_of(CLIP)
    assert list(found) == ["foreground", "masked", "mask", "background", "clip"]
    assert all(stage.shape == (2, 3, 8, SIDE, SIDE) for stage in found.values())
    foreground, masked, mask, background, clip = found.values()
    share = (mask + 1) / 2
    torch.testing.assert_close(clip, share * foreground + (1 - share) * background)
    torch.testing.assert_close(masked, share * foreground)
    assert torch.equal(background, background[:, :, :1].expand_as(background)), "it stands still"


def test_a_row_is_a_function_of_its_seed_and_caption_alone() -> None:
    system = vgan().eval()
    whole = system.sample({}, [1, 2, 3]).made[CLIP][-1]
    torch.testing.assert_close(system.sample({}, [2]).made[CLIP][-1][0], whole[1])
    assert not torch.allclose(whole[0], whole[1])
    told, captions = vgan_text().eval(), views()[CAPTION]
    whole = told.sample({CAPTION: captions}, [1, 2, 3, 4]).made[CLIP][-1]
    alone = told.sample({CAPTION: captions.cut(slice(2, 3))}, [3]).made[CLIP][-1]
    torch.testing.assert_close(alone[0], whole[2])
    other = dataclasses.replace(captions, tokens=captions.tokens.roll(1, 0))
    assert not torch.allclose(told.sample({CAPTION: other}, [1, 2, 3, 4]).made[CLIP][-1], whole)


def test_fresh_weights_are_those_of_the_release() -> None:
    torch.manual_seed(0)
    system = VGAN(*parts(VGANGenerator(8, SIDE, 3, 16, 50)))
    system.initialise()
    weight = system.generator.moving[0].weight
    assert abs(weight.std().item() - 0.01) < 5e-4


def test_networks_of_another_form_or_text_are_refused() -> None:
    generator, judge, adversarial, form, mask = parts(VGANGenerator(8, SIDE, 3, 2, 5))
    with pytest.raises(UserError, match=r"system\.form gives 8 of 24"):
        VGAN(VGANGenerator(8, 16, 3, 2, 5), judge, adversarial, form, mask)
    with pytest.raises(UserError, match="text_dim=4"):
        VGAN(VGANGenerator(8, SIDE, 3, 2, 5, DIM), judge, adversarial, form, mask)
    assert MaskLoss(0.0).weight == 0 and generator.text_dim == 0
