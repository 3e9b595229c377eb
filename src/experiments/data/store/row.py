"""A record as a row of the table of a data set."""

from __future__ import annotations

import json
from typing import Any

from experiments.data.record import Record


def row_of(record: Record) -> dict[str, Any]:
    """Its columns, as JSON or a table of `datasets` has them."""
    return {
        "key": record.key,
        "image": record.image,
        "captions": list(record.captions),
        "label": record.label,
        "split": record.split,
        "box": None if record.box is None else list(record.box),
        "attributes": json.dumps(record.attributes),
        "mentions": [list(mention) for mention in record.mentions],
        "more": json.dumps(record.more),
    }


def record_of(row: dict[str, Any]) -> Record:
    """The record that `row_of` gave. Raises what a row of something else leads to."""
    box = row["box"]
    return Record(
        key=row["key"],
        captions=tuple(row["captions"]),
        label=row["label"],
        split=row["split"],
        image=row["image"],
        box=None if box is None else (box[0], box[1], box[2], box[3]),
        attributes=json.loads(row["attributes"]),
        mentions=tuple(tuple(mention) for mention in row["mentions"]),
        more=dict(json.loads(row.get("more") or "{}")),  # tables of before had no such column
    )
