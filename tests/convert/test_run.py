"""The folder of a conversion is one of a run: it loads, draws, and others build on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from released_files import converted
from released_networks import (
    WORDS,
    attngan_shapes,
    random_state,
    stackgan_v2_images,
    stackgan_v2_shapes,
    text_shapes,
)

from experiments import load
from experiments.convert.__main__ import main
from experiments.convert.run import Conversion, write_run
from experiments.convert.stackgan_v2 import convert_stackgan_v2
from experiments.data.text.vocabulary import Vocabulary
from experiments.run import folder as files
from experiments.run.prerequisite import plan_prerequisites
from experiments.run.weight import load_export
from experiments.terminal.error import UserError
from experiments.trainer.assemble import built


def attngan(folder: Path, seed: int = 0) -> Conversion:
    shapes = attngan_shapes(2, stages=2, noise=5, condition=6, text=8)
    text = random_state(text_shapes(dim=8, embedding=6))
    return converted(folder, random_state(shapes, seed), text, data="plumage")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("released")
    place = folder / "outputs" / "attngan-plumage" / "released"
    write_run(attngan(folder), place)
    return place


def test_the_folder_is_one_of_a_run(run: Path) -> None:
    assert {path.name for path in run.iterdir()} >= {
        "config.yaml",
        "environment.json",
        "facts.json",
        "run.json",
        "weights",
    }
    about, facts = files.run_about(run), files.run_facts(run)
    assert about["choices"]["model"] == "attngan" and len(about["id"]) == 10
    assert about["converted"]["generator"]["file"] == "generator.pth"
    assert len(about["converted"]["text_encoder"]["sha256"]) == 64
    assert facts["words"] == [*WORDS, "<unk>"]
    assert facts["vocabulary_hash"] == Vocabulary(WORDS).hash
    assert files.by_images(run, "weights") and not list(run.parent.glob(".*"))


def test_it_draws_captions(run: Path) -> None:
    model = load(run)
    captions = ["a small red bird", "a bird", "blue"]
    drawn = [np.asarray(image).astype(int) for image in model.sample(captions, seed=4)]
    assert [image.shape for image in drawn] == [(128, 128, 3)] * 3
    assert all(image.std() > 10 for image in drawn)
    # Each caption is drawn alone: the fault of the released mask never meets another one.
    alone = np.asarray(model.sample(captions[1:2], seed=5)[0]).astype(int)
    assert np.abs(drawn[1] - alone).max() <= 1
    with pytest.raises(UserError, match="no word is known"):
        model.sample(["xyzzy"])


def test_without_a_text_encoder_it_draws_embeddings(tmp_path: Path) -> None:
    state = random_state(stackgan_v2_shapes(4, stages=2, noise=5, condition=6, text=7))
    torch.save(state, tmp_path / "netG.pth")
    write_run(convert_stackgan_v2(tmp_path / "netG.pth", "plumage"), tmp_path / "run")
    model: Any = load(tmp_path / "run")
    sentences = torch.randn(2, 7, generator=torch.Generator().manual_seed(1))
    noise, epsilon = model.noise([3, 4]).split([5, 6], dim=1)
    expected = stackgan_v2_images(state, noise, epsilon, sentences)
    for image, picture in zip(model.draw(sentences, [3, 4]).images, expected, strict=True):
        torch.testing.assert_close(image, picture, rtol=0, atol=1e-5)
    with pytest.raises(UserError, match="no text encoder and reads no captions"):
        model.sample(["a bird"])


def test_other_runs_begin_with_its_weights(run: Path, tmp_path: Path) -> None:
    config, facts = files.run_config(run), files.run_facts(run)
    export = load_export(run)["export"]
    weights = str(files.by_images(run, "weights")[0])
    for group in ("generator", "encoder"):
        made = built(config[group] | {"pretrained": weights}, facts, group)
        torch.testing.assert_close(dict(made.state_dict()), export[group], rtol=0, atol=0)
        found = plan_prerequisites({group: config[group] | {"pretrained": str(run)}}, {}, (group,))
        assert found == {group: run}


def test_what_does_not_fit_its_weights_is_told(run: Path) -> None:
    config, facts = files.run_config(run), files.run_facts(run)
    weights = {"pretrained": str(files.by_images(run, "weights")[0])}
    with pytest.raises(UserError, match="width is 2 there and 4 here"):
        built(config["generator"] | {"width": 4} | weights, facts, "generator")
    other = facts | {"vocabulary_hash": "0123456789ab"}
    with pytest.raises(UserError, match="another vocabulary"):
        built(config["encoder"] | weights, other, "encoder")


def test_the_id_follows_from_the_weights(run: Path, tmp_path: Path) -> None:
    for number, name in ((0, "same"), (1, "other")):
        (tmp_path / name).mkdir()
        write_run(attngan(tmp_path / name, number), tmp_path / name / "run")
    ids = [files.run_about(tmp_path / name / "run")["id"] for name in ("same", "other")]
    assert ids[0] == files.run_about(run)["id"] != ids[1]


def test_nothing_is_written_over(run: Path, tmp_path: Path) -> None:
    conversion = attngan(tmp_path)
    with pytest.raises(UserError, match="is a run already"):
        write_run(conversion, run)
    with pytest.raises(UserError, match="exists; name a new folder"):
        write_run(conversion, tmp_path)
    with pytest.raises(UserError, match=r"generator\.pth: exists; name a new folder"):
        write_run(conversion, tmp_path / "generator.pth")
    with pytest.raises(UserError, match="cannot be written"):
        write_run(conversion, tmp_path / "generator.pth" / "run")
    (tmp_path / "empty").mkdir()
    write_run(conversion, tmp_path / "empty")
    assert files.run_about(tmp_path / "empty")["id"] == files.run_about(run)["id"]


def test_it_is_there_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    conversion = attngan(tmp_path)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr("experiments.convert.run.write_provenance", full)
    with pytest.raises(UserError, match=r"cannot be written \(No space left on device\)"):
        write_run(conversion, tmp_path / "run")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "the following arguments are required: method"),
        (["dcgan"], "argument method: invalid choice: 'dcgan'"),
        (["stackgan_v2", "--out", "x"], "the following arguments are required: --generator"),
        (["attngan", "--generator", "x"], "are required: --text-encoder, --captions, --out"),
        (["stackgan_v2", "--generator", "none", "--out", "x"], "none: cannot be read (No such"),
        (["stackgan_v2", "--generator", "x", "--out", "."], "--out=.: exists; name a new folder"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("error: ") and line in said


def test_unknown_data_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shapes = stackgan_v2_shapes(4, stages=1, noise=5, condition=6, text=7)
    torch.save(random_state(shapes), tmp_path / "netG.pth")
    command = ["stackgan_v2", "--generator", str(tmp_path / "netG.pth")]
    command += ["--out", str(tmp_path / "run")]
    assert main([*command, "--data", "cbu"]) == 2
    assert capsys.readouterr().err == "error: data=cbu: no such data; did you mean cub?\n"
    assert not (tmp_path / "run").exists()
    assert main([*command, "--data", "plumage"]) == 0
    said = capsys.readouterr().out
    assert "StackGAN-v2: 1 stage (published are 3) up to 64 px, width 4" in said
    assert "data=plumage" in said
    assert json.loads((tmp_path / "run" / "run.json").read_text())["choices"]["data"] == "plumage"
