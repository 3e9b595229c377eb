"""What the files of a run folder say, as a model card (`card.md.j2`) tells it."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.config.target import NO_TEXT
from experiments.data.source import Source, source_of
from experiments.export.contents import Contents, packages_of
from experiments.export.hearing import Hearing
from experiments.export.people import People, people_of
from experiments.export.request import said_of
from experiments.export.sheet import heard_beside, made_clips, made_sounds, newest, sheets_of
from experiments.export.title import MODELS
from experiments.export.way import Ways, hears_rows, in_words, sees_rows, ways_of
from experiments.file import markdown
from experiments.metric.protocol import Protocol
from experiments.metric.table import format_table
from experiments.run import folder as files
from experiments.run.cost import Cost, cost_of
from experiments.run.portable import portable, portable_overrides
from experiments.run.prerequisite import plan
from experiments.terminal.error import UserError

UNTOLD = ("export", "human", "report", "sample", "launch", "tracker", "trainer")  # choices


@dataclass(frozen=True)
class Told:
    """What a run says of itself. `images`: those that the weights have seen. `holds`: of an export;
    None for the run's own card. `sheets`: names of samples; `sounds`: what is heard of their
    captions, a caption and the name of a file each. Scores and sheets of an export are
    those of its weights, none of another state; `scored` says after how many images scores of the
    run were taken. `say`: `export.people`."""

    folder: Path
    config: dict[str, Any]
    about: dict[str, Any]
    facts: dict[str, Any]
    scores: dict[str, Any] | None
    images: int
    licence: str
    sheets: list[str]
    sounds: list[tuple[str, str]]
    scored: int | None = None
    holds: Contents | None = None
    say: str | None = None

    @property
    def people(self) -> People:
        """What of people its data have."""
        return people_of(self.config, self.facts, self.say)

    @property
    def choices(self) -> dict[str, Any]:
        return self.about.get("choices") or {}

    @property
    def model(self) -> str:
        return str(self.choices.get("model", "unknown"))

    @property
    def data_name(self) -> str:
        return str(portable(self.choices.get("data", "unknown")))

    @property
    def id(self) -> str:
        return str(self.about.get("id", ""))

    @property
    def name(self) -> str:
        return f"{self.model}-{self.data_name}"

    @property
    def what(self) -> str:
        """The model in words, with the sides of what it draws, and its paper."""
        own = f"A model of its own kind{': ' if self.ways else ''}{in_words(self.ways)}"
        words, paper = MODELS.get(self.model, (own, ""))
        if self.hearing is not None:
            words = words.replace(": captions", ": spoken captions")
        sides = (self.config["system"].get("generator") or {}).get("resolutions") or []
        if sides and (not self.ways or "picture" in self.ways.values()):
            *first, last = map(str, sides)
            words += f" of {', '.join(first)}{' and ' if first else ''}{last} px"
        return f"{words} ({paper})" if paper else words

    @property
    def draws(self) -> bool:
        return "generator" in self.config["system"] or bool(self.ways)

    @property
    def own(self) -> str:
        """How names of scores end that are of this model: an encoder's are of real pictures."""
        return "" if self.draws else "/real"

    @property
    def asked_by(self) -> str:
        """The node of a configuration that builds on such a run, of those that draw nothing."""
        return "metric.classifier" if self.model == "classifier" else "encoder"

    @property
    def reads_text(self) -> bool:
        encoder = self.config["system"].get("encoder")
        return not self.ways and encoder is not None and encoder.get("_target_") != NO_TEXT

    @property
    def hearing(self) -> Hearing | None:
        """How it hears captions; None where it reads them, or is told nothing."""
        facts = self.facts.get("speech")
        return None if facts is None else Hearing(dict(portable(facts)), self.source)

    @property
    def spoken(self) -> Hearing | None:
        """Who says what it learned to say; None where it learned from no speech, or an older
        version did not record it."""
        facts = self.facts.get("spoken")
        return None if facts is None else Hearing(dict(portable(facts)), self.source)

    @property
    def listens_to(self) -> list[tuple[str, str]]:
        """A table on the sounds that it was trained on; empty where it has none."""
        return hears_rows(self.config)

    @property
    def language(self) -> str:
        """Of its captions, without what is local: `pt` of `pt_BR`."""
        data = self.config["data"]
        reader, speech = data.get("reader") or {}, data.get("speech") or {}
        heard = self.hearing is not None or self.spoken is not None
        told = (speech if heard else reader).get("language") or "en"
        return re.split("[-_]", str(told))[0]

    @property
    def shown(self) -> list[tuple[str, int, list[str], list[str]]]:
        """The newest sheet of samples of each way to be asked: its name, the images that were seen
        then, and the sounds and the clips that it shows."""
        return [
            (
                name,
                int(Path(name).stem.rpartition("-")[2]),
                [p.name for p in made_sounds(self.folder, name)],
                [p.name for p in made_clips(self.folder, name)],
            )
            for name in newest(self.sheets)
        ]

    @property
    def clips(self) -> list[tuple[str, str]]:
        """A table on the clips that it was trained on; empty where it sees none."""
        return sees_rows(self.config)

    @cached_property
    def ways(self) -> Ways:
        """What it makes of what, where sounds or clips are one side of it."""
        return ways_of(self.folder)

    @property
    def source(self) -> Source:
        return source_of(self.config["data"])

    @property
    def goal(self) -> int:
        return int(self.config["trainer"]["images"])

    @property
    def machine(self) -> dict[str, Any]:
        return self.about.get("machine") or {}

    @property
    def cost(self) -> Cost | None:
        return cost_of(self.folder)

    @property
    def command(self) -> str:
        return shlex.join(portable_overrides(list(self.about.get("overrides", []))))

    @property
    def chosen(self) -> list[str]:
        found = portable(self.choices)
        return [f"{group}={option}" for group, option in found.items() if group not in UNTOLD]

    @property
    def command_makes(self) -> bool | None:
        """Whether the overrides compose to this run; None where they do not compose here."""
        overrides = list(self.about.get("overrides", []))
        try:
            cfg = checked_compose(overrides)
            return plan(plain(cfg), choices(cfg), overrides).id == self.id
        except Exception:  # another version's groups, a folder or a secret that is gone
            return None

    @property
    def table(self) -> str | None:
        """The scores; None for those of an older version, which recorded other things."""
        with suppress(TypeError, KeyError):
            content = portable(self.scores)
            protocol = Protocol(**content["protocol"])
            return format_table(content["scores"], protocol, content.get("skipped"))
        return None

    @property
    def built_on(self) -> list[tuple[str, str]]:
        """The runs before it, as `damsm-plumage/<id>`: without where outputs are."""
        found = {role: str(place) for role, place in (self.about.get("built_on") or {}).items()}
        homes = {r: p if p.startswith(("/", "~/")) else "/" + p for r, p in found.items()}
        return [(role, str(portable(place))) for role, place in homes.items()]

    @property
    def packaged(self) -> list[tuple[str, str]]:
        """The command that installs each part that comes from a package, and its licence."""
        return packages_of(self.config["system"], self.holds)

    @property
    def environment(self) -> dict[str, Any] | None:
        return self._newest("environment")

    @property
    def packages(self) -> str:
        found = (self.environment or {}).get("packages", {})
        return ", ".join(markdown.plain(f"{name} {v}") for name, v in found.items() if v)

    @property
    def git(self) -> dict[str, Any] | None:
        return self._newest("git")

    def _newest(self, name: str) -> dict[str, Any] | None:
        """What the last part of the training ran with: `git.json`, or `git-2.json` and so on."""
        found = files.parts_of(self.folder, name)
        try:
            return dict(portable(files.read(found[-1], f"{name}.json"))) if found else None
        except UserError:
            return None


def told(
    folder: Path,
    images: int | None = None,
    licence: str | None = None,
    holds: Contents | None = None,
    people: str | None = None,
) -> Told:
    """What a run folder says, with `images`, `licence`, `holds` and `people` as `card_of` takes
    them.

    Raises `UserError` where the folder is no run.
    """
    config, about = files.run_config(folder), files.run_about(folder)
    facts = files.run_facts(folder)
    for part in ("trainer", "data", "system"):
        if not config.get(part):
            raise UserError(f"{folder / files.CONFIG}: is damaged ({part} is missing)")
    reached = files.reached(folder) if images is None else images
    licence = licence or str((config.get("export") or {}).get("licence") or "unknown")
    say = people or said_of(folder)
    scores = files.run_scores(folder)
    scored = scores["images"] if scores else None
    scores = scores if images in (None, scored) else None
    sheets = [path.name for path in sheets_of(folder, images)]
    sounds = heard_beside(folder) if sheets else []
    return Told(
        folder, config, about, facts, scores, reached, licence, sheets, sounds, scored, holds, say
    )
