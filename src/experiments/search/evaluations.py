"""The evaluations of a run that trains, as its folder tells them: without torch, at any moment."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from experiments.file.kind import is_number, is_whole
from experiments.file.parse import parse_json
from experiments.metric.meaning import plain_names
from experiments.run.folder import SCORES, STATS, of_scores, run_scores
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
            if (about.st_mtime_ns, about.st_size) == self._seen:
                return self._found
            lines = path.read_bytes().split(b"\n")[:-1]  # the last is not written to its end
        except FileNotFoundError:
            return {}
        self._seen = about.st_mtime_ns, about.st_size
        self._found = {}
        for line in lines:
            record = _record(line)
            if record and of_scores(record):
                self._found[int(record["images"])] = self._value(record, {})
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


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = parse_json(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and is_whole(record.get("images")) else None
