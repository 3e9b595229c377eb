"""Released files: as they were written in 2018, and what is beside them."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import torch
from released_networks import WORDS, State
from torch import Tensor
from torch._utils import _rebuild_tensor

from experiments.convert.attngan import convert_attngan
from experiments.convert.run import Conversion
from experiments.convert.word_order import python2_hash


def save_captions(path: Path, words: list[str] = WORDS) -> Path:
    """A `captions.pickle` without captions."""
    table = dict(enumerate(words))
    path.write_bytes(pickle.dumps([[], [], table, {w: k for k, w in table.items()}], 2))
    return path


def as_python2(words: list[str]) -> list[str]:
    """The order in which a dictionary of Python 2.7 hands out what was put into it in this one."""
    table = [""] * 8

    def put(slots: list[str], word: str) -> None:
        place = left = python2_hash(word)
        while slots[place % len(slots)]:
            place = 5 * place + left + 1
            left >>= 5
        slots[place % len(slots)] = word

    for used, word in enumerate(words, start=1):
        put(table, word)
        if 3 * used >= 2 * len(table):
            larger = [""] * (1 << ((2 if used > 50_000 else 4) * used).bit_length())
            for known in filter(None, table):
                put(larger, known)
            table = larger
    return [word for word in table if word]


class _OldPickler(pickle._Pickler):
    """Writes strings as Python 2 did, and tensors as PyTorch 0.3 did, from a GPU."""

    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)  # type: ignore[misc]

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Tensor):
            return NotImplemented
        parts = value._typed_storage(), value.storage_offset(), value.size(), value.stride()
        return _rebuild_tensor, (parts[0], parts[1], tuple(parts[2]), parts[3])

    def save_string(self, value: str) -> None:
        content = value.replace("cpu", "cuda:0").encode()
        self.write(pickle.SHORT_BINSTRING + bytes([len(content)]) + content)  # type: ignore[attr-defined]
        self.memoize(value)  # type: ignore[attr-defined]

    dispatch[str] = save_string


def save_as_in_2018(state: State, path: Path) -> Path:
    """The state dict as PyTorch 0.3 on Python 2 wrote it."""

    def dump(value: Any, file: Any, protocol: int = 2) -> None:
        _OldPickler(file, protocol).dump(value)

    module = SimpleNamespace(Pickler=_OldPickler, dump=dump, __name__="pickle")
    torch.save(state, path, pickle_module=module, _use_new_zipfile_serialization=False)
    return path


def converted(
    folder: Path,
    pictures: State,
    text: State,
    words: list[str] = WORDS,
    image: State | None = None,
    **options: Any,
) -> Conversion:
    """Networks of AttnGAN, by way of files in `folder`."""
    if image is not None:
        torch.save(image, folder / "image_encoder.pth")
        options["image_encoder"] = folder / "image_encoder.pth"
    torch.save(pictures, folder / "generator.pth")
    torch.save(text, folder / "text_encoder.pth")
    captions = save_captions(folder / "captions.pickle", words)
    return convert_attngan(
        folder / "generator.pth", folder / "text_encoder.pth", captions, **options
    )
