"""How the pictures of a data set are kept: one of three stores, which are built and opened alike.

Row k of a store is record k of those of the table that it did not leave out.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.record import Drop, Reader, Record
from experiments.data.store.choice import STORES, StoreName, chosen
from experiments.data.store.encoded import CONTENT, EncodedPictures, write_encoded
from experiments.data.store.picture import (
    build_store,
    dropped_records,
    open_store,
    progress_bar,
)
from experiments.data.store.streamed import StreamedPictures, write_groups
from experiments.data.store.table import REPORT, read_report, read_table
from experiments.file.lock import locked
from experiments.file.whole import atomic, discard
from experiments.terminal.error import UserError
from experiments.terminal.line import amount, number_of

PATTERNS = ("images-*.npy", "encoded-*", "stream")  # of folders and files that are whole
TOLD = {"pixels": "kept as pixels", "encoded": "kept as JPEG", "stream": "read where they lie"}


@dataclass(frozen=True)
class Kept:
    """`name`: one of `STORES`. `size`: px. `why`: it was chosen, "" where there is nothing to
    say."""

    name: StoreName
    folder: Path
    size: int
    why: str = ""

    @property
    def path(self) -> Path:
        """Of what is there once it is built."""
        names = {
            "pixels": f"images-{self.size}.npy",
            "encoded": f"encoded-{self.size}",
            "stream": "stream",
        }
        return self.folder / names[self.name]

    def drops(self) -> list[Drop]:
        """The records that it left out. Raises `UserError` for a damaged list."""
        return dropped_records(self.path.with_suffix(".json"))

    def build(
        self,
        reader: Reader,
        records: Sequence[Record],
        workers: int | None = None,
        quiet: bool = False,
    ) -> list[Drop]:
        """Write it, unless it is there, and return the records left out. Raises `UserError` where
        the disk is full or no picture can be used."""
        if self.name == "pixels":
            return build_store(reader, records, self.size, self.path, workers, quiet)
        path, made = self.path, f"at {self.size} px, as JPEG"
        with locked(path.with_name(f".{path.name}.lock")):
            if path.exists():
                return self.drops()
            write = partial(write_encoded, size=self.size)
            if self.name == "stream":
                write, made = write_groups, "looked at"  # type: ignore[assignment]
            title = f"{reader.name}: {number_of(len(records), 'image')} {made}"
            with (
                atomic(path) as partial_,
                progress_bar(len(records), title, "images", quiet) as bar,
            ):
                reasons = write(reader, records, folder=partial_, workers=workers, bar=bar)
                if len(reasons) == len(records):
                    raise UserError(f"{reader.name}: no picture can be used ({reasons[0]})")
                drops = [Drop(records[k].key, reasons[k]) for k in sorted(reasons)]
                with atomic(path.with_suffix(".json")) as side:
                    side.write_text(json.dumps([[drop.key, drop.reason] for drop in drops]))
        return drops

    def open(self, reader: Reader, rows: np.ndarray) -> Any:
        """The pictures, as an array or what does for one. `rows`: those of the table that have
        one. Raises `UserError` for what is damaged."""
        if self.name == "pixels":
            return open_store(self.path)
        if self.name == "encoded":
            return EncodedPictures(self.path, self.size)
        records = read_table(self.folder)
        return StreamedPictures(reader, records, rows, self.path, self.size)

    def told(self) -> str:
        """How the pictures are kept, as a part of the line at the start of a run."""
        file = self.path / CONTENT if self.name == "encoded" else self.path
        size = "" if self.name == "stream" else f", {amount(file.stat().st_size)}"
        return TOLD[self.name] + size + (f", as {self.why}" if self.why else "")


@dataclass(frozen=True)
class Pictures:
    """What is asked for of pictures: a store, None for what there is room for, and px, None for no
    pictures."""

    store: StoreName | None
    size: int | None

    def kept(self, folder: Path, count: int | None = None) -> Kept | None:
        """The store that is asked for, else pixels where they are there, else what there is room
        for. `count`: pictures, by default those that the report of a folder counts."""
        if self.size is None:
            return None
        if self.store is not None:
            return Kept(self.store, folder, self.size)
        pixels, encoded = (Kept(name, folder, self.size) for name in STORES[:2])
        if pixels.path.exists():
            return pixels
        if count is None:
            count = sum(read_report(folder / REPORT)["kept"].values())
        name, why = chosen(count, self.size, folder)
        if name == "stream" and encoded.path.exists():
            return encoded
        return Kept(name, folder, self.size, why)

    def there(self, folder: Path) -> bool:
        """Whether they are, in a folder with a report."""
        found = self.kept(folder)
        return found is None or found.path.exists()


def drop_others(folder: Path, but: Kept | None) -> None:
    """Remove the stores of an attempt that was not finished, whose rows may be others."""
    assert len(PATTERNS) == len(STORES)
    for pattern in PATTERNS:
        for path in folder.glob(pattern):
            if path.suffix in ("", ".npy") and (but is None or path != but.path):
                discard(path)
