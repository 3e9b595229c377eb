from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.encoder.damsm import DAMSM
from experiments.loss.damsm import Altered, DAMSMLoss
from experiments.system.altered import altered_of, with_altered
from experiments.system.attngan import AttnGAN
from experiments.system.damsm import DAMSMTraining
from experiments.system.seeding import Step
from experiments.system.text import Text

Make = Callable[..., AttnGAN]
First = Callable[..., tuple[Batch, Step]]


def test_altered_captions_are_read_as_captions_are(
    make_encoder: Callable[..., DAMSM], first_batch: First
) -> None:
    system = DAMSMTraining(make_encoder(), DAMSMLoss(altered=3), 16).eval()
    batch, step = first_batch(system)
    captions = batch.of(Captions)
    assert captions.altered is not None and captions.altered.shape[:2] == (8, 3)
    altered = altered_of(system.encoder, captions)
    assert altered is not None and altered.words is not None and altered.changed.any()
    words, sentence = system.encoder.encode_text(captions.altered[:, 1], captions.lengths)
    torch.testing.assert_close(altered.words[:, 1], words)
    torch.testing.assert_close(altered.sentence[:, 1], sentence)
    found = system.loss(system.prepare(batch, step), step, 0)
    plain = DAMSMTraining(system.encoder, DAMSMLoss(), 16).eval()
    before = plain.loss(plain.prepare(*first_batch(plain)), step, 0)
    for name in ("image_to_words", "image_to_sentence"):
        assert found[name].value > before[name].value
    assert found["words_to_image"].value == before["words_to_image"].value


def test_a_generator_is_told_of_them_by_the_judge_that_is_fixed(
    make_attngan: Make, first_batch: First
) -> None:
    plain, system = make_attngan(), make_attngan()
    system.load_state_dict(plain.state_dict())
    system.damsm = DAMSMLoss(weight=5.0, altered=2)
    system.remember(system.damsm)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    assert shared.altered is not None and not shared.altered.sentence.requires_grad
    losses = system.generator_loss(shared, step, 0)
    without = plain.generator_loss(plain.prepare(*first_batch(plain)), step, 0)
    name = "16px/damsm/image_to_sentence"
    assert losses[name].value > without[name].value
    again = system.generator_loss(shared, step, 1)  # a further turn, which draws new noise
    assert again[name].value.isfinite() and again[name].value != losses[name].value


def test_wrong_pairs_have_an_altered_sentence(make_attngan: Make, first_batch: First) -> None:
    system = make_attngan(mismatch="altered", wrong="caption")
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    altered, captions = shared.altered, batch.of(Captions)
    assert altered is not None and shared.text.wrong is not None
    assert captions.wrong_sentence is not None
    for row, changed in enumerate(altered.changed[:, 0].tolist()):
        expected = altered.sentence[row, 0] if changed else captions.wrong_sentence[row].float()
        torch.testing.assert_close(shared.text.wrong[row], expected)
    # DAMSM is told of them only where its loss asks for them.
    losses = system.generator_loss(shared, step, 0)
    kept = system.generator_loss(replace(shared, altered=None), step, 0)
    assert {n: t.value for n, t in losses.items()} == {n: t.value for n, t in kept.items()}


def test_where_no_word_can_be_exchanged_another_caption_is_wrong() -> None:
    text = Text(torch.zeros(2, 3), wrong=torch.ones(2, 3))
    altered = Altered(None, torch.full((2, 1, 3), 5.0), torch.tensor([[True], [False]]))
    wrong = with_altered(text, altered).wrong
    assert wrong is not None and wrong.tolist() == [[5.0] * 3, [1.0] * 3]


def test_a_wrong_picture_cannot_have_an_altered_caption(make_attngan: Make) -> None:
    with pytest.raises(AssertionError, match="caption"):
        make_attngan(mismatch="altered", wrong="image")


@pytest.mark.parametrize("reads", ["speech", "characters"])
def test_captions_without_words_cannot_be_altered(
    make_encoder: Callable[..., DAMSM],
    make_attngan: Make,
    monkeypatch: pytest.MonkeyPatch,
    reads: str,
) -> None:
    encoder, system = make_encoder(), make_attngan()
    monkeypatch.setattr(DAMSM, "reads", reads)
    with pytest.raises(AssertionError, match="damsm: altered: captions that are heard"):
        DAMSMTraining(encoder, DAMSMLoss(altered=1), 16)
    with pytest.raises(AssertionError, match="no word that could be exchanged"):
        system.remember(DAMSMLoss(altered=1))
