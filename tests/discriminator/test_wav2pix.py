from __future__ import annotations

import pytest
import torch

from experiments.discriminator.identity import IdentityHead
from experiments.discriminator.wav2pix import Wav2PixDiscriminator
from experiments.layer.spectral import SpectralConv2d


def test_all_but_the_last_convolution_are_bounded_and_nothing_has_a_bias() -> None:
    network = Wav2PixDiscriminator([64])
    kinds = [m for m in network.modules() if isinstance(m, torch.nn.Conv2d)]
    assert [m.out_channels for m in kinds] == [64, 128, 256, 512, 1]
    assert [isinstance(m, SpectralConv2d) for m in kinds] == [True] * 4 + [False]
    assert all(m.bias is None for m in kinds)


def test_scores_are_one_a_pair_and_depend_on_both() -> None:
    torch.manual_seed(0)
    network = Wav2PixDiscriminator([16], 4, 6).eval()
    images, heard = torch.randn(3, 3, 16, 16), torch.randn(3, 6)
    ((scores, alone),) = network([images], heard)
    assert scores.shape == (3,) and alone is None
    torch.testing.assert_close(network([images[:1]], heard[:1])[0][0], scores[:1])
    assert not torch.allclose(network([images], heard.roll(1, 0))[0][0], scores)
    assert not torch.allclose(network([images.roll(1, 0)], heard)[0][0], scores)


def test_several_batches_are_as_one_after_the_other() -> None:
    first, second = torch.randn(2, 3, 16, 16), torch.randn(2, 3, 16, 16)
    torch.manual_seed(1)
    network = Wav2PixDiscriminator([16], 4, 6)
    torch.manual_seed(1)
    other = Wav2PixDiscriminator([16], 4, 6)
    found = network.trunks([[first], [second]])
    for (maps,), image in zip(found, (first, second), strict=True):
        torch.testing.assert_close(maps, other.trunks([[image]])[0][0])


def test_the_identity_of_classes_and_of_attributes() -> None:
    values = {"wing": 3, "size": 2}
    with torch.device("meta"):
        heard = IdentityHead(128, "attributes", attribute_values=values, heard_attributes=["size"])
        assert heard.sizes == {"size": 2}
        speakers = IdentityHead(128, class_count=10, attribute_values=values)
        parts = IdentityHead(128, "attributes", class_count=10, attribute_values=values)
    assert sum(p.numel() for p in speakers.parameters()) == 28_230
    assert {n: x.shape for n, x in speakers(torch.empty(4, 128, device="meta")).items()} == {
        "class": (4, 10)
    }
    assert {n: x.shape for n, x in parts(torch.empty(4, 128, device="meta")).items()} == {
        "wing": (4, 3),
        "size": (4, 2),
    }
    labels, columns = torch.tensor([7, 8]), torch.tensor([[0, 1], [2, -1]])
    assert speakers.told(labels, columns)["class"].tolist() == [7, 8]
    assert heard.told(labels, columns)["size"].tolist() == [1, -1]
    assert [x.tolist() for x in parts.told(labels, columns).values()] == [[0, 2], [1, -1]]


def test_an_identity_that_the_data_do_not_have_is_refused() -> None:
    with pytest.raises(AssertionError, match="take class"):
        IdentityHead(8, "attributes", class_count=3)
    with pytest.raises(AssertionError, match="no classes"):
        IdentityHead(8)


@pytest.mark.parametrize("joint_layer", [False, True])
def test_a_score_depends_on_the_pair_only_with_a_joint_layer(joint_layer: bool) -> None:
    """As released D(x, e) = f(x) + g(e): D(x, e) + D(x', e') = D(x, e') + D(x', e)."""
    torch.manual_seed(0)
    network = Wav2PixDiscriminator([16], 4, 6, joint_layer).eval()
    images, heard = torch.randn(2, 3, 16, 16), 5 * torch.randn(2, 6)
    ((right, _),) = network([images], heard)
    ((wrong, _),) = network([images], heard.flip(0))
    assert torch.allclose(right.sum(), wrong.sum(), atol=1e-5) is not joint_layer
