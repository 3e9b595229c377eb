"""Training steps as papers and released codes publish them: what `make bench` divides by.

The networks are the project's own, and so are their weights and gradients
(`tests/benchmarks/test_step.py`).
"""

from __future__ import annotations

from typing import Any

from benchmarks.plain.attngan import PlainAttnGAN
from benchmarks.plain.base import PlainStep, Rates
from benchmarks.plain.cmcgan import PlainCMCGAN
from benchmarks.plain.damsm import PlainDAMSM
from benchmarks.plain.matching import PlainGANCLS, PlainStackGAN
from benchmarks.plain.tgans_c import PlainTGANsC
from benchmarks.plain.wav2pix import PlainWav2Pix
from experiments.system.attngan import AttnGAN
from experiments.system.base import System
from experiments.system.cmcgan import CMCGAN
from experiments.system.damsm import DAMSMTraining
from experiments.system.gan_cls import GANCLS
from experiments.system.stackgan import StackGAN
from experiments.system.tgans_c import TGANsC
from experiments.system.wav2pix import Wav2Pix

FORMS: dict[type[System], Any] = {
    AttnGAN: PlainAttnGAN,
    CMCGAN: PlainCMCGAN,
    DAMSMTraining: PlainDAMSM,
    GANCLS: PlainGANCLS,
    StackGAN: PlainStackGAN,
    TGANsC: PlainTGANsC,
    Wav2Pix: PlainWav2Pix,
}


def plain_step(system: System, rates: Rates) -> PlainStep:
    """The plain step of a system's method. `rates`: the group `optim` of its configuration."""
    form: PlainStep = FORMS[type(system)](system, rates)
    return form
