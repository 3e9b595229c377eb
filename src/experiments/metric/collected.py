"""What one streaming pass over real or generated images leaves behind for the scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from torch import Tensor

from experiments.file.array import load_arrays, save_arrays
from experiments.terminal.error import UserError


@dataclass
class Collected:
    """Outputs per image, row i of every tensor the same image.

    features, logits: by extractor, (n, d) and (n, k). image_vectors, sentence_vectors: by encoder,
    (n, d), the sentence being the caption of that image. labels: (n,) int64 class, or the number of
    the real image where there are no classes. predicted, stated: (n, A) int64 attribute values, -1
    for not read and not stated. repeats: by extractor, (captions, samples, d) features of several
    samples of one caption, with rows of its own.
    """

    features: dict[str, Tensor] = field(default_factory=dict)
    logits: dict[str, Tensor] = field(default_factory=dict)
    image_vectors: dict[str, Tensor] = field(default_factory=dict)
    sentence_vectors: dict[str, Tensor] = field(default_factory=dict)
    labels: Tensor | None = None
    predicted: Tensor | None = None
    stated: Tensor | None = None
    repeats: dict[str, Tensor] = field(default_factory=dict)

    @staticmethod
    def cat(parts: Sequence[Collected]) -> Collected:
        """Batches, or the shares of ranks, in order. All parts hold the same entries."""
        flat = [part._flat() for part in parts]
        assert flat and all(f.keys() == flat[0].keys() for f in flat), "parts with other entries"
        return Collected._nested({key: torch.cat([f[key] for f in flat]) for key in flat[0]})

    def to(self, device: torch.device | str) -> Collected:
        """All tensors on `device`."""
        return Collected._nested({key: value.to(device) for key, value in self._flat().items()})

    def save(self, path: Path) -> None:
        """Write an npz file: real images need one pass per protocol."""
        save_arrays(path, {key: value.cpu().numpy() for key, value in self._flat().items()})

    @staticmethod
    def load(path: Path) -> Collected:
        """Read what `save` wrote. Raises `UserError` for a file that is something else."""
        flat = {key: torch.from_numpy(value) for key, value in load_arrays(path).items()}
        known = {each.name for each in fields(Collected)}
        if unknown := {key for key in flat if key.partition("/")[0] not in known}:
            raise UserError(f"{path} holds no extracted features ({min(unknown)}): delete it")
        return Collected._nested(flat)

    def _flat(self) -> dict[str, Tensor]:
        flat = {}
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, dict):
                flat.update({f"{each.name}/{key}": tensor for key, tensor in value.items()})
            elif value is not None:
                flat[each.name] = value
        return flat

    @staticmethod
    def _nested(flat: dict[str, Tensor]) -> Collected:
        result = Collected()
        for name, tensor in flat.items():
            group, _, key = name.partition("/")
            if key:
                getattr(result, group)[key] = tensor
            else:
                setattr(result, group, tensor)
        return result
