from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.generator.attngan import AttnGANGenerator, GeneratorOutput
from experiments.generator.block import WordAttention

TINY: dict[str, Any] = {"width": 4, "noise_dim": 5, "condition_dim": 6, "text_dim": 7}


def inputs(batch: int = 3, length: int = 5, text_dim: int = 7) -> tuple[Tensor, ...]:
    """noise, epsilon, sentence, words, mask with captions of length, length - 1, ..."""
    generator = torch.Generator().manual_seed(1)
    sizes = [(batch, 5), (batch, 6), (batch, text_dim), (batch, text_dim, length)]
    lengths = (length - torch.arange(batch)).clamp(min=1)
    mask = torch.arange(length)[None] < lengths[:, None]
    return *(torch.randn(size, generator=generator) for size in sizes), mask


def build(resolutions: list[int], **changes: Any) -> AttnGANGenerator:
    torch.manual_seed(0)
    return AttnGANGenerator(resolutions, **(TINY | changes))


def loss(output: GeneratorOutput) -> Tensor:
    return torch.stack([image.square().mean() for image in output.images]).sum()


@pytest.mark.parametrize(
    ("resolutions", "options", "published"),
    [
        ([64, 128, 256], {"width": 32}, 7_084_592),
        ([64, 128, 256, 512], {"width": 32}, 7_352_592),
        ([64, 128, 256], {"width": 48, "residual_blocks": 3}, 13_811_456),
        ([64, 128, 256, 512], {"width": 48, "residual_blocks": 3}, 14_656_400),
        ([64, 128, 256], {"width": 64}, 21_365_456),
        ([64, 128, 256, 512], {"width": 8, "residual_blocks": 1}, 1_161_552),
    ],
)
def test_parameter_counts_are_the_published_ones(
    resolutions: list[int], options: dict[str, int], published: int
) -> None:
    with torch.device("meta"):
        generator = AttnGANGenerator(resolutions, **options)  # type: ignore[arg-type]
    assert sum(p.numel() for p in generator.parameters()) == published


def test_parts_have_the_published_size() -> None:
    with torch.device("meta"):
        generator = AttnGANGenerator([64, 128])

    def count(module: torch.nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    assert count(generator.augmentation) == 102_800
    assert count(generator.initial) == 6_444_928
    assert count(generator.stages[0]) == 267_136
    assert count(generator.heads[0]) == 864


@pytest.mark.parametrize("stages", [1, 2, 3, 4])
@pytest.mark.parametrize("length", [1, 18])
def test_shapes(stages: int, length: int) -> None:
    resolutions = [8 << stage for stage in range(stages)]
    output = build(resolutions)(*inputs(2, length), return_attention=True)
    assert [tuple(x.shape) for x in output.images] == [(2, 3, r, r) for r in resolutions]
    assert [tuple(a.shape) for a in output.attention] == [
        (2, length, r, r) for r in resolutions[:-1]
    ]
    assert output.mu.shape == output.logvar.shape == (2, 6)
    assert all(image.abs().max() <= 1 for image in output.images)


def test_attention_is_not_kept_unless_asked_for() -> None:
    assert build([8, 16])(*inputs()).attention == []


@pytest.mark.parametrize(
    ("initial_width", "widths"), [(None, [16, 8, 4]), (64, [64, 32, 4]), (6, [6, 4, 4])]
)
def test_first_map_width_can_be_raised_and_lowered(
    initial_width: int | None, widths: list[int]
) -> None:
    generator = build([16, 32], initial_width=initial_width)
    convs = [m for m in generator.initial.ups.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [c.in_channels for c in convs] + [convs[-1].out_channels // 2] == widths
    assert generator(*inputs()).images[0].shape[-1] == 16


@pytest.mark.parametrize("resolutions", [[64, 256], [48], [4], [16, 16]])
def test_resolutions_that_do_not_double_are_refused(resolutions: list[int]) -> None:
    with pytest.raises(AssertionError, match="resolution"):
        build(resolutions)


def test_attention_gives_pads_nothing_and_sums_to_one() -> None:
    *_, mask = inputs()
    for beta in build([8, 16, 32])(*inputs(), return_attention=True).attention:
        torch.testing.assert_close(beta.sum(1), torch.ones_like(beta.sum(1)))
        assert beta.movedim(1, -1)[~mask[:, None, None].expand(-1, *beta.shape[2:], -1)].eq(0).all()


def test_a_sample_does_not_see_the_length_of_another() -> None:
    generator = build([8, 16]).eval()
    noise, epsilon, sentence, words, mask = inputs()
    other = mask.clone()
    other[1:] = torch.tensor([True, False, False, False, False])
    first = generator(noise, epsilon, sentence, words, mask, return_attention=True)
    second = generator(noise, epsilon, sentence, words, other, return_attention=True)
    torch.testing.assert_close(first.images[1][0], second.images[1][0], rtol=0, atol=0)
    torch.testing.assert_close(first.attention[0][0], second.attention[0][0], rtol=0, atol=0)
    assert not torch.equal(first.images[1][1], second.images[1][1])


def test_longer_padding_changes_nothing() -> None:
    generator = build([8, 16]).eval()
    noise, epsilon, sentence, words, mask = inputs()
    padded = torch.cat((words, torch.full((3, 7, 2), 9.0)), dim=2)
    longer = torch.cat((mask, torch.zeros(3, 2, dtype=torch.bool)), dim=1)
    short = generator(noise, epsilon, sentence, words, mask).images[-1]
    torch.testing.assert_close(
        generator(noise, epsilon, sentence, padded, longer).images[-1], short
    )


def test_attention_by_hand() -> None:
    """Two words on two channels, U = 1: beta is the softmax of h . e, context its mean of e."""
    attention = WordAttention(2, 2, legacy_mask=False)
    attention.project.weight.data = torch.eye(2)[:, :, None]
    words = torch.tensor([[[1.0, 0.0], [0.0, 2.0]]])  # e_1 = (1, 0), e_2 = (0, 2)
    h = torch.tensor([1.0, 0.5]).view(1, 2, 1, 1)  # scores 1 and 1: equal weights
    context, beta = attention(h, words, torch.tensor([[True, True]]))
    torch.testing.assert_close(beta.flatten(), torch.tensor([0.5, 0.5]))
    torch.testing.assert_close(context.flatten(), torch.tensor([0.5, 1.0]))


def test_legacy_mask_is_the_released_codes_tiling() -> None:
    torch.manual_seed(0)
    attention = WordAttention(4, 7, legacy_mask=True)
    *_, words, mask = inputs()
    h = torch.randn(3, 4, 2, 2)
    _, beta = attention(h, words, mask)
    query = h.flatten(2).transpose(1, 2)
    logits = torch.bmm(query, attention.project(words)).view(3 * 4, -1)
    logits = logits.masked_fill(~mask.repeat(4, 1), float("-inf"))
    expected = logits.softmax(1).view(3, 4, -1).transpose(1, 2)
    torch.testing.assert_close(beta.flatten(2), expected)
    assert beta[2, 1:].gt(0).any(), "the fault gives padding weight"


def test_legacy_mask_is_right_for_one_sample() -> None:
    noise, epsilon, sentence, words, mask = (x[2:] for x in inputs())
    arguments = (noise, epsilon, sentence, words, mask)
    right, legacy = build([8, 16]).eval(), build([8, 16], legacy_mask=True).eval()
    torch.testing.assert_close(legacy(*arguments).images[1], right(*arguments).images[1])


def test_fast_up_blocks_compute_the_same_images_and_gradients() -> None:
    fast, slow = build([8, 16, 32]).double(), build([8, 16, 32], fast_upsample=False).double()
    slow.load_state_dict(fast.state_dict())
    arguments = [x if x.dtype == torch.bool else x.double() for x in inputs()]
    results = []
    for generator in (fast, slow):
        output = generator(*arguments)
        loss(output).backward()
        results.append((output.images, [p.grad for p in generator.parameters()]))
    torch.testing.assert_close(results[0], results[1], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(fast.state_dict(), slow.state_dict())


def test_checkpointing_changes_neither_gradients_nor_running_statistics() -> None:
    kept, recomputed = build([8, 16, 32]), build([8, 16, 32], checkpoint_last=True)
    for generator in (kept, recomputed):
        loss(generator(*inputs())).backward()
    torch.testing.assert_close(recomputed.state_dict(), kept.state_dict(), rtol=0, atol=0)
    for p, q in zip(recomputed.parameters(), kept.parameters(), strict=True):
        torch.testing.assert_close(p.grad, q.grad)


@pytest.mark.parametrize("norm", ["batch", "group"])
def test_gradients_reach_every_parameter(norm: str) -> None:
    generator = build([8, 16, 32], norm=norm)
    output = generator(*inputs())
    (loss(output) + output.logvar.square().sum()).backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_words_reach_later_stages_and_the_sentence_the_first() -> None:
    generator = build([8, 16]).eval()
    noise, epsilon, sentence, words, mask = inputs()
    sentence.requires_grad_()
    words.requires_grad_()
    output = generator(noise, epsilon, sentence, words, mask)
    first = torch.autograd.grad(
        output.images[0].sum(), [sentence, words], retain_graph=True, allow_unused=True
    )
    assert first[0] is not None and first[0].abs().sum() > 0 and first[1] is None
    (by_words,) = torch.autograd.grad(output.images[1].sum(), words)
    assert by_words.movedim(1, -1)[mask].abs().sum() > 0
    assert by_words.movedim(1, -1)[~mask].eq(0).all()


def test_conditioning_is_mu_plus_sigma_epsilon() -> None:
    augmentation = build([8]).augmentation
    sentence = inputs()[2]
    zero, mu, logvar = augmentation(sentence, torch.zeros(3, 6))
    one, _, _ = augmentation(sentence, torch.ones(3, 6))
    torch.testing.assert_close(zero, mu)
    torch.testing.assert_close(one - zero, (logvar / 2).exp())


def test_group_norm_keeps_samples_apart_and_trains_on_one() -> None:
    generator = build([8, 16], norm="group")
    alone = generator(*(x[:1] for x in inputs())).images[1]
    torch.testing.assert_close(generator(*inputs()).images[1][:1], alone)


def test_batch_of_one_works_in_eval_mode() -> None:
    output = build([8, 16]).eval()(*(x[:1] for x in inputs()))
    assert all(image.isfinite().all() for image in output.images)


def test_bfloat16_stays_near_float32() -> None:
    generator = build([8, 16, 32])
    exact = generator(*inputs())
    with torch.autocast("cpu", torch.bfloat16):
        rounded = generator(*inputs())
    loss(rounded).backward()
    assert rounded.images[-1].dtype == rounded.mu.dtype == torch.float32
    torch.testing.assert_close(rounded.images[-1], exact.images[-1], rtol=0, atol=0.1)


def test_three_stages_load_into_four() -> None:
    three, four = build([8, 16, 32]), build([8, 16, 32, 64])
    missing, unexpected = four.load_state_dict(three.state_dict(), strict=False)
    assert unexpected == []
    assert {name.split(".")[1] for name in missing} == {"2", "3"}
    arguments = inputs()
    torch.testing.assert_close(
        four.eval()(*arguments).images[:3], three.eval()(*arguments).images, rtol=0, atol=0
    )


def test_stages_may_have_widths_of_their_own() -> None:
    same, listed = build([8, 16, 32]), build([8, 16, 32], width=[4, 4, 4])
    for one, other in zip(same(*inputs()).images, listed(*inputs()).images, strict=True):
        assert torch.equal(one, other)
    widths = [6, 4, 2]
    tapered = build([8, 16, 32], width=widths)
    assert [head.in_channels for head in tapered.heads] == widths  # type: ignore[union-attr]
    assert [image.shape[-1] for image in tapered(*inputs()).images] == [8, 16, 32]
    with pytest.raises(AssertionError, match="widths"):
        build([8, 16, 32], width=[4, 4])


def test_standardised_text_is_heard_alike_whatever_its_size() -> None:
    generator = build([8, 16, 32], augmented=False, standardised=True).eval()
    given = noise, epsilon, sentence, words, mask = inputs()
    made = generator(*given)
    assert made.logvar is None
    small = generator(noise, 2.0 + epsilon, 9.0 * sentence + 3.0, 9.0 * words + 3.0, mask)
    for one, other in zip(made.images, small.images, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
    few = generator(*given, stages=2).images
    for one, other in zip(few[:2], made.images[:2], strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(few[2], F.interpolate(few[1], scale_factor=2.0))
