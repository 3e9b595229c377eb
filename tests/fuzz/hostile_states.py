"""State dicts that somebody made to do harm, or saved of something else."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

HUGE = 10**12  # elements


class Run:
    """A pickle that makes a folder when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.makedirs, (str(self.path),)


def saved(value: Any, new: bool = True) -> bytes:
    """As `torch.save` writes it, now or before 2020."""
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


def states(sentinel: Path) -> Iterator[tuple[str, bytes]]:
    """(what it is, the file). Code in one of them would make the folder `sentinel`."""
    good = torch.ones(4, 2)
    values: dict[str, Any] = {
        "code": {"a": Run(sentinel)},
        "code beside tensors": {"a": good, "b": Run(sentinel)},
        "a network": torch.nn.Linear(2, 2),
        "a list": [good],
        "nothing": {},
        "numbers for names": {1: good, 2: good},
        "texts for tensors": {"a": "b"},
        "dictionaries in it": {"state_dict": {"a": good}},
        "an integer": 7,
        "sparse": {"a": good.to_sparse()},
        "compressed": {"a": good.to_sparse_csr()},
        "quantised": {"a": torch.quantize_per_tensor(good, 0.1, 0, torch.qint8)},
        "of no device": {"a": torch.empty(3, device="meta")},
        "complex": {"a": good.to(torch.complex64)},
        "a view of one number": {"a": torch.zeros(1).expand(HUGE)},
        "a view of many": {"a": torch.zeros(100_000)[3:4]},
        "steps of nothing": {"a": torch.zeros(1).as_strided((1 << 20, 1 << 20), (0, 0))},
        "half": {"a": good.half()},
        "whole numbers": {"a": good.long()},
        "not finite": {"a": good * float("nan")},
        "names of a terminal": {"\x1b[2J\n": good},
        "a name of very many letters": {"a" * 100_000: good},
        "very many names": {f"a{k}": None for k in range(10_000)},
    }
    for name, value in values.items():
        yield name, saved(value)
        yield f"{name}, old", saved(value, new=False)
    yield from _claims(good)
    yield "no file of torch", b"\x80\x02}q\x00."
    yield "a plain pickle of code", pickle.dumps(Run(sentinel), 2)
    yield "levels", b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    yield "a web page", b"<!DOCTYPE html><title>404</title>"
    yield "a pointer of git", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"


def _claims(tensor: Tensor) -> Iterator[tuple[str, bytes]]:
    """Files whose storages claim to be larger than they are."""
    old = saved({"a": tensor}, new=False)
    count = struct.pack("<q", tensor.numel())
    for size in (HUGE, 2**62, -1, 2**63 - 1):
        place = old.rindex(count)
        yield f"a storage of {size}, old", old[:place] + struct.pack("<q", size) + old[place + 8 :]
    with zipfile.ZipFile(io.BytesIO(saved({"a": tensor}))) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    (name,) = (name for name in members if name.endswith("data.pkl"))
    assert b"K\x08" in members[name], "the size of the storage"
    for size in (HUGE, 2**31 - 1):
        number = b"\x8a\x08" + struct.pack("<q", size)
        yield (
            f"a storage of {size}",
            _zip(members | {name: members[name].replace(b"K\x08", number)}),
        )
    for part in members:
        yield f"without {Path(part).name}", _zip({k: v for k, v in members.items() if k != part})
    bomb = {k: (b"\0" * 50_000_000 if k.endswith("data/0") else v) for k, v in members.items()}
    yield "a member of 50 MB of zeros", _zip(bomb, zipfile.ZIP_DEFLATED)


def _zip(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()
