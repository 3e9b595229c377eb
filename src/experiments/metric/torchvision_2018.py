"""The extractor of family B: what DM-GAN, DF-GAN, GALIP and TISE print as FID.

It is an Inception of torchvision's ImageNet weights, and its pictures are in a wrong range. An
affine map, meant for pictures that are normalised by ImageNet's mean and spread, brings these to
the [-1, 1] of the network. It is given pictures in [0, 1] instead, so that the network sees red in
[-0.030, 0.428], green in [-0.088, 0.360] and blue in [-0.188, 0.262]. The fault is a part of the
published numbers, so it is built in exactly. Nothing else here should be measured by it.
"""

from __future__ import annotations

from pathlib import Path

import torch.nn.functional as F
from torch import Tensor

from experiments.encoder.inception import FEATURES, INPUT_SIZE, InceptionTrunk, load_weights
from experiments.metric.extractor import Extracted, Extractor, file_of
from experiments.metric.names import TORCHVISION

MEAN, SPREAD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, red, green, blue
RELEASED = ("1a9a5a14", "0cc3c7bd")  # beginnings of SHA-256, as in torchvision's names of the file
FILE = "inception_v3_google-0cc3c7bd.pth"
SPARE = ("AuxLogits.", "fc.")  # of training, and of classes


class Torchvision2018Extractor(Extractor):
    """Torchvision's Inception from a local file, with the fault of family B: features (B, 2048), no
    logits.

    `name` is "torchvision_2018" only where the file is one that torchvision released; other weights
    of the same shape are named by their hash as well.
    """

    def __init__(self, weights: str | Path | None = None) -> None:
        """Raises `UserError` where the file is not given, missing or of another network."""
        source = f"{FILE} from download.pytorch.org/models"
        file, digest = file_of(weights, "torchvision's Inception", source)
        released = digest.startswith(RELEASED)
        name = TORCHVISION if released else f"{TORCHVISION}_{digest[:8]}"
        super().__init__(name, f"{INPUT_SIZE} bilinear, not antialiased", digest[:12])
        self.network = InceptionTrunk("padded", "padded")
        refusal = f"metric.extractor.weights={weights}: not the state dict of {FILE}"
        load_weights(self.network, file, refusal, SPARE)
        self.network.requires_grad_(False)
        self.num_features = FEATURES
        self.eval()

    def extract(self, pixels: Tensor) -> Extracted:
        size = (INPUT_SIZE, INPUT_SIZE)
        pictures = F.interpolate(pixels / 255, size, mode="bilinear", align_corners=False)
        return Extracted(self.network.maps(out_of_range(pictures))[1].mean((2, 3)), None)


def out_of_range(pictures: Tensor) -> Tensor:
    """What the network is shown of pictures (B, 3, H, W) in [0, 1]: the map of torchvision's
    `transform_input`, which would be right for (picture - MEAN) / SPREAD."""
    mean, spread = (pictures.new_tensor(v)[:, None, None] for v in (MEAN, SPREAD))
    return pictures * (spread / 0.5) + (mean - 0.5) / 0.5
