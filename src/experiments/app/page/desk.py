"""What the parts of the page share: the session, and the drawings that pages show."""

from __future__ import annotations

from typing import Any

from experiments.app.about import RECALL, About
from experiments.app.page.shown import Shown, size_of
from experiments.app.page.wire import Answer, Given, png_url, url_of
from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.app.wish import CAPTION, SPEECH, Drawing, Made, Recording, Wish
from experiments.metric.meaning import shown, title
from experiments.run.folder import is_export

INDEPENDENT = "/independent"  # an encoder that scores alone use
MIB = 1 << 20
FOUND = 4  # times as many pictures may be found as drawn


class Desk:
    """One session, for all who look at the page."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.held = Shown(int(session.request.options["memory"]) * MIB)

    def given(self, values: Any) -> Given:
        return Given(values, self.session.bounds)

    def recording(self, given: Given, name: str = "sound") -> Recording | None:
        content = given.content(name)
        return None if content is None else Recording.of(content, self.session.bounds)

    def wish(self, given: Given) -> Wish:
        """Of what a part of the page sends: caption, sound, picture, seed, count."""
        return Wish(
            given.some("caption"),
            self.recording(given),
            given.content("picture"),
            given.number("seed"),
            given.number("count"),
        )

    def show(self, drawing: Drawing) -> Answer:
        """A drawing as the page shows it: the last stage of each, with a name to ask by."""
        about = self.session.about(drawing.model)
        return {
            "id": self.held.add(drawing, size_of(drawing)),
            "model": about.name,
            "title": about.title,
            "run": about.run,
            "makes": kind_of(drawing),
            "caption": drawing.wish.caption or "",
            "unknown": list(drawing.unknown),
            "seconds": drawing.seconds,
            "made": [made_answer(made) for made in drawing.made],
        }

    def made(self, given: Given) -> tuple[Drawing, int]:
        """Which one of which drawing is asked for."""
        drawing, number = self.held.get(given.text("id"), Drawing), given.number("number")
        if not 0 <= number < len(drawing.made):
            raise Refused(f"number {number}: {len(drawing.made)} were drawn")
        return drawing, number

    def facts(self) -> Answer:
        """What the scripts need to know of the models, and of what may be sent."""
        bounds = self.session.bounds
        return {
            "models": [model_answer(about) for about in self.session.models],
            "bounds": {
                "letters": bounds.letters,
                "bytes": bounds.bytes,
                "seconds": bounds.seconds,
                "pictures": bounds.pictures,
                "found": FOUND * bounds.pictures,
            },
        }


def kind_of(drawing: Drawing) -> str:
    first = drawing.made[0]
    return "clip" if first.clip is not None else "sound" if first.sound is not None else "picture"


def made_answer(made: Made) -> Answer:
    answer = {
        "seed": made.seed,
        "side": made.stages[-1].shape[1],
        "url": url_of(made.clip, "image/gif") if made.clip else png_url(made.stages[-1]),
    }
    if made.clip is not None:
        answer["clip"] = answer["url"]
    if made.sound is not None:
        answer["sound"] = url_of(made.sound, "audio/wav")
    return answer


def model_answer(about: About) -> Answer:
    return {
        "name": about.name,
        "title": about.title,
        "run": about.run,
        "takes": list(about.takes),
        "makes": about.makes,
        "ways": [{"asks": list(asks), "makes": makes} for asks, makes in about.ways],
        "styled": about.styled,
        "walks": walks(about),
        "compares": compares(about),
        "finds": about.finds,
        "examples": list(about.examples),
        "recall": recalls(about),
        "untold": how_to_know(about) if about.sees else "",
    }


def walks(about: About) -> bool:
    """Whether there are ways between two captions."""
    return about.makes == "picture" and "caption" in about.takes and not about.styled


def compares(about: About) -> bool:
    """Whether a caption and a seed are enough for it, or a seed alone."""
    return not about.styled and any(set(asks) <= {CAPTION, SPEECH} for asks, _ in about.ways)


def how_to_know(about: About) -> str:
    """What tells it of a run that was scored before it was a score."""
    if is_export(about.place.folder):
        return "is not known of this export; task=evaluate tells it of the run that it was made of."
    return (
        f"is not known yet: python run.py task=evaluate run={about.place} tells it, to a page that "
        "is started after it."
    )


def recalls(about: About) -> list[str]:
    """How often captions found their own real picture, beside chance, a line for each; by the run's
    own encoders, which look for pictures here as well."""
    lines = []
    for name, value in about.scores.items():
        base = name.removesuffix("/real")
        if name == base or not base.startswith(RECALL) or base.endswith(INDEPENDENT):
            continue
        chance = about.scores.get(f"{base}/chance")
        beside = "" if chance is None else f" (chance {shown(base, chance)})"
        lines.append(f"{title(base)} {shown(base, value)}{beside}")
    return lines
