"""How alike two sets of points of faces are: where they are, and which shape they have."""

from __future__ import annotations

import torch
from torch import Tensor

from experiments.metric.rows import RowScore, require


class LandmarkScores(RowScore):
    """Points (n, P, 2) told from voices and from faces, beside those that the user has. `compute`
    gives scores by name, `landmark_error` and `shape_correlation` of both."""

    kept = ("voice", "face", "true")

    def update(self, voice: Tensor, face: Tensor, true: Tensor) -> None:
        """(B, P, 2) each."""
        self.keep(voice, face, true)

    def compute(self) -> dict[str, float]:
        """Of all processes' faces together; raises `UserError` for fewer than two."""
        voice, face, true = self.rows()
        require(2, {"faces with points": true, "faces told": voice})
        found = {"landmark_error/chance": landmark_error(true.roll(len(true) // 2, 0), true)}
        for suffix, told in (("", voice), ("/decoded", face)):
            found[f"landmark_error{suffix}"] = landmark_error(told, true)
            found[f"shape_correlation{suffix}"] = shape_correlation(told, true)
        return found


def landmark_error(told: Tensor, true: Tensor) -> float:
    """Mean distance of points (n, P, 2) from where they are, as a share of the face's own size: the
    root of the area of the box around its points."""
    sides = true.double().amax(1) - true.double().amin(1)
    size = sides.prod(1).sqrt().clamp_min(1e-9)
    apart = (told.double() - true.double()).square().sum(2).sqrt().mean(1)
    return (apart / size).mean().item()


def shape_correlation(told: Tensor, true: Tensor) -> float:
    """Over faces, how what is told goes with what is true, of each coordinate of the points
    (n, P, 2) once place and size are taken away: the mean of all Pearson correlations. 0 is chance.
    """
    both = []
    for points in (told.double(), true.double()):
        centred = points - points.mean(1, keepdim=True)
        size = centred.square().sum(2).mean(1).sqrt().clamp_min(1e-9)
        shape = (centred / size[:, None, None]).flatten(1)
        both.append(shape - shape.mean(0))
    told, true = both
    spread = (told.square().sum(0) * true.square().sum(0)).sqrt()
    found = torch.where(spread > 1e-12, (told * true).sum(0) / spread.clamp_min(1e-12), 0.0)
    return found.mean().item()
