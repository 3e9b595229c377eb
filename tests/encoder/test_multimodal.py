"""A classifier of a picture and a sound: sizes, what each head sees, and what it reads."""

from __future__ import annotations

import pytest
import torch

from experiments.encoder.multimodal import KINDS, MultimodalClassifier

SIZES = {"crown": 10, "wing": 9, "pose": 3, "size": 4}


def tiny(**options: object) -> MultimodalClassifier:
    torch.manual_seed(0)
    settings: dict[str, object] = {"attribute_values": SIZES, "heard_attributes": ("wing", "crown")}
    settings |= {"width": 2, "dim": 6, "norm": "group"} | options
    return MultimodalClassifier([16], (1, 16, 8), **settings)  # type: ignore[arg-type]


def test_sizes_at_the_default_widths() -> None:
    """Trunks as CMCGAN's encoders; heads for 13 classes: two of 512 13 + 13, and one of
    1,024 512 + 512 + 512 13 + 13."""
    with torch.device("meta"):
        network = MultimodalClassifier(num_classes=13)

    def size(module: torch.nn.Module) -> int:
        return sum(parameter.numel() for parameter in module.parameters())

    assert size(network.picture) == 11_147_520 and size(network.sound) == 6_950_144
    assert size(network.heads) == 2 * 6_669 + 524_800 + 6_669


def test_it_reads_what_both_tell_in_the_order_of_the_data() -> None:
    network = tiny()
    assert network.sizes == {"crown": 10, "wing": 9}
    attributes = torch.tensor([[1, 2, 0, 3], [4, 5, 1, 0]])
    told = dict(network.told(attributes, torch.tensor([7, 8])))
    assert {k: v.tolist() for k, v in told.items()} == {"crown": [1, 4], "wing": [2, 5]}
    assert tiny(heard_attributes=()).sizes == SIZES
    classes = tiny(attribute_values=None, num_classes=13)
    ((name, labels),) = classes.told(attributes, torch.tensor([7, 8]))
    assert name == "class" and labels.tolist() == [7, 8]
    with pytest.raises(AssertionError, match="attributes, or classes"):
        tiny(num_classes=13)


@pytest.mark.parametrize("by", KINDS)
def test_a_head_sees_what_its_name_says(by: str) -> None:
    network = tiny().eval()
    picture = torch.randn(3, 3, 16, 16, requires_grad=True)
    sound = torch.randn(3, 1, 16, 8, requires_grad=True)
    logits = network(picture, sound, by)  # type: ignore[arg-type]
    assert {name: tuple(x.shape) for name, x in logits.items()} == {
        "crown": (3, 10),
        "wing": (3, 9),
    }
    sum(x.square().sum() for x in logits.values()).backward()  # type: ignore[union-attr]
    assert (picture.grad is not None) == (by != "sound")
    assert (sound.grad is not None) == (by != "picture")
    alone = network(picture if by != "sound" else None, sound if by != "picture" else None, by)  # type: ignore[arg-type]
    torch.testing.assert_close(alone, logits)
