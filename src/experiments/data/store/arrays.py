"""Arrays of all records of a data set in one file: what `cut.py` makes splits of."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.data.store.picture import damaged
from experiments.data.store.text import Texts
from experiments.file.whole import atomic
from experiments.terminal.error import reason_of

Arrays = dict[str, np.ndarray]


def save_arrays(arrays: Arrays, path: Path) -> None:
    """Write the arrays to an npz file, whole or not at all."""
    with atomic(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_arrays(path: Path) -> Arrays:
    """Read what `save_arrays` wrote. Raises `UserError` for a damaged file."""
    try:
        fault = _lie(path)
        if not fault:
            with np.load(path, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            fault = _mismatch(arrays)
    except Exception as error:  # whatever a damaged archive leads to
        raise damaged(path, reason_of(error)) from None
    if fault:
        raise damaged(path, fault)
    return arrays


def keys_of(arrays: Arrays) -> Sequence[str]:
    """The keys of all records, wherever they lie."""
    if "key_ends" in arrays:
        return Texts(arrays["keys"], arrays["key_ends"])
    return arrays["keys"].tolist()  # type: ignore[no-any-return]


def _lie(path: Path) -> str:
    """Why the arrays would be larger than the file that holds them; empty where they are not."""
    left = path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            with archive.open(info) as member:
                version = np.lib.format.read_magic(member)
                header = np.lib.format.read_array_header_1_0
                if version != (1, 0):
                    header = np.lib.format.read_array_header_2_0
                shape, _, dtype = header(member)
            left -= max(info.file_size, math.prod(shape) * dtype.itemsize)
    return "" if left >= 0 else "its arrays are larger than the file"


def _mismatch(arrays: Arrays) -> str:
    """What of the arrays does not fit the rest; empty where all do."""
    kinds = {
        "keys": ("U", 1),
        "test": ("b", 1),
        "labels": ("i", 1),
        "attributes": ("i", 2),
        "caption_counts": ("i", 1),
        "captions": ("u", 1),
        "tokens": ("i", 2),
        "lengths": ("i", 1),
        "mentions": ("b", 2),
    }
    for name, (kind, dimensions) in kinds.items():
        if name not in arrays:
            return f"no array {name}"
        if arrays[name].dtype.kind != kind or arrays[name].ndim != dimensions:
            return f"another array {name}"
    counts, tokens = arrays["caption_counts"], arrays["tokens"]
    records = {len(arrays[name]) for name in ("keys", "test", "labels", "attributes")}
    captions = {len(arrays[name]) for name in ("tokens", "lengths", "mentions")}
    if records != {len(counts)} or captions != {int(counts.sum())} or counts.min(initial=0) < 0:
        return "arrays of different lengths"
    lengths = arrays["lengths"]
    if min(tokens.min(initial=0), lengths.min(initial=0)) < 0 or (
        lengths.max(initial=0) > tokens.shape[1]
    ):
        return "tokens or lengths out of range"
    try:
        texts = arrays["captions"].tobytes().decode().count("\n") + 1
    except UnicodeDecodeError:
        return "captions that are not UTF-8"
    return "" if not len(tokens) or texts == len(tokens) else "captions of another number"
