"""The command as a user types it: quick, in one line, and without a trace on the disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.__main__ import main

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "datasets", "wandb", "torchmetrics", "accelerate", "pyarrow", "trackio"}


@dataclass
class Said:
    code: int
    out: str
    errors: list[str]
    modules: set[str]  # top-level packages that were imported
    seconds: float  # of the processor, so that a busy machine does not count


def say(folder: Path, *arguments: str) -> Said:
    return told(folder, str(ROOT / "run.py"), *arguments)


def told(folder: Path, *words: str) -> Said:
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        command = [sys.executable, "-X", "importtime", *words]
        child = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        lines = err.read().splitlines()
        imported = [line for line in lines if line.startswith("import time:")]
        return Said(
            child.returncode,
            out.read(),
            [line for line in lines if line not in imported],
            {line.rpartition("|")[2].strip().partition(".")[0] for line in imported},
            used.ru_utime + used.ru_stime,
        )


@pytest.fixture(scope="module")
def patience(tmp_path_factory: pytest.TempPathFactory) -> float:
    """Seconds that torch alone takes to load on this machine: an answer takes less."""
    return told(tmp_path_factory.mktemp("torch"), "-c", "import torch").seconds


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["modle=attngan"], ["modle", "did you mean model?"]),
        (["data=cub", "data.root=/nowhere"], ["data.root", "/nowhere", "CUB_200_2011"]),
        (["trainer.precision=fp8"], ["trainer.precision=fp8", "bf16"]),
        (["generator.stagez=3"], ["generator.stagez", "resolutions"]),
        (["+unknown.x=1"], ["unknown.x", "no such key"]),
        (["task=sample", "run=/usr", "text=a bird, red"], ["run=/usr: is not the folder of a run"]),
        (["task=plan", "data=folder"], ["plan.pictures", "data.root=DIR"]),
    ],
)
def test_a_mistake_is_told_at_once(
    tmp_path: Path, patience: float, arguments: list[str], parts: list[str]
) -> None:
    said = say(tmp_path, *arguments)
    assert said.code == 2 and said.out == ""
    (line,) = said.errors
    assert line.startswith("error: ") and all(part in line for part in parts), line
    assert not HEAVY & said.modules
    assert said.seconds < patience
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["data=cub"], "data.root: not set"),
        (["-m", "seed=0,1", "modle=x"], "modle: no such key"),
        (["-m", "seed=0,1", "model="], "model"),
        (["--fast"], "unrecognized arguments: --fast; python run.py --help says what there is"),
        (["--cfg"], "--cfg"),
        (["--config-name=x"], "--config-name: a study of sweeps/ is chosen with -m study=NAME"),
        (["-m", "study=stagez"], "study=stagez: no such file in sweeps/; did you mean stages?"),
        (["-m", "study=stages", "budget=ful"], "stages has no such budget; did you mean full?"),
        (["-m", "budget=full"], "budget=full: is one of a study; name it, as study=NAME"),
        (["budget=full"], "budget=full: is one of a study; name it, as study=NAME"),
        (["-m", "study=stages,mismatch"], "study=stages,mismatch: name one study at a time"),
        (["-m", "study=stages", "~model"], "~model: sweeps/stages.yaml sets model; give it a"),
        (["++task=report"], "paths.outputs=outputs: no run is there"),
        (["task=evaluate", "+run=nowhere"], "run=nowhere: there is no such folder"),
        (["-m", "seed=0,1", "study=learning_rate", "optim.generator.lr=1"], "together; change it"),
        (["-m", "seed=0,1", "hydra/launcher=jobli"], "is not there; did you mean joblib?"),
        (["task=report"], "paths.outputs=outputs: no run is there"),
        (["task=report", "run=nowhere"], "run=nowhere: there is no such folder"),
        (["encoder.pretrained=/nowhere"], "encoder.pretrained=/nowhere: is not the folder"),
        (["task=sample"], "run: task=sample needs run="),
        (["task=sample", "run=nowhere", "text=a bird"], "run=nowhere: there is no such folder"),
        (["task=sample", "run=plumag", "text=a bird"], "run=plumage is a model that comes with"),
        (["model=gan", "loss.gradient_penalty=r1"], "loss/gradient_penalty=r1 chooses one of its"),
        (["model=gan", "loss.interpolation=1"], "has keys of its own: weight, beta"),
        (["model=gan", "system.condition=mu"], "the generator has no conditioning augmentation"),
        (["model=gan", "system.augment=[rotate]"], "choose one of colour, translation, cutout"),
        (["model=gan", "system.augment=[flip]"], "flip would teach that left is right"),
        (["model=gan", "system.augment_probability=0.5"], "nothing is changed; name changes"),
        (["model=vgan", "loss/gradient_penalty=matching_aware"], "is told nothing that a slope"),
        (
            ["model=cmcgan", "loss/gradient_penalty=r1", "loss.gradient_penalty.at=between"],
            "with no pair between; take real, fake or both",
        ),
        (["model=wav2pix", "loss.adversarial.form=relativistic"], "no targets to smooth; set it 0"),
        (
            ["model=gan", "discriminator=projected", "encoder/image=part_cnn"],
            "metric.extractor: sees by EfficientNet-Lite0",
        ),
        (
            ["model=dfgan", "discriminator=projected", "metric.extractor=null"],
            "encoder.image: sees by EfficientNet-Lite0, and so does the discriminator",
        ),
        (  # of another data set than it needs, too, which is not what is wrong
            ["model=cross_modal_i2s", "data=plumage", "system.excerpt.of=spech"],
            "system.excerpt.of=spech: choose one of sound, speech; did you mean speech?",
        ),
        (["task=evaluate"], "run: task=evaluate needs run="),
        (["task=evaluate", "run=/usr", "metric.samples=5"], "run=/usr: is not the folder of a run"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str],
    part: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = "no run is there" in part  # to report: the command is right
    assert main(arguments) == (1 if nothing else 2)
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert out == "" and line.startswith("error: ") and part in line
    assert not list(tmp_path.iterdir())


def test_a_caption_is_refused_before_anything_heavy_loads(tmp_path: Path) -> None:
    run, words = tmp_path / "run", {"words": ["a", "red", "bird"]}
    (run / "weights").mkdir(parents=True)
    (run / "weights" / "images-0000000008.safetensors").touch()
    (run / "config.yaml").write_text("system: {encoder: {_target_: any.Encoder}}")
    (run / "run.json").write_text('{"id": "0", "choices": {}, "overrides": []}')
    (run / "facts.json").write_text(json.dumps(words))
    (tmp_path / "captions.txt").write_text("a red bird\n\nplugh\n")
    said = say(tmp_path, "task=sample", "run=run", "sample.file=captions.txt")
    (line,) = said.errors
    assert said.code == 2 and line.startswith("error: sample.file=captions.txt: line 3: caption")
    assert not HEAVY & said.modules


def test_several_mistakes(tmp_path: Path) -> None:
    said = say(tmp_path, "modle=attngan", "trainer.precision=fp8", "generator.stagez=3", "+u.x=1")
    assert said.code == 2 and len(said.errors) == 4


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--help"], "attngan_4stage"),
        (["--cfg", "job"], "resolutions: ${resolutions:4"),
        (["model=damsm", "--cfg", "job", "--resolve", "seed=3"], "seed: 3"),
        (["--info", "defaults"], "model/attngan_4stage"),
        (["--version"], "birdsong "),
        (["-m", "study=stages", "--cfg", "job", "--resolve"], "images_per_species: 24"),
    ],
)
def test_a_question(tmp_path: Path, patience: float, arguments: list[str], part: str) -> None:
    said = say(tmp_path, *arguments)
    assert said.code == 0 and part in said.out
    assert not HEAVY & said.modules
    assert said.seconds < patience
    assert not list(tmp_path.iterdir())
