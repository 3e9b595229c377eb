"""AttnGAN and DAMSM on the words of a text model of `transformers`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.captions import Captions
from experiments.discriminator.attngan import AttnGANDiscriminator
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.encoder.damsm_text import DAMSMText
from experiments.encoder.huggingface import HuggingFaceText
from experiments.encoder.joint_embedding import JointEmbedding
from experiments.generator.attngan import AttnGANGenerator
from experiments.loss.adversarial import AdversarialLoss
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.kl import KLLoss
from experiments.system.attngan import AttnGAN
from experiments.system.damsm import DAMSMTraining
from experiments.system.seeding import Step
from tests.encoder.tiny_models import WIDTH, make_model
from tests.system.adding import total

FirstBatch = Callable[..., tuple[Batch, Step]]
pytest.importorskip("transformers", reason="needs the extra text")


@pytest.fixture(scope="module", params=["clip", "t5"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / request.param, request.param)


def text_of(model: Path, dim: int = 8, **options: bool) -> HuggingFaceText:
    torch.manual_seed(0)
    return HuggingFaceText(str(model), dim, length=20, **options)


def attngan_on(encoder: DAMSM, dim: int = 8) -> AttnGAN:
    generator = AttnGANGenerator([8, 16], 4, 5, 6, dim, residual_blocks=1, norm="group")
    discriminator = AttnGANDiscriminator([8, 16], 2, dim, norm="group")
    losses = AdversarialLoss(1.0), KLLoss(1.0), DAMSMLoss(weight=5.0)
    system = AttnGAN(encoder, generator, discriminator, *losses, mismatch="roll", wrong="caption")
    system.initialise()
    return system.train()


def damsm_on(model: Path) -> DAMSM:
    return DAMSM(text_of(model), CNN((4, 8), (2, 2), global_width=6), dim=8)


def test_words_of_a_batch_are_stored_features_without_marks(
    model: Path, birds: Dataset, first_batch: FirstBatch
) -> None:
    system = attngan_on(damsm_on(model))
    batch, step = first_batch(system)
    read, pieces = batch.of(Captions), system.pieces
    assert pieces is not None and read.rows is not None and read.steps is not None
    captions = [text for texts in birds.train.captions for text in texts]
    counts = [pieces.count(captions[row]) for row in read.rows]
    assert read.lengths.tolist() == [min(20, count) for count in counts]
    assert read.steps.tolist() == [length - pieces.marks for length in read.lengths]
    text = system.prepare(batch, step).text
    words, sentence = system.encoder.encode_text(read.tokens, read.lengths)
    torch.testing.assert_close(text.words, words, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(text.sentence, sentence, rtol=1e-4, atol=1e-5)
    assert text.mask is not None and text.mask.sum(1).tolist() == read.steps.tolist()
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    total(losses).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in drawers(system))


def drawers(system: AttnGAN) -> list[torch.nn.Parameter]:
    """Of what draws, the parts that see words."""
    return [p for n, p in system.generator.named_parameters() if p.requires_grad and "stage" in n]


def test_damsm_trains_the_heads(model: Path, first_batch: FirstBatch) -> None:
    encoder = damsm_on(model)
    system = DAMSMTraining(encoder, DAMSMLoss(), 16)
    batch, step = first_batch(system)
    total(system.loss(batch, step, 0)).backward()
    heads = {name: p.grad for name, p in encoder.text.named_parameters()}
    assert set(heads) == {"out.weight", "out.bias", "words_out.weight", "words_out.bias"}
    assert all(grad is not None and grad.abs().sum() > 0 for grad in heads.values())


def test_as_it_is_it_trains_nothing_and_sees_no_pictures(model: Path) -> None:
    encoder = DAMSMText(text_of(model, WIDTH, head=False), WIDTH)
    assert not list(encoder.parameters()) and not encoder.state_dict()
    assert encoder.pieces is not None and encoder.text_model.digest
    assert encoder.name == "huggingface" and not encoder.sees_pictures, "no half of DAMSM"


def test_who_takes_sentences_alone_has_no_head_for_words(model: Path) -> None:
    encoder = JointEmbedding(text_of(model), CNN((4, 8), (2, 2), global_width=6), dim=8)
    assert {n for n, _ in encoder.text.named_parameters()} == {"out.weight", "out.bias"}
    assert encoder.encode_text(torch.tensor([[3, 7, 4]]), torch.tensor([3]))[0] is None


def test_features_of_another_model_are_others(tmp_path: Path) -> None:
    from experiments.data.store.feature import hash_weights

    texts = [text_of(make_model(tmp_path / str(seed), "bert", seed)) for seed in (0, 1)]
    texts[1].load_state_dict(texts[0].state_dict())
    assert hash_weights(texts[0]) != hash_weights(texts[1])
