"""The page as Gradio's `Blocks`: its parts in tabs, and the functions that Python may call."""

from __future__ import annotations

import gradio as gr

from experiments.app.page.about import about
from experiments.app.page.api import api
from experiments.app.page.compare import compare
from experiments.app.page.describe import describe
from experiments.app.page.desk import Desk, compares
from experiments.app.page.explore import explore
from experiments.app.page.find import find
from experiments.app.page.listen import listen, sings
from experiments.app.session import Session


def page(session: Session) -> gr.Blocks:
    """Nothing is loaded for it but what the session has loaded."""
    desk = Desk(session)
    with gr.Blocks(title="Birdsong", analytics_enabled=False, fill_width=True) as blocks:
        gr.HTML(
            served(session),
            html_template="",
            js_on_load="birdsong.top({ element, props });",
            apply_default_css=False,
            elem_id="top",
        )
        with gr.Tabs(elem_id="parts"):
            with gr.Tab("Describe"):
                describe(desk)
            if any("caption" in model.takes for model in session.models):
                with gr.Tab("Explore"):
                    explore(desk)
            if sum(map(compares, session.models)) > 1:
                with gr.Tab("Compare"):
                    compare(desk)
            if any(model.finds for model in session.models):
                with gr.Tab("Find"):
                    find(desk)
            if sings(session):
                with gr.Tab("Listen"):
                    listen(desk)
            with gr.Tab("About"):
                about(session)
        api(session)
    return blocks


def served(session: Session) -> list[dict[str, str]]:
    """Which models, for the head of the page."""
    return [{"title": model.title, "run": model.run} for model in session.models]
