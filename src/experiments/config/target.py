"""What a configuration may name, and what the data decide about it."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from experiments.config.outside import is_allowed, is_own
from experiments.terminal.error import UserError, reason_of

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
    """Import what a `_target_` names: a class of this project, or of a package of the person at the
    terminal. Raises `UserError` where importing one of the latter fails."""
    assert is_allowed(target), f"_target_ {target} is none of ours"
    module, _, name = target.rpartition(".")
    if not is_own(target):
        return getattr(importlib.import_module(module), name)
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # whatever code of others does
        raise UserError(f"{target}: cannot be imported: {reason_of(error)}") from error


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
