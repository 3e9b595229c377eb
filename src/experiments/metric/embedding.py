"""The vectors that an encoder of text and images gives to a split, as scores compare them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.store.split import Split
from experiments.metric.real import read_captions, real_images


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """In evaluation mode for a while, then as it was."""
    training = network.training
    network.eval()
    try:
        yield
    finally:
        network.train(training)


def image_vectors(
    encoder: Any, split: Split, rows: np.ndarray, size: int, device: torch.device
) -> Tensor:
    """(B, dim) float32, of the real pictures in `rows`, cut to `size` pixels."""
    images = real_images(split, rows, size, device)
    return encoder.encode_image(images)[1].float()  # type: ignore[no-any-return]


def sentence_vectors(
    encoder: Any, split: Split, captions: np.ndarray, device: torch.device
) -> Tensor:
    """(B, dim) float32, of caption rows."""
    text = read_captions(split, captions, encoder, device)
    return encoder.encode_text(*text)[1].float()  # type: ignore[no-any-return]
