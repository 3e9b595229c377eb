"""Who may read what a command writes is for the umask to say: a group, everybody, or nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Commands

SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "umask", [0o077, pytest.param(0o002, marks=SLOW), pytest.param(0o022, marks=SLOW)]
)
def test_every_file_is_as_the_umask_wants_it(
    commands: Commands, tmp_path: Path, umask: int
) -> None:
    """Data, runs with their scores and pictures, an export, and a report."""
    outputs, cache = tmp_path / "outputs", tmp_path / "cache"
    before = os.umask(umask)
    try:
        outputs.mkdir()
    finally:
        os.umask(before)

    def ask(*arguments: str, among: Path | None = outputs) -> None:
        own = [f"paths.cache={cache}"] if among else [f"paths.outputs={outputs}"]
        job = commands.start(
            *arguments, *own, outputs=among, before=f"import os; os.umask({umask})"
        )
        assert job.wait() == 0, job.text

    ask("model=gan_cls", "~metric", "trainer.sample_every=8", "tracker=tensorboard")
    (run,) = (outputs / "gan_cls-plumage").iterdir()
    ask("task=sample", f"run={run}", "text=a red bird", among=None)
    ask("task=export", f"run={run}", among=None)
    ask("task=report", among=None)
    wrong = {}
    for folder in (outputs, cache):
        for path in [folder, *folder.rglob("*")]:
            full = 0o777 if path.is_dir() else 0o666
            if path.stat().st_mode & 0o777 != full & ~umask:
                wrong[str(path.relative_to(tmp_path))] = oct(path.stat().st_mode & 0o777)
    assert wrong == {}
    kinds = {path.suffix for path in outputs.rglob("*") if path.is_file()}
    assert kinds >= {".safetensors", ".json", ".jsonl", ".png", ".yaml", ".html", ".csv", ".md"}
