"""Write a tree laid out exactly as CUB-200-2011 with captions is published, from any pictures.

For the tests and the benchmark, and to see the layout before fetching the data set:

    python -m tests.data.cub_tree --source /usr/share/tuxpaint/stamps --out DIR --images 60
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageChops

from experiments.data.images import WHITE
from experiments.data.reader.stamps import Stamps
from experiments.data.record import Record
from experiments.data.text.words import ascii_words
from experiments.terminal.error import UserError

Picture = tuple[Image.Image, Sequence[str], str]  # picture, captions, name of its class


def write_cub_tree(
    root: Path,
    images: Sequence[Picture],
    layout: Literal["attngan", "native"] = "attngan",
    seed: int = 0,
    test_classes: Sequence[str] | None = None,
) -> Path:
    """Write `root/CUB_200_2011`, the captions and, for `attngan`, the pickles; return `root`.

    Captions go to `text/` (`attngan`) or `text_c10/` (`native`). `test_classes`: names of the
    classes of the test split, by default every fourth; `native` gets them as `testclasses.txt`, and
    only where they are given, since the published tree has none. The bounding box is that of what
    is not white. `seed` draws `train_test_split.txt`, which no reader may use.
    """
    cub = root / "CUB_200_2011"
    classes = sorted({name for _, _, name in images})
    tests = set(classes[::4] if test_classes is None else test_classes)
    draw = random.Random(seed)
    lists: dict[str, list[str]] = {
        name: []
        for name in (
            "images",
            "image_class_labels",
            "bounding_boxes",
            "train_test_split",
            "classes",
        )
    }
    lists["classes"] = [f"{number} {name}" for number, name in enumerate(classes, 1)]
    text = root / ("text" if layout == "attngan" else "text_c10")
    entries: list[tuple[str, int, Sequence[str]]] = []
    for number, (picture, captions, name) in enumerate(images, 1):
        key = f"{name}/{name.rpartition('.')[2]}_{number:04d}_{draw.randrange(10**6)}"
        for folder in (cub / "images" / name, text / name):
            folder.mkdir(parents=True, exist_ok=True)
        rgb = picture.convert("RGB")
        rgb.save(cub / "images" / f"{key}.jpg", quality=90)
        (text / f"{key}.txt").write_text("".join(f"{c}\n" for c in captions), encoding="utf-8")
        left, top, right, bottom = _content(rgb)
        label = classes.index(name) + 1
        lists["images"].append(f"{number} {key}.jpg")
        lists["image_class_labels"].append(f"{number} {label}")
        box = f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}"
        lists["bounding_boxes"].append(f"{number} {box}")
        lists["train_test_split"].append(f"{number} {draw.randrange(2)}")
        entries.append((key, label, captions))
    for name, lines in lists.items():
        (cub / f"{name}.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if layout == "attngan":
        _write_pickles(root, entries, {classes.index(name) + 1 for name in tests})
    elif test_classes is not None:
        (root / "testclasses.txt").write_text("".join(f"{name}\n" for name in sorted(tests)))
    return root


def python2_pickle(value: Any, protocol: int = 2) -> bytes:
    """Lists, dictionaries, integers and ASCII strings as Python 2 pickled them (protocol 0 or 2).

    Its strings are bytes to Python 3, which reads them but cannot write them.
    """
    assert protocol in (0, 2), protocol
    start = b"\x80\x02" if protocol == 2 else b""
    return start + b"".join(_opcodes(value, protocol)) + b"."


def _opcodes(value: Any, protocol: int) -> list[bytes]:
    if isinstance(value, str):
        content = value.encode("ascii")
        if protocol == 2:
            return [b"T" + len(content).to_bytes(4, "little") + content]
        return [b"S" + repr(value).encode("ascii") + b"\n"]
    if isinstance(value, int):
        if protocol == 2:
            return [b"J" + value.to_bytes(4, "little", signed=True)]
        return [b"I%d\n" % value]
    if isinstance(value, list):
        items = [_opcodes(item, protocol) for item in value]
        if protocol == 2:
            return [b"](", *(part for item in items for part in item), b"e"]
        return [b"(l", *(part for item in items for part in (*item, b"a"))]
    assert isinstance(value, dict), type(value)
    pairs = [[*_opcodes(k, protocol), *_opcodes(v, protocol)] for k, v in value.items()]
    if protocol == 2:
        return [b"}(", *(part for pair in pairs for part in pair), b"u"]
    return [b"(d", *(part for pair in pairs for part in (*pair, b"s"))]


def _write_pickles(
    root: Path, entries: Sequence[tuple[str, int, Sequence[str]]], tests: set[int]
) -> None:
    """The files of AttnGAN's metadata. An image with too few captions repeats them up to ten."""
    words = sorted({word for *_, captions in entries for c in captions for word in ascii_words(c)})
    ixtoword = dict(enumerate(["<end>", *words]))
    wordtoix = {word: index for index, word in ixtoword.items()}
    sentences: list[list[list[int]]] = []
    for split in ("train", "test"):
        chosen = [entry for entry in entries if (entry[1] in tests) == (split == "test")]
        (root / split).mkdir(parents=True, exist_ok=True)
        names = python2_pickle([key for key, *_ in chosen], protocol=0)
        (root / split / "filenames.pickle").write_bytes(names)
        labels = python2_pickle([label for _, label, _ in chosen], protocol=2)
        (root / split / "class_info.pickle").write_bytes(labels)
        sentences.append(
            [
                [wordtoix[word] for word in ascii_words(captions[k % len(captions)])]
                for *_, captions in chosen
                for k in range(10)
            ]
        )
    content = python2_pickle([*sentences, ixtoword, wordtoix])
    (root / "captions.pickle").write_bytes(content)


def _content(picture: Image.Image) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is not white, or of the whole picture."""
    white = Image.new("RGB", picture.size, WHITE)
    return ImageChops.difference(picture, white).getbbox() or (0, 0, *picture.size)


def stamp_pictures(source: Path, count: int, seed: int = 0) -> list[Picture]:
    """Stamps as pictures of 500×375 pixels with ten captions each, in classes named as CUB's."""
    reader = Stamps(str(source), min_size=150)
    records = [record for record in reader.read() if isinstance(record, Record)]
    records = records[:: max(1, len(records) // count)][:count]
    names = reader.class_names()
    draw = random.Random(seed)
    pictures: list[Picture] = []
    for record in records:
        canvas = Image.new("RGB", (500, 375), WHITE)
        side = draw.randrange(200, 340)
        stamp = Image.fromarray(reader.image(record, side))
        canvas.paste(stamp, (draw.randrange(500 - side), draw.randrange(375 - side)))
        subject = record.captions[0].rstrip(".!").lower()
        openings = ("", "this is ", "here is ", "a picture of ", "a photograph of ")
        captions = [f"{o}{subject}{end}" for end in (".", " on white.") for o in openings]
        name = names[record.label].replace("/", "_").title()
        pictures.append((canvas, captions, f"{record.label + 1:03d}.{name}"))
    return pictures


def main() -> None:
    """The command of the module's docstring."""
    parser = argparse.ArgumentParser(description="Write a small tree laid out as CUB-200-2011.")
    parser.add_argument("--source", type=Path, required=True, help="folder of Tux Paint's stamps")
    parser.add_argument("--out", type=Path, required=True, help="new folder, the root of the tree")
    parser.add_argument("--images", type=int, default=60, help="at most this many")
    parser.add_argument("--layout", choices=("attngan", "native"), default="attngan")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.out.exists():
        parser.error(f"{options.out} exists; name a new folder")
    try:
        pictures = stamp_pictures(options.source, options.images, options.seed)
    except UserError as error:
        parser.error(str(error))
    tests = sorted({name for _, _, name in pictures})[::4]
    write_cub_tree(options.out, pictures, options.layout, options.seed, tests)


if __name__ == "__main__":
    main()
