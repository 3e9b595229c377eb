"""What a study consists of: its jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """The overrides of one run, and among them what the study varies, the seed included."""

    overrides: list[str]
    settings: dict[str, str]

    @property
    def name(self) -> str:
        """`lr=1e-3 weight=5 seed=1`: each key by its last part."""
        return " ".join(f"{short(key)}={value}" for key, value in self.settings.items())


@dataclass(frozen=True)
class Study:
    """Jobs with one question. `name` is None for several values on a command line."""

    jobs: list[Job]
    varied: list[str]
    name: str | None = None
    budget: str | None = None
    question: str | None = None
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What the runs of one study have in common: the group of a tracker, the folder of a
        report."""
        return self.name or f"sweep {' '.join(self.varied)}".strip()


def short(key: str) -> str:
    """`weight` of `loss.damsm.weight`; of names that alone say nothing, the last two parts."""
    parts = key.replace("@", ".").replace("/", ".").split(".")
    vague = {"lr", "weight", "width", "image", "images"}
    return ".".join(parts[-2:]) if parts[-1] in vague and len(parts) > 1 else parts[-1]
