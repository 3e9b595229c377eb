"""The pickles that StackGAN (Zhang 2017) and AttnGAN (Xu 2018) lay beside the pictures.

{train,test}/filenames.pickle     names of pictures without suffix, which are the split
{train,test}/class_info.pickle    a class for each of these names
captions.pickle                   [train captions, test captions, ixtoword, wordtoix]
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from experiments.data.layout.caption_files import MAX_CAPTION
from experiments.data.layout.pickles import load_pickle
from experiments.file.name import is_name, shown
from experiments.terminal.error import UserError

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")
LISTS = tuple(f"{split}/filenames.pickle" for split in SPLITS)
CAPTIONS = 10  # an image, in captions.pickle of CUB: its index arithmetic depends on it
SUFFIXES = ("jpg", "jpeg", "png")
PICTURES = "images"  # the folder of them
MAX_NAMES = 500_000  # of pictures; COCO has 83 thousand to train on
MAX_LISTS = 16_000_000  # bytes; those of COCO have 3 million
MAX_WORD = 200  # letters
WHOLE = 100_000  # bytes that no captions.pickle of a whole data set is smaller than


def lists_folder(bases: Iterable[Path]) -> Path | None:
    """The first of the folders that has the lists of both splits."""
    return next((base for base in bases if all((base / name).is_file() for name in LISTS)), None)


def captions_pickle(base: Path | None) -> Path | None:
    """The vocabulary's file beside the lists, of AttnGAN or of DF-GAN."""
    if base is None:
        return None
    paths = (base / name for name in ("captions.pickle", "captions_DAMSM.pickle"))
    return next((path for path in paths if path.is_file()), None)


def filenames(base: Path, split: Split) -> list[str]:
    """The names of a split's pictures (`class/picture` in CUB)."""
    path = base / split / "filenames.pickle"
    names = load_pickle(path, MAX_LISTS)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise UserError(f"{path}: must be a list of names of pictures; fetch it again")
    if len(names) > MAX_NAMES:
        raise UserError(f"{path}: more than {MAX_NAMES} names of pictures; fetch it again")
    return [_plain(name) for name in names]


def _plain(name: str) -> str:
    """`class/picture`, as it is published, of what others write: Windows' backslashes, a suffix, or
    the folder of the pictures in front."""
    path = name.replace("\\", "/").removeprefix("./")
    stem, dot, suffix = path.rpartition(".")
    path = stem if dot and suffix.lower() in SUFFIXES else path
    return path.rpartition(f"{PICTURES}/")[2] if f"/{PICTURES}/" in f"/{path}" else path


def class_ids(base: Path, split: Split, count: int) -> list[Any]:
    """The class of each of `count` names; a value that is no integer costs one picture."""
    path = base / split / "class_info.pickle"
    ids = load_pickle(path, MAX_LISTS)
    if not isinstance(ids, list) or len(ids) != count:
        raise UserError(f"{path}: must list one class for each of {count} names")
    return ids


def have_class_ids(base: Path) -> bool:
    """Whether both splits have their classes."""
    return all((base / split / "class_info.pickle").is_file() for split in SPLITS)


def require_words(path: Path | None) -> None:
    """Raise `UserError` for a vocabulary without a word: AttnGAN writes one where it is lost.

    A whole file takes a second and more to read and is not opened; an empty one is small.
    """
    if path is not None and path.stat().st_size < WHOLE:
        pickled_words(path)


def pickled_words(path: Path) -> list[str]:
    """The vocabulary of a `captions.pickle`, in index order; index 0 is `<end>`."""
    return _vocabulary(path, _captions_file(path))


class PickledCaptions:
    """The captions of a `captions.pickle`, by split and the place of a picture in its list.

    Words are what AttnGAN's tokenizer left of the sentences.
    """

    def __init__(self, path: Path, counts: dict[Split, int]) -> None:
        """`counts`: images in each split. Raises `UserError` for a file that does not fit them."""
        content = _captions_file(path)
        self._words = _vocabulary(path, content)
        self._sentences: dict[Split, list[Any]] = {}
        for split, sentences in zip(SPLITS, content[:2], strict=True):
            if not isinstance(sentences, list) or len(sentences) != CAPTIONS * counts[split]:
                found = len(sentences) if isinstance(sentences, list) else "no list of"
                raise UserError(
                    f"{path}: {found} {split} captions, where {counts[split]} file names need "
                    f"{CAPTIONS} each; add the folder of caption files "
                    "(text/<class>/<picture>.txt)"
                )
            self._sentences[split] = sentences

    def at(self, split: Split, index: int) -> list[str]:
        """The captions of a picture, empty where one cannot be told."""
        sentences = self._sentences[split][index * CAPTIONS : (index + 1) * CAPTIONS]
        return [self._sentence(sentence) for sentence in sentences]

    def _sentence(self, indices: Any) -> str:
        """The words of the indices; nothing where one of them is none of the vocabulary."""
        if not isinstance(indices, list) or len(indices) > MAX_CAPTION:
            return ""
        words = self._words
        good = all(type(index) is int and 0 <= index < len(words) for index in indices)
        return " ".join(words[index] for index in indices if index > 0) if good else ""


def _captions_file(path: Path) -> list[Any]:
    content = load_pickle(path)
    if not isinstance(content, (list, tuple)) or len(content) < 4:
        raise UserError(f"{path}: must be [train captions, test captions, ixtoword, wordtoix]")
    return list(content)


def _vocabulary(path: Path, content: list[Any]) -> list[str]:
    table = content[2]
    words = [table.get(k) for k in range(len(table))] if isinstance(table, dict) else table
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise UserError(f"{path}: its ixtoword does not give a word for each index from 0")
    if len(words) < 2:
        raise UserError(
            f"{path}: its vocabulary is empty (AttnGAN leaves such a file where it found no "
            "caption); delete it"
        )
    if words[0] != "<end>":
        raise UserError(f"{path}: index 0 is {shown(words[0])} and not '<end>'; delete the file")
    bad = next((word for word in words if len(word) > MAX_WORD or not is_name(word)), None)
    if bad is not None:
        raise UserError(f"{path}: {shown(bad)} in its vocabulary is no word; delete the file")
    return words
