"""CMCGAN's classifier of pictures and sounds together (Hao et al. 2018): a network of pictures and
one of spectra, whose features are joined. Its layers are not published; those here are this
project's choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from experiments.encoder.classifier import CLASS
from experiments.layer.halving import Halvings
from experiments.layer.normalisation import Norm

By = Literal["picture", "sound", "both"]
KINDS: tuple[By, ...] = ("picture", "sound", "both")


class MultimodalClassifier(nn.Module):
    """Reads what a picture, a sound, or both tell, each with a head of its own over shared
    features: so what the other modality adds can be said of one network."""

    def __init__(
        self,
        resolutions: Sequence[int] = (128,),
        sound: Sequence[int] = (1, 128, 32),
        width: int = 64,
        dim: int = 512,
        dropout: float = 0.5,
        norm: Norm = "batch",
        attribute_values: Mapping[str, int] | None = None,
        num_classes: int | None = None,
        heard_attributes: Sequence[str] = (),
    ) -> None:
        """Shapes and `width` as those of `CMCGANGenerator`; `dim` of each feature. `dropout`: of
        features, before heads. Of data that say which attributes sounds tell it reads these, which
        both tell; of others all attributes, or the class.
        """
        super().__init__()
        (resolution,) = resolutions
        known = dict(attribute_values or {})
        self.sizes = {n: size for n, size in known.items() if n in heard_attributes} or known
        if num_classes is not None:
            assert not self.sizes, "attributes, or classes"
            self.sizes = {CLASS: num_classes}
        assert self.sizes, "give attribute_values, or num_classes"
        self.columns = [place for place, name in enumerate(known) if name in self.sizes]
        self.picture = _trunk((3, resolution, resolution), width, dim, norm)
        self.sound = _trunk(tuple(sound), width, dim, norm)
        values = sum(self.sizes.values())
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict(
            {
                "picture": nn.Linear(dim, values),
                "sound": nn.Linear(dim, values),
                "both": nn.Sequential(nn.Linear(2 * dim, dim), nn.ReLU(), nn.Linear(dim, values)),
            }
        )

    def told(self, attributes: Tensor, labels: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Of the attributes (B, A) and labels (B,) of records what it is to read, (B,) each."""
        if CLASS in self.sizes:
            yield CLASS, labels
            return
        for name, column in zip(self.sizes, self.columns, strict=True):
            yield name, attributes[:, column]

    def forward(
        self, picture: Tensor | None, sound: Tensor | None, by: By = "both"
    ) -> dict[str, Tensor]:
        """Pictures (B, 3, R, R) and sounds (B, 1, bins, frames) in [-1, 1], None for what `by` does
        not need. Logits (B, values) of everything that it reads."""
        return self.read(
            None if picture is None else self.picture(picture),
            None if sound is None else self.sound(sound),
            by,
        )

    def read(self, picture: Tensor | None, sound: Tensor | None, by: By) -> dict[str, Tensor]:
        """The same of features (B, dim), as `picture` and `sound` of this module give them."""
        wanted = {"picture": [picture], "sound": [sound], "both": [picture, sound]}[by]
        features = torch.cat([one for one in wanted if one is not None], dim=1)
        logits = self.heads[by](self.dropout(features))
        return dict(zip(self.sizes, logits.split(list(self.sizes.values()), dim=1), strict=True))


def _trunk(shape: Sequence[int], width: int, dim: int, norm: Norm) -> nn.Sequential:
    """One modality (B, *shape) -> (B, dim)."""
    layers = Halvings(shape, width, norm)
    return nn.Sequential(layers, nn.Flatten(), nn.Linear(layers.size, dim), nn.ReLU())
