"""What a training cannot begin without is said before anything is prepared."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.__main__ import prepare
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.run.prerequisite import Run, plan
from experiments.terminal.error import UserError

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
