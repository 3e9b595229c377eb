"""Describe: a caption that is typed, said, thrown or given as a file, and what comes of it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from experiments.app.page.desk import Desk
from experiments.app.page.look import looking
from experiments.app.page.part import part
from experiments.app.page.wire import Answer
from experiments.app.refusal import Refused


def describe(desk: Desk) -> gr.HTML:
    return part("describe", desk, [*typing(desk), *drawing(desk), *looking(desk)])


def typing(desk: Desk) -> list[Any]:
    """`words` marks what is typed; `dice` throws a caption; `hear` says what was said."""

    def words(values: Any) -> Answer:
        given = desk.given(values)
        found = desk.session.words(given.text("model"), given.text("text"))
        return {"words": [{"text": w.text, "known": w.known, "nearest": w.nearest} for w in found]}

    def dice(values: Any) -> Answer:
        return {"caption": desk.session.dice(desk.given(values).text("model"))}

    def hear(values: Any) -> Answer:
        given = desk.given(values)
        recording = desk.recording(given)
        if recording is None:
            raise Refused("there is no recording")
        heard = desk.session.hear(given.text("model"), recording)
        return {"text": heard.text, "changed": [list(pair) for pair in heard.changed]}

    return [words, dice, hear]


def drawing(desk: Desk) -> list[Any]:
    def draw(values: Any) -> Answer:
        given = desk.given(values)
        return desk.show(desk.session.draw(given.text("model"), desk.wish(given)))

    return [draw]
