"""What every picture adds to the scores that are means over pictures: `score_samples.npz`.

Two runs that are scored on the same captions can be compared picture by picture, which tells
smaller differences than their two scores do. Read and written without torch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.file.array import load_arrays, save_arrays
from experiments.file.parse import parse_json
from experiments.run.folder import SCORE_SAMPLES
from experiments.terminal.error import UserError

CAPTION, AVERAGES = "caption", "averages"


@dataclass(frozen=True, eq=False)
class ScoreSamples:
    """captions: (n,) int64, the caption row that each picture was drawn for. columns: by score,
    (n,) float32, NaN where a picture does not count; the score is the mean of the others.
    averages: by score, the columns of whose means it is the plain mean.
    """

    captions: np.ndarray
    columns: dict[str, np.ndarray]
    averages: dict[str, list[str]]

    def of(self, score: str) -> np.ndarray | None:
        """(n, columns): the score is the mean of their means. None for a score of another kind."""
        names = self.averages.get(score, [score] if score in self.columns else [])
        return np.stack([self.columns[name] for name in names], axis=1) if names else None

    def save(self, folder: Path) -> None:
        """Into a run folder, whole or not at all."""
        arrays = {CAPTION: self.captions.astype(np.int64), AVERAGES: json.dumps(self.averages)}
        columns = {name: column.astype(np.float32) for name, column in self.columns.items()}
        save_arrays(folder / SCORE_SAMPLES, arrays | columns)


def score_samples(folder: Path) -> ScoreSamples | None:
    """Those of the last scores of a run; None where it has none. Raises `UserError` for a file that
    is something else."""
    path = folder / SCORE_SAMPLES
    if not path.is_file():
        return None
    try:
        columns = load_arrays(path)
        captions = columns.pop(CAPTION)
        averages = parse_json(str(columns.pop(AVERAGES)[()]))
        valid = (
            captions.ndim == 1
            and captions.dtype == np.int64
            and all(c.shape == captions.shape and c.dtype == np.float32 for c in columns.values())
            and all(names and set(names) <= columns.keys() for names in averages.values())
        )
    except (UserError, LookupError, ValueError, TypeError, AttributeError):
        valid = False
    if not valid:
        raise UserError(f"{path}: is damaged; delete it, and reports go by the scores alone")
    return ScoreSamples(captions, columns, averages)
