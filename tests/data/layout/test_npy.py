"""Frames that S2IGAN's users have: read as numpy wrote them, and nothing of them is run."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.layout.npy import LIMIT, count_of, frames_of
from experiments.terminal.error import BadInput

LENGTHS = (3, 5, 1, 7)


class Runs:
    """Makes a folder when a pickle of it is loaded."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.folder),)


def mels(lengths: tuple[int, ...] = LENGTHS, kind: str = "f4") -> list[np.ndarray]:
    """Frames as `Audio_to_mel.py` of S2IGAN makes them: (T, 40), the second half of it negative."""
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 40)).astype(kind) for n in lengths]


def objects(parts: list[Any]) -> np.ndarray:
    """What numpy makes of a list of arrays of several lengths."""
    made = np.empty(len(parts), object)
    made[:] = parts
    return made


def save(path: Path, value: Any) -> Path:
    np.save(path, value, allow_pickle=True)
    return path


def header(shape: str, descr: str = "'|O'", fortran: str = "False") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_a_list_of_captions(tmp_path: Path) -> None:
    said = mels()
    path = save(tmp_path / "a.npy", objects(said))
    assert count_of(path) == 4
    for k, frames in enumerate(said):
        found = frames_of(path, k)
        assert found.dtype == np.float32 and np.array_equal(found, frames)
    with pytest.raises(BadInput, match="no frames of caption 4: the file has those of 4"):
        frames_of(path, 4)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_protocol_that_numpy_has_written(tmp_path: Path, protocol: int) -> None:
    said = mels()
    content = pickle.dumps(objects(said), protocol)
    for names in (content, content.replace(b"numpy._core", b"numpy.core")):
        if protocol >= 4 and names != content:
            continue  # a text there says how long it is
        path = tmp_path / f"{len(names)}.npy"
        path.write_bytes(header("(4,)") + names)
        assert np.array_equal(frames_of(path, 3), said[3])


def test_captions_of_one_length_are_one_array(tmp_path: Path) -> None:
    """`np.save` of a list makes that of them: no pickle."""
    said = mels((6, 6, 6))
    path = save(tmp_path / "a.npy", said)
    assert count_of(path) == 3
    assert np.array_equal(frames_of(path, 2), said[2])
    turned = save(tmp_path / "b.npy", np.asfortranarray(np.stack(said)))
    assert np.array_equal(frames_of(turned, 1), said[1])


def test_one_caption(tmp_path: Path) -> None:
    """As those of Places and others are: no list at all."""
    (said,) = mels((9,), "f8")
    path = save(tmp_path / "a.npy", said)
    assert count_of(path) == 1
    found = frames_of(path, 0)
    assert found.dtype == np.float32 and np.array_equal(found, said.astype("f4"))


def test_nothing_is_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    inside = save(tmp_path / "a.npy", objects([mels()[0], Runs(made)]))
    whole = tmp_path / "b.npy"
    whole.write_bytes(header("(1,)") + pickle.dumps(Runs(made)))
    for path in (inside, whole):
        with pytest.raises(BadInput, match=r"refused, because the file asks for posix\.mkdir"):
            frames_of(path, 0)
    assert not made.exists()


def test_what_cannot_be_used_says_why(tmp_path: Path) -> None:
    good, said = (tmp_path / "good.npy"), mels()
    content = save(good, objects(said)).read_bytes()
    other = said[0].copy()
    other[0, 0] = np.nan
    bad: dict[str, tuple[bytes | np.ndarray, str]] = {
        "not numpy": (b"RIFF" + bytes(100), "not a file of numpy"),
        "cut off": (content[:-50], "not a whole file"),
        "no data": (header("(4,)"), "not a whole file"),
        "plain and cut off": (header("(2, 9, 40)", "'<f4'") + bytes(99), "shorter or longer"),
        "plain and huge": (header("(1000000000, 40)", "'<f4'"), "shorter or longer"),
        "another shape": (objects([a[:, :39] for a in said]), r"not numbers \(T, 40\)"),
        "whole numbers": (objects([a.astype(int) for a in said]), r"not numbers \(T, 40\)"),
        "no frames": (objects([a[:0] for a in said]), r"not numbers \(T, 40\)"),
        "NaN": (objects([other, *said[1:]]), "no numbers"),
        "beyond float32": (objects([a.astype("f8") * 1e300 for a in said]), "no numbers"),
        "texts": (objects(["a", "b"]), r"not numbers \(T, 40\)"),
        "a dictionary": (header("(1,)") + pickle.dumps({}), "not a list of arrays"),
        "fewer than told": (header("(9,)") + pickle.dumps(objects(said)), "not a list of arrays"),
        "lists in lists": (objects([objects(said), said[0]]), r"not numbers \(T, 40\)"),
        "another type": (header("(4,)", "'<c8'") + bytes(32), r"not numbers \(T, 40\)"),
        "a header that is code": (header("__import__('os')"), "not a file of numpy"),
        "a negative shape": (header("(-1, 40)", "'<f4'"), "not a file of numpy"),
        "format 9": (b"\x93NUMPY\x09\x00" + content[8:], "not a file of numpy|format 9"),
        "empty": (b"", "not a file of numpy"),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, (value, reason) in bad.items():
            path = tmp_path / "bad.npy"
            if isinstance(value, bytes):
                path.write_bytes(value)
            else:
                save(path, value)
            with pytest.raises(BadInput, match=reason):
                frames_of(path, 0)
                pytest.fail(name)


def test_more_than_anybody_has(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        file.write(header("(2, 40)", "'<f4'"))
        file.truncate(LIMIT + 1)
    with pytest.raises(BadInput, match="larger than"):
        frames_of(path, 0)
    path.write_bytes(header("(1000000000,)"))
    with pytest.raises(BadInput, match="not frames of captions"):
        count_of(path)
    os.mkfifo(tmp_path / "pipe.npy")
    for read in (count_of, lambda path: frames_of(path, 0)):
        with pytest.raises(BadInput, match="not a file"):
            read(tmp_path / "pipe.npy")


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    path = save(tmp_path / "a.npy", objects(mels()))
    frames_of(path, 0)
    save(path, objects([a + 1 for a in mels((4, 4, 2))]))
    assert len(frames_of(path, 0)) == 4
