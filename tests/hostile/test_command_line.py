"""Hostile files through the real command line: one line on the terminal, and an exit code of 2."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.hostile.inputs import ALL, LAYOUTS, Case
from tests.hostile.layouts import place

CASES = (
    "folder_text: picture: link out of the root",
    "folder_text: name: colours of a terminal",
    "folder_text: captions: a million words",
    "folder_jsonl: metadata.jsonl: deep",
    "folder_jsonl: metadata.jsonl: pipe",
    "folder_csv: metadata.csv: a hundred thousand columns",
    "folder_csv: metadata.csv: a quote without end",
    "cub_native: image_class_labels.txt: huge",
    "cub_attngan: filenames.pickle: os.mkdir",
    "cub_pickled: captions.pickle: words with half a pair",
    "coco_native: captions_train2014.json: keys twice",
    "oxford102_stackgan: class_info.pickle: huge classes",
    "oxford102_reed: testclasses.txt: UTF-16",
)


@pytest.mark.parametrize("name", CASES)
def test_a_command_ends_with_a_line(
    name: str, commands: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    (case,) = {str(case): case for case in ALL if str(case) == name}.values()
    layout, made = LAYOUTS[case.layout.name], tmp_path_factory.getbasetemp() / "hostile"
    placed = place(layout, made, tmp_path / "one" / "root")
    case.put(placed, sorted(placed.pictures)[7], random.Random(0))
    arguments = _arguments(case, placed.root, tmp_path)
    job = commands.run(*arguments, outputs=None)
    text = job.text
    assert "Traceback" not in text and "\x1b" not in text, text
    assert job.wait() in (0, 2), text
    if job.wait() == 2:
        (line,) = job.errors
        assert len(line) < 1700 and line.isprintable()


def _arguments(case: Case, root: Path, folder: Path) -> list[str]:
    """The smallest run on the data set."""
    group = case.layout.name.partition("_")[0]
    return [
        "model=damsm",
        f"data={group}",
        f"data.root={root}",
        "debug=tiny",
        "encoder/image=part_cnn",
        "tracker=none",
        "launch.threads=1",
        "metric.independent=null",
        f"paths.outputs={folder / 'outputs'}",
        f"paths.cache={folder / 'cache'}",
    ]
