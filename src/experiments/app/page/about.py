"""About: the model card of each run."""

from __future__ import annotations

import re

import gradio as gr

from experiments.app.session import Session

PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\s*$", re.MULTILINE)  # files that a page is not given


def about(session: Session) -> None:
    for number, model in enumerate(session.models):
        with gr.Accordion(f"{model.name} · {model.run}", open=number == 0, elem_classes="card"):
            gr.Markdown(PICTURE.sub("", model.card), elem_classes="model-card")
