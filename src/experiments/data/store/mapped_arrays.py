"""Arrays of a large data set as files that are mapped: what `arrays.py` keeps of a small one.

    <data set>/arrays-<max words>/
        keys.npy, captions.npy           uint8, texts end to end
        key_ends.npy, caption_ends.npy   int64, where each begins, and the last ends
        tokens.npy                       uint16 or int32 (M, T)
        labels.npy, lengths.npy, ...     as in `arrays.py`

They are written in blocks, so that no array is ever in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from experiments.data.record import Record
from experiments.data.store import spool
from experiments.data.store.arrays import Arrays, load_arrays, save_arrays
from experiments.data.store.cut import encode_records
from experiments.data.store.picture import damaged, open_store
from experiments.data.text.vocabulary import Vocabulary
from experiments.file.mapped import write_header
from experiments.file.whole import atomic
from experiments.terminal.error import UserError

BLOCK = 8192  # records
CHECKED = 1 << 22  # values that are looked at together
PLAIN = ("test", "labels", "attributes", "caption_counts", "tokens", "lengths", "mentions")
NAMES = (*PLAIN, "keys", "captions", "key_ends", "caption_ends")


def there(file: Path) -> bool:
    """Whether a file is there, or the folder of large arrays in place of the one of small ones."""
    return file.exists() or (file.suffix == ".npz" and file.with_suffix("").is_dir())


def write_arrays(
    records: Sequence[Record],
    vocabulary: Vocabulary | None,
    values: dict[str, tuple[str, ...]],
    max_words: int,
    path: Path,
) -> None:
    """The arrays of the records: in one file, or of very many in the folder of its name."""
    if len(records) > spool.LARGE:
        write_mapped(records, vocabulary, values, max_words, path.with_suffix(""))
    else:
        save_arrays(encode_records(records, vocabulary, values, max_words), path)


def open_arrays(path: Path, vocabulary: Path, words: int) -> Arrays:
    """What `write_arrays` wrote. `vocabulary`, `words`: its file, and how many it has. Raises
    `UserError` for what is damaged, or of other words."""
    if path.with_suffix("").is_dir():
        return open_mapped(path.with_suffix(""), words)
    arrays = load_arrays(path)
    if arrays["tokens"].max(initial=0) >= max(words, 1):
        raise damaged(vocabulary, "not the words of these captions")
    return arrays


def write_mapped(
    records: Sequence[Record],
    vocabulary: Vocabulary | None,
    values: dict[str, tuple[str, ...]],
    max_words: int,
    folder: Path,
) -> None:
    """The arrays of all records, in their order; whole or not at all."""
    few = np.uint16 if len(vocabulary or ()) <= 1 << 16 else np.int32
    with atomic(folder) as partial:
        partial.mkdir()
        with ExitStack() as opened:
            files: dict[str, _Growing] = {}
            left = iter(records)
            while block := list(islice(left, BLOCK)):
                arrays = encode_records(block, vocabulary, values, max_words)
                arrays["tokens"] = arrays["tokens"].astype(few)
                arrays["lengths"] = arrays["lengths"].astype(np.int64)
                del arrays["keys"], arrays["captions"]
                keys = [record.key for record in block]
                texts = [text for record in block for text in record.captions]
                for name, many in (("key", keys), ("caption", texts)):
                    encoded = [text.encode() for text in many]
                    arrays[f"{name}s"] = np.frombuffer(b"".join(encoded), np.uint8)
                    sizes = np.array([len(text) for text in encoded], np.int64)
                    before = files[f"{name}s"].count if files else 0
                    ends = before + np.cumsum(sizes)
                    arrays[f"{name}_ends"] = ends if files else np.append(0, ends)
                if not files:
                    files = {
                        name: opened.enter_context(_Growing(partial / f"{name}.npy", array))
                        for name, array in arrays.items()
                    }
                for name, array in arrays.items():
                    files[name].append(array)


class _Growing:
    """An array in a file, longer with each block: `with _Growing(path, like) as file`."""

    def __init__(self, path: Path, like: np.ndarray) -> None:
        self.file: BinaryIO = path.open("wb")
        self.dtype, self.shape, self.count = like.dtype, like.shape[1:], 0
        self.start = write_header(self.file, self.dtype, (0, *self.shape))

    def __enter__(self) -> _Growing:
        return self

    def append(self, rows: np.ndarray) -> None:
        self.file.write(rows.tobytes())
        self.count += len(rows)

    def __exit__(self, *raised: object) -> None:
        self.file.seek(0)
        end = write_header(self.file, self.dtype, (self.count, *self.shape))
        assert end == self.start, "the header keeps its length"
        self.file.close()


def open_mapped(folder: Path, words: int) -> Arrays:
    """What `write_mapped` wrote, as maps. `words`: of the vocabulary. Raises `UserError` for files
    that are damaged or do not fit together."""
    found = {name: _open(folder / f"{name}.npy") for name in NAMES}
    records, captions = len(found["labels"]), len(found["lengths"])
    lengths = {name: len(found[name]) for name in NAMES}
    fits = (
        {lengths[name] for name in ("test", "attributes", "caption_counts")} == {records}
        and {lengths[name] for name in ("tokens", "mentions")} == {captions}
        and (lengths["key_ends"], lengths["caption_ends"]) == (records + 1, captions + 1)
        and int(np.asarray(found["caption_counts"]).sum()) == captions
    )
    for name in ("key", "caption") if fits else ():
        ends = found[f"{name}_ends"]
        fits &= int(ends[0]) == 0 and int(ends[-1]) == lengths[f"{name}s"]
        fits &= bool((np.diff(ends) >= 0).all())
    if not fits:
        raise damaged(folder / "labels.npy", "arrays of different lengths")
    if _largest(folder / "tokens.npy", found["tokens"]) >= max(words, 1):
        raise damaged(folder / "tokens.npy", "not the words of these captions")
    if np.max(found["lengths"], initial=0) > found["tokens"].shape[1]:
        raise damaged(folder / "lengths.npy", "lengths out of range")
    return found


def _open(path: Path) -> Any:
    try:
        return open_store(path)
    except UserError:
        with_nothing = _empty(path)  # a file cannot be mapped that has no values
        if with_nothing is None:
            raise
        return with_nothing


def _empty(path: Path) -> np.ndarray | None:
    try:
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
            return np.zeros(shape, dtype) if 0 in shape and not dtype.hasobject else None
    except (OSError, ValueError):
        return None


def _largest(path: Path, array: np.ndarray) -> int:
    """The largest value, read and not mapped, so that the file does not stay in memory."""
    largest = 0
    with path.open("rb") as file:
        file.seek(path.stat().st_size - array.nbytes)
        while len(block := np.fromfile(file, array.dtype, CHECKED)):
            largest = max(largest, int(block.max()))
            if int(block.min()) < 0:
                return 1 << 62
    return largest
