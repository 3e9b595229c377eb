"""Contact sheets in pages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.sample.page import COLUMNS, SIDE, Pages, on_page, rows, squares
from experiments.sample.picture import margin_of


def picture(value: int, size: int = 64) -> np.ndarray:
    return np.full((size, size, 3), value, dtype=np.uint8)


@pytest.mark.parametrize(
    ("total", "names"),
    [
        (1, ["sheet.png"]),
        (3, ["sheet.png"]),
        (4, ["sheet-1.png", "sheet-2.png"]),
        (30, [f"sheet-{page:02}.png" for page in range(1, 11)]),
    ],
)
def test_names_of_pages(tmp_path: Path, total: int, names: list[str]) -> None:
    shown: list[list[str]] = []

    def layout(entries: list[tuple[list[np.ndarray], str]]) -> Image.Image:
        shown.append([text for _, text in entries])
        return Image.fromarray(entries[0][0][0])

    pages = Pages(tmp_path / "sheet", total, 3, layout)  # type: ignore[arg-type]
    for index in range(total):
        assert len(pages.waiting) < 3, "no more than a page is kept"
        pages.add([picture(index)], str(index))
    assert [path.name for path in pages.written] == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [text for page in shown for text in page] == [str(index) for index in range(total)]


def test_squares_keep_their_columns_on_the_last_page() -> None:
    gap = margin_of(192)
    sheet = squares([(([picture(10)]), "a bird")] * 3, COLUMNS)
    assert sheet.width == 3 * 192 + 4 * gap
    assert squares([([picture(10)], "a bird")] * 9, COLUMNS).width == 8 * 192 + 9 * gap


def test_rows_stand_under_their_titles_and_the_heading() -> None:
    entries = [([picture(10), picture(20)], "seed 0"), ([picture(30), picture(40)], "seed 1")]
    plain = rows(entries, ["0 %", "100 %"])
    gap = margin_of(192)
    assert plain.width == 2 * 192 + 3 * gap
    for sheet in (plain, rows(entries, ["0 %", "100 %"], ["0 %: a red bird", "100 %: a blue one"])):
        pixels = np.asarray(sheet.convert("L"))
        tops = []
        for column, values in ((gap, (10, 30)), (gap + 192 + gap, (20, 40))):
            line = pixels[:, column + 4].tolist()
            assert [line.count(value) for value in values] == [192, 192]
            tops.append([line.index(value) for value in values])
        assert tops[0] == tops[1]
        above = pixels[: tops[0][0]]
        assert above.min() < 180, "titles are written"
    assert sheet.height > plain.height and above[: above.shape[0] // 2].min() < 100


def test_large_pictures_are_small_on_a_page() -> None:
    assert on_page(picture(7, 512)).shape == (SIDE, SIDE, 3)
    small = picture(7, 64)
    assert on_page(small) is small
