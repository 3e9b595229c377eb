"""The page that people get: one HTML file with everything in it, which needs no network."""

from __future__ import annotations

import base64
import io
import wave as wave_
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from experiments.human.answers import FORMAT, LONGEST, NAME
from experiments.human.key import LETTERS, RANK, Key

TEMPLATE = "page.html.j2"


@dataclass(frozen=True)
class Shown:
    """What stands on a page: a picture as PNG, a clip as GIF, a sound as WAV, or none of
    them; `text` of what is asked about."""

    text: str = ""
    picture: bytes | None = None
    sound: bytes | None = None


def render(
    key: Key, made: Sequence[Sequence[Sequence[Shown]]], asked: Sequence[Shown] | None = None
) -> str:
    """The page of a key. `made`: by caption, run and seed; `asked`: what stands above it, by
    default the captions.

    Nothing of a run enters but its pictures and sounds, under their codes.
    """
    import jinja2  # takes a while

    asked = [Shown(text) for text in key.captions] if asked is None else asked
    captions = [
        _entry(above)
        | {
            "pictures": [
                {"code": code, "shown": [_entry(one) for one in drawn[index]]}
                for code, index in codes.items()
            ],
        }
        for above, codes, drawn in zip(asked, key.codes, made, strict=True)
    ]
    first = made[0][0][0]
    what = "sound" if first.picture is None else "clip" if _moves(first.picture) else "picture"
    content: dict[str, Any] = {
        "what": what.capitalize(),
        "page": key.page,
        "format": FORMAT,
        "form": key.form,
        "questions": key.questions,
        "most": key.most,
        "letters": LETTERS,
        "longest": LONGEST,
        "captions": captions,
    }
    loader = jinja2.PackageLoader("experiments.human", "")
    # tojson writes <, >, & and ' as escapes, so no caption can end the script it stands in.
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    facts: dict[str, Any] = {
        "count": len(key.captions),
        "name": NAME,
        "most": key.most,
        "ranks": key.form == RANK,
    }
    facts |= {"questions": key.questions, "what": what}
    given = "sound" if _plays(asked[0]) else "picture" if asked[0].picture else "nothing"
    facts |= {
        "written": bool(asked[0].text),
        "given": given,
        "plays": any(map(_plays, [first, *asked])),
    }
    return environment.get_template(TEMPLATE).render(content=content, **facts)


def _plays(shown: Shown) -> bool:
    return shown.sound is not None


def _entry(shown: Shown) -> dict[str, str]:
    """As the script of the page reads it."""
    found = {"text": shown.text} if shown.text else {}
    if shown.picture is not None:
        kind = "image/gif" if _moves(shown.picture) else "image/png"
        found["image"] = _uri(shown.picture, kind)
    if shown.sound is not None:
        found["sound"] = _uri(shown.sound, "audio/wav")
    return found


def _moves(file: bytes) -> bool:
    """Whether a picture is a GIF: all clips are, and nothing else is."""
    return file.startswith(b"GIF8")


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


def wav(wave: np.ndarray, rate: int) -> bytes:
    """A sound (N,) in [-1, 1] as a file of 16 bits, a louder one scaled down to 1."""
    values = np.nan_to_num(np.asarray(wave, np.float32))
    values = values / max(float(np.abs(values).max(initial=0)), 1)
    file = io.BytesIO()
    with wave_.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(int(rate))
        written.writeframes(np.rint(values * 32767).astype("<i2").tobytes())
    return file.getvalue()


def _uri(file: bytes, kind: str) -> str:
    return f"data:{kind};base64," + base64.b64encode(file).decode()
