"""Options and classes of one's own, from folders that a command names."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.command import read
from experiments.config import outside
from experiments.config.override import checked_compose
from experiments.config.signature import ancestors, forget, signature
from experiments.terminal.error import UserError
from experiments.usage import usage
from tests.lab import NET, write_lab


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The options of a lab whose package is `confirmed`, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield write_lab(tmp_path, "birdlab")
    outside.begin()
    outside._reached.clear()
    forget()


def composed(*words: str) -> Any:
    return checked_compose(read([*words]).overrides)


def refused(*words: str) -> str:
    with pytest.raises(UserError) as caught:
        composed(*words)
    return str(caught.value)


@pytest.mark.parametrize("how", ["--config-dir=conf", "hydra.searchpath=[conf]", "URL", "ENV"])
def test_a_folder_of_options_is_a_part_of_conf(
    conf: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [f"hydra.searchpath=[file://{conf}]" if how == "URL" else how]
    if how == "ENV":
        monkeypatch.setenv(outside.FOLDERS, str(conf))
        words = []
    cfg = composed(*words, "model=mine", "generator.noise_dim=4")
    assert cfg.generator["_target_"] == "birdlab.Mine" and cfg.generator.noise_dim == 4
    assert cfg.system._target_ == "experiments.system.gan_cls.GANCLS"
    page = usage()
    assert re.search(r"^ +mine +GAN-CLS with a generator of my own$", page, re.M)
    assert len(re.findall(r"\bmine\b", page)) == 2, "the generator among the parts"
    if how == "ENV":
        monkeypatch.delenv(outside.FOLDERS)
    assert "no such model; did you mean" in refused("model=mine"), "the next command names none"


def test_arguments_of_ones_own_classes_are_checked_as_ours_are(conf: Path) -> None:
    mine = ["--config-dir=conf", "model=mine"]
    assert refused(*mine, "+generator.widht=4") == (
        "generator.widht: Mine takes no such argument; did you mean width?"
    )
    assert refused(*mine, "generator.noise_dim=x") == (
        "generator.noise_dim=x: must be a whole number"
    )
    assert refused(*mine, "generator.noize_dim=3").startswith("generator.noize_dim: generator has")
    assert "experiments.generator.base.Generator" in ancestors("birdlab.Mine")


def test_classes_are_named_by_permission_alone(conf: Path) -> None:
    assert refused("--config-dir=conf", "model=mine", "launch.targets=[]") == (
        "generator._target_=birdlab.Mine: only experiments.* can be built, or what "
        "launch.targets=[birdlab] allows"
    )
    words = ["model=gan_cls", "generator._target_=birdlab.Mine", "~generator.width"]
    words += [f"~generator.{key}" for key in ("noise", "projected_dim", "residual", "norm")]
    assert "only experiments.* can be built" in refused(*words)
    assert composed(*words, "launch.targets=[birdlab]").launch.targets == ["birdlab"]


@pytest.mark.parametrize(
    ("word", "line"),
    [
        ("launch.targets=[nolab]", "launch.targets=[nolab]: there is no package nolab; install it"),
        ("launch.targets=['a b']", "launch.targets=['a b']: must be a list of packages"),
        ("hydra.searchpath=3", "hydra.searchpath=3: must be a list of folders"),
        ("hydra.searchpath=[nowhere]", "hydra.searchpath=nowhere: there is no such folder"),
        ("hydra.searchpath=[pkg://nolab/conf]", "hydra.searchpath=pkg://nolab/conf: there is no"),
        ("hydra.searchpath=[https://a/b]", "hydra.searchpath=https://a/b: must be a folder"),
        ("--config-dir=nowhere", "--config-dir=nowhere: there is no such folder"),
    ],
)
def test_what_is_not_there_is_a_line(conf: Path, word: str, line: str) -> None:
    assert refused(word).startswith(line)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            "a: 1\n  b: [\n",
            "conf/model/odd.yaml:2: is no YAML: mapping values are not allowed here",
        ),
        ("a: 1\na: 2\n", "conf/model/odd.yaml:2: is no YAML: found duplicate key a"),
        ("defaults: [gan_clss]\n", "In 'model/odd': Could not load 'model/gan_clss'; did you mean"),
        (
            "# @package _global_\ndefaults: [gan_cls, override /generator: mien]\n",
            "In 'model/gan_cls': Could not find 'generator/mien'; did you mean mine?",
        ),
        (
            "# @package _global_\ndefaults: [gan_cls]\ntrainer: {batchs: 4}\n",
            "In 'model/odd': Key 'batchs' not in 'Trainer'",
        ),
    ],
)
def test_a_mistake_in_a_file_of_ones_own_is_a_line(conf: Path, content: str, line: str) -> None:
    (conf / "model/odd.yaml").write_text(content)
    told = refused("--config-dir=conf", "model=odd")
    assert told.startswith(line) and "\n" not in told


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b'name: "caf\xe9"\n', "conf/model/odd.yaml: is no UTF-8, at byte 10; save it as UTF-8"),
        (
            b"a: 1\nb: \x01\n",
            "conf/model/odd.yaml:2: holds the control character U+0001; remove it",
        ),
    ],
)
def test_a_file_that_is_no_text_is_named(conf: Path, content: bytes, line: str) -> None:
    """Also where the command does not choose it: the list of options reads it, too."""
    (conf / "model/odd.yaml").write_bytes(content)
    assert refused("--config-dir=conf") == line


def test_one_folder_by_the_flag(conf: Path) -> None:
    told = refused("--config-dir", "conf", "--config-dir=other")
    assert told == "--config-dir: is given 2 times; hydra.searchpath=[A,B] takes several"


def test_an_option_that_is_there_already_is_not_hidden(conf: Path) -> None:
    (conf / "model" / "gan_cls.yaml").write_text("# Mine\n")
    told = refused("--config-dir=conf")
    assert told.endswith("Birdsong has a model/gan_cls.yaml already; give yours another name")


def test_a_study_beside_the_options_is_one_more(conf: Path) -> None:
    (conf.parent / "sweeps").mkdir()
    study = "# Does width matter?\nproduct:\n  generator.width: [4, 8]\n"
    (conf.parent / "sweeps" / "widths.yaml").write_text(study)
    (conf.parent / "sweeps" / "other.yaml").write_text("program: train.py\n")
    read(["--config-dir=conf"])
    page = usage()
    assert "  widths                    Does width matter?" in page
    assert "other.yaml: program: no such key" in page


def test_a_module_that_is_no_package_and_one_that_is_no_python(conf: Path) -> None:
    Path("birdnet.py").write_text(NET)
    outside.trust(["birdnet"])
    assert list(signature("birdnet.Mine") or ()) == [
        "resolutions",
        "noise_dim",
        "text_dim",
        "width",
    ]
    forget()
    Path("birdnet.py").write_text("def f(:\n")
    with pytest.raises(UserError, match=r"birdnet\.py:1: invalid syntax"):
        signature("birdnet.Mine")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        read(["--version"])
    assert left.value.code == 0 and capsys.readouterr().out == "birdsong 0.1.0\n"
