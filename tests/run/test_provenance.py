"""What a run folder tells, and what it must not."""

from __future__ import annotations

import json
import platform
import subprocess
from pathlib import Path

import pytest
import torch
import yaml

from experiments.run import patch, provenance
from experiments.run.patch import patch_of
from experiments.run.provenance import git_state, write_provenance

KEY = "0123456789abcdef0123456789abcdef01234567"


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "package").mkdir(parents=True)
    (folder / "package" / "code.py").write_text("a = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_environment_and_config_are_written(tmp_path: Path) -> None:
    config = {"generator": {"ngf": 32, "resolutions": [64, 128]}, "seed": 0, "name": None}
    write_provenance(tmp_path / "run", config)
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["python"] == platform.python_version()
    assert environment["packages"]["torch"] == torch.__version__
    assert environment["cpu"]["count"] >= 1
    assert len(environment["gpus"]) == torch.cuda.device_count()
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text()) == config
    assert {path.name for path in (tmp_path / "run").iterdir()} - {"git.patch"} == {
        "environment.json",
        "git.json",
        "code.json",
        "config.yaml",
    }


def test_nothing_private_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "marianne"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", "marianne")
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    config = {
        "paths": {"data": f"{home}/birds", "cache": f"{home}-more/x", "all": [str(home)]},
        "tracker": {"api_key": "short", "note": f"key {KEY} in a text", "token": None},
        "tokens": 18,
        "vocabulary": "token",
    }
    write_provenance(tmp_path / "run", config)
    files = [path for path in (tmp_path / "run").iterdir() if path.suffix != ".patch"]
    written = "".join(path.read_text() for path in files)
    assert KEY not in written
    assert "short" not in written
    assert f"{home}/" not in written
    assert platform.node() not in written.split()
    read = yaml.safe_load((tmp_path / "run" / "config.yaml").read_text())
    assert read["paths"] == {"data": "~/birds", "cache": f"{home}-more/x", "all": ["~"]}
    assert Path(read["paths"]["data"]).expanduser() == home / "birds"
    assert read["tracker"] == {"api_key": "<removed>", "note": "key <removed> in a text"} | {
        "token": None
    }
    assert (read["tokens"], read["vocabulary"]) == (18, "token")


def test_git_tells_commit_and_differences(repository: Path) -> None:
    state = git_state(repository / "package")
    assert state is not None
    assert len(state["commit"]) == 40
    assert (state["dirty"], state["untracked"], state["diff_stat"]) == (False, 0, [])
    (repository / "package" / "code.py").write_text("a = 2\n")
    (repository / "new.py").write_text("")
    changed = git_state(repository / "package")
    assert changed is not None
    assert changed["commit"] == state["commit"]
    assert (changed["dirty"], changed["untracked"]) == (True, 1)
    assert "code.py" in changed["diff_stat"][0]


def test_another_repository_in_the_environment_does_not_answer(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git_state(repository / "package") is not None


def test_git_never_fails(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    assert git_state(outside) is None
    assert git_state(tmp_path / "missing") is None
    installed = repository / ".venv" / "experiments"  # inside a repository that does not hold it
    installed.mkdir(parents=True)
    (installed / "code.py").write_text("")
    assert git_state(installed) is None
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "code.py").write_text("")
    git(empty, "init", "-q")
    git(empty, "add", ".")
    assert git_state(empty) is None  # no commit yet
    monkeypatch.setenv("PATH", str(outside))
    assert git_state(repository / "package") is None


def test_a_resume_elsewhere_keeps_the_first_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_provenance(tmp_path, {"images": 1})
    write_provenance(tmp_path, {"images": 2})
    assert not (tmp_path / "environment-2.json").exists()
    first = (tmp_path / "environment.json").read_text()
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    write_provenance(tmp_path, {"images": 3})
    write_provenance(tmp_path, {"images": 4})
    assert (tmp_path / "environment.json").read_text() == first
    assert json.loads((tmp_path / "environment-2.json").read_text())["python"] == "3.99.0"
    assert not (tmp_path / "environment-3.json").exists()
    assert yaml.safe_load((tmp_path / "config.yaml").read_text()) == {"images": 4}


def test_the_patch_makes_of_the_commit_what_is_there(repository: Path, tmp_path: Path) -> None:
    """Changes, and sources that git does not hold; what is ignored or no source is no part."""
    before = tmp_path / "before"
    subprocess.run(["git", "clone", "-q", str(repository), str(before)], check=True)
    (repository / "package" / "code.py").write_text("a = 2\n")
    new = repository / "package" / "sub" / "new.py"
    new.parent.mkdir()
    new.write_text("b = 1\nc = 2")  # without an end of the last line
    (repository / "empty.yaml").write_text("")
    (repository / "weights.bin").write_bytes(b"\0\1")
    (repository / ".gitignore").write_text("*.tmp.py\n")
    (repository / "x.tmp.py").write_text("d = 4\n")
    text, left_out = patch_of(repository / "package")
    assert left_out == []
    (tmp_path / "git.patch").write_text(text)
    git(before, "apply", str(tmp_path / "git.patch"))
    assert (before / "package" / "code.py").read_text() == "a = 2\n"
    assert (before / "package" / "sub" / "new.py").read_text() == "b = 1\nc = 2"
    assert (before / "empty.yaml").read_text() == ""
    assert not (before / "weights.bin").exists() and not (before / "x.tmp.py").exists()


def test_the_patch_has_bounds_and_says_what_it_leaves_out(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patch, "LARGEST", 100)
    monkeypatch.setattr(patch, "MOST", 400)
    (repository / "large.py").write_text("#" * 101)
    (repository / "package" / "code.py").write_text("a = 2\n" * 100)
    text, left_out = patch_of(repository)
    assert len(text) == 400
    assert "letters beyond the first 400" in left_out[0] and "large.py" in left_out[1]
    assert patch_of(tmp_path / "missing") == ("", [])


def test_a_run_keeps_the_patch_without_secrets(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    (repository / "package" / "new.py").write_text(f"key = '{KEY}'\n")
    monkeypatch.setattr(provenance, "__file__", str(repository / "package" / "x" / "y.py"))
    write_provenance(tmp_path / "run", {})
    (repository / "package" / "new.py").write_text("a = 3\n")
    write_provenance(tmp_path / "run", {})
    first = (tmp_path / "run" / "git.patch").read_text()
    assert "+key = '<removed>'" in first and KEY not in first
    assert "+a = 3" in (tmp_path / "run" / "git-2.patch").read_text()
    states = [json.loads((tmp_path / "run" / f"git{n}.json").read_text()) for n in ("", "-2")]
    assert states[0]["patch"] != states[1]["patch"] and states[0]["untracked"] == 1
