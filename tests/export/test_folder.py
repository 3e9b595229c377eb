"""What task=export writes, what it leaves alone, and what of it is read again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from exported_run import config_of, make_run
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from experiments import load
from experiments.config.build import build
from experiments.export.folder import write
from experiments.run import checkpoint
from experiments.run.folder import finished_weights, reached
from experiments.run.named import run_of, with_run
from experiments.run.weight import load_pretrained
from experiments.terminal.error import UserError

CAPTIONS = ["a red bird", "a bird with a blue wing"]


def drawn(folder: Path) -> list[np.ndarray]:
    return [np.asarray(image) for image in load(folder).sample(CAPTIONS, seed=4)]


def refused(config: dict[str, Any]) -> str:
    with pytest.raises(UserError) as caught:
        write(config)
    (line,) = str(caught.value).splitlines()
    return line


def test_an_export_draws_what_the_run_draws(run: Path, export: Path) -> None:
    before = drawn(run)
    shutil.rmtree(run)
    assert all(np.array_equal(a, b) for a, b in zip(before, drawn(export), strict=True))
    assert not np.array_equal(before[0], before[1])


def test_what_is_in_it(export: Path) -> None:
    names = sorted(path.relative_to(export).as_posix() for path in export.rglob("*"))
    assert names == [
        "README.md",
        "config.yaml",
        "export.json",
        "facts.json",
        "model.safetensors",
        "run.json",
    ]
    assert (export / "model.safetensors").stat().st_mode == (export / "run.json").stat().st_mode
    about = json.loads((export / "export.json").read_text())
    assert (about["model"], about["images"], about["finished"]) == ("gan_cls", 32, True)
    assert sorted(about["sha256"]) == [name for name in names if name != "export.json"]
    assert list(export.parent.iterdir()) == [export], "nothing is left beside it"


def test_nothing_of_the_machine_is_in_it(export: Path) -> None:
    for path in export.rglob("*"):
        content = path.read_bytes()
        assert b"marianne" not in content and b"/outputs" not in content, path
    config = yaml.safe_load((export / "config.yaml").read_text())
    assert config["data"]["root"] is None and config["data"]["reader"]["root"] is None
    assert config["encoder"]["pretrained"] == "damsm-cub/0123456789"
    assert "paths" not in config and "tracker" not in config
    about = json.loads((export / "run.json").read_text())
    assert about["overrides"] == ["model=gan_cls", "data=cub", "data.root=DIR"]
    assert about["built_on"] == {"encoder": "damsm-cub/0123456789"}


def test_the_card_is_one_of_the_hub(run: Path, tmp_path: Path) -> None:
    place = write(config_of(run, folder=str(tmp_path / "mine"), licence="CC-BY-4.0"))
    data = ModelCard((place / "README.md").read_text()).data
    assert data.license == "cc-by-4.0" and data.datasets == ["cub"]
    assert "text-to-image" in data.tags


def test_another_export_takes_its_place(run: Path, export: Path) -> None:
    (export / "drawn").mkdir()
    (export / "drawn" / "seed-0.png").touch()
    (export / "scores.json").write_text("{}")  # was there, and is no more
    about = json.loads((export / "export.json").read_text())
    about["sha256"]["scores.json"] = "0"
    (export / "export.json").write_text(json.dumps(about))
    state = checkpoint.read(run / "weights" / "images-0000000032.safetensors")
    checkpoint.save_weights(run, 40, state["export"])
    write(config_of(run, folder=str(export)))
    assert reached(export) == 40
    assert (export / "drawn" / "seed-0.png").is_file()
    assert not (export / "scores.json").exists()
    assert list(export.parent.iterdir()) == [export]


def test_work_of_a_person_is_not_lost(run: Path, export: Path, tmp_path: Path) -> None:
    card = export / "README.md"
    card.write_text(card.read_text() + "\nOne more thing.\n")
    line = refused(config_of(run, folder=str(export)))
    assert line == f"{card}: was edited; move it away, or name another export.folder"
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "chapter.tex").touch()
    line = refused(config_of(run, folder=str(other)))
    assert line == f"export.folder={other}: is there and is no export; name a new folder"
    assert [path.name for path in other.iterdir()] == ["chapter.tex"]
    for place in (run, other / "chapter.tex"):
        assert "is there and is no export" in refused(config_of(run, folder=str(place)))
    second = make_run(tmp_path / "second", seed=1)
    line = refused(config_of(second, folder=str(export)))
    assert line == (
        f"export.folder={export}: is the export of another run (494bf2671e); name a new folder"
    )


def test_a_failure_leaves_the_older_export(run: Path, export: Path) -> None:
    before = {path.name: path.read_bytes() for path in export.iterdir()}
    (run / "scores.json").write_text("{")
    line = refused(config_of(run, folder=str(export)))
    assert line.startswith(f"{run / 'scores.json'}: is damaged")
    assert {path.name: path.read_bytes() for path in export.iterdir()} == before
    assert list(export.parent.iterdir()) == [export]


def test_scores_and_sheets_are_those_of_its_weights(run: Path, tmp_path: Path) -> None:
    state = checkpoint.read(run / "weights" / "images-0000000032.safetensors")
    checkpoint.save_weights(run, 16, state["export"])
    (run / "samples").mkdir()
    (run / "samples" / "captions.json").write_text('{"captions": ["a bird"]}')
    for name in ("images-0000000032", "attention-images-0000000032", "collapse-images-0000000032"):
        (run / "samples" / f"{name}.png").write_bytes(b"png")
    protocol = {"n_real": 9, "n_fake": 9, "split": "test", "crop": "c"}
    scores = {"images": 32, "scores": {"frechet/inception": 7.5}, "protocol": protocol}
    (run / "scores.json").write_text(json.dumps(scores))
    whole = write(config_of(run, folder=str(tmp_path / "whole")))
    assert json.loads((whole / "scores.json").read_text())["images"] == 32
    assert sorted(path.name for path in (whole / "samples").iterdir()) == [
        "attention-images-0000000032.png",
        "captions.json",
        "images-0000000032.png",
    ]
    assert "model-index" in (whole / "README.md").read_text()
    half = write(config_of(run, folder=str(tmp_path / "half")) | {"run": f"{run}@16"})
    assert json.loads((half / "export.json").read_text())["images"] == 16
    assert not (half / "scores.json").exists() and not (half / "samples").exists()
    card = (half / "README.md").read_text()
    assert "model-index" not in card and "7.5" not in card
    assert "after 16 images; the run was scored after 32" in card


def test_a_run_on_its_way_says_so(run: Path, tmp_path: Path) -> None:
    state = checkpoint.read(run / "weights" / "images-0000000032.safetensors")
    shutil.rmtree(run / "weights")
    checkpoint.save(run, {"images": 16, "export": state["export"]}, keep=2)
    place = write(config_of(run, folder=str(tmp_path / "early")))
    assert "not trained to its end: 16 of 32 images" in (place / "README.md").read_text()
    assert finished_weights(place) == [] and len(drawn(place)) == 2


def test_an_export_is_neither_exported_nor_scored(export: Path) -> None:
    assert refused(config_of(export)).startswith(f"run={export}: is an export already")
    with pytest.raises(UserError, match="is an export; score the run that it was made of"):
        run_of({"task": "evaluate", "run": str(export)})
    command = ["task=evaluate", f"run={export}"]
    assert with_run(command) == command, "what others wrote joins no command line"


def gone() -> int:
    """The number of a process that has ended."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def test_what_a_killed_export_left_is_cleared(run: Path, export: Path) -> None:
    """Half an export; an older one, that was on its way out; and those of processes that live."""
    dead, beside = gone(), export.parent
    half, mine = (beside / f".birds.{pid}.partial" for pid in (dead, os.getppid()))
    for folder in (half, mine, beside / f".birds.{dead}.old", beside / f".birdsong.{dead}.partial"):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(b"half")
    write(config_of(run, folder=str(export)))
    assert sorted(path.name for path in beside.iterdir()) == [
        *(mine.name, f".birdsong.{dead}.partial", "birds")
    ]


def test_an_export_that_was_killed_while_it_took_the_place_of_another(
    run: Path, export: Path
) -> None:
    (export / "drawn").mkdir()
    (export / "drawn" / "red.png").write_bytes(b"x")
    export.rename(export.with_name(f".birds.{gone()}.old"))
    write(config_of(run, folder=str(export)))
    assert (export / "drawn" / "red.png").read_bytes() == b"x"
    assert list(export.parent.iterdir()) == [export]


def test_all_networks_by_option(run: Path, export: Path, tmp_path: Path) -> None:
    """What was left out is told to whom it fails; an export of before has everything."""
    whole = write(config_of(run, folder=str(tmp_path / "whole"), parts="all"))
    names = {place: set(load_file(place / "model.safetensors")) for place in (whole, export)}
    assert names[export] < names[whole]
    assert {name.split(".")[1] for name in names[whole] - names[export]} == {
        *("image", "region_head", "vector_head")
    }
    assert all(np.array_equal(a, b) for a, b in zip(drawn(whole), drawn(export), strict=True))
    node = yaml.safe_load((run / "config.yaml").read_text())["encoder"]
    encoder = build({k: v for k, v in node.items() if k != "pretrained"}, {"vocabulary_size": 7})
    load_pretrained(encoder, node | {"pretrained": whole / "model.safetensors"}, {}, "encoder")
    with pytest.raises(UserError) as caught:
        load_pretrained(encoder, node | {"pretrained": export / "model.safetensors"}, {}, "encoder")
    assert str(caught.value) == (
        f"{export}: is an export of what draws, without encoder.image.top.body.0.weight; export "
        "that run again with export.parts=all, or name the run itself"
    )
    about = json.loads((whole / "export.json").read_text())
    del about["parts"]
    (whole / "export.json").write_text(json.dumps(about | {"format": 1}))
    assert all(np.array_equal(a, b) for a, b in zip(drawn(whole), drawn(export), strict=True))
    load_pretrained(encoder, node | {"pretrained": whole / "model.safetensors"}, {}, "encoder")


def test_what_is_left_out_says_so(export: Path) -> None:
    encoder = load(export).system.encoder
    with pytest.raises(UserError, match=r"^encoder\.image: a model that was loaded to draw has no"):
        encoder.encode_image(torch.zeros(1, 3, 16, 16))
