"""Scores of completion: how near is what was made of the hidden part to what was there?

Nobody can know what was hidden, so that a plausible answer need not be near. Beside each score
stand that of a copy of the nearest that is known, and that of what was there, which is 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from experiments.clip.hidden import Hiding
from experiments.data.store.dataset import Dataset
from experiments.data.view.base import View
from experiments.machine.rank import Ranks
from experiments.metric.protocol import Protocol
from experiments.metric.real import at_once, require_some
from experiments.metric.result import Result, Scored
from experiments.metric.rows import Rows, RowScore, looked_at, require
from experiments.metric.samples import ScoreSamples
from experiments.terminal.error import UserError

LEVELS = 127.5  # grey levels of a difference of 1 between clips in [-1, 1]
PEAK = 2.0  # from black to white


class HiddenScores(RowScore):
    """Of every clip the mean distance and the mean square over what is hidden, made and copied.
    `compute` gives `l1` in grey levels and `psnr` in dB, of the mean square of all clips."""

    higher_is_better = False
    kept = ("made", "made_square", "copied", "copied_square")

    def update(self, made: Tensor, copied: Tensor, real: Tensor, hidden: Tensor) -> None:
        """Clips (B, C, T, H, W) in [-1, 1]; hidden (B, 1, T, H, W)."""
        self.keep(*(row for clips in (made, copied) for row in _apart(clips, real, hidden)))

    def compute(self) -> dict[str, float]:
        """Raises `UserError` where no clip was given, `Undefined` for one that is not finite."""
        made, made_square, copied, copied_square = self.rows()
        require(1, {"clips": made[:, None], "copies": copied[:, None]})
        return {
            "l1": made.double().mean().item(),
            "l1/copy": copied.double().mean().item(),
            "psnr": decibel(made_square),
            "psnr/copy": decibel(copied_square),
        }


def _apart(clips: Tensor, real: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
    """Means (B,) over what is hidden: |difference| in grey levels, and squares."""
    where = hidden.expand_as(real).flatten(1)
    apart = torch.where(where, (clips.float() - real.float()).flatten(1), 0.0)
    count = where.sum(1)
    return apart.abs().sum(1) * LEVELS / count, apart.square().sum(1) / count


def decibel(squares: Tensor) -> float:
    """The ratio of a peak from black to white to a mean of squares (n,); infinite for 0."""
    mean = squares.double().mean().item()
    return math.inf if mean == 0 else 10 * math.log10(PEAK**2 / mean)


def nearest_known(clips: Tensor, hidden: Tensor) -> Tensor:
    """Clips (B, C, T, H, W) in which everything that is `hidden` (B, 1, T, H, W) is a copy of the
    same place in the nearest frame where it is known, the earlier of two; where it never is, of the
    pixels around, nearest first."""
    frames = clips.shape[2]
    known = ~hidden
    numbers = torch.arange(frames, device=clips.device).view(1, 1, -1, 1, 1)
    found = []
    for frame in range(frames):
        apart = ((numbers - frame).abs() * 2 + (numbers > frame)).masked_fill(~known, 4 * frames)
        nearest = apart.argmin(dim=2, keepdim=True).expand(-1, clips.shape[1], -1, -1, -1)
        found.append(clips.gather(2, nearest))
    ever = known.any(dim=2, keepdim=True).expand_as(known)
    return _spread(torch.cat(found, dim=2), ever)


def _spread(clips: Tensor, known: Tensor) -> Tensor:
    """What is not known is the mean of those of its eight neighbours that are, ring by ring."""
    values = torch.where(known, clips, 0.0).transpose(1, 2).flatten(0, 1)
    there = known.transpose(1, 2).flatten(0, 1).to(values.dtype)
    while there.min() == 0:
        around = F.avg_pool2d(there, 3, 1, 1)
        assert around.any(), "nothing is known"
        mean = F.avg_pool2d(values, 3, 1, 1) / around.clamp_min(1e-6)
        values = torch.where(there > 0, values, torch.where(around > 0, mean, 0.0))
        there = (around > 0).to(values.dtype)
    return values.unflatten(0, (-1, clips.shape[2])).transpose(1, 2)


class CompletionScores:
    """`hidden_l1/<what>` and `hidden_psnr/<what>`, `what` being what `system.hiding` hides."""

    def __init__(self, samples: int = 1000, seed: int = 0) -> None:
        """`samples`: test records at most, of each of which one part is hidden, by its seed."""
        self.samples, self.seed = samples, seed

    @torch.inference_mode()
    def __call__(self, system: Any, dataset: Dataset, ranks: Ranks) -> Result:
        """`system` completes with the weights it has now."""
        hiding: Hiding | None = getattr(system, "hiding", None)
        if hiding is None:
            raise UserError(
                "metric=completion: nothing is hidden; set system.hides, or leave scores out with "
                "~metric"
            )
        split, device = dataset.test, ranks.device
        require_some(split)
        order = np.random.default_rng([self.seed, 7]).permutation(len(split))[: self.samples]
        (asks, makes), *_ = system.makes.items()
        views: dict[str, View] = {
            view.name: view.open(dataset, split, device) for view in system.views()
        }

        def look(places: np.ndarray) -> Rows:
            asked = {name: views[name].real(order[places], device) for name in asks}
            seeds = [self.seed * len(split) + int(place) for place in places]
            real = system.clips_of(asked)
            made, hidden = system.completed_of(asked, seeds)
            return {"made": made, "copied": nearest_known(real, hidden), "real": real} | {
                "hidden": hidden
            }

        score, size = HiddenScores(), max(1, at_once(system.form.side) // system.form.frames)
        for rows in looked_at(len(order), size, ranks, look):
            score.update(rows["made"], rows["copied"], rows["real"], rows["hidden"])
        found = Scored()
        names = [f"hidden_{kind}/{hiding.what}" for kind in ("l1", "psnr")]
        if (values := found.attempt(names[0], score.compute)) is not None:
            for name, kind in zip(names, ("l1", "psnr"), strict=True):
                found.scores |= {name: values[kind], f"{name}/copy": values[f"{kind}/copy"]}
            found.scores[f"{names[0]}/real"] = 0.0
            found.columns[names[0]] = score.rows()[0]
        columns = {name: column.float().numpy() for name, column in found.columns.items()}
        samples = ScoreSamples(order, columns, {}) if columns else None
        return found.result(self._protocol(system, dataset, len(order), f"{makes}s"), samples)

    def _protocol(self, system: Any, dataset: Dataset, count: int, what: str) -> Protocol:
        hiding, form = system.hiding, system.form
        return Protocol(
            n_real=count,
            n_fake=count,
            split=dataset.test.name,
            crop=f"central {form.side} px",
            resize={},
            weights={},
            seed=self.seed,
            captions_per_image=0,
            real_baseline="what was there: 0",
            extra={"completed": what, "hidden": f"{hiding.what}, {hiding.share:g} of each"}
            | dict(system.sampled_as),
        )
