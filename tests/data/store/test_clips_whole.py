"""A folder of clips through the whole of it: records, pictures, the store of clips, a batch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clip_trees import gif

from experiments.clip.form import ClipForm
from experiments.data.batches import Batches
from experiments.data.reader.clips import Clips as Reader
from experiments.data.store.dataset import open_dataset
from experiments.data.view.caption import CaptionView
from experiments.data.view.clip import Clips, ClipView
from tests.clip.made import numbered, write_film


def test_clips_become_batches_and_broken_ones_are_counted(tmp_path: Path) -> None:
    pytest.importorskip("av")
    root = tmp_path / "clips"
    for number in range(101):
        gif(root / f"{number:03d}.gif", frames=4, height=20, width=24)
        (root / f"{number:03d}.txt").write_text(f"bird {number}\n")
    write_film(root / "film.mp4", numbered(4, 20, 24))
    (root / "film.txt").write_text("a film\n")
    (root / "050.gif").write_text("no clip")
    data = open_dataset(Reader(str(root)), None, tmp_path / "cache", quiet=True, workers=1)
    assert len(data.train) + len(data.test) == 101
    assert data.report["reasons"] == {"not a video, or a broken one": 1}
    view = ClipView(ClipForm(6, 16))
    views = [one.open(data, data.train) for one in (CaptionView(), view)]
    found = Batches(data.train, 4, 3, views)
    values = found.ready(found.at(0)).of(Clips).values
    assert values.shape == (4, 3, 6, 16, 16)
    corner = ((values[:, 0, :, 13, 13] + 1) * 127.5).round().numpy()
    # Four frames, and the last of them repeated.
    assert np.abs(corner - np.array([20, 28, 36, 44, 44, 44])).max() <= 3
