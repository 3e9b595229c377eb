"""Captions that other people wrote: which can be used, and files with one caption a line."""

from __future__ import annotations

from pathlib import Path

from experiments.data.images import path_inside
from experiments.data.record import Drop
from experiments.terminal.error import BadInput

MAX_CAPTION_FILE = 1_000_000  # bytes
MAX_CAPTION = 2_000  # letters
MAX_SPACED = 20_000  # letters with the white space that is not kept
MAX_CAPTIONS = 1_000  # of a picture; published data sets have ten
# Why what nobody has described is left out: reasons of records, and of captions.
EMPTY = ("captions are empty", "captions: file is empty", "caption is empty")
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], " ")  # a terminal would obey them


def clean_caption(text: str) -> str:
    """The caption with single spaces. Raises `BadInput` for one that cannot be used."""
    if len(text) > MAX_SPACED:
        raise BadInput("caption is too long")
    # The published files hold the mark of a letter that was lost before they were made.
    if not text.isprintable() or "\ufffd" in text:
        text = text.replace("\ufffd", " ").translate(_CONTROLS)
    caption = " ".join(text.split())
    if not caption:
        raise BadInput(EMPTY[2])
    if len(caption) > MAX_CAPTION:
        raise BadInput("caption is too long")
    try:
        caption.encode()
    except UnicodeEncodeError:  # half of a pair of surrogates, which JSON can spell
        raise BadInput("caption is not UTF-8") from None
    return caption


def clean_captions(texts: list[str], key: str, drops: list[Drop]) -> list[str]:
    """The captions of a picture that can be used; the others go to `drops` as `key#number`.

    Raises `BadInput` where none is left, and where there are more than anybody writes.
    """
    if len(texts) > MAX_CAPTIONS:
        raise BadInput(f"more than {MAX_CAPTIONS} captions")
    captions: list[str] = []
    for number, text in enumerate(texts, 1):
        try:
            captions.append(clean_caption(text))
        except BadInput as reason:
            drops.append(Drop(f"{key}#{number}", str(reason), of=key))
    if not captions:
        blank = bool(texts) and not any(text.strip() for text in texts)
        raise BadInput(EMPTY[0] if blank else "no caption can be used")
    return captions


def read_captions(
    folder: Path, name: str, key: str, drops: list[Drop], follow: bool = False
) -> list[str]:
    """The captions of the file `name` in `folder`, one a line, as `clean_captions` takes them.
    `follow`: also where a link leads elsewhere.

    Raises `BadInput` for a file that is missing, lies elsewhere or has none that can be used.
    """
    try:
        path = path_inside(folder, name, follow)
    except BadInput as reason:
        raise BadInput(f"captions: {reason}") from None
    content = read_start(path, MAX_CAPTION_FILE + 1)
    if len(content) > MAX_CAPTION_FILE:
        raise BadInput("caption file is too large")
    lines = content.removeprefix(b"\xef\xbb\xbf").rstrip().splitlines()
    if not lines:
        raise BadInput(EMPTY[0])
    return clean_captions([line.decode("utf-8", "surrogateescape") for line in lines], key, drops)


def read_start(path: Path, count: int) -> bytes:
    """The first bytes of a caption file. Raises `BadInput` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError as error:
        raise BadInput(f"captions: file cannot be read ({error.strerror})") from None
