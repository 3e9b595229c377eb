"""A recogniser that expects the captions of plumage, made once."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from experiments.app.recogniser.captions import Captions
from experiments.app.recogniser.listener import Listener
from experiments.app.recogniser.sphinx import Sphinx
from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.data.voice import speak

CAPTION = "this bird has a red crown and a white belly"


@pytest.fixture(scope="session")
def captions() -> Captions:
    read = Plumage(images_per_species=4).read()
    records = [record for record in read if isinstance(record, Record)]
    texts = tuple(text for record in records if record.split == "train" for text in record.captions)
    return Captions(texts, (), "captions of plumage")


@pytest.fixture(scope="session")
def listener(captions: Captions) -> Listener:
    pytest.importorskip("pocketsphinx")
    pytest.importorskip("soxr")
    return Listener(Sphinx(), captions)


@pytest.fixture(scope="session")
def said() -> tuple[np.ndarray, int]:
    """The caption in a voice that Sphinx understands."""
    if shutil.which("flite"):
        return speak("flite/rms", CAPTION)
    pytest.importorskip("espeakng_loader")
    return speak("espeak/Alex", CAPTION)
