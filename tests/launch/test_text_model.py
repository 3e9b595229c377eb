"""A run on a text model of `transformers`: its id, and what is told before it begins."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.launch.ready import require_weights
from experiments.run.prerequisite import Run, plan
from experiments.terminal.error import UserError


def planned(tmp_path: Path, name: str, *more: str) -> Run:
    """AttnGAN on it, in outputs that are empty."""
    text = ["encoder/text=huggingface", f"encoder.text.name={name}"]
    overrides = ["model=attngan", *text, *more, f"paths.outputs={tmp_path / 'outputs'}"]
    cfg = checked_compose(overrides)
    return plan(plain(cfg), choices(cfg), overrides)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"model_type": "bert"}')
    (folder / "model.safetensors").write_bytes(b"numbers")
    return folder


def test_a_folder_counts_by_what_it_holds(tmp_path: Path, model: Path) -> None:
    first = planned(tmp_path, str(model))
    moved = shutil.copytree(model, tmp_path / "elsewhere")
    again = planned(tmp_path, str(moved))
    assert again.id == first.id
    need, other = first.prerequisites["encoder"], again.prerequisites["encoder"]
    assert isinstance(need, Run) and isinstance(other, Run) and need.id == other.id
    (moved / "model.safetensors").write_bytes(b"others")
    assert planned(tmp_path, str(moved)).id != first.id


def test_a_name_of_the_hub_counts_with_its_revision(tmp_path: Path) -> None:
    ids = {
        planned(tmp_path, name, *more).id
        for name in ("someone/texts", "someone/others")
        for more in ([], ["encoder.text.revision=v1"])
    }
    assert len(ids) == 4


def test_minilm_keeps_its_id(tmp_path: Path) -> None:
    """As it was with the network that was written by hand: 395f17d8f2 in `debug=tiny`."""
    overrides = ["model=minilm", "debug=tiny", f"paths.outputs={tmp_path}"]
    cfg = checked_compose(overrides)
    assert plan(plain(cfg), choices(cfg), overrides).id == "395f17d8f2"


def test_what_is_not_there_is_told_before_data_are_prepared(tmp_path: Path, model: Path) -> None:
    require_weights(planned(tmp_path, str(model)))
    key = r"encoder\.pretrained: encoder\.text\.name"
    with pytest.raises(UserError, match=rf"{key}=/no/where: there is no such folder"):
        require_weights(planned(tmp_path, "/no/where"))
    with pytest.raises(UserError, match=rf"{key}: no model is given; name a folder"):
        require_weights(planned(tmp_path, "null"))
    scored = ["metric/clip_score=huggingface", "metric.clip_score.name=/no/clip"]
    with pytest.raises(UserError, match=r"^metric\.clip_score\.name=/no/clip: there is no such"):
        require_weights(planned(tmp_path, str(model), *scored))
    (model / "model.safetensors").rename(model / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"has no model\.safetensors; only that form is read"):
        require_weights(planned(tmp_path, str(model)))
