"""Pan 2017, section 3.2: which clips are judged with which sentence, and what each counts."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.clip import Clips, ClipView
from experiments.discriminator.clip import ClipDiscriminator
from experiments.encoder.sentence_autoencoder import SentenceAutoencoder
from experiments.generator.clip import ClipGenerator
from experiments.loss.clip import ClipLoss
from experiments.system.seeding import Step
from experiments.system.tgans_c import TGANsC
from experiments.terminal.error import UserError

ROWS, DIM = 4, 6
WEIGHTS = {"video": 1.0, "frame": 1.0, "motion": 1.0, "constraint": 1.0}
ARMS = {  # the paper's: levels, and what holds frames together
    "1": (["video"], "none"),
    "2": (["video", "frame"], "none"),
    "c": (["video", "frame"], "constraint"),
    "a": (["video", "frame", "motion"], "adversarial"),
}


def made(arm: str = "a", reduction: str = "third", **options: Any) -> TGANsC:
    levels, temporal = ARMS[arm]
    torch.manual_seed(0)
    system = TGANsC(
        SentenceAutoencoder(9, DIM, 5, 4),
        ClipGenerator(8, 24, 1, None, 2, 3, DIM, 4),
        ClipDiscriminator(levels, 8, 24, 1, None, 2, DIM, 4),  # type: ignore[arg-type]
        ClipLoss(WEIGHTS, reduction=reduction),  # type: ignore[arg-type]
        ClipForm(8, 24, 1),
        **({"temporal": temporal} | options),
    )
    system.initialise()
    return system.train()


def batch_of(system: TGANsC, wrong: bool = True) -> Batch:
    generator = torch.Generator().manual_seed(1)
    clips = [torch.rand(ROWS, 1, 8, 24, 24, generator=generator) * 2 - 1 for _ in range(2)]
    tokens, lengths = torch.randint(1, 9, (ROWS, 5), generator=generator), torch.full((ROWS,), 5)
    others = tokens.roll(1, 0)
    sentences = [
        None if system.train_encoder else system.encoder.encode_text(words, lengths)[1]
        for words in (tokens, others)
    ]
    rows = torch.arange(ROWS)
    views = {
        CAPTION: Captions(
            tokens, lengths, rows, sentence=sentences[0], wrong_sentence=sentences[1]
        ),
        "clip": Clips(clips[0], clips[1] if wrong else None),
    }
    return Batch(rows, rows, rows[:, None], views)


def step() -> Step:
    return Step(0, 0, ROWS, slice(0, ROWS), torch.device("cpu"))


def softplus(logits: Tensor) -> Tensor:
    return F.softplus(logits).mean()


@pytest.mark.parametrize("arm", list(ARMS))
def test_the_losses_of_each_arm(arm: str) -> None:
    """L_D is the mean of its levels, L_G that of levels and constraint, with fakes made once."""
    system = made(arm)
    batch = batch_of(system)
    shared = system.prepare(batch, step())
    told = batch.of(Captions).sentence
    assert told is not None
    torch.testing.assert_close(shared.made, system.generator(step().normal(3), told))
    right, clips = system.discriminator, batch.of(Clips)
    assert clips.wrong_values is not None
    real, fake, wrong = (
        right(x, told) for x in (clips.values, shared.made.detach(), clips.wrong_values)
    )
    losses = system.discriminator_loss(shared, step(), 0)
    levels = ARMS[arm][0]
    parts = [
        (softplus(-real[n]) + softplus(fake[n]) + softplus(wrong[n])) / 3
        for n in levels  # type: ignore[index]
    ]
    expected = sum(parts) / len(levels)
    torch.testing.assert_close(sum(t.value * t.weight for t in losses.values()), expected)

    losses = system.generator_loss(shared, step(), 0)
    (seen,) = right.trunks([shared.made])
    parts = [softplus(-x) for x in right.heads([seen], [told])[0].values()]
    assert ("constraint" in losses) == (arm == "c")
    if arm == "c":
        assert seen.frames is not None
        maps = seen.frames
        parts.append((maps[:, :, 1:] - maps[:, :, :-1]).square().mean())
    total = sum(t.value * t.weight for t in losses.values())
    torch.testing.assert_close(total, sum(parts) / len(parts))
    gradients = torch.autograd.grad(total, list(system.generator.parameters()))
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_the_constraint_on_pixels_needs_no_judge_of_frames() -> None:
    system = made("1", temporal="constraint", space="pixel")
    shared = system.prepare(batch_of(system), step())
    found = system.generator_loss(shared, step(), 0)["constraint"].value
    moved = shared.made[:, :, 1:] - shared.made[:, :, :-1]
    torch.testing.assert_close(found, moved.square().mean() / 2)
    with pytest.raises(UserError, match=r"add frame to discriminator\.levels"):
        made("1", temporal="constraint")


def test_a_wrong_caption_takes_the_features_of_the_same_clip() -> None:
    system = made("a", mismatch="caption")
    batch = batch_of(system, wrong=False)
    shared = system.prepare(batch, step())
    losses = system.discriminator_loss(shared, step(), 0)
    captions, judge = batch.of(Captions), made("a").discriminator
    assert captions.wrong_sentence is not None
    wrong = judge(batch.of(Clips).values, captions.wrong_sentence)
    torch.testing.assert_close(losses["motion/wrong"].value, softplus(wrong["motion"]) / 9)


def test_mismatched_pairs_teach_the_judge_what_belongs_together() -> None:
    """Trained on two clips and their captions, it refuses the same clips with captions swapped."""
    system = made("a")
    clips, wrong = batch_of(system).of(Clips).values[:2], [1, 0]
    told = torch.eye(DIM)[:2]
    optimiser = torch.optim.Adam(system.discriminator.parameters(), 5e-3)
    for _ in range(60):
        seen = system.discriminator.trunks([clips])[0]
        right, swapped = system.discriminator.heads([seen, seen], [told, told[wrong]])
        loss = sum(softplus(-right[n]) + softplus(swapped[n]) for n in right)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[union-attr]
        optimiser.step()
    swapped = system.discriminator(clips, told[wrong])
    right = system.discriminator(clips, told)
    assert all(softplus(-swapped[n]) > softplus(-right[n]) + 0.5 for n in right)


def test_what_trains_with_the_generator() -> None:
    frozen, free = made(), made(train_encoder=True)
    assert [len(phase.modules) for phase in frozen.phases()] == [1, 1]
    (_, generator) = free.phases()
    assert generator.modules == (free.generator, free.encoder.text)
    shared = free.prepare(batch_of(free), step())
    losses = free.generator_loss(shared, step(), 0)
    total = sum(term.value for term in losses.values())
    total.backward()  # type: ignore[union-attr]
    assert all(p.grad is not None for p in free.encoder.text.parameters())
    assert all(p.grad is None for p in free.encoder.decoder.parameters())
    with pytest.raises(UserError, match="mismatch=clip"):
        made(train_encoder=True, mismatch="caption")


def test_views_say_what_wrong_pairs_are_made_of() -> None:
    found = {}
    for mismatch in ("clip", "action", "mixed", "caption", "none"):
        captions, clips = made(mismatch=mismatch).views()
        assert isinstance(clips, ClipView)
        found[mismatch] = (captions.mismatch, clips.wrong)  # type: ignore[attr-defined]
    assert found == {
        "clip": ("none", "clip"),
        "action": ("none", "action"),
        "mixed": ("none", "mixed"),
        "caption": ("class_aware", None),
        "none": ("none", None),
    }


@pytest.mark.parametrize(
    ("arm", "options", "told"),
    [
        ("2", {"temporal": "adversarial"}, r"discriminator\.levels are \['video', 'frame'\]"),
        ("a", {"temporal": "none"}, "motion is judged where it is adversarial"),
    ],
)
def test_parts_that_do_not_fit_are_refused(arm: str, options: dict[str, str], told: str) -> None:
    with pytest.raises(UserError, match=told):
        made(arm, **options)


def test_clips_of_another_form_are_refused() -> None:
    system = made()
    with pytest.raises(UserError, match=r"set data\.preset\.clip\.frames"):
        TGANsC(
            SentenceAutoencoder(9, DIM, 5, 4),
            system.generator,
            system.discriminator,
            system.adversarial,
            ClipForm(8, 32, 1),
        )


def test_a_sample_is_a_function_of_its_caption_and_seed() -> None:
    system = made().eval()
    captions = batch_of(system).of(Captions)
    (clips,) = system.sample({CAPTION: captions}, [1, 2, 1, 3]).made["clip"]
    assert clips.shape == (ROWS, 1, 8, 24, 24)
    (alone,) = system.sample({CAPTION: captions.cut(slice(1, 2))}, [2]).made["clip"]
    torch.testing.assert_close(alone, clips[1:2])
    assert not torch.equal(clips[0], clips[2]), "the same seed, another caption"
