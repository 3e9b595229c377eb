"""VGAN as published: what its experiments compose to."""

from __future__ import annotations

import pytest
import torch

from experiments.config.build import build
from experiments.run.pretrained import GROUPS, without_pretrained
from tests.conf.test_experiments import ALL, comment, listed, run, size

NAMES = [name for name in ALL if name.startswith("vgan")]


def test_there_is_one_for_each_kind_of_place_and_each_variant() -> None:
    rows = ("golf", "beach", "train", "baby", "one_stream_golf", "image_golf")
    assert set(NAMES) == {f"vgan_{row}" for row in rows}


@pytest.mark.parametrize("name", NAMES)
def test_a_file_names_its_command_and_its_source(name: str) -> None:
    package, title, *rest = comment(name)
    assert package == "@package _global_"
    assert title.endswith(f": python run.py experiment={name} data.root=DIR")
    assert "Published: " in " ".join(rest)
    assert any(title.startswith(line.split(name, 1)[1].strip()) for line in listed(name))


@pytest.mark.parametrize("name", NAMES)
def test_sizes_rates_and_losses_are_published(name: str) -> None:
    config = without_pretrained(run(name).config, *GROUPS)
    with torch.device("meta"):
        system = build(config["system"], {})
    image, one = "_image_" in name, "_one_stream_" in name
    sizes = size(system.generator), size(system.discriminator)
    expected = (68.2e6, 44.1e6) if image else (12.7e6 if one else 16.3e6, 11.1e6)
    for found, published in zip(sizes, expected, strict=True):
        assert abs(found / published - 1) < 0.01
    assert system.form.shape == (3, 32, 64, 64) and system.form.rate == 25.0
    assert system.mask.weight == (0.0 if image else 0.1)
    assert system.generator.noise_dim == (0 if image else 100)
    if image:
        assert (system.known.weight, system.known.form) == (10.0, "l1")
    optim, trainer = build(config["optim"]), config["trainer"]
    assert {optim[phase].rate(0) for phase in optim} == {2e-4}
    assert all(optim[phase].betas == (0.5, 0.999) for phase in optim)
    assert trainer["batch"] == (32 if image else 64) and trainer["ema_halflife"] is None
