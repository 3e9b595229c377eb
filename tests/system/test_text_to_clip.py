"""A caption to a picture to a clip: what the second step is given, and what trains."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from experiments.clip.form import ClipForm
from experiments.data.batches import Batch
from experiments.data.view.caption import Captions
from experiments.data.view.clip import Clips
from experiments.discriminator.vgan import VGANDiscriminator
from experiments.encoder.sentence_vae import SentenceVAE
from experiments.encoder.word_vectors import WordVectors
from experiments.generator.stackgan import StackGANStage1
from experiments.generator.text_to_clip import TextToClipGenerator
from experiments.loss.matching_aware import MatchingAwareLoss
from experiments.loss.scene import KnownLoss, MaskLoss
from experiments.system.seeding import Step
from experiments.system.text_to_clip import TextToClip
from experiments.terminal.error import UserError

ROWS, SIZE = 8, {"frames": 4, "side": 16}
WORDS = ["<end>", "a", "bird", "flies", "<unk>"]
TOKENS, LENGTHS = torch.tensor([[1, 2, 3]] * ROWS), torch.full((ROWS,), 3)


def system(told: bool = True, dim: int = 6, **options: Any) -> TextToClip:
    torch.manual_seed(0)
    encoder = SentenceVAE(WordVectors(5, WORDS, 8), length=4, hidden=16, dim=6)
    encoder.vectors.read()
    picture = StackGANStage1([32], 4, 5, 3, dim)
    text = 6 if told else 0
    generator = TextToClipGenerator(picture, **SIZE, width=2, text_dim=text)
    return TextToClip(
        encoder=encoder,
        generator=generator,
        discriminator=VGANDiscriminator(**SIZE, width=2, text_dim=text),
        adversarial=MatchingAwareLoss(),
        form=ClipForm(**SIZE),
        mask=MaskLoss(0.0),
        known=KnownLoss(),
        image_size=16,
        told=told,
        **options,
    )


def batch() -> Batch:
    clips = torch.full((ROWS, 3, 4, 16, 16), 0.25)
    sentence = torch.ones(ROWS, 6)
    captions = Captions(TOKENS, LENGTHS, sentence=sentence)
    rows = torch.arange(ROWS)
    return Batch(rows, rows, rows[:, None], {"caption": captions, "clip": Clips(clips, clips)})


def step() -> Step:
    return Step(0, 0, ROWS, slice(0, ROWS), torch.device("cpu"))


@pytest.mark.parametrize(("share", "drawn"), [(0.0, 0), (1.0, ROWS)])
def test_what_the_second_step_begins_with(share: float, drawn: int) -> None:
    given = system(drawn_share=share).prepare(batch(), step()).given
    assert given is not None and given.shape == (ROWS, 3, 16, 16)
    assert int((given != 0.25).flatten(1).any(1).sum()) == drawn


def test_a_share_of_pictures_is_drawn() -> None:
    given = system(drawn_share=0.5).prepare(batch(), step()).given
    assert given is not None
    assert 0 < int((given != 0.25).flatten(1).any(1).sum()) < ROWS


def test_the_picture_s_network_never_changes() -> None:
    training = system(drawn_share=1.0).train()
    training.initialise()
    losses = training.generator_loss(training.prepare(batch(), step()), step(), 0)
    sum(term.value * term.weight for term in losses.values()).backward()  # type: ignore[union-attr]
    assert not training.generator.picture.training
    assert all(p.grad is None for p in training.generator.picture.parameters())
    assert any(p.grad is not None for p in training.generator.encoder.parameters())


@pytest.mark.parametrize("told", [True, False])
def test_the_clip_begins_with_the_picture_of_the_caption(told: bool) -> None:
    model = system(told).eval()
    asked = {"caption": Captions(TOKENS[:2], LENGTHS[:2])}
    made = model.sample(asked, [3, 4])
    assert made.made["clip"][-1].shape == (2, 3, 4, 16, 16)
    assert made.images[-1].shape == (2, 3, 32, 32)
    again = model.sample({"caption": Captions(TOKENS[:1], LENGTHS[:1])}, [4])
    torch.testing.assert_close(made.images[-1][1:], again.images[-1])
    assert model.makes == {("caption",): "clip"}


def test_the_second_step_sees_the_text_where_it_is_told() -> None:
    other = batch()
    other.views["caption"] = Captions(TOKENS, LENGTHS, sentence=-torch.ones(ROWS, 6))
    for told in (True, False):
        model = system(told).eval()
        one, two = (model.prepare(each, step()).made.clip for each in (batch(), other))
        assert torch.equal(one, two) is not told


def test_encoder_and_picture_belong_together() -> None:
    with pytest.raises(UserError, match="is told 7 numbers and the encoder gives 6"):
        system(dim=7)
    with pytest.raises(AssertionError, match="needs told=true"):
        system(told=False, wrong="clip")
