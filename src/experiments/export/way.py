"""What a run makes of what, where sounds are one side of it, as a model card tells it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.file.markdown import code, plain
from experiments.run import folder as files
from experiments.run.reader import excerpts_of, hears_sounds

Ways = Mapping[tuple[str, ...], str]
USES = {
    ("sound", "picture"): 'images = model.sample(sound=["song.wav"], seed=0)  # pictures of it',
    ("picture", "sound"): 'sounds = model.sing(["bird.png"], seed=0)  # pairs of samples and rate',
}
ASKED = {"sound": "sample.sound=song.wav", "picture": "sample.picture=bird.png"}


def ways_of(folder: Path) -> Ways:
    """What a run or an export makes, by what it is asked; none where no sound is a side of it."""
    made = files.run_facts(folder).get("makes") or []
    return {tuple(asks): makes for asks, makes in made if "sound" in (*asks, makes)}


def in_words(ways: Ways) -> str:
    """`sound to picture, picture to sound`."""
    return ", ".join(f"{' and '.join(asks)} to {makes}" for asks, makes in ways.items())


def uses(ways: Ways) -> list[str]:
    """A line of Python for each way."""
    return [line for way, line in USES.items() if ways.get((way[0],)) == way[1]]


def tags(ways: Ways) -> list[str]:
    """As the hub calls them: `sound-to-image`."""
    names = {"picture": "image"}
    return [
        f"{'-and-'.join(names.get(one, one) for one in asks)}-to-{names.get(makes, makes)}"
        for asks, makes in ways.items()
    ]


def asked_by(ways: Ways) -> list[str]:
    """The overrides of `task=sample` that ask for each way."""
    return [ASKED[asks[0]] for asks in ways if len(asks) == 1 and asks[0] in ASKED]


def hears_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A table on the sounds that a run was trained on, as Markdown; empty where it has none."""
    if not hears_sounds(config):
        return []
    rows: dict[tuple[str, str], None] = {}
    for excerpt in excerpts_of(config):
        if excerpt.get("of", "sound") != "sound":
            continue
        settings = dict(excerpt.get("frontend") or {})
        kind = str(settings.pop("_target_", "unknown")).rpartition(".")[2]
        told = ", ".join(f"{name} {value}" for name, value in settings.items() if value is not None)
        rows["front-end", f"{code(kind)}: {plain(told)}"] = None
        seconds = excerpt.get("seconds")
        rows["of each sound", plain(f"{seconds} s; a shorter one is padded, a longer one cut")] = (
            None
        )
        if excerpt.get("kept"):
            where = f"a random stretch of its first {excerpt['kept']} s; the middle in scores"
            rows["taken", plain(where)] = None
        if excerpt.get("size"):
            size = " x ".join(map(str, excerpt["size"]))
            rows["as a picture", plain(f"{size} bins and frames")] = None
    return list(rows)
