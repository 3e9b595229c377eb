"""A folder of somebody's own, outside of the clone: options, and a package with a generator."""

from __future__ import annotations

from pathlib import Path

NET = '''"""A generator of my own."""

import torch
from torch import Tensor, nn

from experiments.generator.base import Generator, GeneratorOutput, doublings


class Mine(Generator):
    def __init__(self, resolutions: list[int], noise_dim: int, text_dim: int, width: int = 8):
        super().__init__()
        self.resolutions, self.noise_dim, self.condition_dim = resolutions, noise_dim, 0
        self.first = nn.Linear(noise_dim + text_dim, width * 16)
        ups = [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, 1, 1), nn.ReLU()]
        layers = ups * doublings(resolutions[-1])
        self.layers = nn.Sequential(*layers, nn.Conv2d(width, 3, 3, 1, 1), nn.Tanh())

    def forward(self, noise: Tensor, epsilon: Tensor, sentence: Tensor) -> GeneratorOutput:
        seed = self.first(torch.cat([noise, sentence], 1)).unflatten(1, (-1, 4, 4))
        return GeneratorOutput([self.layers(seed)])
'''
GENERATOR = """# A generator of my own
_target_: {package}.Mine
resolutions: ${{resolutions:1,${{data.preset.first_resolution}},${{data.preset.last_resolution}}}}
noise_dim: 10
text_dim: ${{encoder.dim}}
"""
MODEL = """# @package _global_
# GAN-CLS with a generator of my own.
defaults:
  - gan_cls
  - override /generator: mine

launch:
  targets: [{package}]
"""


def write_lab(place: Path, package: str = "mylab") -> Path:
    """`conf/` with model=mine, and the package, whose `__init__.py` hands on its class; the folder
    of options."""
    conf = place / "conf"
    for group, text in (("generator", GENERATOR), ("model", MODEL)):
        (conf / group).mkdir(parents=True)
        (conf / group / "mine.yaml").write_text(text.format(package=package))
    (place / package).mkdir()
    (place / package / "__init__.py").write_text("from .net import Mine\n")
    (place / package / "net.py").write_text(NET)
    return conf
