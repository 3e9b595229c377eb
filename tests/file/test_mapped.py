"""Arrays in files: rows in and out, mapped or read."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from experiments.file.mapped import Rows, create, opened, unmappable
from tests.surrounding import without_maps

READING = """
import sys
from pathlib import Path
import numpy as np, torch
from PIL import Image
from experiments.data.picture_bounds import require_bounded
from experiments.data.record import Record
from experiments.data.store.picture import open_store
from experiments.data.store.table import read_table, write_table
from experiments.file import tensor
from experiments.terminal.error import BadInput, UserError

folder = Path(sys.argv[1])
np.save(folder / "a.npy", np.arange(6, dtype=np.uint8).reshape(3, 2))
found = open_store(folder / "a.npy")
assert not isinstance(found, np.memmap) and not found.flags.writeable
assert found.tolist() == [[0, 1], [2, 3], [4, 5]] and found.dtype == np.uint8
whole = (folder / "a.npy").read_bytes()
(folder / "short.npy").write_bytes(whole[:-1])
try:
    open_store(folder / "short.npy")
    raise SystemExit("a short file was read")
except UserError as error:
    assert "short.npy: cannot be read" in str(error), error

state = {"a": torch.arange(3.0), "b": {"c": torch.ones(2, dtype=torch.bfloat16)}, "images": 7}
tensor.write(folder / "state.safetensors", state)
read = tensor.read(folder / "state.safetensors")
assert read["a"].tolist() == [0, 1, 2] and read["b"]["c"].dtype == torch.bfloat16
assert read["images"] == 7
assert len(tensor.load_tensors(folder / "state.safetensors")) == 2
torn = bytearray((folder / "state.safetensors").read_bytes())
torn[-1] ^= 1
(folder / "state.safetensors").write_bytes(torn)
try:
    tensor.check(folder / "state.safetensors")
    raise SystemExit("damage was not seen")
except tensor.Damaged:
    pass

records = [Record(key="k", captions=("red",), label=0, split="train", image="k.png")]
write_table(records, folder)
assert [record.key for record in read_table(folder)] == ["k"]

Image.new("RGB", (8, 8)).save(folder / "p.jpg", progressive=True)
with Image.open(folder / "p.jpg") as image:
    require_bounded(image, folder / "p.jpg")
"""


def test_what_cannot_be_mapped_is_read_and_told(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    told = subprocess.run(
        [sys.executable, "-c", READING, str(files)],
        env=without_maps(tmp_path, files),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    lines = [line for line in told.stderr.splitlines() if "cannot be mapped" in line]
    assert len(lines) == 1
    assert f"{files / 'a.npy'}: cannot be mapped here (No such device); each process" in lines[0]


def test_rows_are_written_moved_and_cut_as_numpy_has_them(tmp_path: Path) -> None:
    path, by_numpy = tmp_path / "a.npy", tmp_path / "b.npy"
    content = np.arange(24, dtype=np.float16).reshape(4, 3, 2)
    create(path, np.float16, (4, 3, 2))
    assert not opened(path).any()
    with Rows(path) as rows:
        rows[1] = content[1]
        rows[2] = content[2:]
        rows[0] = content[0]
    np.save(by_numpy, content)
    assert path.read_bytes() == by_numpy.read_bytes()
    with Rows(path) as rows:
        rows.move(3, 1)
        rows.shorten(2)
    np.save(by_numpy, content[[0, 3]])
    assert path.read_bytes() == by_numpy.read_bytes()
    with Rows(path) as rows, pytest.raises(AssertionError):
        rows[0] = content[0].astype(np.float32)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.ENODEV, os.strerror(errno.ENODEV)), True),
        (OSError("No such device (os error 19)"), True),
        (OSError(errno.ENOENT, os.strerror(errno.ENOENT)), False),
        (OSError("No such file or directory (os error 2)"), False),
        (ValueError("No such device (os error 19)"), False),
    ],
)
def test_which_errors_mean_no_maps(error: Exception, expected: bool) -> None:
    assert unmappable(error) == expected
