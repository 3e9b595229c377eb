"""What a model card says of a model that was trained on voices or faces of people.

The authors of Speech2Face (Oh et al. 2019) ask that its pictures are read as average faces with
traits that go together with a voice, never as who somebody is, and warn that its data are not all
people; the words are this project's. No card of such a model is written without them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from experiments.config.target import locate
from experiments.data.source import FACES, VOICES, source_of
from experiments.data.store.speech import AUTO, RECORDINGS, speech_of
from experiments.run.reader import hears_sounds, listens
from experiments.terminal.error import UserError

TITLE = "Voices and faces"
CHOICES = {"none": (), "voices": (VOICES,), "faces": (FACES,), "both": (VOICES, FACES)}
SAY = "export.people=none, voices, faces or both"


@dataclass(frozen=True)
class People:
    """What of people a run was trained on. `found`: voices, faces, both or neither. `said`: whether
    somebody knows; what nobody knows is taken to be of people. `sounds`: whether the run takes or
    makes sounds, so that it has to be known."""

    found: tuple[str, ...]
    said: bool
    sounds: bool

    @property
    def section(self) -> str:
        """The section of the card, as Markdown; empty where there are no people in the data."""
        return section(self) if self.found else ""


def people_of(config: Mapping[str, Any], facts: Mapping[str, Any], say: str | None) -> People:
    """Of a run with this `config.yaml` and `facts.json`. `say`: `export.people`, what its maker
    says, which adds to what is known of the data set and takes nothing of it away.

    Raises `UserError` where the maker says that there are none and it is known otherwise.
    """
    data = config.get("data") or {}
    known = source_of(data).people
    heard = _recorded(config, facts)
    sounds = hears_sounds(config)
    told = None if say is None else CHOICES[say]
    if known is None and told is None and sounds:
        return People((VOICES, FACES), False, sounds)
    found = {*(known or ()), *(told or ()), *((VOICES,) if heard else ())}
    if say == "none" and found and known is not None:  # of their own data only makers know
        has = " and ".join(_in_order(found))
        raise UserError(
            f"export.people=none: data={data.get('name')} has {has} of people; leave it away"
        )
    found = set() if say == "none" else found
    return People(_in_order(found), known is not None or told is not None, sounds)


def section(people: People) -> str:
    """What is said, as Markdown."""
    voices, faces = VOICES in people.found, FACES in people.found
    of = " and ".join(
        what for what, there in (("voices", voices), ("pictures of faces", faces)) if there
    )
    made = "a face, a voice or an answer" if voices and faces else "a face" if faces else "a voice"
    lines = [
        f"- **Read what it makes as an average**: {made} as it is common among the people of its "
        "data, with traits that go together with what it was given. It is never the likeness or "
        "the identity of a person.",
        "- **Traits are correlations.** Age, gender, origin and whatever else seems to be seen or "
        "heard in what it makes follow from its data, not from the person, and may be wrong of "
        "anybody.",
        "- **Its data are not all people.** Some languages, ages, origins and ways to speak or to "
        "look are many in them and others few or missing; of these it makes what is common in its "
        "data. Its scores are averages over the same people and do not show it.",
        "- **Do not use it to find out who somebody is, or to judge people**: not to identify, "
        "track or search for them, and not in decisions about them, as on work, credit, housing, "
        "insurance, borders or crime.",
        "- **Consent.** That somebody can be seen or heard on the net is no consent. Whoever "
        "passes this model on answers for the terms of its data; give it a voice or a face only of "
        "people who agreed to it.",
    ]
    if people.sounds or voices:
        lines.append(
            "- **Say that a machine made it** wherever what it makes is shown or played, and pass "
            "none of it off as somebody."
        )
    first = f"It was trained on {of} of people."
    if not people.said:
        first = (
            "Whether its sounds and pictures are of people, whoever trained it has not said "
            f"({SAY}). Until then this holds:"
        )
    return "\n".join([f"## {TITLE}", "", first, "", *lines])


def require_section(text: str, people: People, where: object) -> None:
    """Raise `UserError` for a card that lacks what it has to say of voices and faces."""
    if people.found and _plain(people.section) not in _plain(text):
        raise UserError(
            f'{where}: lacks the section "{TITLE}", or a sentence of it; a model that was trained '
            "on them has no card without it: put it back as task=export writes it"
        )


def require_said(people: People, data: object) -> None:
    """Raise `UserError` where nobody has said whether sounds of a maker's own are of people."""
    if not people.said and people.sounds:
        raise UserError(
            f"export.people: data={data} are your own, and the model learned from their sounds; "
            f"say whether these or their pictures are of people: {SAY}"
        )


def _in_order(found: set[str]) -> tuple[str, ...]:
    return tuple(part for part in (VOICES, FACES) if part in found)


def _recorded(config: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    """Whether captions are heard as people recorded them, and not as machines say them."""
    speech = facts.get("speech")
    if speech is not None:
        return not isinstance(speech.get("voices"), Mapping)
    if not listens(config):
        return False
    data = config.get("data") or {}
    voice, reader = speech_of(data).voice, (data.get("reader") or {}).get("_target_")
    if voice == AUTO:  # recordings, where the data have them
        return reader is not None and hasattr(locate(reader), "records_speech")
    return voice == RECORDINGS


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
