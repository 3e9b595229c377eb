"""Compare: the same captions and seeds for several models, side by side, and which is preferred.

Where names are hidden, the order is thrown for each caption, and the browser is told nothing that
names a model until the person asks for it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from experiments.app.about import About
from experiments.app.page.describe import typing
from experiments.app.page.desk import Desk, made_answer
from experiments.app.page.look import looking
from experiments.app.page.part import part
from experiments.app.page.shown import size_of
from experiments.app.page.wire import Answer
from experiments.app.refusal import Refused
from experiments.app.wish import Drawing, Wish
from experiments.metric.meaning import better, headlines, shown, title

LETTERS = "ABCDEFGH"


@dataclass
class Comparison:
    """`drawings`: one for each model, in the order of the columns; `names`: whether the person
    knows them; `chosen`: rows for which a preference was noted."""

    drawings: tuple[Drawing, ...]
    names: bool
    chosen: set[int] = field(default_factory=set)

    def row(self, number: int) -> tuple[Drawing, ...]:
        """What each model made of one seed alone."""
        return tuple(one_of(drawing, number) for drawing in self.drawings)


def compare(desk: Desk) -> gr.HTML:
    noting = threading.Lock()  # two clicks are one preference

    def compare(values: Any) -> Answer:
        given = desk.given(values)
        models = list(dict.fromkeys(given.texts("models")))
        if not 2 <= len(models) <= len(LETTERS):
            raise Refused(f"{len(models)} models: compare 2 to {len(LETTERS)}")
        if given.yes("hidden"):
            random.SystemRandom().shuffle(models)
        wish = Wish(given.some("caption"), seed=given.number("seed"), count=given.number("count"))
        found = Comparison(desk.session.compare(models, wish), not given.yes("hidden"))
        answer = shown_of(found, desk) | (told_of(found, desk) if found.names else {})
        # After its drawings, which leave first where there is little room.
        return answer | {"id": desk.held.add(found, sum(map(size_of, found.drawings)))}

    def reveal(values: Any) -> Answer:
        found = desk.held.get(desk.given(values).text("id"), Comparison)
        found.names = True
        return told_of(found, desk)

    def prefer(values: Any) -> Answer:
        given = desk.given(values)
        found = desk.held.get(given.text("id"), Comparison)
        row, choice = given.number("row"), given.number("choice")
        if not 0 <= row < len(found.drawings[0].made) or not -1 <= choice < len(found.drawings):
            raise Refused(f"row {row}, choice {choice}: there is no such picture")
        with noting:
            if row in found.chosen:
                raise Refused("this was chosen already")
            liked = None if choice < 0 else choice
            desk.session.prefer(found.row(row), liked, hidden=not found.names)
            found.chosen.add(row)
        return {"noted": True}

    detail, _ = looking(desk)

    def inspect(values: Any) -> Answer:
        """Stages and words; never the command, which names the run."""
        return {key: value for key, value in detail(values).items() if key != "command"}

    inspect.__name__ = "detail"
    return part("compare", desk, [compare, reveal, prefer, inspect, *typing(desk)])


def one_of(drawing: Drawing, number: int) -> Drawing:
    """One seed of a drawing, as if nothing else had been asked for."""
    made = drawing.made[number]
    return replace(drawing, wish=replace(drawing.wish, seed=made.seed, count=1), made=(made,))


def shown_of(found: Comparison, desk: Desk) -> Answer:
    first = found.drawings[0]
    ids = [desk.held.add(drawing, size_of(drawing)) for drawing in found.drawings]
    rows = [
        {
            "seed": made.seed,
            "pictures": [
                made_answer(drawing.made[number]) | {"id": each, "number": number}
                for each, drawing in zip(ids, found.drawings, strict=True)
            ],
        }
        for number, made in enumerate(first.made)
    ]
    letters = list(LETTERS[: len(found.drawings)])
    caption = first.wish.caption or ""
    return {"caption": caption, "letters": letters, "rows": rows, "scores": []}


def told_of(found: Comparison, desk: Desk) -> Answer:
    """Names, and the scores of the runs."""
    abouts = [desk.session.about(drawing.model) for drawing in found.drawings]
    return {"names": [about.name for about in abouts], "scores": scores_of(abouts)}


def scores_of(abouts: list[About]) -> list[Answer]:
    """The headlines of the runs' cards: a row for each score, the best of them marked, and what
    real pictures and chance score."""
    every = list(dict.fromkeys(name for about in abouts for name in about.scores))
    rows = []
    for name in headlines(every):
        values = [about.scores.get(name) for about in abouts]
        rows.append(
            {
                "title": title(name),
                "values": [shown(name, value) for value in values],
                "best": best_of(name, values),
                "real": shown(name, beside(abouts, f"{name}/real")),
                "chance": shown(name, beside(abouts, f"{name}/chance")),
            }
        )
    return rows


def best_of(name: str, values: list[float | None]) -> int | None:
    way, there = better(name), [value for value in values if value is not None]
    if way is None or len(there) < 2:
        return None
    best = max(there) if way == "higher" else min(there)
    return values.index(best) if there.count(best) == 1 else None


def beside(abouts: list[About], name: str) -> float | None:
    """What all runs that say it agree on; None where they do not: then each card tells its own."""
    found: set[float] = set()
    for about in abouts:
        scores: Mapping[str, float] = about.scores
        if name in scores:
            found.add(scores[name])
    return found.pop() if len(found) == 1 else None
