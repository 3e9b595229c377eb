"""CMCGAN's judge: sizes, pairs made of features, and heads that see one side alone."""

from __future__ import annotations

import pytest
import torch

from experiments.discriminator.cmcgan import JointDiscriminator


def size(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def tiny(joint: bool = True, norm: str = "batch") -> JointDiscriminator:
    torch.manual_seed(0)
    return JointDiscriminator([16], (1, 16, 8), 2, 6, norm, joint)  # type: ignore[arg-type]


def test_sizes_at_the_default_widths() -> None:
    """Both trunks have the weights of the generator's encoders; 1,024 512 + 512 + 512 + 1."""
    with torch.device("meta"):
        network, alone = JointDiscriminator(), JointDiscriminator(joint=False)
    assert size(network.pictures) == 11_147_520 and size(network.sounds) == 6_950_144
    assert size(network.heads) == 525_313 and size(network) == 18_622_977
    assert size(alone.heads) == 2 * (512 * 512 + 512 + 512 + 1)


def test_a_pair_is_judged_as_if_alone() -> None:
    """Five pairs of features that were each computed once give what five single passes give, with
    batch statistics of every set of pictures and sounds of its own."""
    network = tiny()
    pictures = [torch.randn(4, 3, 16, 16) for _ in range(3)]
    sounds = [3 * torch.randn(4, 1, 16, 8) for _ in range(3)]
    v, a = network.pictures(pictures), network.sounds(sounds)
    order = [(0, 0), (1, 0), (0, 1), (2, 0), (0, 2)]
    found = network([(v[i], a[j]) for i, j in order])
    for (i, j), logits in zip(order, found, strict=True):
        (one,) = network([(network.pictures([pictures[i]])[0], network.sounds([sounds[j]])[0])])
        assert one.shape == (4,)
        torch.testing.assert_close(logits, one, rtol=1e-5, atol=1e-6)
    assert not torch.allclose(found[0], found[1]) and not torch.allclose(found[0], found[2])


def test_without_pairs_each_side_has_its_own_head() -> None:
    network = tiny(joint=False)
    (v,), (a,) = (
        network.pictures([torch.randn(4, 3, 16, 16)]),
        network.sounds([torch.randn(4, 1, 16, 8)]),
    )
    (logits,) = network.alone([v], sounds=False)
    logits.sum().backward()
    reached = {
        name.split(".")[0] + name.split(".")[1] * name.startswith("heads")
        for name, parameter in network.named_parameters()
        if parameter.grad is not None and parameter.grad.abs().sum() > 0
    }
    assert reached == {"pictures", "heads0"}
    assert network.alone([a, a], sounds=True)[1].shape == (4,)
    with pytest.raises(AssertionError, match="without joint"):
        network([(v, a)])
    with pytest.raises(AssertionError, match="it judges pairs"):
        tiny().alone([v], sounds=False)


@pytest.mark.parametrize("norm", ["group", "spectral"])
def test_other_norms(norm: str) -> None:
    network = tiny(norm=norm)
    v, a = network.pictures([torch.randn(1, 3, 16, 16)]), network.sounds([torch.randn(1, 1, 16, 8)])
    assert network([(v[0], a[0])])[0].isfinite().all()
