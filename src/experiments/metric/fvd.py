"""Fréchet video distance (Unterthiner et al. 2018): that of the logits of an I3D network, which was
trained on Kinetics-400 and which the user has as a TorchScript file.

Clips are resized to 224 px, in [-1, 1]; their 400 logits, without softmax, are the features. Frames
are those of the clip: fewer than `FEWEST` are refused, since the network halves them three times.
"""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from experiments.file.digest import sha256
from experiments.terminal.error import UserError, one_line

SIDE, FEWEST, KEY = 224, 10, "metric.fvd"
FVD = "frechet_video_distance"
RAW = {"rescale": False, "resize": False, "return_features": True}  # of the file that is shared


class I3D(nn.Module):
    """(B, 400) of clips (B, 3, T, H, W) in [-1, 1]. `name` tells the file by its hash: two files
    are two scores."""

    num_features = 400

    def __init__(self, file: str) -> None:
        """Raises `UserError` for a file that is missing or no TorchScript."""
        super().__init__()
        self.file = file
        if not Path(file).is_file():
            raise UserError(f"{KEY}={file}: there is no such file; give I3D as TorchScript")
        try:
            self.network = torch.jit.load(file, map_location="cpu").eval()
        except RuntimeError as error:
            raise UserError(
                f"{KEY}={file}: is no TorchScript network ({one_line(error)}); write it with "
                "torch.jit.save"
            ) from None
        self.weights = sha256(Path(file))[:12]
        self.name = f"i3d_{self.weights[:8]}"
        known = {argument.name for argument in self.network.forward.schema.arguments}
        self.options = {name: value for name, value in RAW.items() if name in known}

    @torch.no_grad()
    def forward(self, clips: Tensor) -> Tensor:
        """Raises `UserError` where the network gives something else, and for short clips."""
        if clips.shape[2] < FEWEST:
            raise UserError(
                f"{KEY}: needs {FEWEST} frames of a clip, and these have {clips.shape[2]}"
            )
        frames = clips.expand(-1, 3, -1, -1, -1).transpose(1, 2)
        large = F.interpolate(
            frames.flatten(0, 1), (SIDE, SIDE), mode="bilinear", align_corners=False
        )
        values = large.unflatten(0, frames.shape[:2]).transpose(1, 2)
        try:
            with torch.autocast(clips.device.type, enabled=False):
                found = self.network(values, **self.options)
        except RuntimeError as error:
            raise UserError(f"{KEY}={self.file}: {one_line(error)}") from None
        if not isinstance(found, Tensor) or found.shape != (len(clips), self.num_features):
            raise UserError(
                f"{KEY}={self.file}: must give {self.num_features} numbers a clip; see "
                "docs/scores.md"
            )
        return found.float()
