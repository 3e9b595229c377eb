"""Look: what the page asks of a drawing: its stages, maps of words, files and commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from experiments.app.page.desk import Desk
from experiments.app.page.wire import Answer, file_answer, map_answer, png_url


def looking(desk: Desk) -> list[Callable[[Any], Answer]]:
    """`detail` and `file`, which every part needs that shows drawings."""

    def detail(values: Any) -> Answer:
        drawing, number = desk.made(desk.given(values))
        made = drawing.made[number]
        return {
            "caption": drawing.wish.caption or "",
            "words": list(drawing.words),
            "stages": [{"url": png_url(s), "width": s.shape[1]} for s in made.stages],
            "maps": [map_answer(maps) for maps in made.maps or ()],
            "command": desk.session.command(drawing, number),
        }

    def file(values: Any) -> Answer:
        return file_answer(*desk.session.file(*desk.made(desk.given(values))))

    return [detail, file]
