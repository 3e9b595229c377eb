"""What a recogniser of speech hears in sounds that were made, and in real ones.

A caption states some attributes of its picture and not others. So what is heard is compared with
the picture where something is heard, and how much that is stands beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from experiments.data.store.recorder import STORED, frames_of
from experiments.encoder.speech_recogniser import SpeechRecogniser
from experiments.frontend.wave import Silent, as_wave
from experiments.metric.rows import Rows, RowScore, require

RECOGNISER, SAYS = "speech_recogniser", "says"
NOTHING = -2  # in place of a value: nothing is said of it
QUIET = 0.01  # of the loudest stretch, -40 dB: what is below around speech is a pause
STRETCH = 0.02  # s


def hear(network: SpeechRecogniser, waves: Tensor, rate: int) -> Rows:
    """What is heard in sounds (B, N) in [-1, 1] at `rate` Hz: `features/speech_recogniser` (B, D)
    and `predicted` (B, A), the value of each attribute or `NOTHING`. In silence nothing is."""
    frontend, device = network.text.frontend, waves.device
    found = [_frames(frontend, wave, rate) for wave in waves.cpu().numpy()]
    counts = torch.tensor([len(frames) for frames in found])
    lengths = counts.clamp_min(network.text.shortest)
    frames = torch.zeros(len(found), int(lengths.max()), *frontend.shape)
    for row, values in zip(frames, found, strict=True):
        row[: len(values)] = torch.from_numpy(values)
    features, logits = network(frames.to(device), lengths)
    heard = [
        values.argmax(1).masked_fill(values.argmax(1) == values.shape[1] - 1, NOTHING)
        for values in logits.values()
    ]
    silent = (counts == 0).to(device)
    predicted = torch.stack(heard, 1).masked_fill(silent[:, None], NOTHING)
    return {f"features/{RECOGNISER}": features.float(), "predicted": predicted}


def compared(predicted: Tensor, told: Tensor) -> Tensor:
    """Of what pictures are, `told` (B, A), that of which something is heard; else -1."""
    return told.masked_fill(predicted == NOTHING, -1)


def without_pauses(wave: np.ndarray, rate: int) -> np.ndarray:
    """A sound (N,) from where it begins to be heard until it is heard no more."""
    size = max(1, round(STRETCH * rate))
    padded = np.pad(wave, (0, -len(wave) % size)).reshape(-1, size)
    levels = np.sqrt(np.square(padded, dtype=np.float64).mean(1))
    loud = np.flatnonzero(levels > QUIET * levels.max())
    return wave if not len(loud) else wave[loud[0] * size : (loud[-1] + 1) * size]


def _frames(frontend: Any, wave: np.ndarray, rate: int) -> np.ndarray:
    """As they are stored of recordings; none of silence."""
    try:
        heard = as_wave(wave, rate, frontend.rate)
    except Silent:
        return np.zeros((0, *frontend.shape), STORED)
    return frames_of(frontend, without_pauses(heard, frontend.rate))


class Said(RowScore):
    """The share of attributes of which something is heard, in generated and in real sounds."""

    kept = ("real", "fake")

    def update(self, predicted: Tensor, real: bool) -> None:
        """What was heard, (B, A), in real or in generated sounds."""
        heard = (predicted >= 0).double().mean(1)
        getattr(self, "real" if real else "fake").append(heard)

    def compute(self) -> tuple[float, float]:
        """Of generated and of real ones."""
        real, fake = (values[:, None] if len(values) else values for values in self.rows())
        require(1, {"real sounds": real, "generated sounds": fake})
        return fake.mean().item(), real.mean().item()
