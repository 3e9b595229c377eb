"""TGANs-C's three judges: published sizes, one logit for each thing, motion as differences."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from experiments.discriminator.clip import ClipDiscriminator
from experiments.generator.initialisation import initialise

SMALL = {"frames": 8, "side": 24, "channels": 1, "width": 2, "text_dim": 5, "projected_dim": 3}


def count(levels: list[str]) -> int:
    with torch.device("meta"):
        network = ClipDiscriminator(levels)  # type: ignore[arg-type]
    return sum(parameter.numel() for parameter in network.parameters())


def head(extent: int) -> int:
    """phi 256 to 256, a 1x1x1 convolution of 768 with norm, one of full extent."""
    return 256 * 256 + 256 + 768 * 512 + 2 * 512 + 512 * extent + 1


def test_parameters_layer_by_layer_at_16_x_48() -> None:
    """11.5 million of the video judge, 3.7 of frames and motion."""
    norms = 2 * (128 + 256 + 512)
    pairs = 3 * 64 + 64 * 128 + 128 * 256 + 256 * 512
    assert count(["video"]) == 64 * pairs + norms + head(9) == 11_488_769
    assert count(["frame", "motion"]) == 16 * pairs + norms + 2 * head(9) == 3_686_658
    assert count(["frame"]) == 3_686_658 - head(9)


def small(**options: object) -> ClipDiscriminator:
    torch.manual_seed(0)
    network = ClipDiscriminator(**SMALL, **options)  # type: ignore[arg-type]
    initialise(network, 0.2)
    return network


def clips(*counts: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.rand(n, 1, 8, 24, 24, generator=generator) * 2 - 1 for n in counts]


@pytest.mark.parametrize("norm", ["batch", "spectral", "group"])
@pytest.mark.parametrize("form", ["joint", "projection"])
def test_one_logit_of_each_clip_frame_and_motion(form: str, norm: str) -> None:
    network = small(head=form, norm=norm)
    (values,), told = clips(3), torch.randn(3, 5).requires_grad_()
    found = network(values, told)
    assert {name: tuple(x.shape) for name, x in found.items()} == {
        "video": (3,),
        "frame": (3, 8),
        "motion": (3, 7),
    }
    for logits in found.values():
        (slope,) = torch.autograd.grad(logits.sum(), told, retain_graph=True)
        assert (slope.abs().amax(1) > 0).all(), "every clip is judged by its sentence"
    sum(x.square().sum() for x in found.values()).backward()  # type: ignore[union-attr]
    assert all(p.grad is not None for p in network.parameters())


def test_motion_is_the_difference_of_features_and_nothing_of_a_still() -> None:
    network = small().eval()
    (moving,) = clips(2)
    still = moving[:, :, :1].expand_as(moving)
    (seen,) = network.trunks([moving])
    assert seen.frames is not None
    torch.testing.assert_close(seen.motion[:, :, 2], seen.frames[:, :, 3] - seen.frames[:, :, 2])
    (seen,) = network.trunks([still])
    assert seen.motion.abs().max() == 0
    logits = network(still, torch.ones(2, 5))["motion"]
    torch.testing.assert_close(logits, logits[:1, :1].expand_as(logits))


def test_a_frame_is_judged_by_itself() -> None:
    network = small(levels=["frame"]).eval()
    (values,), told = clips(1), torch.ones(1, 5)
    changed = values.clone()
    changed[:, :, 3] = -changed[:, :, 3]
    differs = (network(values, told)["frame"] != network(changed, told)["frame"])[0]
    assert differs.tolist() == [index == 3 for index in range(8)]


@pytest.mark.parametrize(("norm", "form"), [("batch", "joint"), ("group", "projection")])
def test_several_batches_are_judged_as_each_alone(norm: str, form: str) -> None:
    network = small(norm=norm, head=form)
    batches = clips(3, 3, 2)
    told = [torch.randn(len(one), 5) for one in batches]
    together = network.heads(network.trunks(batches), told)
    for values, text, found in zip(batches, told, together, strict=True):
        for level, logits in network(values, text).items():
            torch.testing.assert_close(found[level], logits, msg=level)


def test_levels_that_nobody_knows_are_refused() -> None:
    with pytest.raises(AssertionError, match="levels"):
        small(levels=["sound"])
