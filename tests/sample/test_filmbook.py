"""Clips of invented data to look at."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from experiments.data.reader.plumage_clips import PlumageClips
from experiments.sample.filmbook import GAP, HEAD, SHOWN, SIDE, acting, fullest, main


def test_a_bird_for_each_action_and_sheets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path)]) == 0
    written = [Path(line) for line in capsys.readouterr().out.split()]
    assert sorted(written) == sorted(tmp_path.iterdir()) and len(written) == 9
    with Image.open(tmp_path / "3-hop.gif") as gif:
        assert gif.size == (128, 128) and gif.n_frames == 16
    with Image.open(tmp_path / "birds.png") as sheet:
        assert sheet.size == (SHOWN * (SIDE + GAP) + 13, 7 * (HEAD + SIDE) + 24)
    birds = acting(PlumageClips(images_per_species=7))
    assert [b.attributes["action"] for b in birds] == list(
        PlumageClips().attribute_values()["action"]
    )
    assert len({b.label for b in birds}) == 7 and min(b.label for b in birds) >= 320
    assert max(map(len, birds[0].mentions)) == len(
        birds[0].mentions[birds[0].captions.index(fullest(birds[0]))]
    )


def test_a_wrong_seed_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--out", str(tmp_path), "--seed", "-1"]) == 2
    assert "data.reader.seed=-1" in capsys.readouterr().err
