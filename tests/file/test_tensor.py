"""A file of state gives back what went in, and no bit of it can change unseen."""

from __future__ import annotations

import gc
import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.file import tensor as tensor_file
from experiments.file.tensor import Damaged


def optimiser_state() -> dict[str, Any]:
    """That of an Adam after a step, with numbers as keys, tuples and None in it."""
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten())
    adam = torch.optim.Adam(network.parameters(), 1e-3)
    network(torch.ones(1, 3, 5, 5)).sum().backward()
    adam.step()
    return dict(adam.state_dict())


def same(left: Any, right: Any) -> bool:
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and left.shape == right.shape and torch.equal(left, right)
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list | tuple):
        return type(left) is type(right) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


@pytest.fixture
def whole() -> dict[str, Any]:
    tied = torch.arange(4.0)
    large = torch.arange(100.0)
    return {
        "images": 7,
        "rates": [1e-3, 0.1 + 0.2, True, None, "a/b", float("inf")],
        "adam": optimiser_state(),
        "tied": {"a": tied, "b": tied, "view": large[3:5], "turned": torch.eye(3)[:, :2].T},
        "kinds": {
            "half": torch.tensor([1.5], dtype=torch.bfloat16),
            "count": torch.tensor(3),
            "mask": torch.tensor([True, False]),
            "empty": torch.zeros(0, 2),
            "not finite": torch.tensor([float("nan")]).view(torch.int32),
        },
        "nothing": {},
    }


def test_what_goes_in_comes_out(tmp_path: Path, whole: dict[str, Any]) -> None:
    path = tmp_path / "state"
    tensor_file.write(path, whole)
    assert same(tensor_file.read(path), whole)
    assert path.stat().st_size < 10_000, "a view does not bring along what it is a view of"


def test_no_byte_changes_unseen(tmp_path: Path, whole: dict[str, Any]) -> None:
    path, damaged = tmp_path / "state", tmp_path / "damaged"
    tensor_file.write(path, whole)
    content, chance = path.read_bytes(), random.Random(0)
    for _ in range(300):
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        changed = bytearray(content)
        changed[place] ^= 1 << bit
        damaged.write_bytes(changed)
        try:
            found = tensor_file.read(damaged)
        except Damaged as reason:
            assert "\n" not in str(reason) and str(reason)
            continue
        assert same(found, whole), f"byte {place}, bit {bit}"  # spaces that fill the header


def test_no_end_is_cut_off_unseen(tmp_path: Path, whole: dict[str, Any]) -> None:
    path, torn = tmp_path / "state", tmp_path / "torn"
    tensor_file.write(path, whole)
    content, chance = path.read_bytes(), random.Random(1)
    for length in {
        0,
        1,
        7,
        8,
        9,
        len(content) - 1,
        *(chance.randrange(len(content)) for _ in "ab"),
    }:
        torn.write_bytes(content[:length])
        with pytest.raises(Damaged):
            tensor_file.read(torn)
    torn.write_bytes(content + b"\0")
    with pytest.raises(Damaged):
        tensor_file.read(torn)


def test_a_file_of_others_is_no_state(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "state"
    save_file({"weight": torch.ones(2)}, path)
    with pytest.raises(Damaged, match="manifest"):
        tensor_file.read(path)
    with pytest.raises(Damaged, match="No such file"):
        tensor_file.read(tmp_path / "missing")


@pytest.mark.slow
def test_no_memory_is_lost(tmp_path: Path) -> None:
    """A run of days saves and checks thousands of times."""
    path = tmp_path / "state.safetensors"
    state = {str(number): torch.zeros(number, 300) for number in range(200)}

    def often() -> int:
        for _ in range(10):
            tensor_file.write(path, state)
            tensor_file.check(path)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        often()
        assert -often() + often() < 10_000  # bytes; its way by PyTorch loses 100,000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("mapped", [True, False])
def test_the_header_alone_says_which_shapes_there_are(
    tmp_path: Path, mapped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.safetensors"
    tensor_file.write(path, {"images": 3, "export": {"encoder": {"w": torch.zeros(2, 3)}}})
    if not mapped:
        monkeypatch.setattr(tensor_file, "_opened", tensor_file._InMemory)
    assert tensor_file.shapes(path) == {"images": 3, "export": {"encoder": {"w": (2, 3)}}}
    assert tensor_file.beside_tensors(path) == {"images": 3, "export": {"encoder": {"w": None}}}
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(Damaged):
        tensor_file.shapes(path)
