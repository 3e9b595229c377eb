"""Pictures on the way: their ends are pictures of captions and seeds, and grids are whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from experiments.data.store.dataset import Dataset
from experiments.sample.asked import Asked
from experiments.sample.between import between_captions, draw_between, shown
from experiments.sample.interpolation import BETWEEN, Interpolation
from experiments.sample.model import Model
from experiments.sample.picture import margin_of, to_pixels
from experiments.sample.request import Drawing
from experiments.system.base import System

CAPTIONS = ["a red bird with a black crown", "this bird is blue", "a bird with a white tail"]
OPTIONS = {"between": "sentence", "interpolation": "linear", "steps": 3}


@pytest.fixture
def make_model(
    birds: Dataset, make_attngan: Callable[..., System], make_system: Callable[..., System]
) -> Callable[..., Model]:
    """`make_model(kind)` with random weights."""

    def make(kind: str = "attngan") -> Model:
        system = make_attngan() if kind == "attngan" else make_system(kind)
        words = list(birds.vocabulary.words)
        return Model(system.eval(), {"words": words}, {"data": {"max_words": 12}}, 0)

    return make


def drawing(folder: Path, captions: list[str], seeds: list[int], **options: Any) -> Drawing:
    return Drawing(folder, list(map(Asked, captions)), seeds, OPTIONS | options, [])


def last(model: Model, caption: str, seed: int) -> np.ndarray:
    return to_pixels(model.stages([caption], [seed]).images[-1])[0].astype(int)


def read(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path)).astype(int)


@pytest.mark.parametrize("interpolation", BETWEEN)
@pytest.mark.parametrize("kind", ["attngan", "stackgan_v2"])
def test_from_caption_to_caption(
    make_model: Callable[..., Model], tmp_path: Path, kind: str, interpolation: Interpolation
) -> None:
    model = make_model(kind)
    asked = drawing(tmp_path, CAPTIONS, [4, 5], interpolation=interpolation)
    written = draw_between(model, asked)
    (folder,) = (tmp_path / "drawn").iterdir()
    assert folder.name.startswith("sentence-a-red-bird-with-a-black-crown-")
    assert sorted(written) == sorted(folder.iterdir()) and len(written) == 2 * (2 * 3 + 1)
    for leg in (1, 2):
        for row, seed in enumerate((4, 5), start=1):
            frames = [read(folder / f"leg-{leg}-row-{row}-step-{k}.png") for k in (1, 2, 3)]
            ends = last(model, CAPTIONS[leg - 1], seed), last(model, CAPTIONS[leg], seed)
            for frame, end in zip((frames[0], frames[2]), ends, strict=True):
                assert np.abs(frame - end).max() <= 1
            apart = np.abs(frames[0] - frames[2]).mean()
            assert 0 < np.abs(frames[1] - frames[0]).mean() < 2 * apart, "the middle is between"


def test_from_seed_to_seed(make_model: Callable[..., Model], tmp_path: Path) -> None:
    model = make_model("stackgan_v2")
    asked = drawing(tmp_path, CAPTIONS[:2], [7, 8, 9], between="noise", interpolation="spherical")
    written = draw_between(model, asked)
    (folder,) = (tmp_path / "drawn").iterdir()
    assert len(written) == 2 * (2 * 3 + 1)
    for row, caption in enumerate(CAPTIONS[:2], start=1):
        for leg, seed in enumerate((7, 8), start=1):
            for step, end in ((1, seed), (3, seed + 1)):
                frame = read(folder / f"leg-{leg}-row-{row}-step-{step}.png")
                assert np.abs(frame - last(model, caption, end)).max() <= 1


def test_a_row_and_a_column_stand_where_they_say(
    make_model: Callable[..., Model], tmp_path: Path
) -> None:
    draw_between(make_model("gan_cls"), drawing(tmp_path, CAPTIONS[:2], [0, 1], steps=4))
    (folder,) = (tmp_path / "drawn").iterdir()
    sheet, gap = read(folder / "leg-1.png"), margin_of(160)
    assert sheet.shape[1] == 4 * 160 + 5 * gap  # 16 px, ten times as large
    column = sheet[:, gap : gap + 160].reshape(len(sheet), -1)
    first = read(folder / "leg-1-row-1-step-1.png")
    (top,) = np.flatnonzero((column == np.repeat(first[0], 10, axis=0).ravel()).all(axis=1))[:1]
    for step in range(4):
        left = gap + step * (160 + gap)
        block = sheet[top : top + 160 : 10, left : left + 160 : 10]
        assert np.array_equal(block, read(folder / f"leg-1-row-1-step-{step + 1}.png"))


def test_words_of_both_captions_make_a_steady_way(make_model: Callable[..., Model]) -> None:
    """Those of the nearer one alone would leave a jump in the middle, however fine the steps."""
    model, steps = make_model(), 41
    text = between_captions(model, CAPTIONS[0], CAPTIONS[1], steps, "linear")
    made = model.draw_from(text, model.noise([0]).expand(steps, -1)).images[-1]
    jumps = (made[1:] - made[:-1]).flatten(1).norm(dim=1)
    assert jumps.max() < 0.25 * (made[-1] - made[0]).norm()
    ends = model.stages(CAPTIONS[:2], [0, 0]).images[-1]
    torch.testing.assert_close(made[[0, -1]], ends, rtol=1e-4, atol=1e-5)


def test_long_ways_and_many_rows(make_model: Callable[..., Model], tmp_path: Path) -> None:
    model = make_model("gan_cls")
    written = draw_between(model, drawing(tmp_path, CAPTIONS[:2], list(range(10)), steps=40))
    names = [path.name for path in written]
    assert len(names) == 10 * 40 + 2 and names[-2:] == ["leg-1-1.png", "leg-1-2.png"]
    assert names[0] == "leg-1-row-01-step-01.png" and names[399] == "leg-1-row-10-step-40.png"
    with Image.open(written[-1]) as sheet:
        assert sheet.width == 16 * 160 + 17 * margin_of(160)
    assert shown(3) == [0, 1, 2] and shown(16) == list(range(16))
    assert shown(40)[0] == 0 and shown(40)[-1] == 39 and len(set(shown(40))) == 16


def test_another_request_has_another_folder(
    make_model: Callable[..., Model], tmp_path: Path
) -> None:
    model = make_model("gan_cls")
    for change in ({}, {"steps": 4}, {"interpolation": "spherical"}, {"between": "noise"}):
        draw_between(model, drawing(tmp_path, CAPTIONS[:2], [0, 1], **change))
    draw_between(model, drawing(tmp_path, CAPTIONS[:2], [1, 2]))
    draw_between(model, drawing(tmp_path, CAPTIONS, [0, 1]))
    assert len(list((tmp_path / "drawn").iterdir())) == 6
