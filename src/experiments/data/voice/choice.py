"""Which voice says a caption, how fast and how high: by the caption's key alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from experiments.data.voice.speak import ENGINES, LANGUAGE, check, engine_of, unknown
from experiments.terminal.error import UserError

RECORDINGS = "recordings"
AUTO = "espeak"  # what speaks where a data set has no recordings
SHARE = 5  # one voice of so many is kept for the test
# Words a minute, and pitch: broad to train on, as a hurried and a slow speaker say it, and as most
# people speak to test on.
TEMPO = {"train": (125, 235), "test": (145, 205)}
PITCH = {"train": (20, 80), "test": (35, 65)}
# Variants of espeak for women and children: those whose pitch is above 165 Hz, and one that
# whispers. Flite's woman.
HIGH = frozenset(
    "espeak/" + name
    for name in (
        *("Alicia", "Andrea", "Annie", "anika", "anikaRobot", "aunty", "belinda"),
        *("f1", "f2", "f3", "f4", "f5", "grandma", "linda", "shelby"),
        *("steph", "steph2", "steph3", "whisperf", "zac"),
    )
) | {"flite/slt"}
# Effects rather than people: trained on, never tested on.
EFFECTS = re.compile(r"espeak/(Demonic|.*[Rr]obot|robosoft\d?|croak|whisperf?)")
# Variants that differ by less than 0.8 in the mean of their log spectra: one speaker.
ALIKE = (
    ("adam", "benjamin", "david", "edward", "edward2", "klatt", "mike2"),
    ("Hugo", "Henrique", "Diogo", "michel"),
    ("Mr serious", "Tweaky", "john", "norbert"),
    ("Michael", "Mario"),
)
SPEAKER = {f"espeak/{name}": f"espeak/{names[0]}" for names in ALIKE for name in names}
NUMBERED = re.compile(r"([A-Za-z]{2,}?)(?:Robot)?\d*")  # iven, iven2; but f1 and f2 are two women


@dataclass(frozen=True)
class Manner:
    """How one caption is said."""

    voice: str
    words_per_minute: int
    pitch: int


@dataclass(frozen=True)
class Voices:
    """The voices of a data set, by split; both empty where nothing is spoken."""

    train: tuple[str, ...]
    test: tuple[str, ...]

    def of(self, key: str, number: int, split: Literal["train", "test"]) -> Manner:
        """How caption `number` of the record `key` is said, in every process and on every machine:
        each voice as likely as another, tempo and pitch uniform within those of the split."""
        digest = hashlib.sha256(f"{split}\0{number}\0{key}".encode(errors="surrogatepass")).digest()
        first, second, third = (int.from_bytes(digest[k : k + 8], "big") for k in (0, 8, 16))
        voices = self.train if split == "train" else self.test
        return Manner(
            voices[first % len(voices)], _within(TEMPO[split], second), _within(PITCH[split], third)
        )

    def check(self, language: str = LANGUAGE) -> None:
        """See `experiments.data.voice.speak.check`, for each voice."""
        for voice in sorted({*self.train, *self.test}):
            check(voice, language)


def voices_of(option: str | Sequence[str], unheard: bool) -> Voices:
    """The voices that `data.speech.voice` names: a voice, a family, several, `auto`, `recordings`.

    `unheard`: a fifth of the speakers, of the low and of the high, are kept for the test, none of
    them near to one that is trained on. Raises `UserError` for an unknown name, and where there are
    too few speakers for both.
    """
    if option == RECORDINGS:
        return Voices((), ())
    voices = _named([option] if isinstance(option, str) else option)
    if not unheard:
        return Voices(voices, voices)
    test = _kept(voices)
    train = tuple(voice for voice in voices if voice not in test)
    if not train or not test:
        said = option if isinstance(option, str) else ",".join(option)
        raise UserError(
            f"data.speech.voice={said}: one speaker cannot be heard and unheard; name several, or "
            "test on the voices that are trained on with data.speech.unheard=false"
        )
    return Voices(train, test)


def speaker_of(voice: str) -> str:
    """A name that voices share which sound nearly alike."""
    family, _, name = voice.partition("/")
    found = NUMBERED.fullmatch(name)
    stem = f"{family}/{found[1] if found else name}"
    return SPEAKER.get(voice) or SPEAKER.get(stem, stem)


def _named(options: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for option in options:
        family = AUTO if option == "auto" else option
        if "/" not in family:
            if family not in ENGINES:
                raise unknown(option)
            found += (f"{family}/{name}" for name in ENGINES[family].voices())
        else:
            engine, name = engine_of(family)
            engine.require(name)
            found.append(family)
    if not found:
        raise UserError("data.speech.voice= names no voice; use data.speech.voice=auto")
    return tuple(sorted(set(found)))


def _kept(voices: Sequence[str]) -> tuple[str, ...]:
    """Those of every fifth speaker, by the hash of the name, at least one."""
    speakers: dict[str, list[str]] = {}
    for voice in voices:
        speakers.setdefault(speaker_of(voice), []).append(voice)
    people = [one for one, his in speakers.items() if not any(map(EFFECTS.fullmatch, his))]
    kept: list[str] = []
    for high in (False, True):
        those = [one for one in people if (speakers[one][0] in HIGH) == high]
        those.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
        kept += those[: max(len(those) // SHARE, int(len(those) > 1))]
    if not kept and len(speakers) > 1:  # one low and one high, or effects alone
        kept = sorted(people or speakers)[:1]
    return tuple(sorted(voice for one in kept for voice in speakers[one]))


def _within(bounds: tuple[int, int], number: int) -> int:
    first, last = bounds
    return first + number % (last + 1 - first)
