"""The extractor of family B: its fault exactly, its file, its name."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.file.digest import sha256
from experiments.metric.names import family_of, label
from experiments.metric.torchvision_2018 import (
    MEAN,
    SPREAD,
    Torchvision2018Extractor,
    out_of_range,
)
from experiments.terminal.error import UserError


def test_the_range_that_the_network_sees() -> None:
    """As published: R [-0.030, 0.428], G [-0.088, 0.360], B [-0.188, 0.262] of black and white."""
    ends = torch.stack([torch.zeros(3, 2, 2), torch.ones(3, 2, 2)])
    seen = out_of_range(ends)
    assert seen[0, :, 0, 0].tolist() == pytest.approx([-0.030, -0.088, -0.188])
    assert seen[1, :, 0, 0].tolist() == pytest.approx([0.428, 0.360, 0.262])


def test_the_map_would_be_right_for_normalised_pictures() -> None:
    pictures = torch.rand(1, 3, 2, 2, generator=torch.Generator().manual_seed(0))
    mean, spread = (torch.tensor(v)[:, None, None] for v in (MEAN, SPREAD))
    assert torch.allclose(out_of_range((pictures - mean) / spread), 2 * pictures - 1, atol=1e-6)


class Tiny(nn.Module):
    """In place of Inception: what it is shown, as its maps."""

    def __init__(self, *pools: str) -> None:
        super().__init__()
        self.pools, self.scale = pools, nn.Parameter(torch.ones(3, 1, 1))

    def maps(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x * self.scale


def test_features_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pools count padding, as torchvision's do, and parts that are not needed may be there. The
    name is that of the family only for a file that torchvision released."""
    monkeypatch.setattr("experiments.metric.torchvision_2018.InceptionTrunk", Tiny)
    path = tmp_path / "weights.pth"
    spare = {"AuxLogits.conv0.conv.weight": torch.zeros(1), "fc.bias": torch.zeros(1000)}
    torch.save({"scale": torch.full((3, 1, 1), 2.0)} | spare, path)
    extractor = Torchvision2018Extractor(path)
    assert extractor.network.pools == ("padded", "padded")
    pixels = torch.randint(0, 256, (1, 3, 20, 20), dtype=torch.uint8)
    large = F.interpolate(pixels / 255, (299, 299), mode="bilinear", align_corners=False)
    seen = extractor.see(pixels)
    assert torch.allclose(seen.features, 2 * out_of_range(large).mean((2, 3)), rtol=1e-4)
    assert seen.logits is None
    digest = sha256(path)
    assert extractor.name == f"torchvision_2018_{digest[:8]}" and extractor.family == {}
    monkeypatch.setattr("experiments.metric.torchvision_2018.RELEASED", (digest[:8],))
    released = Torchvision2018Extractor(path)
    assert released.name == "torchvision_2018" and released.family["torchvision_2018"][0] == "B"
    torch.save({"scale": torch.ones(2)}, path)
    with pytest.raises(UserError, match=r"not the state dict of inception_v3_google"):
        Torchvision2018Extractor(path)


@pytest.mark.parametrize("weights", [None, "missing.pth"])
def test_what_to_do_without_a_file(weights: str | None) -> None:
    with pytest.raises(UserError, match=r"get inception_v3_google-.* metric\.extractor\.weights="):
        Torchvision2018Extractor(weights)


def test_its_distance_is_never_called_fid() -> None:
    assert label("frechet/inception") == "FID (Inception 2015)"
    assert label("frechet/torchvision_2018") == "Fréchet distance (torchvision_2018)"
    assert family_of("frechet/inception") == family_of("frechet_infinity/inception/real") == "A"
    assert family_of("frechet/torchvision_2018") == "B"
    assert family_of("frechet/efficientnet_lite0") is family_of("kernel/inception") is None
