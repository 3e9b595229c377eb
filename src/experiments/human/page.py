"""The page that people get: one HTML file with everything in it, which needs no network."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from experiments.human.answers import FORMAT, LONGEST, NAME
from experiments.human.key import LETTERS, Key

TEMPLATE = "page.html.j2"


def render(key: Key, pictures: Sequence[Sequence[Sequence[bytes]]]) -> str:
    """The page of a key. `pictures`: PNG files, by caption, run and seed.

    Nothing of a run enters but its pictures, under their codes.
    """
    import jinja2  # takes a while

    captions = [
        {
            "text": text,
            "pictures": [
                {"code": code, "images": [_uri(png) for png in drawn[index]]}
                for code, index in codes.items()
            ],
        }
        for text, codes, drawn in zip(key.captions, key.codes, pictures, strict=True)
    ]
    content: dict[str, Any] = {
        "page": key.page,
        "format": FORMAT,
        "question": key.question,
        "letters": LETTERS,
        "longest": LONGEST,
        "captions": captions,
    }
    loader = jinja2.PackageLoader("experiments.human", "")
    # tojson writes <, >, & and ' as escapes, so no caption can end the script it stands in.
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    return environment.get_template(TEMPLATE).render(
        content=content, question=key.question, count=len(key.captions), name=NAME
    )


def png(pixels: np.ndarray) -> bytes:
    """A picture uint8 (H, W, 3) as a file that says nothing but its pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG", optimize=True)
    return file.getvalue()


def of_side(file: bytes, side: int) -> bytes:
    """The picture at another side: all of a page have one, so that none is known by its size.

    Smaller ones are enlarged smoothly, as they are when a page is printed.
    """
    image = Image.open(io.BytesIO(file))
    if image.size == (side, side):
        return file
    return png(np.asarray(image.resize((side, side), Image.Resampling.BICUBIC)))


def _uri(file: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(file).decode()
