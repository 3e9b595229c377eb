"""`data.filter`: which clips are trained on; all that are left out are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.clip.write import write_clip
from experiments.data.reader.digits import Digits
from experiments.data.record import Record
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.share import with_share
from experiments.data.store.sift import Measuring, Sift, sifted
from experiments.terminal.error import BadInput, UserError
from tests.clip.made import numbered


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Some of its digits stand still."""
    few: dict[str, Any] = {"frames": 4, "side": 16, "train_clips": 40, "test_clips": 10}
    reader = Digits(motions=["axis", "still"], glyphs="drawn", **few)
    return open_dataset(reader, 16, tmp_path_factory.mktemp("digits"), quiet=True, workers=1)


def test_a_reason_names_the_first_bound_that_a_clip_misses() -> None:
    sift = Sift(side=64, motion=20.0, cuts=1)
    assert sift.reason(64, 20, 1) == ""
    assert sift.reason(63, 0, 9) == "below 64 px"
    assert sift.reason(64, 19.9, 9) == "moves less than 20 grey levels a second"
    assert sift.reason(64, 20, 2) == "more than 1 cuts"
    assert Sift().reason(1, 0, 99) == ""


def test_clips_that_stand_still_are_not_trained_on(digits: Dataset) -> None:
    found = sifted(digits, Sift(motion=1.0))
    column = list(digits.attribute_values).index("motion")
    still = digits.attribute_values["motion"].index("still")
    gone = int((digits.train.attributes[:, column] == still).sum())
    assert 0 < gone < 40
    assert not (found.train.attributes[:, column] == still).any()
    assert len(found.train) == 40 - gone and list(found.test.keys) == list(digits.test.keys)
    why = "moves less than 1 grey levels a second"
    assert found.report["filter"] == {"of": 40, "reasons": {why: gone}}
    assert f"data.filter leaves out {gone} {why} of 40 clips" in found.summary
    assert "data.filter leaves out" in with_share(found, 0.5).summary
    assert sifted(digits, Sift()) is digits


class Torn(Digits):
    """One of its clips breaks off."""

    def clip(self, record: Record) -> tuple[np.ndarray, float]:
        if record.key == next(iter(self.read())).key:
            raise BadInput("video ends before its header says")
        return super().clip(record)


@pytest.mark.parametrize("clips", [40, 120])
def test_a_clip_that_cannot_be_opened_is_dropped_with_its_reason(
    tmp_path: Path, clips: int
) -> None:
    reader = Torn(glyphs="drawn", frames=4, side=16, train_clips=clips, test_clips=10)
    data = open_dataset(reader, 16, tmp_path, quiet=True, workers=1)
    if clips == 40:
        with pytest.raises(UserError, match="video ends before its header says"):
            sifted(data, Sift(cuts=99))
        return
    found = sifted(data, Sift(cuts=99))
    assert found.report["reasons"] == {"video ends before its header says": 1}
    assert len(found.train) == 119 and found.report["filter"] == {"of": 119, "reasons": {}}


def test_none_left_is_told(digits: Dataset) -> None:
    with pytest.raises(UserError, match=r"data\.filter: leaves none of 40 clips .*40 below 64 px"):
        sifted(digits, Sift(side=64))


def test_a_video_is_measured_as_it_lies_there(tmp_path: Path) -> None:
    class Films:
        def clip(self, record: None) -> Path:
            return write_clip(numbered(4, 20, 24), tmp_path / "film.gif", 10.0)

    (found,) = Measuring()(Films(), None)  # type: ignore[arg-type]
    # Each step is 8 grey levels, and 4 in a quarter of the frame: 7, ten times a second.
    assert found.shape == (1, 3)
    assert found[0].tolist() == pytest.approx([20, 70, 0], rel=0.05)
