"""Files of another form than was asked for: what they are, and what to do.

Downloads come packed, as a page that asks whether one means it, or as what another program wrote.
Nothing is unpacked or run here; a few bytes and the names in an archive are all that is read.
"""

from __future__ import annotations

import tarfile
import zipfile
from itertools import islice
from pathlib import Path
from typing import Literal

from experiments.file.name import is_name, plain
from experiments.terminal.error import UserError, reason_of

Form = Literal["weights", "captions"]
SUFFIXES: dict[Form, tuple[str, ...]] = {"weights": (".pth", ".pt"), "captions": (".pickle",)}
WORDS: dict[Form, str] = {"weights": "weights of PyTorch (.pth)", "captions": "captions.pickle"}
HEAD = 512  # bytes
NAMED = 3  # files that a line names
MEMBERS = 10_000  # of an archive
TORCH_2018 = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19"  # how torch.save began until 1.6
LUA = (b"\x03\0\0\0\x01\0\0\0", b"\x04\0\0\0\x01\0\0\0", b"3\n1\n", b"4\n1\n")  # table, object
TENSORFLOW = (".ckpt", ".meta", ".index", ".pb")


def require_form(path: Path, form: Form) -> None:
    """Raise `UserError` for a file that cannot be read or is known to have another form."""
    try:
        if path.is_dir():
            raise UserError(f"{path}: is a folder; {_of_these(_inside(path), form)}")
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({reason_of(error)})") from None
    found = _packed(path, form) or _other(path, head, form)
    if found is not None:
        raise UserError(f"{path}: is {found}")


def _inside(folder: Path) -> list[str]:
    return [str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()]


def _of_these(names: list[str], form: Form) -> str:
    """What to give of an archive or a folder."""
    fit = sorted(name for name in names if name.endswith(SUFFIXES[form]) and is_name(name))
    if not fit:
        return f"{WORDS[form]} are wanted, and there are none in it"
    more = f" and {len(fit) - NAMED} more" if len(fit) > NAMED else ""
    return f"give a file of it: {', '.join(map(plain, fit[:NAMED]))}{more}"


def _packed(path: Path, form: Form) -> str | None:
    names = _of_tar(path)  # first: one that ends with a zip file looks like that, too
    if names is not None:
        if "pickle" in names:  # how PyTorch began
            return None
        return f"an archive as it was downloaded; unpack it, and {_of_these(names, form)}"
    if zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except (OSError, ValueError, zipfile.BadZipFile):
            return "an archive that is torn; fetch it again"
        if any(name.rpartition("/")[2] == "data.pkl" for name in names):  # of PyTorch since 1.6
            return None if form == "weights" else f"weights of PyTorch, not {WORDS[form]}"
        if names and all(name.endswith(".npy") for name in names):
            return f"an archive of NumPy's arrays; {WORDS[form]} are wanted"
        return f"an archive as it was downloaded; unpack it, and {_of_these(names, form)}"
    return None


def _of_tar(path: Path) -> list[str] | None:
    """The first names of a tar file, None for what is none; a packed one is not unpacked."""
    try:
        with tarfile.open(path, "r:") as archive:
            return [member.name for member in islice(archive, MEMBERS)]
    except (tarfile.TarError, OSError, ValueError):
        return None


def _other(path: Path, head: bytes, form: Form) -> str | None:
    text, again = head.lstrip().lower(), "fetch it again"
    if text.startswith((b"<!doctype html", b"<html")):
        return (
            "a web page and not the file: a shared drive asks before it gives a large one; "
            f"{again} in a browser"
        )
    if text.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS and not the file; git lfs pull fetches it"
    if head.startswith((b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        return "packed; unpack it and give the file in it"
    if path.suffix == ".t7" or head.startswith(LUA):
        return f"a file of Lua Torch (.t7), which nothing here reads; {WORDS[form]} are wanted"
    if path.suffix in TENSORFLOW or ".ckpt" in path.name:
        return f"a checkpoint of TensorFlow, which nothing here reads; {WORDS[form]} are wanted"
    if path.suffix == ".safetensors":
        return "safetensors, as runs of this project have them: a run needs no conversion, use run="
    if form == "captions" and TORCH_2018 in head:
        return f"weights of PyTorch, not {WORDS[form]}"
    if form == "weights" and head.startswith(b"\x80") and TORCH_2018 not in head:
        return f"a pickle, as captions.pickle is, and not {WORDS[form]}"
    return None
