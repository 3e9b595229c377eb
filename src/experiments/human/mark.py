"""Mean marks of people, how sure they are, and how far people agree.

Chen et al. (2017) let people mark each picture from 0 to 3, real ones among them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.human.agreement import interval
from experiments.human.key import Key


def marked(marks: np.ndarray, key: Key, confidence: float) -> dict[str, Any]:
    """What marks (people, captions, runs) say, the run with the best mean first."""
    best = np.argsort(-marks.mean((0, 1)), kind="stable")
    marks = marks[..., best]
    spread = interval(marks, confidence, 0, key.most)
    return {
        "most": key.most,
        "runs": [
            told(key, run)
            | {
                "mean_mark": float(marks[..., place].mean()),
                "interval": None if spread is None else [float(end[place]) for end in spread],
                "share": [float((marks[..., place] == m).mean()) for m in range(key.most + 1)],
            }
            for place, run in enumerate(best)
        ],
        "alpha": alpha(marks),
        "by_caption": [
            {"caption": text, "mean_mark": marks[:, number].mean(0).tolist()}
            for number, text in enumerate(key.captions)
        ],
    }


def told(key: Key, number: int) -> dict[str, Any]:
    """What tables say of a run."""
    run = key.runs[number]
    return {"name": run.name, "folder": run.place, "images": run.images}


def alpha(marks: np.ndarray) -> float | None:
    """Krippendorff's alpha of marks (people, ...), every person's of everything, by the squares of
    their differences: 1 - D_o / D_e (Krippendorff 2011). D_o: the mean square between two people
    over one thing; D_e: that between two marks of any people and things. 1: all give the same
    marks; 0 where they differ as by chance. None for one person, and where all marks are equal."""
    if len(marks) < 2:
        return None
    flat = marks.reshape(len(marks), -1)
    expected = flat.var(ddof=1)
    # Two values of one distribution differ by twice its variance: the twos cancel.
    return None if expected == 0 else float(1 - flat.var(axis=0, ddof=1).mean() / expected)
