"""Networks of Speech2Face on small pictures, and a batch of noises beside pictures of a colour."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from experiments.data.batches import Batch
from experiments.data.view.picture import PICTURE, Pictures
from experiments.data.view.sound import SOUND, Sounds
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.encoder.face import FaceAutoencoder
from experiments.encoder.frozen_trunk import FrozenTrunk
from experiments.encoder.recogniser import Recogniser
from experiments.encoder.speech2face import Speech2Face
from experiments.frontend.excerpt import Excerpt
from experiments.system.seeding import Step

SIZE, SHAPE = 16, (2, 262, 40)
EXCERPT: Any = SimpleNamespace(shape=SHAPE, seconds=2.62)
SIZES = {"crown": 5, "pattern": 3}


def face(says: bool = True, **options: Any) -> FaceAutoencoder:
    torch.manual_seed(0)
    trunk = CNN((4, 8), (2, 2), global_width=10)
    image = Recogniser(Classifier(trunk, SIZES)) if says else FrozenTrunk(SimpleTrunk(trunk))
    return FaceAutoencoder(image, **{"size": SIZE, "width": 1 / 4} | options)


class SimpleTrunk(torch.nn.Module):
    """What has an image network and no more."""

    def __init__(self, image: torch.nn.Module) -> None:
        super().__init__()
        self.image = image


def speech2face(excerpt: Excerpt = EXCERPT, **options: Any) -> Speech2Face:
    return Speech2Face(face(**options), excerpt, width=1 / 32)


def batch_of(count: int = 4) -> tuple[Batch, Step]:
    generator = torch.Generator().manual_seed(0)
    colours = torch.rand(count, 3, 1, 1, generator=generator) * 2 - 1
    views = {
        SOUND: Sounds(torch.randn(count, *SHAPE, generator=generator)),
        PICTURE: Pictures([colours.expand(-1, -1, SIZE, SIZE).contiguous()]),
    }
    rows = torch.arange(count)
    batch = Batch(rows, rows, torch.zeros(count, 0, dtype=torch.int64), views)
    return batch, Step(0, 0, count, slice(0, count), torch.device("cpu"))
