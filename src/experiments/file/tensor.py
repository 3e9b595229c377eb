"""State as one safetensors file: tensors, and a manifest that says what each must be.

The manifest lies in the file's own header: the format, what is no tensor, and a checksum of the
name, type, shape and bytes of every tensor; and it has a checksum itself. So one rename makes a
file appear whole, it can be moved about as one, and reading it finds any bit that changed. A tensor
that stands at two places of the state is written once. Nothing is unpickled.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from safetensors.torch import load, load_file
from safetensors.torch import save_file as save_any_type
from torch import Tensor

from experiments.file.mapped import unmappable
from experiments.file.whole import as_a_new_file
from experiments.terminal.error import UserError, reason_of

FORMAT = 3  # a state may say of tensors where they are (`run/reference.py`)
OLDER = (2,)  # formats that are read as well
MANIFEST, CHECKSUM = "manifest", "sha256"  # of the header
GONE = (errno.EIO, errno.EISDIR, errno.ENOENT, errno.ELOOP)  # no later try reads such a file


class Damaged(Exception):
    """The file is not what was written: why, in a few words."""


class OtherFormat(Exception):
    """The file is whole and of another format than this version reads: the number."""


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write nested dictionaries and lists of tensors, numbers, texts and None; synced to the disk.

    Raises OSError or `SafetensorError` where the file cannot be written.
    """
    tensors: dict[str, Tensor] = {}
    plain = _pack(state, "", tensors, {})
    tensors = apart(tensors)
    digests = {name: digest(name, tensor) for name, tensor in tensors.items()}
    content = {"format": FORMAT, "state": plain, "tensors": digests}
    manifest = json.dumps(content, separators=(",", ":"))
    header = {"format": "pt", MANIFEST: manifest, CHECKSUM: _sha256(manifest.encode())}
    _save(tensors, path, header)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):  # to be read back from the disk, not from memory
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(path: Path) -> dict[str, Any]:
    """What `write` got, on the CPU, every byte of it checked.

    Raises `Damaged`, `OtherFormat` for a file that another version wrote, and `UserError` for one
    that this process cannot open, which says nothing about what is in it.
    """
    return _read(path, lambda tensor: tensor)


def check(path: Path) -> None:
    """As `read`, for what it raises; needs memory for one tensor at a time."""
    _read(path, lambda tensor: tensor.new_empty(0))


def _read(path: Path, keep: Callable[[Tensor], Tensor]) -> dict[str, Any]:
    try:
        with path.open("rb") as plain:
            plain.read(1)
    except OSError as error:
        if error.errno in GONE:
            raise Damaged(error.strerror) from None
        raise _unreadable(path, str(error.strerror)) from None
    try:
        tensors, digests = {}, {}
        with _opened(path) as file:
            header = file.metadata() or {}
            for name in file.keys():  # noqa: SIM118
                tensor = _tensor(path, file, name)
                tensors[name], digests[name] = keep(tensor), digest(name, tensor)
    except RuntimeError as error:  # torch could not map it
        raise _unreadable(path, reason_of(error)) from None
    except (SafetensorError, OSError, ValueError, OverflowError) as error:
        raise Damaged(reason_of(error)) from None
    manifest = header.get(MANIFEST, "")
    if header.get(CHECKSUM) != _sha256(manifest.encode("utf-8", "surrogateescape")):
        raise Damaged("its manifest does not have its checksum")
    try:
        return _checked(manifest, tensors, digests)
    except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
        raise Damaged("its manifest is none that is written here") from None


def beside_tensors(path: Path) -> dict[str, Any]:
    """The state without its tensors, in whose places are None: the header alone is read, and
    nothing is checked. Raises `Damaged` where it cannot be."""
    return _outline(path, lambda file, name: None)


def shapes(path: Path) -> dict[str, Any]:
    """The state with the shape of each tensor in its place, as `beside_tensors` reads it; of any
    other safetensors file its tensors by their name."""
    return _outline(path, lambda file, name: tuple(file.get_slice(name).get_shape()))


def _outline(path: Path, place: Callable[[Any, str], Any]) -> dict[str, Any]:
    try:
        with _opened(path) as file:
            places = {name: place(file, name) for name in file.keys()}  # noqa: SIM118
            manifest = (file.metadata() or {}).get(MANIFEST)
        state = places if manifest is None else _unpack(json.loads(manifest)["state"], places)
    except (SafetensorError, OSError, LookupError, ValueError, TypeError, RecursionError) as error:
        raise Damaged(reason_of(error)) from None
    return state if isinstance(state, dict) else {}


class _InMemory:
    """What `safe_open` gives, of a file that cannot be mapped where it lies."""

    def __init__(self, path: Path) -> None:
        content = path.read_bytes()
        self.tensors = load(content)
        begin, end = 8, 8 + int.from_bytes(content[:8], "little")
        self.about = json.loads(content[begin:end]).get("__metadata__")

    def __enter__(self) -> _InMemory:
        return self

    def __exit__(self, *raised: object) -> None:
        self.tensors.clear()

    def metadata(self) -> Any:
        return self.about

    def keys(self) -> list[str]:
        return list(self.tensors)

    def get_tensor(self, name: str) -> Tensor:
        return self.tensors[name]

    def get_slice(self, name: str) -> _InMemory._Shape:
        return self._Shape(self.tensors[name])

    @dataclass(frozen=True)
    class _Shape:
        tensor: Tensor

        def get_shape(self) -> list[int]:
            return list(self.tensor.shape)


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, "np")
    except OSError as error:
        if not unmappable(error):
            raise
        return _InMemory(path)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of any safetensors file, on the CPU. Raises what safetensors does."""
    try:
        return load_file(path)
    except OSError as error:
        if not unmappable(error):
            raise
        return load(path.read_bytes())


def _save(tensors: Mapping[str, Tensor], path: Path, header: dict[str, str]) -> None:
    """By way of NumPy, as `_tensor` reads: safetensors 0.8 loses some bytes of memory for each
    tensor that it takes from PyTorch or gives to it, and a long run saves hundreds of them often.
    """
    with as_a_new_file(path):
        try:
            save_file({name: tensor.numpy() for name, tensor in tensors.items()}, path, header)
        except TypeError:  # a type that NumPy lacks, as bfloat16
            save_any_type(dict(tensors), path, header)


def _tensor(path: Path, file: Any, name: str) -> Tensor:
    """One tensor, with memory of its own: a mapped file may change after it was checked."""
    try:
        tensor = file.get_tensor(name)
        return tensor if isinstance(tensor, Tensor) else torch.from_numpy(tensor)
    except TypeError:
        with safe_open(path, "pt") as other:
            return other.get_tensor(name).clone()  # type: ignore[no-any-return]


def _checked(
    manifest: str, tensors: Mapping[str, Tensor], digests: Mapping[str, str]
) -> dict[str, Any]:
    """The state that a manifest describes. Whoever made the file has made its checksum, too."""
    content = json.loads(manifest)
    if content["format"] not in (*OLDER, FORMAT):
        raise OtherFormat(content["format"])
    if content["tensors"].keys() != digests.keys():
        raise Damaged("its tensors are not those of its manifest")
    for name, found in digests.items():
        if found != content["tensors"][name]:
            raise Damaged(f"{name} does not have its checksum")
    state = _unpack(content["state"], tensors)
    if not isinstance(state, dict):
        raise Damaged("its state has no names")
    return state


def apart(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors on the CPU, each with memory of its own, as the format wants them: what is tied
    is there once for each name, and a view without the rest of what it is a view of."""
    seen: set[int] = set()
    found = {}
    for name, tensor in tensors.items():
        plain = tensor.detach().cpu().contiguous()
        memory = plain.untyped_storage()
        shares = memory.data_ptr() in seen or memory.nbytes() != plain.nbytes
        found[name] = plain.clone() if shares else plain
        seen.add(memory.data_ptr())
    return found


def _pack(value: Any, name: str, tensors: dict[str, Tensor], seen: dict[Any, str]) -> Any:
    """A JSON value in which every dictionary is a list of pairs, since keys may be numbers, and
    every tensor, tuple and dictionary says what it is. `seen`: the name of each memory."""
    if isinstance(value, Tensor):
        return {"tensor": _once(value, name, tensors, seen)}
    if isinstance(value, Mapping):
        pairs = [
            [key, _pack(item, f"{name}/{key}".lstrip("/"), tensors, seen)]
            for key, item in value.items()
        ]
        return {"dict": pairs}
    if isinstance(value, list | tuple):
        items = [
            _pack(item, f"{name}/{k}".lstrip("/"), tensors, seen) for k, item in enumerate(value)
        ]
        return {"tuple": items} if isinstance(value, tuple) else items
    assert value is None or isinstance(value, bool | int | float | str), f"{name}: {type(value)}"
    return value


def _once(tensor: Tensor, name: str, tensors: dict[str, Tensor], seen: dict[Any, str]) -> str:
    """The name under which a tensor is written: that of its first place."""
    place = tensor.data_ptr(), tensor.dtype, tensor.shape, tensor.stride(), tensor.device
    found = seen.setdefault(place, name) if tensor.numel() else name
    if found == name:
        tensors[name] = tensor
    return found


def _unpack(value: Any, tensors: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    (kind, inner), *_ = value.items()
    if kind == "tensor":
        return tensors[inner]
    if kind == "tuple":
        return tuple(_unpack(item, tensors) for item in inner)
    return {key: _unpack(item, tensors) for key, item in inner}


def digest(name: str, tensor: Tensor) -> str:
    """Of the name, type, shape and content of a tensor on the CPU, in hexadecimal digits."""
    found = hashlib.sha256(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
    found.update(tensor.reshape(-1).view(torch.uint8).numpy())  # type: ignore[arg-type]
    return found.hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unreadable(path: Path, reason: str) -> UserError:
    return UserError(f"{path}: cannot be read now ({reason}); mend that and run the command again")
