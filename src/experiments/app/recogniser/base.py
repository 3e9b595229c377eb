"""What every recogniser does, whoever made it."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from experiments.app.recogniser.captions import Captions
from experiments.app.refusal import Refused

RATE = 16_000  # Hz at which all of them hear


class NotHeard(Refused):
    """A recording in which no description was heard, in one line for whoever made it."""


class Recogniser(Protocol):
    """Made of its options alone; it opens files and packages where it is asked to."""

    def check(self) -> None:
        """Raise `UserError` where its package or its model is missing."""

    def expect(self, captions: Captions) -> tuple[str, ...]:
        """Get ready for the captions of a run. Returns what there is to tell of it, a line each;
        raises `UserError` where it cannot hear them."""

    def hear(self, samples: np.ndarray) -> str:
        """What is said in float32 (N,) at `RATE`. Raises `NotHeard` where that is nothing."""
