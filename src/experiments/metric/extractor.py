"""Extractors: what looks at pictures so that scores can be computed.

All share one contract. Pictures come as (B, 3, H, W), float in [-1, 1] or uint8; they are rounded
to 8 bits first, so that a generated picture is scored as it would be saved, and resized by the
extractor alone. Called, it gives features, as the `feature` of torchmetrics' classes must.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from experiments.data.store.feature import hash_weights
from experiments.encoder.inception import INPUT_SIZE, load_weights
from experiments.file.digest import sha256
from experiments.metric.inception import Inception
from experiments.metric.names import FAMILIES, REFERENCE
from experiments.terminal.error import UserError

INCEPTION_FILE = "pt_inception-2015-12-05-6726825d.pth"
INCEPTION_SHA256 = "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2"


class Extracted(NamedTuple):
    """features: (B, d) float32. logits: (B, k) float32, or None where there is no classifier."""

    features: Tensor
    logits: Tensor | None


class Extractor(nn.Module):
    """A frozen function of pictures, always in eval mode, float32, without gradients.

    `name` is the last part of the scores' names. `resize` and `weights` go into the protocol: input
    size with filter, and a hash of the weights. `num_features`, where it is known, is d.
    """

    def __init__(self, name: str, resize: str, weights: str) -> None:
        super().__init__()
        self.name, self.resize, self.weights = name, resize, weights

    @property
    def family(self) -> dict[str, str]:
        """Of the Fréchet distances that people call FID, by name; none of other extractors."""
        return {name: told for name, told in FAMILIES.items() if name == self.name}

    def train(self, mode: bool = True) -> Extractor:
        """Stay in eval mode: a score must not depend on who else is in its batch."""
        return super().train(False)

    def forward(self, images: Tensor) -> Tensor:
        """Features (B, d) float32 of images (B, 3, H, W)."""
        return self.see(images).features

    @torch.no_grad()
    def see(self, images: Tensor) -> Extracted:
        """Features and logits of images (B, 3, H, W), float in [-1, 1] or uint8."""
        assert images.ndim == 4 and images.shape[1] == 3, f"(B, 3, H, W): {tuple(images.shape)}"
        pixels = images.float()
        if images.dtype != torch.uint8:
            assert images.is_floating_point(), "float images in [-1, 1], or uint8"
            pixels = (pixels * 127.5 + 127.5).clamp(0, 255).round()
        # Half precision moves features by about half a per cent: enough to move a distance.
        with torch.autocast(images.device.type, enabled=False):
            return self.extract(pixels)

    def extract(self, pixels: Tensor) -> Extracted:
        """pixels: (B, 3, H, W) float32, whole numbers 0..255. What a subclass defines."""
        raise NotImplementedError


class Logits(nn.Module):
    """The logits of an extractor that has a classifier, as the `feature` of a class score."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.extractor = extractor

    def forward(self, images: Tensor) -> Tensor:
        """(B, k) of images (B, 3, H, W)."""
        logits = self.extractor.see(images).logits
        assert logits is not None, f"{self.extractor.name} has no classifier"
        return logits


class Given(nn.Identity):
    """In place of an extractor, where a score is shown features (B, d) and no pictures."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features


class NetworkExtractor(Extractor):
    """Any network with `features_and_logits(images in [-1, 1]) -> (features, logits or None)`."""

    def __init__(self, network: nn.Module, name: str = "classifier", resize: str = "none") -> None:
        super().__init__(name, resize, hash_weights(network))
        self.network = network.requires_grad_(False)
        self.eval()

    def extract(self, pixels: Tensor) -> Extracted:
        features, logits = self.network.features_and_logits(  # type: ignore[operator]
            pixels / 127.5 - 1
        )
        return Extracted(features.float(), None if logits is None else logits.float())


class EfficientNetExtractor(NetworkExtractor):
    """EfficientNet-Lite0 with ImageNet weights of a package: features (B, 1280), 1000 logits."""

    def __init__(self, input_size: int = 224) -> None:
        """Raises `UserError` where the package with the weights is not installed."""
        from experiments.encoder.efficientnet_lite0 import EfficientNetLite0

        network = EfficientNetLite0(input_size=input_size)
        super().__init__(network, "efficientnet_lite0", f"{input_size} bilinear, antialiased")
        self.num_features = 1280


def file_of(weights: str | Path | None, called: str, source: str) -> tuple[Path, str]:
    """The user's file of weights, and its sha256. Raises `UserError` where it is not given or
    missing. `called`: what the network is; `source`: which file that is, and whose."""
    if weights is None or not Path(weights).is_file():
        where = "no file is given" if weights is None else f"{weights} does not exist"
        raise UserError(
            f"{called} weights: {where}; get {source} and set metric.extractor.weights=<path>"
        )
    return Path(weights), sha256(Path(weights))


class InceptionExtractor(Extractor):
    """Inception-v3 from a local file: features (B, 2048), 1008 logits.

    `name` is "inception", the word for FID and IS, only where the file is the reference; other
    weights of the same shape are named by their hash.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        """Raises `UserError` where the file is not given, missing or of another network."""
        source = f"{INCEPTION_FILE} from the releases of mseitzer/pytorch-fid (tag fid_weights)"
        file, digest = file_of(weights, "Inception", source)
        reference = digest == INCEPTION_SHA256
        name = REFERENCE if reference else f"{REFERENCE}_{digest[:8]}"
        super().__init__(name, f"{INPUT_SIZE} bilinear, TensorFlow 1", digest[:12])
        self.network = load_inception(file).requires_grad_(False)
        self.num_features = 2048
        self.eval()

    def extract(self, pixels: Tensor) -> Extracted:
        return Extracted(*self.network(pixels))


def load_inception(path: Path) -> Inception:
    """Inception with the state dict at `path`, every name and shape checked."""
    network = Inception()
    refusal = f"metric.extractor.weights={path}: not the state dict of {INCEPTION_FILE}"
    load_weights(network, path, refusal)
    return network
