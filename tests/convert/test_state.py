"""Files that are no released state dict: one line each, and nothing of them is run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.convert.state import ReleasedState
from experiments.terminal.error import UserError


class Program:
    """What a pickle may make its reader do."""

    def __init__(self, made: Path) -> None:
        self.made = made

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.made),)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        ReleasedState.read(path)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    content = {"a": torch.zeros(1), "b": Program(tmp_path / "made")}
    torch.save(content, tmp_path / "file", _use_new_zipfile_serialization=zipped)
    assert refusal(tmp_path / "file").startswith("refused, because it asks for posix.mkdir;")
    assert not (tmp_path / "made").exists()


def test_a_whole_network_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(1, 1), tmp_path / "file")
    assert "asks for torch.nn.modules.linear.Linear; a state dict" in refusal(tmp_path / "file")


@pytest.mark.parametrize("size", [0, 20, 500, -1])
def test_torn_files_are_refused(tmp_path: Path, size: int) -> None:
    for zipped in (True, False):
        path = tmp_path / "file"
        torch.save({"a": torch.zeros(99)}, path, _use_new_zipfile_serialization=zipped)
        path.write_bytes(path.read_bytes()[:size])
        assert refusal(path).startswith("not a complete file of PyTorch (")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ([torch.zeros(1)], "holds a list and no tensors by name"),
        ({}, "holds a dict and no tensors by name"),
        (torch.zeros(1), "holds a Tensor and no tensors by name"),
        (
            {"epoch": 3, "netG": {"a": torch.zeros(1)}},
            "epoch is no tensor of numbers; save the network's state_dict() alone",
        ),
        (
            {"a": torch.eye(2).to_sparse()},
            "a is no tensor of numbers; save the network's state_dict() alone",
        ),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path: Path, content: Any, line: str) -> None:
    torch.save(content, tmp_path / "file")
    assert refusal(tmp_path / "file") == line


def test_a_name_is_shortened_where_all_are_of_a_parallel_network(tmp_path: Path) -> None:
    torch.save({"module.a": torch.zeros(1), "module.b": torch.ones(1)}, tmp_path / "file")
    assert list(ReleasedState.read(tmp_path / "file").tensors) == ["a", "b"]
    torch.save({"module.a": torch.zeros(1), "b": torch.ones(1)}, tmp_path / "file")
    assert list(ReleasedState.read(tmp_path / "file").tensors) == ["module.a", "b"]


def test_what_is_fitted_is_a_copy_in_our_precision(tmp_path: Path) -> None:
    weight = torch.arange(12.0).view(3, 4)
    torch.save({"w": weight.t().double()[1:3], "b": weight[0, :2].half()}, tmp_path / "file")
    state = ReleasedState.read(tmp_path / "file")
    with torch.device("meta"):
        network = torch.nn.Linear(3, 2)
    fitted = state.fit(network, lambda name: name[0])
    assert torch.equal(fitted["weight"], torch.tensor([[1.0, 5, 9], [2, 6, 10]]))
    assert torch.equal(fitted["bias"], torch.tensor([0.0, 1]))
    for tensor in fitted.values():
        assert tensor.dtype == torch.float32 and tensor.is_contiguous()
        assert tensor.untyped_storage().nbytes() == 4 * tensor.numel()
