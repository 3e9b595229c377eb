"""Files of weights: released state dicts, exports, checkpoints, kept arrays."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import torch
from safetensors.torch import save

from experiments.convert.stages import sizes_of
from experiments.convert.state import ReleasedState
from experiments.file import tensor as tensor_file
from experiments.file.tensor import Damaged
from experiments.metric.samples import ScoreSamples, score_samples
from experiments.run import checkpoint
from tests.fuzz.target import Target, put, scratch, told


def _released(content: bytes) -> None:
    with told():
        state = ReleasedState.read(put("generator.pth", content))
        sizes_of(state, "")


@cache
def _released_files() -> list[bytes]:
    made = []
    state = {
        "module.ca_net.fc.weight": torch.ones(8, 4),
        "module.h_net1.fc.0.weight": torch.ones(64, 5),
        "module.h_net1.upsample1.1.weight": torch.ones(1, 2, 3, 3),
        "module.img_net1.img.0.weight": torch.ones(3, 1, 3, 3, dtype=torch.float16),
    }
    for value in (state, {"a": torch.zeros(2)}, [1], {"a": torch.zeros(3).to_sparse()}):
        for new in (True, False):
            file = io.BytesIO()
            torch.save(value, file, _use_new_zipfile_serialization=new)
            made.append(file.getvalue())
    return made


def _checkpoint(content: bytes) -> None:
    path = put("run/checkpoints/images-0000000008.safetensors", content)
    with told():
        try:
            assert isinstance(checkpoint.read(path), dict)
        except Damaged as damage:
            assert str(damage) and "\n" not in str(damage)


@cache
def _checkpoints() -> list[bytes]:
    state = {
        "images": 8,
        "export": {"generator": {"weight": torch.ones(2, 3), "steps": torch.tensor(7)}},
        "optimisers": [{"lr": 1e-3, "betas": (0.5, 0.999)}, {0: torch.zeros(1)}],
        "none": None,
    }
    path = scratch() / "whole.safetensors"
    tensor_file.write(path, state)
    return [path.read_bytes(), save({"a": torch.zeros(2)}), save({}, {"format": "pt"})]


def _columns(content: bytes) -> None:
    put("scored/score_samples.npz", content)
    with told():
        found = score_samples(scratch() / "scored")
        assert found is not None
        for score in (*found.columns, *found.averages):
            found.of(score)


@cache
def _column_files() -> list[bytes]:
    folder = scratch() / "columns"
    columns = {"a/b": np.zeros(3, np.float32), "a/c": np.ones(3, np.float32)}
    ScoreSamples(np.arange(3), columns, {"a/mean": ["a/b", "a/c"]}).save(folder)
    file = io.BytesIO()
    np.savez_compressed(file, caption=np.array([{"a": 1}], object), averages="{}")
    return [(folder / "score_samples.npz").read_bytes(), file.getvalue()]


TARGETS = [
    Target("released", "released weights: `.pth`", _released, _released_files, 8192),
    Target("checkpoint", "checkpoints: `images-*.safetensors`", _checkpoint, _checkpoints),
    Target("score_samples", "`score_samples.npz`", _columns, _column_files),
]
