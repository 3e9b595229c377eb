"""Real pictures of a split as evaluation sees them: centre crops, no flips, no randomness."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from experiments.data.augment import centre, crop_and_flip, normalise
from experiments.data.store.dataset import Dataset
from experiments.data.store.split import Split
from experiments.data.text.reading import pieces_of, reads_of
from experiments.terminal.error import UserError

LARGEST_BATCH, PIXELS = 64, 2**22  # 64 pictures up to 256 px, 16 of 512 px


def at_once(size: int, frames: int = 1) -> int:
    """How many pictures of `size` px, or clips of so many frames, are drawn or looked at together,
    to bound memory."""
    return max(1, min(LARGEST_BATCH, PIXELS // (frames * size**2)))


def real_images(split: Split, rows: np.ndarray, size: int, device: torch.device) -> Tensor:
    """Rows of a split as (B, 3, size, size) in [-1, 1]."""
    pixels = torch.from_numpy(split.images[rows]).to(device)
    still = torch.zeros(len(rows), dtype=torch.bool, device=device)
    offsets = centre(pixels.shape[1], size).to(device)
    return normalise(crop_and_flip(pixels, offsets, still, size))


def crop_of(dataset: Dataset, size: int) -> str:
    """How real pictures are cut, for a protocol: JPEG is not quite the same pictures."""
    kept = ", kept as JPEG" if dataset.store == "encoded" else ""
    return f"central {size} of {dataset.size} px{kept}"


def columns_of(dataset: Dataset, names: Sequence[str] | None = None) -> list[int]:
    """Where attributes stand in `Split.attributes`; without names, those that a picture shows."""
    known = list(dataset.attribute_values)
    return [known.index(name) for name in (dataset.seen_attributes if names is None else names)]


def require_some(split: Split) -> None:
    """Raise `UserError` for a split without a record."""
    if not len(split):
        raise UserError(
            f"metric: the data have no {split.name} records, so there is nothing to score; "
            "~metric trains without scores"
        )


def read_captions(
    split: Split, rows: np.ndarray, reader: object, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Tokens (B, T) on the device and lengths (B,) of caption rows, as an encoder or a system reads
    them. The lengths stay on the CPU: packing reads them there."""
    tokens, lengths = split.read_as(reads_of(reader), pieces_of(reader)).read(rows)
    return torch.from_numpy(tokens).to(device), torch.from_numpy(lengths)


def captions_for(split: Split, samples: int, seed: int) -> np.ndarray:
    """Caption rows (samples,): every image once before one comes twice, its captions in turn."""
    require_some(split)
    rng = np.random.default_rng([seed, 7])
    counts = np.diff(split.caption_start)
    rows: list[np.ndarray] = []
    for turn in range(-(-samples // len(split))):
        order = rng.permutation(len(split))
        rows.append(split.caption_start[order] + (order + turn) % counts[order])
    return np.concatenate(rows)[:samples]
