"""How a run hears, as a model card tells it: its front-end, whose voices, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.data.source import Source
from experiments.file.markdown import code, plain
from experiments.terminal.line import number_of

FEW = 6  # voices that are named
# What makes synthetic voices, by the first part of their names.
ENGINES = {
    "espeak": "eSpeak NG, GPL-3.0-or-later",
    "flite": "Flite, under its own licence like BSD",
    "piper": "Piper, GPL-3.0-or-later; its voice CC0-1.0",
}


@dataclass(frozen=True)
class Hearing:
    """`facts`: those of `facts.json`, under `speech`."""

    facts: Mapping[str, Any]
    source: Source

    @property
    def synthetic(self) -> bool:
        return isinstance(self.facts.get("voices"), Mapping)

    @property
    def engines(self) -> list[str]:
        """The families of its voices."""
        names = [*self._voices("train"), *self._voices("test")]
        return sorted({name.partition("/")[0] for name in names})

    @property
    def licence(self) -> str:
        """Of what is heard."""
        if self.synthetic:
            return "; ".join(ENGINES.get(name, f"{name}, unknown") for name in self.engines)
        return self.source.recordings

    @property
    def rows(self) -> list[tuple[str, str]]:
        """A table, as Markdown."""
        settings = dict(self.facts.get("frontend") or {})
        kind = settings.pop("class", "unknown")
        told = ", ".join(f"{name} {value}" for name, value in settings.items())
        found = [("front-end", f"{code(kind)}: {plain(told)}")]
        if "language" in self.facts:
            found.append(("language", plain(self.facts["language"])))
        if not self.synthetic:
            found.append(("voices", "recordings of the data set"))
        for split, use in (("train", "to train on"), ("test", "to test on")):
            if self.synthetic:
                found.append((f"voices of split {code(split)}", f"{self._told(split)}, {use}"))
        if self.synthetic:
            versions = sorted(set(map(str, (self.facts.get("versions") or {}).values())))
            by = "; ".join(versions) or ", ".join(self.engines)
            found.append(("spoken by", f"machines: {plain(by)}. No person was recorded"))
        heard = self.facts.get("heard") or {}
        if "captions" in heard:
            found.append(("captions that are heard", f"{heard['captions']:,}, of both splits"))
        if "seconds" in self.facts:
            found.append(("longest", f"{self.facts['seconds']:g} s; the rest is not heard"))
        return [*found, ("licence", plain(self.licence))]

    def _voices(self, split: str) -> list[str]:
        voices = self.facts.get("voices")
        return list(voices.get(split) or ()) if isinstance(voices, Mapping) else []

    def _told(self, split: str) -> str:
        names = self._voices(split)
        shown = ", ".join(map(code, names[:FEW]))
        more = ", ..." if len(names) > FEW else ""
        return f"{number_of(len(names), 'voice')} ({shown}{more})"
