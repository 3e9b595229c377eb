"""What a configuration may name, and what the data decide about it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

TARGETS = ("experiments.",)
# What the data decide; `build` passes these to every target that has such a parameter.
FACTS = (
    "vocabulary_size",
    "words",
    "attribute_values",
    "num_classes",
    "class_count",
    "local_attributes",
    "heard_attributes",
    "moving_attributes",
    "text_model",
)


def locate(target: str) -> Any:
    """Import what a `_target_` names; only this project's own classes are allowed."""
    assert target.startswith(TARGETS), f"_target_ {target} is not one of {TARGETS}"
    module, _, name = target.rpartition(".")
    return getattr(importlib.import_module(module), name)


def targets_in(node: Any) -> Iterator[Any]:
    """Every `_target_` of a node and of what it holds."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield node["_target_"]
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from targets_in(value)


STYLE = ".StyleEncoderTraining"
NO_TEXT = "experiments.encoder.given_sentences.GivenSentences"
