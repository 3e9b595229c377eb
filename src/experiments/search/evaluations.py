"""The evaluations of a run that trains, as its folder tells them: without torch, at any moment."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from experiments.file.kind import is_number
from experiments.metric.meaning import plain_names
from experiments.run.folder import SCORES, STATS, of_scores, run_scores
from experiments.run.stats import StatsFile
from experiments.search.trial import SearchError
from experiments.terminal.error import suggest


class Evaluations:
    """One score of one run, by images. Reads the file again only where it has changed."""

    def __init__(self, folder: Path, score: str) -> None:
        self.folder, self.score = folder, score
        self._seen: tuple[int, int] | None = None
        self._found: dict[int, float] = {}

    def read(self) -> dict[int, float]:
        """Those so far, NaN where the score was not finite. Raises `SearchError`
        where the runs have no such score."""
        path = self.folder / STATS
        try:
            about = path.stat()
        except FileNotFoundError:
            return {}
        if (about.st_mtime_ns, about.st_size) != self._seen:
            self._seen = about.st_mtime_ns, about.st_size
            lines = filter(of_scores, StatsFile.read(path))
            self._found = {int(line["images"]): self._value(line, {}) for line in lines}
        return self._found

    def at(self, images: int) -> float:
        """The score of a run that is finished, after so many images. Raises `SearchError`
        where the runs have no such score."""
        found = self.read()
        if images in found:
            return found[images]
        content = run_scores(self.folder) or {"scores": {}, "skipped": {}}
        return self._value(content["scores"], content.get("skipped", {}))

    def _value(self, scores: dict[str, Any], skipped: dict[str, str]) -> float:
        if self.score in scores:
            value = scores[self.score]
            return float(value) if is_number(value) else math.nan
        if self.score in skipped:
            raise SearchError(f"search.score={self.score}: not computed: {skipped[self.score]}")
        names = plain_names(name for name in scores if "/" in name)
        raise SearchError(
            f"search.score={self.score}: {self.folder / SCORES} has no such score"
            f"{suggest(self.score, names)}"
        )
