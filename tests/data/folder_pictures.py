"""Metadata, and a folder of sixty pictures, for the tests of a user's own pictures."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

from drawn import draw, write

from experiments.data.reader.folder import Folder
from experiments.data.record import Record


def jsonl(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")


def table(path: Path, *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, dict.fromkeys(key for row in rows for key in row))
        writer.writeheader()
        writer.writerows(rows)


def splits(records: dict[str, Record]) -> dict[str, str]:
    return {key: record.split for key, record in records.items()}


def classes(reader: Folder, records: dict[str, Record]) -> dict[str, str]:
    return {key: reader.class_names()[record.label] for key, record in records.items()}


def write_many(root: Path) -> Path:
    """Sixty pictures in twenty folders."""
    draw(root / "kind00/0.png", size=(8, 8))
    content = (root / "kind00/0.png").read_bytes()
    for number in range(60):
        path = root / f"kind{number % 20:02d}/{number}.png"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        write(path.with_suffix(".txt"), [f"number {number}"])
    return root
