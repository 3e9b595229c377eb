"""Tensors of an export: shared memory, and everything that must not be loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file
from torch import nn

from experiments import load
from experiments.export.folder import write_weights
from experiments.file.digest import sha256
from experiments.run.exported import read_export
from experiments.terminal.error import UserError


def refused(folder: Path) -> str:
    with pytest.raises(UserError) as caught:
        load(folder)
    (line,) = str(caught.value).splitlines()
    return line


def sign_again(folder: Path, **about: Any) -> None:
    """Make the sums those of the files as they are now."""
    content = json.loads((folder / "export.json").read_text()) | about
    content["sha256"] = {name: sha256(folder / name) for name in content["sha256"]}
    (folder / "export.json").write_text(json.dumps(content))


def change_tensors(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")
    sign_again(folder)


def change_yaml(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    path = folder / "config.yaml"
    content = yaml.safe_load(path.read_text())
    change(content)
    path.write_text(yaml.safe_dump(content))
    sign_again(folder)


def test_tensors_that_share_memory(tmp_path: Path) -> None:
    tied = nn.Linear(3, 3)
    weight = torch.arange(12.0)
    state = {
        "one": {"a": tied.weight, "b": tied.weight, "slice": weight[2:5]},
        "two": {"a": tied.weight, "whole": weight, "turned": weight.view(3, 4).T},
        "three": {"image": torch.randn(2, 3, 4, 5).to(memory_format=torch.channels_last)},
        "four": {"count": torch.tensor(7), "none": torch.empty(0), "nothing": torch.empty(0)},
    }
    write_weights(tmp_path / "model.safetensors", state)
    (tmp_path / "export.json").write_text('{"images": 3}')
    found = read_export(tmp_path)
    assert found["images"] == 3
    assert found["export"].keys() == state.keys()
    for group, tensors in state.items():
        assert found["export"][group].keys() == tensors.keys()
        for name, tensor in tensors.items():
            assert torch.equal(found["export"][group][name], tensor), (group, name)


def test_another_file_than_the_one_that_was_exported(export: Path) -> None:
    path = export / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert refused(export) == f"{path}: is not the file that was exported; fetch it again"
    path.write_bytes(content[:1000])  # as a download that broke off
    sign_again(export)
    line = refused(export)
    assert line.startswith(f"{path}: cannot be read (") and line.endswith("fetch it again")
    path.unlink()
    assert refused(export) == f"run={export}: the export has no model.safetensors; fetch it again"


@pytest.mark.parametrize("name", ["config.yaml", "facts.json"])
def test_another_configuration(export: Path, name: str) -> None:
    with (export / name).open("a") as file:
        file.write("\n")
    assert refused(export) == f"{export / name}: is not the file that was exported; fetch it again"


def test_another_format(export: Path) -> None:
    sign_again(export, format=4)
    assert (
        "format 4, this version reads 3 and older ones; use the version that wrote it"
        in refused(export)
    )
    (export / "export.json").write_text("[]")
    damage = "is damaged (holds no names with values); export the run again"
    assert refused(export) == f"{export / 'export.json'}: {damage}"


def test_tensors_that_do_not_fit(export: Path) -> None:
    shapes = load_file(export / "model.safetensors")
    name = next(key for key in shapes if key.startswith("generator.") and shapes[key].ndim == 2)
    rows, columns = shapes[name].shape
    change_tensors(export, lambda t: t.update({name: torch.zeros(rows, columns + 1)}))
    assert refused(export) == (
        f"run={export}: {name} is {rows} x {columns + 1} in its weights, and its config.yaml asks "
        f"for {rows} x {columns}"
    )
    change_tensors(export, lambda t: t.pop(name))
    assert refused(export).startswith(f"run={export}: {name} is missing in its weights")
    more = {name: shapes[name], "encoder.more": torch.zeros(1)}
    change_tensors(export, lambda t: t.update(more))
    assert refused(export).startswith(f"run={export}: encoder.more is in its weights, and its")


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "experiments.__main__.main",
        "experiments.run.checkpoint.save",
        "experiments.encoder.text_folder.text_model",
        "experiments.system.base.Any",
        "experiments.system.nothing.Nothing",
    ],
)
def test_nothing_but_parts_of_models_is_built(export: Path, target: str) -> None:
    def change(config: dict[str, Any]) -> None:
        config["system"]["generator"]["more"] = [{"_target_": target}]

    change_yaml(export, change)
    assert (
        refused(export)
        == f"{export / 'config.yaml'}: asks for {target}, which no model has; refused"
    )


def test_other_words(export: Path) -> None:
    facts = json.loads((export / "facts.json").read_text())
    facts["words"][1], facts["words"][2] = facts["words"][2], facts["words"][1]
    (export / "facts.json").write_text(json.dumps(facts))
    sign_again(export)
    line = refused(export)
    assert line == f"{export / 'facts.json'}: words and vocabulary_hash differ; fetch it again"
