"""Find: the nearest real pictures to words that are typed or spoken."""

from __future__ import annotations

from typing import Any

import gradio as gr

from experiments.app.page.describe import typing
from experiments.app.page.desk import Desk
from experiments.app.page.part import part
from experiments.app.page.wire import Answer, png_url


def find(desk: Desk) -> gr.HTML:
    def find(values: Any) -> Answer:
        given = desk.given(values)
        model, recording = given.text("model"), desk.recording(given)
        asked, text = recording or given.text("caption"), ""
        if recording is not None and "speech" not in desk.session.about(model).takes:
            asked = text = desk.session.hear(model, recording).text
        found = desk.session.find(model, asked, given.number("count"))
        return {
            "text": text,
            "found": [
                {
                    "url": png_url(one.picture),
                    "side": one.picture.shape[1],
                    "caption": one.caption,
                    "key": one.key,
                    "similarity": one.similarity,
                }
                for one in found
            ],
        }

    return part("find", desk, [find, *typing(desk)])
