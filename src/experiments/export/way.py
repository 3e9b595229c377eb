"""What a run makes of what, where sounds or clips are one side of it, as a model card tells it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.file.markdown import code, plain
from experiments.run import folder as files
from experiments.run.reader import excerpts_of, forms_of, hears_sounds
from experiments.terminal.line import number_of

Ways = Mapping[tuple[str, ...], str]
FRAMES = "frames uint8 (T, H, W, 3) of each"
USES = {
    (("sound",), "picture"): 'images = model.sample(sound=["song.wav"], seed=0)  # pictures of it',
    (
        ("picture",),
        "sound",
    ): 'sounds = model.sing(["bird.png"], seed=0)  # pairs of samples and rate',
    (("caption",), "clip"): f'clips = model.sample(["a red bird lands"], seed=0)  # {FRAMES}',
    (("speech",), "clip"): f'clips = model.sample(speech=["red-bird.wav"], seed=0)  # {FRAMES}',
    (("picture",), "clip"): f'clips = model.sample(picture=["bird.png"], seed=0)  # {FRAMES}',
    (("picture", "caption"), "clip"): (
        f'clips = model.sample(["it lands"], picture=["bird.png"], seed=0)  # {FRAMES}'
    ),
    ((), "clip"): f"clips = model.sample(count=4, seed=0)  # {FRAMES}",
}
ASKED = {
    "sound": "sample.sound=song.wav",
    "picture": "sample.picture=bird.png",
    "caption": "'text=...'",
    "speech": "sample.speech=red-bird.wav",
}
SIDES = {"sound", "clip"}


def ways_of(folder: Path) -> Ways:
    """What a run or an export makes, by what it is asked; none where no sound or clip is a side of
    it."""
    made = files.run_facts(folder).get("makes") or []
    return {tuple(asks): makes for asks, makes in made if SIDES & {*asks, makes}}


def in_words(ways: Ways) -> str:
    """`sound to picture, picture to sound`."""
    return ", ".join(f"{' and '.join(asks) or 'noise'} to {makes}" for asks, makes in ways.items())


def uses(ways: Ways) -> list[str]:
    """A line of Python for each way."""
    return [line for (asks, makes), line in USES.items() if ways.get(asks) == makes]


def tags(ways: Ways) -> list[str]:
    """As the hub calls them: `sound-to-image`."""
    names = {"picture": "image", "clip": "video", "caption": "text"}
    return [
        "-to-".join(
            (
                "-and-".join(names.get(one, one) for one in asks) or "unconditional",
                names.get(makes, makes),
            )
        )
        for asks, makes in ways.items()
    ]


def asked_by(ways: Ways) -> list[str]:
    """The overrides of `task=sample` that ask for each way."""
    asked = [[ASKED[one] for one in asks if one in ASKED] for asks in ways]
    found = [" ".join(one) or "num_samples=4" for one in asked]
    return list(dict.fromkeys(found))


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


def sees_rows(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A table on the clips that a run was trained on, as Markdown; empty where it sees none."""
    for form in forms_of(config)[:1]:
        frames, side, rate = form["frames"], form["side"], form.get("rate")
        grey = "grey" if form.get("channels", 3) == 1 else "colour"
        stride, kept = form.get("stride") or 1, form.get("kept")
        taken = (
            f"{rate:g} a second, by the times at which they are shown"
            if rate
            else "at equal distances over the whole clip"
        )
        told = f"{number_of(frames, 'frame')} of {side} x {side} px, {grey}"
        rows = [("of each clip", plain(told))]
        rows.append(("frames", plain(f"{taken}; the last is repeated where a clip is short")))
        if stride != 1 or (kept and kept != frames):
            where = f"a random stretch of {kept or 'what is kept'}; the middle in scores"
            rows.append(("taken", plain(f"each {stride}. frame of {where}")))
        return rows
    return []
