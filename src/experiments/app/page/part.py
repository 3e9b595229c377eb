"""One part of the page: an element, the script of its name, and the functions that it may call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import gradio as gr

from experiments.app.page.desk import Desk
from experiments.app.page.wire import Answer, told


def part(name: str, desk: Desk, functions: Sequence[Callable[[Any], Answer]]) -> gr.HTML:
    """The script gets what `Desk.facts` says, and calls the functions by their names. All they get
    is checked by them; what they raise for a person is told as a line."""
    return gr.HTML(
        desk.facts(),
        html_template="",
        js_on_load=f"birdsong.{name}({{ element, props, server }});",
        apply_default_css=False,
        elem_id=name,
        server_functions=[told(function) for function in functions],
    )
