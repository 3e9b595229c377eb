"""What travels between the browser and the session: JSON of small values, files in base64."""

from __future__ import annotations

import base64
import binascii
import functools
import io
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from experiments.app.bound import Bounds
from experiments.app.refusal import Refused
from experiments.terminal.error import UserError, as_user_error

Answer = dict[str, Any]


def told(function: Callable[[Any], Answer]) -> Callable[[Any], Answer]:
    """What a person did wrong, or the machine cannot do, is an answer with a line that says so. A
    fault of ours is written to the terminal, where the page says that it is: the server is mute."""

    @functools.wraps(function)
    def call(given: Any) -> Answer:
        try:
            return function(given)
        except UserError as error:
            return {"refused": str(error)}
        except Exception as error:
            if (
                isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
            ):  # torch's
                return {"refused": "the machine is out of memory; ask for fewer pictures"}
            known = as_user_error(error)
            if known is None:
                traceback.print_exc()
                raise
            return {"refused": str(known)}

    return call


class Given:
    """What a browser sent, which may be anything: each value is checked where it is read.

    Raises `Refused` for what is not of the kind that is asked for.
    """

    def __init__(self, values: Any, bounds: Bounds) -> None:
        if not isinstance(values, Mapping):
            raise Refused("the page sent nothing that can be read; load it again")
        self._values, self._bounds = values, bounds

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str):
            raise Refused(f"{name}: is no text; load the page again")
        return value

    def some(self, name: str) -> str | None:
        """None where it is empty."""
        return self.text(name) or None if self._values.get(name) is not None else None

    def texts(self, name: str) -> list[str]:
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise Refused(f"{name}: is no list of texts; load the page again")
        return value

    def number(self, name: str) -> int:
        value = self._values.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise Refused(f"{name}: is no whole number")
        return value

    def yes(self, name: str) -> bool:
        return self._values.get(name) is True

    def content(self, name: str) -> bytes | None:
        """Of a file, None where there is none."""
        text = self.some(name)
        if text is None:
            return None
        self._bounds.require_bytes(3 * len(text) // 4 - 2)
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Refused(f"{name}: did not arrive whole; try again") from None


def url_of(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def png_url(pixels: np.ndarray) -> str:
    """uint8 (H, W, 3) or (H, W)."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", compress_level=3)
    return url_of(file.getvalue(), "image/png")


def file_answer(name: str, content: bytes) -> Answer:
    kinds = {"png": "image/png", "gif": "image/gif", "wav": "audio/wav"}
    kind = kinds[name.rpartition(".")[2]]
    return {"name": name, "type": kind, "data": base64.b64encode(content).decode()}


def map_answer(maps: np.ndarray) -> Answer:
    """Where each word of one stage looked, float (words, h, w), each from 0 to its own most."""
    most = maps.max(axis=(1, 2), keepdims=True)
    scaled = np.where(most > 0, maps / np.where(most > 0, most, 1), 0)
    values = np.clip(np.rint(255 * scaled), 0, 255).astype(np.uint8)
    _, h, w = maps.shape
    return {"h": h, "w": w, "data": base64.b64encode(values.tobytes()).decode()}
