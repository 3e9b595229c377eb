"""Pickles of others give data or an error, and never run anything."""

from __future__ import annotations

import os
import pickle
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.data.layout.pickles import load_pickle
from experiments.terminal.error import UserError
from tests.data.cub_tree import python2_pickle

PLAIN = [[[1, 2], [3]], [], {0: "<end>", 1: "bird"}, {"<end>": 0}, ("a", 1.5, None, True), b"x"]


def write(folder: Path, content: bytes) -> Path:
    path = folder / "some.pickle"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_of_every_protocol(tmp_path: Path, protocol: int) -> None:
    assert load_pickle(write(tmp_path, pickle.dumps(PLAIN, protocol))) == PLAIN


@pytest.mark.parametrize("protocol", [0, 2])
def test_python_2_strings(tmp_path: Path, protocol: int) -> None:
    value = ["001.Albatross/it's_1", {0: "<end>"}, [3, -1]]
    content = python2_pickle(value, protocol)
    assert pickle.loads(content, encoding="latin-1") == value  # the writer writes real pickles
    assert load_pickle(write(tmp_path, content)) == value


def test_python_2_bytes_outside_ascii_are_latin_1(tmp_path: Path) -> None:
    assert load_pickle(write(tmp_path, b"U\x03a\xe9b.")) == "aéb"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["int64", ">i4", "uint8", "float32"])
def test_arrays_of_numbers_arrive_as_lists(tmp_path: Path, protocol: int, dtype: str) -> None:
    array = np.arange(6, dtype=dtype).reshape(2, 3)
    for value in (array, np.asfortranarray(array)):
        content = pickle.dumps([value, value[0, 1]], protocol)
        for name in (content, content.replace(b"numpy._core", b"numpy.core")):
            if protocol < 4 or name is content:  # from 4 on names have a length before them
                assert load_pickle(write(tmp_path, name)) == [[[0, 1, 2], [3, 4, 5]], 1]


def test_array_as_python_2_wrote_it(tmp_path: Path) -> None:
    """The data are a string of bytes, which is what a `class_info.pickle` may hold."""
    data = struct.pack("<3q", 1, 200, 7)
    content = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
        b"(K\x01K\x03\x85cnumpy\ndtype\nU\x02i8K\x00K\x01\x87R(K\x03U\x01<NNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK\x00tb\x89U\x18" + data + b"tb."
    )
    assert np.array_equal(pickle.loads(content, encoding="latin-1"), [1, 200, 7])
    assert load_pickle(write(tmp_path, content)) == [1, 200, 7]


class Runs:
    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("protocol", range(6))
def test_code_is_refused_by_name_and_not_run(tmp_path: Path, protocol: int) -> None:
    target = tmp_path / "made by a pickle"
    path = write(tmp_path, pickle.dumps([1, Runs(target)], protocol))
    with pytest.raises(UserError, match=rf"some\.pickle.*{os.name}\.mkdir"):
        load_pickle(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"cbuiltins\neval\n(S'1'\ntR.", "builtins.eval"),
        (b"cnumpy\nload\n(S'x'\ntR.", "numpy.load"),
        (b"(S'id'\nios\nsystem\n.", "an object"),  # INST
        (b"cnumpy\ndtype\n)\x81.", "an object"),  # NEWOBJ
        (b"\x82\x01.", "an object"),  # EXT1
        (b"Pname\n.", "an object"),  # PERSID
        (b"cnumpy\ndtype\n}U\x01xK\x01sb.", "the state of"),  # attributes of a function of ours
        (b"cnumpy\ndtype\n.", "as data"),
        (b"cnumpy\ndtype\n(U\x01OtR.", "an array of 'O'"),
        (b"cnumpy\ndtype\n(U\x05i8,i8tR.", "an array of 'i8,i8'"),
        (b"\x8f.", "a set"),
        (b"}]K\x01s.", "a list as a key"),
        (b"}(]K\x01u.", "a list as a key"),
        (b"(]K\x01d.", "a list as a key"),
        (b"c_codecs\nencode\n(Vx\nVrot13\ntR.", "rot13"),
    ],
)
def test_refusals_name_what_was_asked_for(tmp_path: Path, content: bytes, named: str) -> None:
    with pytest.raises(UserError, match=named):
        load_pickle(write(tmp_path, content))


def test_array_cannot_be_larger_than_its_data(tmp_path: Path) -> None:
    honest = pickle.dumps(np.arange(3, dtype=np.uint8), 2)
    lying = honest.replace(b"K\x03\x85", b"J\xff\xff\xff\x7f\x85")
    assert lying != honest
    with pytest.raises(UserError, match="size"):
        load_pickle(write(tmp_path, lying))
    empty = pickle.dumps(np.zeros((3, 0), np.uint8), 2).replace(
        b"K\x03K\x00\x86", b"J\xff\xff\xff\x7fK\x00\x86"
    )
    assert load_pickle(write(tmp_path, empty)) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a pickle",
        pickle.dumps(PLAIN)[:-5],
        b"\x80\x02N",
        b"\x80\x63.",
        b"X\xff\xff\xff\x7fabc.",  # a string of 2 GB in three bytes
        b"I" + b"9" * 10_000 + b"\n.",
    ],
)
def test_broken_files(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"some\.pickle: not a complete pickle"):
        load_pickle(write(tmp_path, content))


def test_small_bombs_stay_small(tmp_path: Path) -> None:
    """An index that asks for a table of 32 GB, and 2^60 paths through 60 shared lists."""
    start = time.perf_counter()
    assert load_pickle(write(tmp_path, b"\x80\x02Nr\xff\xff\xff\xff.")) is None
    nested: list[Any] = []
    for _ in range(60):
        nested = [nested, nested]
    load_pickle(write(tmp_path, pickle.dumps(nested)))
    assert time.perf_counter() - start < 1


def test_size_is_bounded(tmp_path: Path) -> None:
    path = write(tmp_path, pickle.dumps("x" * 1000))
    assert load_pickle(path, path.stat().st_size) == "x" * 1000
    with pytest.raises(UserError, match="larger than 1000 bytes"):
        load_pickle(path, 1000)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_pickle(tmp_path / "none.pickle")
