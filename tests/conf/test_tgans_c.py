"""TGANs-C as published: what its experiments and its study compose to."""

from __future__ import annotations

import pytest
import torch

from experiments.config.build import build
from experiments.run.pretrained import GROUPS, without_pretrained
from tests.conf.test_experiments import comment, listed, run, size
from tests.conf.test_sweeps import study

ARMS = {  # judges, what holds frames together, weights of the judges of RGB clips
    "tgans_c_a": (["video", "frame", "motion"], "adversarial"),
    "tgans_c_tbmg": (["video", "frame", "motion"], "adversarial"),
    "tgans_c_msvd": (["video", "frame", "motion"], "adversarial"),
    "tgans_c_1": (["video"], "none"),
    "tgans_c_2": (["video", "frame"], "none"),
    "tgans_c_c": (["video", "frame"], "constraint"),
    "gan_cls_3d_sbmg": (["video"], "none"),
}


@pytest.mark.parametrize("name", list(ARMS))
def test_a_file_names_its_command_and_its_source(name: str) -> None:
    package, title, *rest = comment(name)
    assert package == "@package _global_"
    where = " data.root=DIR" if name == "tgans_c_msvd" else ""
    assert title.endswith(f": python run.py experiment={name}{where}")
    assert "Published: " in " ".join(rest)
    assert any(title.startswith(line.split(name, 1)[1].strip()) for line in listed(name))


@pytest.mark.parametrize("name", list(ARMS))
def test_sizes_rates_and_losses_are_published(name: str) -> None:
    config = without_pretrained(run(name).config, *GROUPS, "system")
    with torch.device("meta"):
        system = build(config["system"], {"vocabulary_size": 30})
    levels, temporal = ARMS[name]
    colours = 3 if name == "tgans_c_msvd" else 1
    assert system.form.shape == (colours, 16, 48, 48)
    assert size(system.encoder.text) == 1_848_832
    assert size(system.generator) == 12_730_240 - 64 * 64 * (3 - colours)
    if name == "tgans_c_msvd":
        assert size(system.discriminator) == 11_488_769 + 3_686_658
    assert (system.discriminator.levels, system.temporal) == (levels, temporal)
    loss = system.adversarial
    assert loss.reduction == ("half" if name == "gan_cls_3d_sbmg" else "third")
    assert loss.criterion.form == "binary" and set(loss.weights.values()) == {1.0}
    optim, trainer = build(config["optim"]), config["trainer"]
    for phase in ("discriminator", "generator"):
        assert optim[phase].rate(0) == 2e-4 and optim[phase].betas == (0.5, 0.999)
    assert trainer["batch"] == 64 and trainer["ema_halflife"] is None
    if name == "tgans_c_tbmg":
        assert config["data"]["reader"]["digits"] == 2


def test_the_study_has_three_arms_of_the_digits_configuration() -> None:
    _, configs = study("tgans_c", "digits")
    rows = [(c["system"]["temporal"], c["discriminator"]["levels"]) for c in configs]
    three = (["video", "frame", "motion"], ["video", "frame"], ["video", "frame"])
    arms = list(zip(("adversarial", "constraint", "none"), three, strict=True))
    assert sorted(map(str, rows)) == sorted(map(str, arms * (len(rows) // 3))), rows
    for config in configs:
        assert config["discriminator"]["norm"] == "spectral"
        assert config["generator"]["norm"] == "conditional"
