"""Captions as an encoder takes them: read or heard. The one place that tells the two apart."""

from __future__ import annotations

from typing import Any

from torch import nn

from experiments.data.text.reading import hears, pieces_of, reads_of
from experiments.data.view.altered import require_words
from experiments.data.view.caption import CAPTION, CaptionView
from experiments.data.view.speech import SPEECH, SpeechView
from experiments.data.view.stranger import Mismatch
from experiments.frontend.distortion import Distortion


def condition_of(encoder: Any) -> str:
    """The name of the view of captions that an encoder takes."""
    return SPEECH if hears(encoder) else CAPTION


def view_for(
    encoder: Any,
    mismatch: Mismatch = "none",
    stored: nn.Module | None = None,
    average: int = 1,
    by_length: bool = True,
    distortion: Distortion | None = None,
    altered: int = 0,
) -> CaptionView:
    """The view of captions for an encoder of captions and pictures. `stored`: the same encoder,
    where it never changes and its features are to be stored; the other options are the views'."""
    if altered:
        require_words(encoder, "altered")
    if hears(encoder):
        return SpeechView(encoder.text, mismatch, stored, average, by_length, distortion)
    assert distortion is None, "distortion: is of sound, and this encoder reads"
    return CaptionView(
        reads_of(encoder), mismatch, stored, average, by_length, pieces_of(encoder), altered
    )
