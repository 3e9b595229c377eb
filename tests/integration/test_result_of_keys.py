"""What the table of keys without effect promises, by training: weights stay as they are, bit for
bit; and keys that are in the id change them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint

# Every kind of key of the table that a run can be started with, at once.
LOOKED_AT = [
    "trainer.log_every=1",
    "trainer.sample_every=4",
    "trainer.evaluate_every=4",
    "trainer.checkpoint_every=4",
    "trainer.keep=1",
    "trainer.sample_captions=1",
    "trainer.sample_columns=2",
    "trainer.nonfinite=skip",
    "trainer.skips=3",
    "trainer.rollbacks=2",
    "trainer.collapse=null",
    "metric.samples=5",
    "metric.candidates=4",
    "num_samples=2",
    "sample.steps=3",
    "launch.allocator=false",
    "launch.comm_hook=fp16",
    "launch.bucket_mb=5",
    "tracker=tensorboard",
    "tracker.group=others",
    "text=bird",
]


def weights(outputs: Path, model: str) -> tuple[str, dict[str, torch.Tensor]]:
    """The id of the only run of a recipe, and its tensors by name."""
    (path,) = (outputs / f"{model}-plumage").glob("*/weights/*.safetensors")
    return path.parents[1].name, dict(named(checkpoint.read(path), ""))


def named(node: Any, path: str) -> list[tuple[str, torch.Tensor]]:
    if isinstance(node, torch.Tensor):
        return [(path, node)]
    items = node.items() if isinstance(node, dict) else ()
    return [found for key, value in items for found in named(value, f"{path}.{key}")]


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys() and one
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def damsm(commands: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    outputs = tmp_path_factory.mktemp("damsm")
    commands.ok("model=damsm", "~metric", outputs=outputs)
    return outputs


def test_keys_without_effect_leave_an_encoder_as_it_is(
    commands: Any, damsm: Path, tmp_path: Path
) -> None:
    numbers = ["data.preset.generator_width=7", "data.preset.damsm_weight=9.0"]  # of no encoder
    commands.ok("model=damsm", *LOOKED_AT, *numbers, outputs=tmp_path)
    (own, first), (other, second) = weights(damsm, "damsm"), weights(tmp_path, "damsm")
    assert own == other and equal(first, second)


@pytest.mark.slow
def test_keys_without_effect_leave_a_generator_as_it_is(
    commands: Any, outputs: Path, damsm: Path, tmp_path: Path
) -> None:
    (encoder,) = (damsm / "damsm-plumage").iterdir()
    command = ["model=gan_cls", f"encoder.pretrained={encoder}"]
    commands.ok(*command, "~metric", outputs=tmp_path)
    commands.ok(*command, "metric.independent=null", *LOOKED_AT, outputs=outputs)
    (own, first), (other, second) = weights(tmp_path, "gan_cls"), weights(outputs, "gan_cls")
    assert own == other and equal(first, second)


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        pytest.param("trainer.batch=8", marks=pytest.mark.slow),
        pytest.param("data.max_words=4", marks=pytest.mark.slow),
        "data.margin=1.25",
        "loss.damsm.gamma1=5",
        pytest.param("optim.embedding.lr=1e-3", marks=pytest.mark.slow),
    ],
)
def test_keys_of_the_id_change_the_weights(
    commands: Any, damsm: Path, tmp_path: Path, override: str
) -> None:
    commands.ok("model=damsm", "~metric", override, outputs=tmp_path)
    (own, first), (other, second) = weights(damsm, "damsm"), weights(tmp_path, "damsm")
    assert own != other and not equal(first, second)
