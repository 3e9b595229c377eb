"""Which clips are trained on: `data.filter`. The test split is never touched.

The pipeline of 2017 was trained on films whose author found them too varied, too coarse and full of
cuts, and wished for a filter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.clip.decode import frames_of, read_clip
from experiments.clip.measure import SMALL, cuts_of, motion_of
from experiments.data.record import Reader, Record, require_clips
from experiments.data.store.dataset import Dataset
from experiments.data.store.item import prepare_items
from experiments.data.store.share import with_only
from experiments.terminal.error import BadInput, UserError
from experiments.terminal.line import number_of

KEY = "data.filter"
MEASURES = "clip_measures"  # of the store


class Sift:
    """What a clip must be to be trained on; null: it may be anything.

    side: px of the shorter side of the video as it lies there, at least. motion: grey levels of 255
    that a pixel changes by in a second, in the mean, at least. cuts: at most. classifier: of clips,
    which must read it as what it is known to be (`trainer/sifting.py` asks it). agrees: the share
    of what is known of a clip that it must read right.
    """

    def __init__(
        self,
        side: int | None = None,
        motion: float | None = None,
        cuts: int | None = None,
        classifier: object = None,
        agrees: float = 1.0,
    ) -> None:
        assert side is None or side >= 1, "side: px from 1, or null"
        assert motion is None or motion >= 0, "motion: grey levels from 0, or null"
        assert cuts is None or cuts >= 0, "cuts: from 0, or null"
        assert 0 < agrees <= 1, "agrees: a share above 0 and at most 1"
        self.side, self.motion, self.cuts = side, motion, cuts
        self.classifier, self.agrees = classifier, agrees

    @property
    def measures(self) -> bool:
        """Whether it looks at clips by itself."""
        return not (self.side is self.motion is self.cuts is None)

    def reason(self, side: float, motion: float, cuts: float) -> str:
        """Why a clip is left out; empty where it is not."""
        if self.side is not None and side < self.side:
            return f"below {self.side} px"
        if self.motion is not None and motion < self.motion:
            return f"moves less than {self.motion:g} grey levels a second"
        if self.cuts is not None and cuts > self.cuts:
            return f"more than {self.cuts} cuts"
        return ""


@dataclass(frozen=True)
class Measuring:
    """Measures a record's clip, float32 (1, 3): side, motion, cuts; see `Sift`. It pickles."""

    def __call__(self, reader: Reader, record: Record) -> Sequence[np.ndarray]:
        """Raises `BadInput` for a clip that cannot be used."""
        found = reader.clip(record)  # type: ignore[attr-defined]
        if isinstance(found, str | Path):
            side = min(next(frames_of(Path(found))).pixels.shape[:2])
            clip = read_clip(Path(found), SMALL)
            frames, rate = clip.frames, clip.rate
        else:
            frames, rate = found
            if not len(frames):
                raise BadInput("clip has no frames")
            side = min(frames.shape[1:3])
        numbers = side, motion_of(frames, rate), cuts_of(frames)
        return [np.array([numbers], np.float32)]


def sifted(dataset: Dataset, sift: Sift, quiet: bool = True) -> Dataset:
    """The data set without the clips to train on that are too small, too still or too often cut.
    Those that nobody can measure are dropped, as records that cannot be used. Raises `UserError`
    where that is more than 1 % of all, or where none is left."""
    if not sift.measures:
        return dataset
    require_clips(dataset.reader, dataset.name)
    store = prepare_items(dataset, MEASURES, Measuring(), {"side": SMALL}, quiet, unit="clips")
    ours = set(dataset.train.keys)
    if broken := [drop for drop in store.drops if drop.key in ours]:
        dataset = dataset.without(broken)
    items = store.of(dataset.train.keys)  # one of each
    return left_out(dataset, [sift.reason(*row) for row in items.values[items.begin].tolist()])


def left_out(dataset: Dataset, why: Sequence[str]) -> Dataset:
    """The data set without the records to train on for which there is a reason, one text for each,
    empty where there is none. Reasons are counted in its report and its line. Raises `UserError`
    where none is left."""
    reasons = Counter(filter(None, why))
    kept = np.array([not reason for reason in why], bool)
    told = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    if not kept.any():
        raise UserError(f"{KEY}: leaves none of {number_of(len(why), 'clip')} to train on ({told})")
    before: dict[str, Any] = dataset.report.get("filter") or {"of": len(why), "reasons": {}}
    counted = dict(before["reasons"]) | dict(reasons.most_common())
    return with_only(dataset, kept, filter={"of": before["of"], "reasons": counted})
