"""Is there in a generated picture what is to be in it, as a face? (Wav2Pix, Duarte et al. 2019.)

A detector that the user has says so; without one the classifier of the data does, by how sure it
is, which is this project's choice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.metric.rows import RowScore, require
from experiments.terminal.error import UserError, one_line

LEAST = 0.05  # the share of real pictures that a classifier may be less sure of


class Detector(nn.Module):
    """A TorchScript network of a file: pictures (B, 3, H, W) in [-1, 1] to (B,), above 0 where it
    finds what it looks for. Scores have the file's name."""

    def __init__(self, file: str) -> None:
        """Raises `UserError` for a file that is missing or no TorchScript."""
        super().__init__()
        self.name, self.file = Path(file).stem, file
        if not Path(file).is_file():
            raise UserError(f"metric.detector={file}: there is no such file")
        try:
            self.network = torch.jit.load(file, map_location="cpu").eval()
        except RuntimeError as error:
            raise UserError(
                f"metric.detector={file}: is no TorchScript network ({one_line(error)}); write it "
                "with torch.jit.save"
            ) from None

    @torch.no_grad()
    def forward(self, pictures: Tensor) -> Tensor:
        """(B,) float. Raises `UserError` where the network gives something else."""
        try:
            found = self.network(pictures)
        except RuntimeError as error:
            raise UserError(f"metric.detector={self.file}: {one_line(error)}") from None
        if not isinstance(found, Tensor) or found.shape != (len(pictures),):
            raise UserError(
                f"metric.detector={self.file}: must give one number a picture, (B,); see "
                "docs/scores.md"
            )
        return found.float()


class Detected(RowScore):
    """The share of generated pictures, and of real ones, whose value is above a bound.

    `bound`: None, where the values are how sure a classifier is: all but `LEAST` of real pictures
    are above it. A value that is not finite is below.
    """

    kept = ("real", "fake")

    def __init__(self, bound: float | None = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.bound = bound

    def update(self, values: Tensor, real: bool) -> None:
        """Values (B,) of real or of generated pictures."""
        getattr(self, "real" if real else "fake").append(values)

    def compute(self) -> tuple[float, float]:
        """Of generated and of real pictures. Raises `UserError` where there are none."""
        real, fake = self.rows()
        require(1, {"real images": real[:, None] if len(real) else real})
        if not len(fake):
            raise UserError("no image was looked at")
        bound = self.bound
        if bound is None:
            bound = real.double().quantile(LEAST).item()
        shares = [
            (values.nan_to_num(nan=-torch.inf).double() >= bound).double().mean().item()
            if self.bound is None
            else (values.nan_to_num(nan=-torch.inf) > bound).double().mean().item()
            for values in (fake, real)
        ]
        return shares[0], shares[1]
