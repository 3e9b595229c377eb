"""Every file of sweeps/ says what it asks, and each of its jobs passes the check."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf

from experiments.check import checked_compose
from experiments.config import CONF, plain, register

SWEEPS = CONF.parent / "sweeps"
FILES = sorted(SWEEPS.glob("*.yaml"))


def composed(file: Path) -> Any:
    """The file as Hydra reads it for `--config-dir=sweeps --config-name=<stem>`."""
    register()
    with initialize_config_dir(str(SWEEPS), version_base="1.3"):
        return compose(
            file.stem,
            overrides=[f"hydra.searchpath=[file://{CONF}]"],
            return_hydra_config=True,
        )


def jobs(file: Path) -> list[list[str]]:
    """The overrides of each job, as Hydra's sweeper makes them."""
    params = OmegaConf.load(file).hydra.sweeper.params
    parsed = OverridesParser.create().parse_overrides([f"{k}={v}" for k, v in params.items()])
    found: list[list[str]] = BasicSweeper.split_arguments(parsed, None)[0]
    return found


@cache
def configs(file: Path) -> list[dict[str, Any]]:
    """The configuration of each job, checked."""
    return [plain(checked_compose(job)) for job in jobs(file)]


def test_there_are_sweeps() -> None:
    assert {file.stem for file in FILES} >= {"attngan_4stage", "damsm_weight", "stages"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_asks_a_question_and_names_its_command(file: Path) -> None:
    first, *rest = file.read_text().splitlines()
    assert first.startswith("# ") and "?" in first
    command = f"python run.py --config-dir=sweeps --config-name={file.stem}"
    assert any(command in line for line in rest)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_file_composes_to_a_multirun_in_its_own_group(file: Path) -> None:
    cfg = composed(file)
    assert cfg.hydra.mode.name == "MULTIRUN"
    assert cfg.tracker.group == file.stem
    OmegaConf.set_struct(cfg, False)
    bare = checked_compose([])
    assert plain(cfg) | {"tracker": None} == plain(bare) | {"tracker": None}  # params alone differ


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_job_passes_the_check_and_differs_from_the_others(file: Path) -> None:
    found = configs(file)
    assert len(found) > 1
    assert len({repr(config) for config in found}) == len(found)


def test_the_ablation_varies_what_it_should() -> None:
    found = configs(SWEEPS / "attngan_4stage.yaml")
    assert len(found) == 18
    assert {config["optim"]["generator"]["lr"] for config in found} == {1e-4, 2e-4, 4e-4}
    assert {config["optim"]["discriminator"]["lr"] for config in found} == {1e-4, 2e-4, 4e-4}
    assert {config["system"]["damsm"]["weight"] for config in found} == {1, 5, 50}
    assert {config["system"]["generator_steps"] for config in found} == {1, 2}
    assert all(len(config["generator"]["resolutions"]) == 4 for config in found)
