"""What task=sample leaves in a run folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.data.store.dataset import Dataset
from experiments.sample.asked import Asked
from experiments.sample.caption import draw_captions
from experiments.sample.model import Model
from experiments.sample.name import digest, slug
from experiments.sample.picture import margin_of
from experiments.sample.request import Drawing
from experiments.system.base import System

CAPTIONS = ["a red bird with a black crown", "this bird is blue", "a bird with a white tail"]
ABOUT = '{"id": "34f6266e81", "choices": {}, "overrides": []}'
PLAIN = {"stages": False, "attention": True, "between": None}


@pytest.fixture
def model(birds: Dataset, make_attngan: Callable[..., System]) -> Model:
    words, config = list(birds.vocabulary.words), {"data": {"max_words": 12}}
    return Model(make_attngan().eval(), {"words": words}, config, 0)


def drawing(folder: Path, captions: list[str], count: int, **options: Any) -> Drawing:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(ABOUT)
    return Drawing(
        folder, list(map(Asked, captions)), list(range(5, 5 + count)), PLAIN | options, []
    )


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


def test_files_of_a_caption(model: Model, tmp_path: Path) -> None:
    written = draw_captions(model, drawing(tmp_path, CAPTIONS[:1], 2))
    (folder,) = (tmp_path / "drawn").iterdir()
    names = ["attention.png", "seed-5.png", "seed-6.png", "sheet.png"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert sorted(written) == sorted(folder.iterdir())
    for caption, seed in ((CAPTIONS[0], 5), (CAPTIONS[0], 6)):
        expected = np.asarray(model.sample([caption], seed)[0]).astype(int)
        assert np.abs(read(folder / f"seed-{seed}.png") - expected).max() <= 1


def test_every_stage(model: Model, tmp_path: Path) -> None:
    draw_captions(model, drawing(tmp_path, CAPTIONS[:1], 2, stages=True, attention=False))
    (folder,) = (tmp_path / "drawn").iterdir()
    names = ["seed-5-8px.png", "seed-5.png", "seed-6-8px.png", "seed-6.png"]
    assert sorted(path.name for path in folder.iterdir()) == [*names, "sheet.png", "stages.png"]
    assert read(folder / "seed-5-8px.png").shape == (8, 8, 3)
    with Image.open(folder / "stages.png") as sheet:
        assert sheet.width == 2 * 160 + 3 * margin_of(160)


def test_the_order_of_captions_changes_no_picture(model: Model, tmp_path: Path) -> None:
    """Nor does what else is asked for."""
    asked = {
        "one": (CAPTIONS, 2),
        "other": ([CAPTIONS[2], "a green bird", *CAPTIONS[:2]], 2),
        "more": (CAPTIONS[1:], 3),
    }
    for name, (captions, count) in asked.items():
        draw_captions(model, drawing(tmp_path / name, captions, count))
    for caption in CAPTIONS[1:]:
        for seed in (5, 6):
            place = Path("drawn") / slug(caption) / f"seed-{seed}.png"
            one, *others = (read(tmp_path / name / place) for name in asked)
            assert all(np.abs(one - other).max() <= 1 for other in others)


def test_the_sheet_of_all_captions(model: Model, tmp_path: Path) -> None:
    """One row for each caption where each has several pictures, else side by side."""
    widths = {}
    for count in (1, 3, 9):
        written = draw_captions(model, drawing(tmp_path, CAPTIONS, count))
        assert written[-1].name.startswith("sheet-") and written[-1].parent.name == "drawn"
        with Image.open(written[-1]) as sheet:
            widths[count] = sheet.width
    gap = margin_of(160)
    assert widths == {count: gap + n * (160 + gap) for count, n in ((1, 3), (3, 3), (9, 8))}
    draw_captions(model, drawing(tmp_path, CAPTIONS[::-1], 3))
    assert len(list((tmp_path / "drawn").glob("sheet-*.png"))) == 4, "none replaces another"


def test_many_captions(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    captions = [f"a bird number {number}" for number in range(130)]
    looked, stages = [], model.stages

    def counted(some: list[str], seeds: list[int], attention: bool = False) -> Any:
        looked.append((len(some), attention))
        return stages(some, seeds, attention)

    monkeypatch.setattr(model, "stages", counted)
    written = draw_captions(model, drawing(tmp_path, captions, 1))
    assert max(looked) == (16, False), "small batches, and no attention"
    sheets = [path.name for path in written if path.parent.name == "drawn"]
    assert [name[-6:] for name in sheets] == ["-1.png", "-2.png", "-3.png"]
    assert len(list((tmp_path / "drawn").glob("*/seed-5.png"))) == 130
    out, err = capsys.readouterr()
    assert "130 captions, pictures of each: 1, in" in out and "3 pages, from" in out
    assert "attention.png: left out, as there are more than 16 captions" in out
    assert out.count("\n") == 3 and "130/130 images" in err


def test_names() -> None:
    assert slug("A red bird!").startswith("a-red-bird-")
    assert slug("a red bird") != slug("A red bird") and slug("чёрная птица").startswith("text-")
    long = "a bird with a long tail and a beak that is longer than its wings are, and"
    assert slug(long + " red") != slug(long + " blue") and len(slug(long * 9)) < 64
    assert slug("a bird", 1) != slug("a bird", 2)
    assert digest(["ab", "c"]) != digest(["a", "bc"])
