"""What task=sample asks of a run that makes clips: captions, pictures to start from, both, or
nothing; found and opened before torch loads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.data.record import CLIP
from experiments.run.fact import hears_run
from experiments.run.folder import run_facts
from experiments.sample.asked import Asked
from experiments.sample.crossed import PICTURE, pictures_of
from experiments.sample.told import heard_of, read_of, texts_of
from experiments.terminal.error import UserError

CAPTIONED = ("caption", "speech")
NOISE = "noise"
Way = tuple[str, ...]


def films(place: Path) -> list[Way]:
    """By which views a run is asked for clips; none where it makes no clips."""
    return [tuple(asks) for asks, made in run_facts(place).get("makes") or [] if made == CLIP]


def given_of(
    place: Path, config: Mapping[str, Any], ways: Sequence[Way]
) -> tuple[Way, list[Asked], list[Path], list[str]]:
    """By which way a run is asked, what it is told (`noise`, where that is nothing), the pictures
    that it starts from, and lines on what is passed over. Raises `UserError` for what the run
    cannot be asked for."""
    ways = [way for way in ways if CLIP not in way]
    if not ways:
        raise UserError(
            f"run={place}: completes clips, which it is given in Python: "
            "load(run).sample(clip=['bird.mp4'])"
        )
    options, offer = config["sample"], _offer(ways)
    if options["sound"] not in (None, "", []):
        raise UserError(f"sample.sound: not for run={place}, which makes clips; give {offer}")
    texts, blank = texts_of(config["text"], options["file"])
    notes = [*blank]
    told = bool(texts) or any(options[key] not in (None, "", []) for key in ("speech", "voice"))
    pictured = options["picture"] not in (None, "", [])
    for way in ways:
        if bool(set(way) & set(CAPTIONED)) == told and (PICTURE in way) == pictured:
            break
    else:
        given = " and ".join(
            [*(["a caption"] if told else []), *(["a picture"] if pictured else [])]
        )
        key = "sample.picture" if pictured and not told else "text"
        raise UserError(f"{key}: run={place} makes no clip of {given or NOISE + ' alone'}: {offer}")
    if options["between"] is not None and (pictured or not told):
        raise UserError(
            f"sample.between: run={place} draws on the way between captions alone; leave it away"
        )
    pictures = pictures_of(options["picture"]) if pictured else []
    if not told:
        return way, pictures or [Asked(NOISE)], [], notes
    if hears_run(place):
        asked, more = heard_of(place, texts, options)
        notes += more
    else:
        asked = read_of(place, texts, options)
    return way, asked, [one.recording for one in pictures if one.recording is not None], notes


def _offer(ways: Sequence[Way]) -> str:
    """What a run may be given."""
    shown = []
    for way in ways:
        parts = ["'text=a red bird lands'"] if set(way) & set(CAPTIONED) else []
        parts += ["sample.picture=bird.png"] if PICTURE in way else []
        shown.append(" with ".join(parts) or "num_samples alone")
    return ", or ".join(shown)
