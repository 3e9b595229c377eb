"""A picture, clip or sound that is kept: a file that says what it is of, and the command that draws
it again."""

from __future__ import annotations

import shlex

from PIL import Image

from experiments.app.about import About
from experiments.app.wish import CAPTION, PICTURE, SOUND, SPEECH, Drawing
from experiments.frontend.wave import with_texts
from experiments.sample.label import label, labelled
from experiments.sample.name import slug


def file_of(drawing: Drawing, number: int, about: About) -> tuple[str, bytes]:
    """Its name and content, with caption, seed, run and version in it: a PNG of the last stage, a
    GIF, or a WAV."""
    made = drawing.made[number]
    told = label(drawing.wish.caption, made.seed, about.run)
    stem = f"{slug(drawing.wish.caption or about.name, about.run)}-seed-{made.seed}"
    if made.clip is not None:
        return f"{stem}.gif", commented(made.clip, told)
    if made.sound is not None:
        comment = ", ".join(f"{key}: {value}" for key, value in told.items())
        title = told.get("caption", f"seed {told['seed']}")
        software = f"birdsong-gan {told['version']}"
        return f"{stem}.wav", with_texts(made.sound, title, comment, software)
    return f"{stem}.png", labelled(Image.fromarray(made.stages[-1]), told)


def commented(gif: bytes, told: dict[str, str]) -> bytes:
    """A GIF with a comment before its end (GIF89a, section 24), in blocks of 255 bytes."""
    text = "\n".join(f"{key}: {value}" for key, value in told.items()).encode()
    blocks = b"".join(
        bytes([len(text[at : at + 255])]) + text[at : at + 255] for at in range(0, len(text), 255)
    )
    assert gif.endswith(b"\x3b")
    return gif[:-1] + b"\x21\xfe" + blocks + b"\x00\x3b"


def command_of(drawing: Drawing, about: About, voice: str | None) -> str:
    """`python run.py task=sample ...` that draws the same files. What is not typed has the name of
    a file, which is to be saved first. All seeds of the wish are drawn together, as here: in other
    company a sum may round otherwise, which is one grey level."""
    wish, asks = drawing.wish, about.takes
    words = ["task=sample", f"run={about.place}"]
    if CAPTION in asks and wish.caption is not None:
        words.append(f"text={spelt(wish.caption)}")
    elif SPEECH in asks and wish.recording is None and wish.caption is not None:
        words += [f"text={spelt(wish.caption)}", f"sample.voice={voice}"]
    elif SPEECH in asks and wish.recording is not None:
        words.append("sample.speech=recording.wav")
    elif SOUND in asks and wish.recording is not None:
        words.append("sample.sound=recording.wav")
    if wish.picture is not None and PICTURE in (*asks, *([PICTURE] * about.styled)):
        words.append("sample.picture=picture.png")
    words += [f"seed={wish.seed}", f"num_samples={wish.count}"]
    return " ".join(["python", "run.py", *map(shlex.quote, words)])


def spelt(caption: str) -> str:
    """A caption as a command line takes it: one that begins as a list or a quotation is quoted
    (Hydra reads backslashes only where a quote follows)."""
    if caption[:1] not in ("'", '"', "["):
        return caption
    escaped = caption.replace('\\"', '\\\\"').replace('"', '\\"')
    return f'"{escaped}"'
