"""Inception-v3 as DAMSM's image trunk: its size, its file, what it computes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.damsm import DAMSM
from experiments.encoder.inception import Mixed
from experiments.encoder.inception_v3 import InceptionV3
from experiments.loss.damsm import DAMSMLoss
from experiments.system.damsm import DAMSMTraining
from experiments.terminal.error import UserError

NAME = "Mixed_5b.branch1x1.bn.bias"


@pytest.fixture(scope="module")
def trunk() -> InceptionV3:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return InceptionV3(input_size=75)


@pytest.fixture(scope="module")
def state(trunk: InceptionV3) -> dict[str, Tensor]:
    """As torchvision has it: with both classifiers, and counters."""
    found = {name: value + 1 for name, value in trunk.state_dict().items()}
    return found | {"fc.weight": torch.ones(1000, 2048), "AuxLogits.conv0.bn.bias": torch.ones(128)}


def test_parameters_and_maps_of_the_paper() -> None:
    with torch.device("meta"):
        whole = InceptionV3()
        regions, pooled = whole(torch.zeros(2, 3, 256, 256))
    assert sum(parameter.numel() for parameter in whole.parameters()) == 21_785_568
    assert regions.shape == (2, 768, 289) and pooled.shape == (2, 2048)
    known = {"Conv2d_1a_3x3.conv.weight", "Mixed_7c.branch_pool.bn.running_var"}
    assert known <= set(whole.state_dict())


def test_it_is_a_fixed_function_that_gradients_pass(trunk: InceptionV3) -> None:
    before = {name: value.clone() for name, value in trunk.state_dict().items()}
    images = torch.rand(2, 3, 64, 64, requires_grad=True)
    _, pooled = trunk.train()(images)
    pooled.sum().backward()
    assert images.grad is not None and images.grad.abs().sum() > 0
    assert all(torch.equal(before[name], value) for name, value in trunk.state_dict().items())
    assert not any(parameter.requires_grad for parameter in trunk.parameters())


def test_its_pools_are_those_of_torchvision(trunk: InceptionV3) -> None:
    """Averages count the padding, the last one too: it is no maximum."""
    pools = {module.pool for module in trunk.modules() if isinstance(module, Mixed)}
    assert pools == {"padded", "reduce"}
    block = Mixed(1, [], "padded", 1).eval()
    torch.nn.init.ones_(block.branch_pool.conv.weight)
    block.branch_pool.bn.running_var.fill_(1 - block.branch_pool.bn.eps)
    corner = block(torch.full((1, 1, 3, 3), 9.0)).squeeze()[0, 0]
    assert corner.item() == pytest.approx(4.0, rel=1e-5), "four of nine places"


@pytest.mark.parametrize("kind", ["pth", "safetensors"])
def test_a_fresh_run_begins_with_the_weights_of_the_file(
    kind: str, state: dict[str, Tensor], tmp_path: Path
) -> None:
    path = tmp_path / f"inception_v3.{kind}"
    save_file(state, path) if kind == "safetensors" else torch.save(state, path)
    trunk = InceptionV3(str(path), input_size=75)
    system = DAMSMTraining(DAMSM(BiLSTM(20, dim=6, embedding_dim=5), trunk, dim=6), DAMSMLoss(), 75)
    assert not torch.equal(trunk.state_dict()[NAME], state[NAME])
    system.initialise()
    for name, value in trunk.state_dict().items():
        assert name.endswith("num_batches_tracked") or torch.equal(value, state[name]), name


def test_a_file_that_is_missing_or_another_is_one_line(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    for given, said in (
        (None, "no file is given"),
        ("nowhere.pth", "nowhere.pth does not exist"),
        (str(tmp_path), f"{tmp_path} is a folder"),
    ):
        with pytest.raises(UserError, match=said) as error:
            InceptionV3(given).read_weights()
        assert "encoder.image.weights=<path>" in str(error.value) and "\n" not in str(error.value)
    path = tmp_path / "other.pth"
    for content in ({}, [1], state | {"Mixed_6e.branch1x1.conv.weight": torch.ones(1)}):
        torch.save(content, path)
        with pytest.raises(UserError, match="not the state dict of torchvision"):
            InceptionV3(str(path)).read_weights()
    path.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(UserError, match="not the state dict of torchvision") as error:
        InceptionV3(str(path)).read_weights()
    assert "cannot be read" in str(error.value) and "; save the state dict" in str(error.value)
