"""Files that are none of what was asked for: what each is, and what to do."""

from __future__ import annotations

import gzip
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from released_files import save_as_in_2018, save_captions

from experiments.convert.form import Form, require_form
from experiments.convert.state import ReleasedState
from experiments.terminal.error import UserError


def refusal(path: Path, form: Form = "weights") -> str:
    with pytest.raises(UserError) as caught:
        require_form(path, form)
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


@pytest.fixture
def download(tmp_path: Path) -> Path:
    """What is in an archive as the authors shared it."""
    (tmp_path / "bird").mkdir()
    torch.save({"a": torch.zeros(1)}, tmp_path / "bird/text_encoder200.pth")
    torch.save({"b": torch.zeros(1)}, tmp_path / "bird/image_encoder200.pth")
    save_captions(tmp_path / "bird/captions.pickle")
    return tmp_path


def test_a_packed_archive_is_not_unpacked_to_look(download: Path) -> None:
    path = Path(shutil.make_archive(str(download / "bird"), "gztar", download, "bird"))
    assert refusal(path) == "is packed; unpack it and give the file in it"


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_an_archive_as_downloaded(download: Path, kind: str) -> None:
    path = Path(shutil.make_archive(str(download / "bird"), kind, download, "bird"))
    line = refusal(path)
    assert line == (
        "is an archive as it was downloaded; unpack it, and give a file of it: "
        "bird/image_encoder200.pth, bird/text_encoder200.pth"
    )
    assert refusal(path, "captions").endswith("give a file of it: bird/captions.pickle")
    with pytest.raises(UserError, match="archive as it was downloaded"):
        ReleasedState.read(path)


def test_an_archive_with_nothing_of_use(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("...")
    path = Path(shutil.make_archive(str(tmp_path / "archive"), "zip", tmp_path, "page"))
    assert refusal(path) == (
        "is an archive as it was downloaded; unpack it, and weights of PyTorch (.pth) are wanted, "
        "and there are none in it"
    )


def test_a_folder(download: Path) -> None:
    assert refusal(download / "bird") == (
        "is a folder; give a file of it: image_encoder200.pth, text_encoder200.pth"
    )
    assert refusal(download, "captions") == "is a folder; give a file of it: bird/captions.pickle"
    for number in range(6):
        shutil.copy(download / "bird/text_encoder200.pth", download / f"bird/z{number}.pth")
    assert refusal(download / "bird").endswith("z0.pth and 5 more")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("net.pth", b"<!DOCTYPE html><p>Too many users", "a web page and not the file"),
        ("net.pth", b"\n <html><head>", "a web page and not the file"),
        ("net.pth", b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
        ("net.pth", gzip.compress(b"x", mtime=0), "packed; unpack it"),
        ("net.pth", b"Rar!\x1a\x07", "packed; unpack it"),
        ("lm_sje.t7", b"", "a file of Lua Torch (.t7), which nothing here reads"),
        ("net.pth", struct.pack("<iii", 4, 1, 3) + b"V 1", "a file of Lua Torch"),
        ("model_164000.ckpt", b"x", "a checkpoint of TensorFlow"),
        ("model.ckpt-600.data-00000-of-00001", b"x", "a checkpoint of TensorFlow"),
        ("generator.safetensors", b"x", "safetensors, as runs of this project have them"),
    ],
)
def test_other_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    for form in ("weights", "captions"):
        assert refusal(tmp_path / name, form).startswith(f"is {said}")  # type: ignore[arg-type]


def test_what_is_not_there(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none") == "cannot be read (No such file or directory)"


def test_arrays_of_numpy(tmp_path: Path) -> None:
    np.savez(tmp_path / "statistics.npz", mu=np.zeros(2))
    assert refusal(tmp_path / "statistics.npz").startswith("is an archive of NumPy's arrays")


def test_the_two_kinds_of_files_in_each_other_s_place(tmp_path: Path) -> None:
    captions = save_captions(tmp_path / "captions.pickle")
    assert refusal(captions) == (
        "is a pickle, as captions.pickle is, and not weights of PyTorch (.pth)"
    )
    require_form(captions, "captions")
    state = {"a": torch.zeros(1)}
    torch.save(state, tmp_path / "new.pth")
    save_as_in_2018(state, tmp_path / "old.pth")
    for name in ("new.pth", "old.pth"):
        require_form(tmp_path / name, "weights")
        assert refusal(tmp_path / name, "captions") == "is weights of PyTorch, not captions.pickle"
