"""What a reader says of a whole data set: classes, attributes, whether mirrored pictures serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.data.record import Reader
from experiments.data.store.fingerprint import FACTS
from experiments.data.store.picture import damaged, read_json
from experiments.data.store.table import write_json


def write_facts(reader: Reader, folder: Path) -> None:
    """Into `facts.json` of a folder of prepared data."""
    colours = getattr(reader, "colour_attributes", None)  # the protocol leaves it open
    facts = {
        "class_names": reader.class_names(),  # none where each record is one, by its key
        "attribute_values": reader.attribute_values(),
        "colour_attributes": colours() if callable(colours) else colours or (),
        "mirror": getattr(reader, "mirror", True),
    }
    write_json(folder / FACTS, facts)


def read_facts(folder: Path) -> dict[str, Any]:
    """What `write_facts` wrote. Raises `UserError` for a damaged file."""
    path = folder / FACTS
    facts = read_json(path)
    kinds = {"class_names": list, "attribute_values": dict, "colour_attributes": list}
    if not isinstance(facts, dict) or "mirror" not in facts:
        raise damaged(path, "it lacks facts")
    for name, kind in kinds.items():
        texts = facts.get(name)
        if not isinstance(texts, kind) or not all(isinstance(text, str) for text in texts):
            raise damaged(path, f"no {name}")
    if not all(isinstance(values, list) for values in facts["attribute_values"].values()):
        raise damaged(path, "no attribute_values")
    return facts
