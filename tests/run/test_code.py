"""Which files make a run, and when they are other code."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import experiments
from experiments.run import change, code
from experiments.run.source import imports_of, tree_of

NET = '"""A net."""\nfrom birds.part import SCALE\n\n\ndef net() -> float:\n    return 2 * SCALE\n'


@pytest.fixture
def birds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's own package, outside this project."""
    package = tmp_path / "own" / "birds"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "net.py").write_text(NET)
    (package / "part.py").write_text("from . import deep\n\nSCALE = 3\n")
    (package / "deep" / "__init__.py").write_text("from .inner import A\n")
    (package / "deep" / "inner.py").write_text("def f():\n    from .. import lazy\n\n\nA = f\n")
    (package / "lazy.py").write_text("import os\n")
    (package / "other.py").write_text("B = 1\n")
    monkeypatch.syspath_prepend(str(package.parent))
    forget()
    yield package
    forget()


def forget() -> None:
    """As a new process."""
    code._homes.clear()
    change._told.clear()


def config(target: str = "birds.net.net") -> dict[str, Any]:
    return {"generator": {"_target_": target, "parts": [{"_target_": target}]}, "seed": 0}


def own(files: code.Files) -> list[str]:
    return [name for name in files if name.startswith("birds/")]


def test_a_users_own_package_is_followed_through_its_imports(birds: Path) -> None:
    """Relative ones, those of functions and those of packages; what nothing imports is no part."""
    found = code.code_of(config())
    assert own(found) == [
        "birds/__init__.py",
        "birds/deep/__init__.py",
        "birds/deep/inner.py",
        "birds/lazy.py",
        "birds/net.py",
        "birds/part.py",
    ]
    assert "experiments/trainer/training.py" in found, "the step is a part of every run"


def test_of_this_project_what_computes_is_followed_and_what_says_is_not() -> None:
    found = code.code_of(config("experiments.generator.attngan.AttnGANGenerator"))
    assert {"experiments/generator/block.py", "experiments/trainer/ema.py"} <= found.keys()
    assert "experiments/system/attngan.py" not in found, "the configuration does not build it"
    rooms = {name.split("/")[1] for name in found}
    assert not rooms & {"terminal", "tracker", "config", "run", "file"}


@pytest.mark.parametrize(
    ("new", "differs"),
    [
        (NET.replace("2 *", "4 *"), True),
        (NET.replace("A net", "Another text"), False),
        (NET.replace("\n\n\ndef", "\n\n\n# why\ndef").replace("2 * SCALE", "(2*SCALE)"), False),
        (NET.replace("SCALE\n\n", "SCALE as S\n\n"), True),
        ("def broken(:\n", True),
    ],
)
def test_an_edit_counts_and_a_comment_or_a_docstring_does_not(
    birds: Path, new: str, differs: bool
) -> None:
    found = code.code_of(config())
    (birds / "net.py").write_text(new)
    (birds / "other.py").write_text("B = 2\n")
    forget()
    assert code.changed(found) == (["birds/net.py"] if differs else [])
    assert code.same(found, code.code_of(config())) is not differs


def test_a_file_that_is_gone_counts(birds: Path) -> None:
    found = code.code_of(config())
    shutil.rmtree(birds / "deep")
    forget()
    assert code.changed(found) == ["birds/deep/__init__.py", "birds/deep/inner.py"]


def test_another_version_of_python_would_say_the_same() -> None:
    """Python 3.13 has fields that 3.11 has not, and leaves out empty ones."""
    assert tree_of(b"def f(a): return a") == tree_of(b"def f(a):\n    'text'\n    return (a)\n")
    assert tree_of(b"class A: 'x'") != tree_of(b"class B: 'x'")
    assert imports_of(b"from ..a import b\nimport c.d", "x.y") == ["x.a", "x.a.b", "c.d"]


def test_all_code_that_a_run_was_trained_under_is_recorded(birds: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    change.record_code(run, config(), 0)
    change.record_code(run, config(), 8)  # resumed, nothing edited
    assert [version["images"] for version in change.versions(run)] == [0]
    (birds / "net.py").write_text(NET.replace("2 *", "5 *"))
    forget()
    assert change.changes(run) == ["birds/net.py"]
    change.record_code(run, config(), 16)
    assert [version["images"] for version in change.versions(run)] == [0, 16]
    assert change.changes(run) == [], "it goes on with this code"
    assert change.changes(run, 16) == ["birds/net.py"], "the state after 16 images is of the first"
    assert change.changes(run, 24) == []
    (birds / "net.py").write_text(NET)
    forget()
    change.record_code(run, config(), 16)  # nothing was trained with the other one
    assert [version["images"] for version in change.versions(run)] == [0]


def test_one_line_names_a_few_files_what_is_kept_and_how_to_begin_anew(
    birds: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    change.record_code(run, config(), 0)
    change.tell_changes(run, "its result is kept")
    assert capsys.readouterr().err == ""
    for name in own(change.versions(run)[0]["files"]):
        (birds.parent / name).write_text("NEW = 1\n")
    forget()
    change.tell_changes(run, "its result is kept")
    change.tell_changes(run, "its result is kept")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{run}: birds/") and "more file" in line and line.count(".py") == 3
    assert "its result is kept; fresh=true begins anew, variant=NAME" in line


def test_a_run_from_before_this_was_recorded_says_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert change.versions(tmp_path) == [] and change.because_of(tmp_path) == ""
    (tmp_path / "code.json").write_text('{"versions": [{"images": 0, "files": {"../x": {}}}]}')
    change.tell_changes(tmp_path, "kept")
    assert change.versions(tmp_path) == [] and capsys.readouterr().err == ""


def test_the_fingerprint_is_of_files_that_are_there() -> None:
    root = Path(experiments.__file__).parents[1]
    found = code.code_of(config("experiments.system.attngan.AttnGAN"))
    assert all((root / name).is_file() for name in found) and code.changed(found) == []
    assert len(json.dumps(found)) < 50_000
