"""People rank two trained runs: command lines from the page to the mean ranks."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments import load
from experiments.human.answers import FORMAT
from experiments.human.key import read_key
from experiments.run import checkpoint

from .conftest import Commands

SIDE = 64


@pytest.fixture
def runs(trained: Path, tmp_path: Path) -> list[Path]:
    """The trained run, and a second one whose weights differ."""
    (first,) = (trained / "attngan_4stage-plumage").iterdir()
    second = shutil.copytree(first, tmp_path / "other-plumage" / "0011223344")
    for path in (second / "weights").glob("*.safetensors"):
        state = checkpoint.read(path)
        for module in state["export"].values():
            for tensor in module.values():
                if tensor.is_floating_point():
                    tensor.mul_(1.5)
        checkpoint.save_weights(second, **state)
    return [first, second]


def test_from_runs_to_mean_ranks(commands: Commands, runs: list[Path], tmp_path: Path) -> None:
    outputs = tmp_path / "outputs"
    asked = ["task=human_study", f"run=[{runs[0]},{runs[1]}]", "human.captions=3"]
    text = commands.ok(*asked, "human.pictures=2", "seed=4", outputs=outputs).text
    assert "3 of " in text and "captions of the test split, drawn by seed=4" in text
    (folder,) = (outputs / "human").iterdir()
    key, page = read_key(folder / "key.json"), (folder / "index.html").read_text()
    assert str(folder / "index.html") in text and key.seeds == [4, 5]
    assert not any(part in page for run in runs for part in (run.name, run.parent.name))

    # Its pictures are those that task=sample draws of the same caption and seed.
    (found,) = re.findall(r'id="content">(.*)</script>', page)
    for row, codes in zip(json.loads(found)["captions"], key.codes, strict=True):
        for picture in row["pictures"]:
            run = key.runs[codes[picture["code"]]].folder
            uris = [shown["image"] for shown in picture["shown"]]
            assert len(set(uris)) == 2
            drawn = load(run).sample([row["text"]] * 2, seed=4)
            for image, uri in zip(drawn, uris, strict=True):
                assert image.size == (SIDE, SIDE)
                assert similar(np.asarray(image), uri)

    again = folder / "index.html"
    again.unlink()
    commands.ok(*asked, "human.pictures=2", "seed=4", outputs=outputs)
    assert again.read_text() == page

    for number, person in enumerate(("ada", "ben")):
        rows = [
            {"caption": n, "given": [{code: run + 1 for code, run in codes.items()}], "seconds": n}
            for n, codes in enumerate(key.codes, 1)
        ]
        rows[0]["seconds"] = 10 + number
        saved = {"format": FORMAT, "page": key.page, "participant": person, "answers": rows}
        saved["saved"] = "2026-01-02T03:04:05.678Z"
        (folder / f"{person}.json").write_text(json.dumps(saved))
    (folder / "torn.json").write_text("{")
    text = commands.ok("task=human_rank", f"answers={folder}", outputs=outputs).text
    assert "left out: " in text and "Kendall's W 1.00" in text
    result = json.loads((folder / "human_rank.json").read_text())
    (ranked,) = result["questions"]
    assert [run["mean_rank"] for run in ranked["runs"]] == [1, 2]
    assert ranked["runs"][0]["folder"] == str(runs[0])


def test_what_cannot_be_asked_is_told_at_once(commands: Commands, runs: list[Path]) -> None:
    for arguments, line in (
        (["task=human_study"], "error: run: task=human_study compares runs; name two or more"),
        (["task=human_study", f"run={runs[0]}"], "error: run: task=human_study compares runs"),
        (["task=human_rank"], "error: answers: task=human_rank needs what people saved"),
        (["task=human_rank", "answers=none.json"], "error: answers=none.json: there is no such"),
    ):
        job = commands.run(*arguments, outputs=None)
        assert job.wait() == 2
        assert len(job.errors) == 1 and job.errors[0].startswith(line), job.text


def similar(pixels: np.ndarray, uri: str) -> bool:
    """Other pictures of a batch change sums in their rounding: one grey level at most."""
    shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))))
    return bool(np.abs(shown.astype(int) - pixels.astype(int)).max() <= 1)
