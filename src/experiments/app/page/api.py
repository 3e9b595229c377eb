"""What Python may call through Gradio's own client; docs/app.md has an example."""

from __future__ import annotations

import base64
from typing import Any

import gradio as gr

from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.app.wish import Recording, Wish
from experiments.terminal.error import UserError


def api(session: Session) -> None:
    """`/models`, `/draw` and `/hear`, inside of the `Blocks` that are open."""

    def models() -> list[dict[str, Any]]:
        """The models that are served: name, title, run, what each takes and makes."""
        return [
            {
                "name": about.name,
                "title": about.title,
                "run": about.run,
                "takes": list(about.takes),
                "makes": about.makes,
            }
            for about in session.models
        ]

    def draw(model: str, caption: str, seed: int = 0, count: int = 1) -> list[dict[str, Any]]:
        """What a model makes of a caption, an entry for each seed: its name, and the content of its
        file in base64."""
        try:
            drawing = session.draw(model, Wish(caption, seed=seed, count=count))
            files = [session.file(drawing, number) for number in range(len(drawing.made))]
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return [
            {"seed": made.seed, "name": name, "data": base64.b64encode(content).decode()}
            for made, (name, content) in zip(drawing.made, files, strict=True)
        ]

    def hear(model: str, data: str) -> str:
        """What is said in a sound file, whose content is given in base64."""
        try:
            session.bounds.require_bytes(3 * len(data) // 4 - 2)
            content = decoded(data)
            return session.hear(model, Recording.of(content, session.bounds)).text
        except UserError as error:
            raise gr.Error(str(error), print_exception=False) from None

    for function in (models, draw, hear):
        gr.api(function, api_name=function.__name__, concurrency_limit=None)


def decoded(data: str) -> bytes:
    """Raises `Refused` for what is no base64."""
    try:
        return base64.b64decode(data, validate=True)
    except ValueError:
        raise Refused("data: is no base64 of a file's content") from None
