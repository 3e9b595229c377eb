from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from experiments.data.batches import Batch
from experiments.data.store.dataset import Dataset
from experiments.data.view.caption import CAPTION, Captions
from experiments.data.view.picture import Pictures
from experiments.loss.damsm import DAMSMLoss
from experiments.system.attngan import AttnGAN
from experiments.system.seeding import Step
from tests.system.adding import bce, total

Make = Callable[..., AttnGAN]
FirstBatch = Callable[..., tuple[Batch, Step]]


def test_phases(make_attngan: Make) -> None:
    system = make_attngan(generator_steps=3)
    phases = {phase.name: phase for phase in system.phases()}
    assert list(phases) == ["discriminator", "generator"]
    assert phases["discriminator"].modules == (system.discriminator,)
    assert phases["generator"].modules == (system.generator,)
    assert [phase.repeats for phase in phases.values()] == [1, 3]
    assert not any(parameter.requires_grad for parameter in system.encoder.parameters())
    assert not system.train().encoder.training


def test_prepare_gives_text_and_fakes_with_their_graph(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = make_attngan()
    batch, step = first_batch(system)
    read = batch.of(Captions)
    shared = system.prepare(batch, step)
    assert [tuple(image.shape) for image in shared.fakes] == [(8, 3, 8, 8), (8, 3, 16, 16)]
    assert all(image.requires_grad for image in shared.fakes)
    words, sentence = system.encoder.encode_text(read.tokens, read.lengths)
    half = {"rtol": 1e-2, "atol": 1e-3}  # cached text is kept in half precision
    torch.testing.assert_close(shared.text.words, words, **half)
    torch.testing.assert_close(shared.text.sentence, sentence, **half)
    assert torch.equal(shared.text.mask, read.tokens != 0)
    assert not shared.text.words.requires_grad


def test_discriminator_loss_is_the_five_terms_of_every_stage(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = make_attngan()
    batch, step = first_batch(system)
    pictures = batch.of(Pictures)
    read = batch.of(Captions)
    assert read.wrong_sentence is not None
    shared = system.prepare(batch, step)
    losses = system.discriminator_loss(shared, step, 0)
    names = {"conditional_real", "conditional_fake", "conditional_wrong"}
    names |= {"unconditional_real", "unconditional_fake"}
    assert set(losses) == {f"{size}px/{name}" for size in (8, 16) for name in names} | {"r_t"}
    expected = torch.zeros(())
    for stage, network in enumerate(system.discriminator.stages):
        c_real, u_real = network(pictures.images[stage], shared.text.sentence)
        c_fake, u_fake = network(shared.fakes[stage], shared.text.sentence)
        c_wrong, _ = network(pictures.images[stage], read.wrong_sentence.float())
        expected = expected + (bce(u_real, 1) + bce(c_real, 1)) / 2
        expected = expected + (bce(u_fake, 0) + bce(c_fake, 0) + bce(c_wrong, 0)) / 3
    torch.testing.assert_close(total(losses), expected)


def test_generator_loss_is_adversarial_of_all_stages_damsm_of_the_last_and_kl(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = make_attngan(damsm=5.0, kl=2.0)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.generator_loss(shared, step, 0)
    expected = torch.zeros(())
    for stage, network in enumerate(system.discriminator.stages):
        conditional, unconditional = network(shared.fakes[stage], shared.text.sentence)
        expected = expected + bce(conditional, 1) + bce(unconditional, 1)
    text, mu, logvar = shared.text, shared.made.mu, shared.made.logvar
    assert mu is not None and logvar is not None
    expected = expected + 2.0 * 0.5 * (mu**2 + logvar.exp() - 1 - logvar).mean()
    seen = system.encoder.encode_image(shared.fakes[-1])
    judged = DAMSMLoss()(text.words, text.mask, text.sentence, *seen, batch.labels)
    expected = expected + 5.0 * torch.stack(list(judged.values())).sum()
    torch.testing.assert_close(total(losses), expected)
    assert set(losses) == {
        "8px/adversarial",
        "16px/adversarial",
        "kl",
        "kl_sum",
        *(f"16px/damsm/{name}" for name in judged),
    }
    assert losses["kl_sum"].weight == 0
    torch.testing.assert_close(losses["kl_sum"].value, 6 * losses["kl"].value.detach())


def test_damsm_may_judge_several_stages(make_attngan: Make, first_batch: FirstBatch) -> None:
    system = make_attngan()
    system.damsm.stages = [0, 1]
    batch, step = first_batch(system)
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    sizes = [name.partition("/")[0] for name in losses if "damsm" in name]
    assert sizes == ["8px"] * 4 + ["16px"] * 4


def test_gradients_of_damsm_reach_the_generator_and_not_the_encoder(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = make_attngan()
    batch, step = first_batch(system)
    losses = system.generator_loss(system.prepare(batch, step), step, 0)
    sum(t.value for name, t in losses.items() if "damsm" in name).backward()
    assert all(parameter.grad is None for parameter in system.encoder.parameters())
    first = system.generator.initial.seed[0].weight.grad
    assert first is not None and first.abs().sum() > 0


def test_terms_without_weight_are_computed_without_a_graph(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system, plain = make_attngan(damsm=0.0, kl=0.0), make_attngan(damsm=5.0)
    batch, step = first_batch(system)
    found = []
    for each in (system, plain):
        step.begin()
        found.append(each.generator_loss(each.prepare(batch, step), step, 0))
    for name, term in found[0].items():
        assert term.value.requires_grad == ("adversarial" in name)
        torch.testing.assert_close(term.value, found[1][name].value)


@pytest.mark.parametrize("mismatch", ["none", "roll", "class_aware"])
def test_wrong_pairs_by_mode(mismatch: str, make_attngan: Make, first_batch: FirstBatch) -> None:
    system = make_attngan(mismatch=mismatch)
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    losses = system.discriminator_loss(shared, step, 0)
    assert ("8px/conditional_wrong" in losses) == (mismatch != "none")
    network = system.discriminator.stages[0]
    conditional, _ = network(shared.fakes[0], shared.text.sentence)
    share = 2 if mismatch == "none" else 3
    torch.testing.assert_close(losses["8px/conditional_fake"].value, bce(conditional, 0) / share)
    if mismatch != "none":
        assert shared.text.wrong is not None
        assert not torch.equal(shared.text.wrong, shared.text.sentence)


def test_further_turns_of_the_generator_draw_new_noise(
    make_attngan: Make, first_batch: FirstBatch
) -> None:
    system = make_attngan()
    batch, step = first_batch(system)
    shared = system.prepare(batch, step)
    values = []
    for repeat in (0, 0, 1, 2):
        step.begin("generator", repeat)
        values.append(system.generator_loss(shared, step, repeat)["16px/adversarial"].value.item())
    assert values[0] == values[1]
    assert len(set(values)) == 3


def captions(birds: Dataset, rows: list[int]) -> tuple[Tensor, Tensor]:
    split = birds.test
    return torch.from_numpy(split.tokens[rows]), torch.from_numpy(split.lengths[rows])


def asked(birds: Dataset, rows: list[int]) -> dict[str, Captions]:
    return {CAPTION: Captions(*captions(birds, rows))}


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_a_sample_depends_on_its_caption_and_seed_alone(
    norm: str, make_attngan: Make, birds: Dataset
) -> None:
    system = make_attngan(norm=norm)
    batch, step = torch.randn(8, 5), torch.randn(8, 6)
    tokens, lengths = captions(birds, list(range(8)))
    words, sentence = system.encoder.encode_text(tokens, lengths)
    system.generator(batch, step, sentence, words, tokens != 0)  # running statistics of their own
    system.eval()
    rows, seeds = [3, 40, 77], [5, 6, 5]
    assert len({int(birds.test.lengths[row]) for row in rows}) > 1
    together = system.sample(asked(birds, rows), seeds)
    assert [tuple(image.shape) for image in together.images] == [(3, 3, 8, 8), (3, 3, 16, 16)]
    assert not together.images[-1].requires_grad and together.attention == []
    turned = system.sample(asked(birds, rows[::-1]), seeds[::-1]).images[-1].flip(0)
    torch.testing.assert_close(turned, together.images[-1])
    for k, (row, seed) in enumerate(zip(rows, seeds, strict=True)):
        alone = system.sample(asked(birds, [row]), [seed])
        torch.testing.assert_close(alone.images[-1][0], together.images[-1][k])
        other = system.sample(asked(birds, [row]), [seed + 10]).images[-1][0]
        assert not torch.allclose(other, together.images[-1][k], atol=1e-3)
    # The first and the third have the same seed and other captions.
    assert not torch.allclose(together.images[-1][0], together.images[-1][2], atol=1e-3)


def test_attention_of_a_sample_sums_to_one_and_leaves_padding_out(
    make_attngan: Make, birds: Dataset
) -> None:
    tokens = captions(birds, [3, 40])[0]
    made = make_attngan().eval().sample(asked(birds, [3, 40]), [0, 1], attention=True)
    (attention,) = made.attention  # of the second stage, which looks at 8x8 places
    assert attention.shape == (2, tokens.shape[1], 8, 8)
    torch.testing.assert_close(attention.sum(1), torch.ones(2, 8, 8))
    assert attention[tokens == 0].eq(0).all()
