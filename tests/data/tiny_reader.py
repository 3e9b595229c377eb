"""A reader small enough for tests. A module of its own, because worker processes import it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput

COLOURS = ("red", "green", "blue")


@dataclass
class TinyReader:
    """`count` images of one level each, a fifth of them to test on, in classes of five.

    Image k has 1 + k % 9 captions. `bad` pictures cannot be drawn, `bad_at` only at sizes above 8.
    """

    count: int = 40
    bad: tuple[int, ...] = ()
    bad_large: tuple[int, ...] = ()
    dropped: int = 0
    delay: float = 0.0
    version: str = "1"
    list_words: bool = False
    name: str = "tiny"

    def check(self) -> None:
        return None

    def fingerprint(self) -> str:
        return self.version

    def read(self) -> Iterator[Record | Drop]:
        for k in range(self.count):
            colour = COLOURS[k % 3]
            captions = tuple(f"bird {k} view {j} has a {colour} crown" for j in range(1 + k % 9))
            yield Record(
                key=f"{k // 5:03d}.class/image_{k}",
                captions=captions,
                label=k // 5,
                split="test" if k % 5 == 4 else "train",
                image=f"{k}.png",
                box=(1, 2, 3, 4) if k % 2 else None,
                attributes={"crown": colour} if k % 4 else {},
                mentions=(("crown",),) * len(captions) if k % 4 else (),
            )
        for k in range(self.dropped):
            yield Drop(f"lost_{k}", "no picture file")

    def image(self, record: Record, size: int) -> np.ndarray:
        number = int(record.image.removesuffix(".png"))
        time.sleep(self.delay)
        if number in self.bad or (size > 8 and number in self.bad_large):
            raise BadInput("picture is broken")
        picture = np.full((size, size, 3), number % 251, np.uint8)
        picture[0, 0] = (1, 2, 3)
        return picture

    def class_names(self) -> list[str]:
        return [f"class {k}" for k in range(-(-self.count // 5))]

    def attribute_values(self) -> dict[str, tuple[str, ...]]:
        return {"crown": COLOURS, "size": ("small", "large")}

    def colour_attributes(self) -> tuple[str, ...]:
        return ("crown",)

    def words(self) -> list[str] | None:
        return ["<end>", "crown", "red", "bird"] if self.list_words else None


def sung(reader: TinyReader, record: Record) -> list[np.ndarray]:
    """One to three items of 0 to 2 rows; `bad_large` records have none."""
    number = int(record.image.removesuffix(".png"))
    if number in reader.bad_large:
        raise BadInput("nothing is heard")
    return [np.full((j, 2), number + j / 10, np.float32) for j in range(number % 3 + 1)]
