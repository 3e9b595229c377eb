"""Wav2Pix as published: what its experiments and its study compose to."""

from __future__ import annotations

import pytest
import torch

from experiments.config.build import build
from experiments.run.pretrained import GROUPS, without_pretrained
from tests.conf.test_experiments import comment, listed, run, size
from tests.conf.test_sweeps import study

PAIRS = 5_545  # of two people
NAMES = [f"wav2pix_{row}youtubers" for row in ("", "64_", "paper_", "paper_64_")]


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
        system = build(config["system"], {"class_count": 10})
    small, paper = "_64_" in name, "paper" in name
    drawers = (system.encoder, system.generator, system.identity)
    assert sum(map(size, drawers)) == (15_327_814 if small else 24_764_998)
    assert size(system.discriminator) == (2_765_824 if small else 11_162_624)
    assert system.excerpt.samples == 16_384 and system.generator.dropout == 0.5
    assert system.stochastic and system.adversarial.criterion.real_target == 0.9
    weights = system.features.weight, system.pixel_weight, system.identity_weight
    assert weights == ((0, 0, 20) if paper else (100, 50, 20))
    optim, trainer = build(config["optim"]), config["trainer"]
    assert [optim[phase].rate(0) for phase in ("discriminator", "generator")] == [4e-4, 1e-4]
    assert all(optim[phase].betas == (0.5, 0.999) for phase in optim)
    assert trainer["batch"] == 64 and trainer["images"] == 200 * PAIRS
    assert trainer["ema_halflife"] is None


def test_the_study_has_the_published_rows() -> None:
    _, configs = study("wav2pix", "plumage")
    rows = {
        (
            config["generator"]["resolutions"][-1],
            config["system"]["excerpt"]["seconds"],
            config["system"]["noise"],
        )
        for config in configs
    }
    assert rows == {(64, 4.0, 0), (128, 4.0, 0), (64, 1.0, 0), (64, 0.7, 0), (64, 4.0, 1)}
