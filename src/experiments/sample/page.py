"""Contact sheets of any number of pictures: pages that are written as soon as they are full."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.sample.picture import grid, readable, resize, save_png, table

PAGE = 64  # pictures of a page, or of the rows of one
COLUMNS = 8
SIDE = 256  # px: larger pictures are made smaller on a page of several captions

Entry = tuple[list[np.ndarray], str]  # pictures uint8 (H, W, 3), and the text under them
Layout = Callable[[Sequence[Entry]], Image.Image]


class Pages:
    """`name.png` where one page holds all entries, else `name-1.png`, `name-2.png`, ...

    No more than one page is in memory. Numbers have as many digits as the last one.
    """

    def __init__(self, name: Path, total: int, size: int, layout: Layout) -> None:
        """`total`: entries that will come; `size`: of a page; `layout` draws one."""
        assert total >= 1 and size >= 1
        self.name, self.total, self.size, self.layout = name, total, size, layout
        self.count = -(-total // size)
        self.seen, self.waiting = 0, list[Entry]()
        self.written: list[Path] = []

    def add(self, pictures: list[np.ndarray], text: str) -> None:
        """The next entry; the last one writes the last page."""
        self.waiting.append((pictures, text))
        self.seen += 1
        assert self.seen <= self.total, "more entries than were announced"
        if len(self.waiting) < self.size and self.seen < self.total:
            return
        path = self.name.with_name(self.name.name + ".png")
        if self.count > 1:
            number = f"{len(self.written) + 1:0{len(str(self.count))}}"
            path = self.name.with_name(f"{self.name.name}-{number}.png")
        save_png(self.layout(self.waiting), path)
        self.written.append(path)
        self.waiting = []


def squares(entries: Sequence[Entry], columns: int | None = None) -> Image.Image:
    """The first picture of every entry with its text under it."""
    pixels = np.stack([pictures[0] for pictures, _ in entries])
    return grid(pixels.transpose(0, 3, 1, 2), columns, [text for _, text in entries])


def rows(
    entries: Sequence[Entry], titles: Sequence[str], heading: Sequence[str] = ()
) -> Image.Image:
    """One row for each entry, a title above each column, and lines of text above all."""
    columns = [np.stack(column) for column in zip(*(e[0] for e in entries), strict=True)]
    width = readable(max(column.shape[2] for column in columns))
    return table(columns, titles, [text for _, text in entries], width, heading)


def on_page(pixels: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) as it stands among many: at most 256 px wide."""
    height, width = pixels.shape[:2]
    if width <= SIDE:
        return pixels
    return np.asarray(resize(pixels, SIDE, round(SIDE * height / width)))
