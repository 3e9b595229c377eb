"""Listen: a song and its bird, both ways, where models do that."""

from __future__ import annotations

import gradio as gr

from experiments.app.page.describe import drawing
from experiments.app.page.desk import Desk
from experiments.app.page.look import looking
from experiments.app.page.part import part
from experiments.app.session import Session

WAYS = ((("sound",), "picture"), (("picture",), "sound"))


def sings(session: Session) -> bool:
    """Whether a model makes a picture of a song, or a song of a picture."""
    return any(way in WAYS for about in session.models for way in about.ways)


def listen(desk: Desk) -> gr.HTML:
    return part("listen", desk, [*drawing(desk), *looking(desk)])
