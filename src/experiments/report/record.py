"""What lies in the folder of a run, read for a report. Nothing that is missing or damaged stops it:
it is told in `problems`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.metric.samples import ScoreSamples, score_samples
from experiments.report.member import Member, goal_of
from experiments.report.varied import config_of
from experiments.run import folder as files
from experiments.run.change import versions
from experiments.run.cost import Cost, cost_of
from experiments.run.stats import StatsFile
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

MANY = 4  # settings up to which the name of an arm says all of them
# Of a protocol: what a score depends on, whatever looked at the pictures.
SHARED = ("n_real", "n_fake", "split", "crop", "captions_per_image")
PLAIN = ("", "none")  # truncation of scores without any, and of those that recorded none


@dataclass(frozen=True)
class Record:
    """A member and what its folder says; what is not there is empty.

    scores: of the last evaluation, by name, finite ones. images: that it had seen by then. stats:
    lines of `stats.jsonl`. captions: those of its sample sheets; sounds: what is heard of
    them, where it hears. git, environment: the last of
    each, since a resumed run may have several. debug: the preset of a run that only tries. codes:
    images since which each trained it.
    """

    member: Member
    config: dict[str, Any] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    images: int = 0
    protocol: dict[str, Any] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    stats: list[dict[str, Any]] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    sounds: list[Path | None] = field(default_factory=list)
    samples: ScoreSamples | None = None
    git: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    cost: Cost | None = None
    debug: str | None = None
    codes: list[int] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.member.folder

    @property
    def seed(self) -> int:
        return self.member.seed

    @property
    def result(self) -> dict[str, float]:
        """The scores that are compared: those of a run that came to its end."""
        return self.scores if self.member.finished else {}

    @property
    def state(self) -> str:
        """finished, failed, stopped (some way to its end), or missing."""
        if self.member.finished:
            return "finished"
        if self.member.failure:
            return "failed"
        return "stopped" if self.stats or self.config else "missing"

    @property
    def reason(self) -> str:
        """Why it is not finished, in words."""
        reached = int(self.stats[-1]["images"]) if self.stats else self.images
        goal = goal_of(self.config)
        far = f"after {reached:,} of {number_of(goal, 'image', ',')}" if goal else ""
        if self.state == "failed":
            return f"{self.member.failure}{f' ({far})' if far else ''}"
        return {"finished": "", "stopped": f"stopped or still running {far}".strip()}.get(
            self.state, "was not started"
        )

    def measured_as(self, score: str) -> str:
        """How a score was measured; two numbers of one name compare only where this is equal."""
        judge = score.split("/")[1] if "/" in score else ""
        if score.startswith("attribute"):
            judge = "classifier"
        parts = [f"{key} {self.protocol[key]}" for key in SHARED if key in self.protocol]
        if (truncation := self.protocol.get("truncation", "")) not in PLAIN:
            parts.append(f"noise {truncation}".replace(",", ""))
        for key in ("resize", "weights"):
            of_all = self.protocol.get(key)
            if isinstance(of_all, dict) and judge in of_all:
                parts.append(f"{judge} {of_all[judge]}")
        return ", ".join(parts)


def read(member: Member) -> Record:
    """Everything that a report shows of a run."""
    place, problems = member.folder, list[str]()
    scores = _tried(lambda: files.run_scores(place), problems, None) or {}
    stats: list[dict[str, Any]] = _tried(lambda: StatsFile.read(place / files.STATS), problems, [])
    return Record(
        member,
        _tried(lambda: config_of(place), problems, {}) if (place / files.CONFIG).is_file() else {},
        _finite(scores.get("scores")),
        _whole(scores.get("images")),
        _mapping(scores.get("protocol")),
        {str(name): str(why) for name, why in _mapping(scores.get("skipped")).items()},
        stats,
        _tried(lambda: files.sample_captions(place), problems, None) or [],
        _tried(lambda: files.sample_sounds(place), [], []),
        _tried(lambda: score_samples(place), problems, None),
        _newest(place, "git", problems),
        _newest(place, "environment", problems),
        _tried(lambda: cost_of(place), problems, None),
        _tried(lambda: _debug(place), problems, None) if (place / files.RUN).is_file() else None,
        [int(version["images"]) for version in versions(place)],
        problems,
    )


def _debug(place: Path) -> str | None:
    chosen = _mapping(files.run_about(place).get("choices")).get("debug")
    return None if chosen is None else str(chosen)


def _newest(place: Path, name: str, problems: list[str]) -> dict[str, Any]:
    """What the last part of a run was made with; empty where nothing says it."""
    found = files.parts_of(place, name)
    return _tried(lambda: files.read(found[-1], f"{name}.json"), problems, {}) if found else {}


def _tried(read: Callable[[], Any], problems: list[str], otherwise: Any) -> Any:
    try:
        return read()
    except (OSError, UserError, ValueError, KeyError, TypeError) as error:
        problems.append(f"{error}" or type(error).__name__)
        return otherwise


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _whole(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and math.isfinite(value) else 0


def _finite(value: Any) -> dict[str, float]:
    """Numbers alone; a score that is not finite is none."""
    return {
        str(name): float(number)
        for name, number in _mapping(value).items()
        if isinstance(number, int | float) and math.isfinite(number)
    }


@dataclass(frozen=True)
class Arm:
    """Runs that differ in their seeds alone. `parts`: what is its own, a piece for each setting;
    `index`: its place."""

    parts: tuple[str, ...]
    index: int
    settings: Mapping[str, str]
    records: Sequence[Record]

    @property
    def name(self) -> str:
        return ", ".join(self.parts)

    @property
    def finished(self) -> int:
        """How many of its runs came to their end."""
        return sum(record.member.finished for record in self.records)

    @property
    def first(self) -> Record:
        """The finished run of the first seed; where none is finished one that has begun."""
        order = {"finished": 0, "stopped": 1, "failed": 2, "missing": 3}
        return min(self.records, key=lambda record: (order[record.state], record.seed))

    def values(self, score: str) -> list[float]:
        """Of the runs that have it."""
        return [record.result[score] for record in self.records if score in record.result]


def arms_of(records: Sequence[Record]) -> list[Arm]:
    """Arms in the order in which their first run comes."""
    found: dict[tuple[tuple[str, str], ...], list[Record]] = {}
    for record in records:
        found.setdefault(tuple(record.member.settings.items()), []).append(record)
    keys = list(dict.fromkeys(key for row in found for key, _ in row))
    names, usual = short_names(keys), _usual(keys, list(found))
    arms = []
    for index, (row, of_arm) in enumerate(found.items()):
        parts = tuple(
            value if key == "model" else f"{names[key]} {value}"
            for key, value in row
            if usual.get(key) != value
        )
        alone = of_arm[0].folder.parent.name or "run"
        arms.append(Arm(parts or (alone,), index, dict(row), of_arm))
    return arms


def _usual(keys: Sequence[str], rows: Sequence[tuple[tuple[str, str], ...]]) -> dict[str, str]:
    """What most arms have, which goes without saying where so much varies that names would be long:
    two arms that differ still have different names."""
    if len(keys) <= MANY:
        return {}
    return {
        key: Counter(value for row in rows for name, value in row if name == key).most_common(1)[0][
            0
        ]
        for key in keys
        if key != "model"
    }


def short_names(keys: Sequence[str]) -> dict[str, str]:
    """Each key without what every reader knows, as long as no two then read the same."""
    short = {key: _short(key) for key in keys}
    said = list(short.values())
    return {key: name if said.count(name) == 1 else key for key, name in short.items()}


def _short(key: str) -> str:
    for beginning in ("data.preset.", "system.", "loss.", "trainer.", "data.reader."):
        if key.startswith(beginning):
            return key.removeprefix(beginning)
    return key
