"""The vectors that an encoder of text and images gives to a split, as scores compare them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from experiments.data.store.split import Split
from experiments.metric.real import LARGEST_BATCH, at_once, read_captions, real_images


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
    """(n, dim) float32 on the CPU, of the real pictures in `rows`, cut to `size` pixels."""
    parts = [
        encoder.encode_image(real_images(split, some, size, device))[1].float().cpu()
        for some in _parts(rows, at_once(size))
    ]
    return torch.cat(parts)


def sentence_vectors(
    encoder: Any, split: Split, captions: np.ndarray, device: torch.device
) -> Tensor:
    """(n, dim) float32 on the CPU, of caption rows."""
    parts = [
        encoder.encode_text(*read_captions(split, some, encoder, device))[1].float().cpu()
        for some in _parts(captions, LARGEST_BATCH)
    ]
    return torch.cat(parts)


def _parts(rows: np.ndarray, count: int) -> list[np.ndarray]:
    return np.array_split(rows, range(count, len(rows), count))
