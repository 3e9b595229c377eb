"""Small trees of Oxford-102 in the layouts that people have: six pictures of three classes."""

from __future__ import annotations

from pathlib import Path

from drawn import BLUE, GREEN, RED, draw, write

from tests.data.cub_tree import python2_pickle

# Number of a picture and of its class, as in the data set: classes do not follow the numbers.
CLASS_OF = {1: 77, 2: 77, 3: 1, 4: 1, 5: 102, 6: 102}
COLOURS = {77: RED, 1: GREEN, 102: BLUE}
TEST = 102


def captions(number: int) -> list[str]:
    return [f"flower {number} has petals{k}." for k in range(9 if number == 3 else 10)]


def key(number: int) -> str:
    return f"class_{CLASS_OF[number]:05d}/image_{number:05d}"


def write_text(folder: Path) -> None:
    for number in CLASS_OF:
        write(folder / f"{key(number)}.txt", captions(number))


def write_pickles(root: Path, name: str = "jpg/image_{:05d}") -> None:
    for split in ("train", "test"):
        numbers = [n for n, c in CLASS_OF.items() if (c == TEST) == (split == "test")]
        (root / split).mkdir()
        content = python2_pickle([name.format(n) for n in numbers], 0)
        (root / split / "filenames.pickle").write_bytes(content)
        labels = python2_pickle([CLASS_OF[n] for n in numbers])
        (root / split / "class_info.pickle").write_bytes(labels)


def flowers(folder: Path) -> Path:
    """The data set and Reed's captions side by side, without a split."""
    root = folder / "flowers"
    for number, label in CLASS_OF.items():
        draw(root / "jpg" / f"image_{number:05d}.jpg", COLOURS[label])
    write_text(root / "text_c10")
    (root / "setid.mat").write_bytes(b"not read")
    (root / "imagelabels.mat").write_bytes(b"not read")
    return root


def stackgan(folder: Path) -> Path:
    """With the pickles of StackGAN."""
    root = flowers(folder)
    write_pickles(root)
    return root


def reed(folder: Path) -> Path:
    """With lists of classes, as in Reed's release."""
    root = flowers(folder)
    write(root / "trainvalclasses.txt", ["class_00001", "class_00077"])
    write(root / "testclasses.txt", ["class_00102"])
    return root


def dfgan(folder: Path) -> Path:
    """As DF-GAN looks for the pictures and captions."""
    root = folder / "flower"
    for number, label in CLASS_OF.items():
        path = root / "oxford-102-flowers/images" / f"image_{number:05d}.jpg"
        draw(path, COLOURS[label])
    write_text(root / "text")
    write_pickles(root, "image_{:05d}")
    return root


LAYOUTS = {"stackgan": stackgan, "reed": reed, "dfgan": dfgan}
