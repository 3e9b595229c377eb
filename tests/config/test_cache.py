"""Compositions are kept like byte code: found again while nothing changed, never needed."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import DictConfig, OmegaConf, base

from experiments.config import cache as composition
from experiments.config.compose import compose, resolved

ROOT = Path(__file__).parents[2]


class Composer:
    """Counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, overrides: tuple[str, ...]) -> DictConfig:
        self.asked += 1
        return OmegaConf.create({"overrides": list(overrides)})


@pytest.fixture
def composer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Composer:
    """With an empty folder for what is kept, and a configuration of its own."""
    conf = tmp_path / "conf"
    conf.mkdir()
    (conf / "config.yaml").write_text("a: 1\n")
    monkeypatch.setattr(composition, "CONF", conf)
    monkeypatch.setattr(composition, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.chdir(tmp_path)
    return Composer()


def test_the_same_command_is_composed_once(composer: Composer) -> None:
    first, second = composition.kept(("a=1",), composer), composition.kept(("a=1",), composer)
    assert first == second and pickle.loads(first) == {"overrides": ["a=1"]}
    assert composer.asked == 1
    composition.kept(("a=2",), composer)
    assert composer.asked == 2


def test_whatever_it_is_made_of_makes_it_anew(
    composer: Composer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    composition.kept((), composer)
    (composition.CONF / "config.yaml").write_text("a: 2\n")
    composition.kept((), composer)
    assert composer.asked == 2
    (composition.CONF / "model").mkdir()
    (composition.CONF / "model" / "new.yaml").write_text("a: 2\n")
    composition.kept((), composer)
    assert composer.asked == 3
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")  # which makes nothing else
    composition.kept((), composer)
    assert composer.asked == 3
    monkeypatch.setattr(composition.omegaconf, "__version__", "0")
    composition.kept((), composer)
    assert composer.asked == 4


@pytest.mark.parametrize("left", [0, 10, 40, -1])
def test_an_unfinished_file_is_made_anew(composer: Composer, left: int) -> None:
    whole = composition.kept((), composer)
    (file,) = composition.FOLDER.glob("composed-*.pickle")
    file.write_bytes(file.read_bytes()[:left])
    assert composition.kept((), composer) == whole and composer.asked == 2
    assert composition.kept((), composer) == whole and composer.asked == 2


def test_nothing_is_kept_where_byte_code_is_not(
    composer: Composer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    composition.kept((), composer)
    assert not composition.FOLDER.exists()
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(composition, "FOLDER", tmp_path / "file" / "kept")  # cannot be made
    composition.kept((), composer)
    composition.kept((), composer)
    assert composer.asked == 3


def test_what_plugins_decide_is_always_composed(composer: Composer) -> None:
    for _ in range(2):
        composition.kept(("hydra/launcher=joblib",), composer)
    assert composer.asked == 2 and not composition.FOLDER.exists()


def test_those_go_that_were_not_used_for_longest(
    composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "MOST", 2)
    for number, name in enumerate(("a=1", "b=1", "a=1", "c=1")):
        composition.kept((name,), composer)
        for file in composition.FOLDER.iterdir():
            if file.stat().st_mtime > 1e6:
                os.utime(file, (number, number))
    assert len(list(composition.FOLDER.iterdir())) == 2 and composer.asked == 3
    composition.kept(("a=1",), composer)
    composition.kept(("c=1",), composer)
    assert composer.asked == 3


def test_a_kept_composition_is_the_composition() -> None:
    made = compose(["model=attngan", "data=cub"])
    again = pickle.loads(composition.kept(("model=attngan", "data=cub"), lambda _: made))
    assert again == made
    assert OmegaConf.get_type(again.trainer) is OmegaConf.get_type(made.trainer)
    assert OmegaConf.is_struct(again) == OmegaConf.is_struct(made)


@pytest.mark.parametrize("model", ["attngan_4stage", "stackgan_stage2", "classifier"])
def test_interpolations_that_were_parsed_before_say_the_same(
    monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    fast = [resolved(compose([f"model={model}"])) for _ in range(2)]
    changed = resolved(compose([f"model={model}", "seed=5"]))
    monkeypatch.setattr(base, "parse", base.parse.__wrapped__)
    cfg = compose([f"model={model}"])
    assert fast == [resolved(cfg)] * 2 != [changed] * 2
    cfg.seed = 5
    assert resolved(cfg) == changed


def test_a_second_command_says_the_same_sooner_and_sees_every_change(tmp_path: Path) -> None:
    """A clone of its own, its byte code included."""
    for name in ("conf", "src"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    shutil.copy(ROOT / "run.py", tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "src")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def said() -> str:
        done = subprocess.run(
            [sys.executable, "run.py", "--cfg", "job"],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    first = said()
    (file,) = (tmp_path / "src").rglob("composed-*.pickle")
    assert said() == first
    assert list((tmp_path / "src").rglob("composed-*.pickle")) == [file]
    config = tmp_path / "conf" / "config.yaml"
    assert "\nseed: 0\n" in config.read_text() and "\nseed: 0\n" in first
    config.write_text(config.read_text().replace("\nseed: 0\n", "\nseed: 5\n"))
    assert "\nseed: 5\n" in said()
