"""VGG-Face: its size, its file, what it is given."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from experiments.encoder import vgg_face
from experiments.encoder.vgg_face import VGGFace
from experiments.terminal.error import UserError


@pytest.fixture
def thin(monkeypatch: pytest.MonkeyPatch) -> type[VGGFace]:
    """The same layers with few channels."""
    monkeypatch.setattr(vgg_face, "BLOCKS", tuple((2, count) for _, count in vgg_face.BLOCKS))
    monkeypatch.setattr(vgg_face, "FEATURES", 3)
    monkeypatch.setattr(vgg_face, "PEOPLE", 4)
    return VGGFace


def test_parameters_and_shapes_of_the_release() -> None:
    with torch.device("meta"):
        whole = VGGFace()
        regions, vector = whole(torch.zeros(2, 3, 96, 96))
        says = whole.says(vector)
    assert sum(parameter.numel() for parameter in whole.parameters()) == 145_002_878
    assert regions.shape == (2, 512, 49)
    assert vector.shape == (2, 4096)
    assert says["class"].shape == (2, 2622)
    names = {name.removesuffix(".weight") for name in whole.state_dict() if "weight" in name}
    assert {"conv1_1", "conv1_2", "conv3_3", "conv5_3", "fc6", "fc7", "fc8"} <= names
    assert len(names) == 16


def test_it_sees_bytes_less_the_mean_of_faces(thin: type[VGGFace]) -> None:
    network, seen = thin(), list[torch.Tensor]()
    network.conv1_1.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    network(torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1).expand(1, 3, 8, 8))
    means = [tuple(vgg_face.MEAN)[k] for k in range(3)]
    expected = [0 - means[0], 127.5 - means[1], 255 - means[2]]
    assert seen[0][0].mean((1, 2)).tolist() == pytest.approx(expected, rel=1e-5)


def test_features_before_or_behind_their_relu_say_the_same(thin: type[VGGFace]) -> None:
    torch.manual_seed(0)
    plain = thin()
    behind = thin(relu=True)
    behind.load_state_dict(plain.state_dict())
    pictures = torch.randn(4, 3, 32, 32)
    (_, before), (_, after) = plain(pictures), behind(pictures)
    assert torch.equal(before.relu(), after)
    assert torch.equal(plain.says(before)["class"], behind.says(after)["class"])


def test_a_file_is_read_and_another_refused(thin: type[VGGFace], tmp_path: Path) -> None:
    file = tmp_path / "faces.safetensors"
    state = {name: value + 1 for name, value in thin().state_dict().items()}
    save_file(state, file)
    network = thin(str(file))
    network.read_weights()
    assert all(torch.equal(state[name], value) for name, value in network.state_dict().items())
    save_file(state | {"fc9.bias": torch.zeros(1)}, file)
    with pytest.raises(UserError, match=r"not the state dict of vgg_face_dag .*fc9\.bias"):
        network.read_weights()
    with pytest.raises(UserError, match=r"no file is given; save the state dict of vgg_face_dag"):
        thin().read_weights()
