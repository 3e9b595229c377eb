"""Where the parts of Oxford-102 lie, and which pictures, captions and classes belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from experiments.data.layout.cub_metadata import MAX_CLASS, read_test_classes
from experiments.data.layout.entry import Entry, Layout, Said
from experiments.data.layout.pickle_lists import (
    LISTS,
    SPLITS,
    Split,
    captions_pickle,
    class_ids,
    filenames,
    have_class_ids,
    lists_folder,
)
from experiments.data.layout.root import first_folder, holds
from experiments.data.layout.spoken_lists import Spelt, list_files, spoken_entries
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

CLASS = re.compile(r"class_\d{5}")
PICTURES = ("jpg", "oxford-102-flowers/images", "images", "Oxford102/images")  # the last: S2IGAN
AUDIO, MEL = ("Oxford102/audio", "audio"), ("Oxford102/audio_mel", "audio_mel")
CAPTIONS = ("text_c10", "text")
CLASS_LISTS: dict[Split, str] = {"train": "trainvalclasses.txt", "test": "testclasses.txt"}
FETCH = (
    "fetch 102flowers.tgz (www.robots.ox.ac.uk/~vgg/data/flowers/102) and the captions (the "
    "flowers data that the README of github.com/reedscot/cvpr2016 names), unpack them to "
    "flowers/jpg and flowers/text_c10, and set data.root to flowers/"
)


@dataclass(frozen=True, kw_only=True)
class OxfordLayout(Layout):
    """The parts of one copy of Oxford-102.

    `text`: class_00001/image_00001.txt; DF-GAN's may lie in no folder.
    """

    pictures: Path  # image_00001.jpg, in folders of classes or not
    class_lists: dict[Split, Path]  # one of them is enough


def picture_folder(root: Path) -> Path:
    """The folder of pictures. Raises `UserError` where there is none."""
    for name in PICTURES:
        if holds(root / name, ".jpg", below=True):
            return root / name
    raise UserError(f"data.root: no jpg/image_00001.jpg and the like in {root}; {FETCH}")


def find_layout(top: Path, text: str | None, heard: bool = False) -> OxfordLayout:
    """Look for every part in the root `top`, with `text` as `Oxford102` takes it.

    `heard`: captions need not be written where there are recordings of them, as S2IGAN's users have
    them. Raises `UserError` where the pictures, the captions or the split are not there.
    """
    pictures = picture_folder(top)
    # The root may be oxford-102-flowers/ itself, whose captions and lists lie beside it.
    bases = (top, top.parent) if pictures == top / "images" else (top,)
    if text is not None:
        texts = [Path(text).expanduser()]
    else:
        texts = [base / name for base in bases for name in CAPTIONS]
    captions = next((folder for folder in texts if holds(folder, ".txt", below=True)), None)
    if captions is None and text is not None:
        raise UserError(f"data.reader.text: no class_00001/image_00001.txt in {text}; name theirs")
    audio, mel = first_folder([top], AUDIO), first_folder([top], MEL)
    lists = list_files(top) if captions is None else None
    if lists is not None:
        return OxfordLayout(root=top, audio=audio, lists=lists, pictures=pictures, class_lists={})
    if captions is None and not (heard and (audio or mel)):
        raise UserError(f"data.root: no text_c10/class_00001/image_00001.txt in {top}; {FETCH}")
    pickles = lists_folder(bases)
    class_lists = {
        split: next((base / name for base in bases if (base / name).is_file()), None)
        for split, name in CLASS_LISTS.items()
    }
    if pickles is None and not any(class_lists.values()):
        raise UserError(
            f"data.root: no split of the classes in {top}; add testclasses.txt (a name as "
            "class_00001 a line: of Reed's release, or your own choice), or StackGAN's "
            f"{' and '.join(LISTS)}"
        )
    own = {split: path for split, path in class_lists.items() if path is not None}
    return OxfordLayout(
        root=top,
        text=captions,
        pickles=pickles,
        words=captions_pickle(pickles),
        audio=audio,
        mel=mel,
        written=captions is not None,
        pictures=pictures,
        class_lists=own,
    )


def pickled_entries(found: OxfordLayout) -> list[Entry | Drop]:
    """The pictures of `{train,test}/filenames.pickle`, whose split they are.

    Their names are `jpg/image_00001`, or the same with another folder or none. A class that no
    folder tells comes from `class_info.pickle`.
    """
    assert found.pickles is not None
    pictures, captions = _named(found)
    with_ids = have_class_ids(found.pickles)
    entries: list[Entry | Drop] = []
    for split in SPLITS:
        names = filenames(found.pickles, split)
        ids = class_ids(found.pickles, split, len(names)) if with_ids else [None] * len(names)
        for name, number in zip(names, ids, strict=True):
            told = [PurePosixPath(name).parent.name]
            known = type(number) is int and abs(number) <= MAX_CLASS
            told += [f"class_{number:05d}"] if known else []
            try:
                image, text = _parts(PurePosixPath(name).name, pictures, captions)
                class_name = _class_of([PurePosixPath(text).parent.name, *told])
            except BadInput as reason:
                entries.append(Drop(name, str(reason)))
                continue
            key = f"{class_name}/{PurePosixPath(text).stem}"
            said = _said(found, text)
            entries.append(Entry(key, found.pictures, image, said, split, class_name, class_name))
    return entries


def listed_entries(found: OxfordLayout) -> list[Entry | Drop]:
    """Every picture, in the split that the lists give its class."""
    classes = {split: read_test_classes(path) for split, path in found.class_lists.items()}
    both = frozenset.intersection(*classes.values()) if len(classes) == 2 else frozenset()
    if both:
        raise UserError(
            f"{found.class_lists['test']}: {plain(min(both))} stands in {CLASS_LISTS['train']} "
            "too; leave it in one of them"
        )
    pictures, captions = _named(found)
    entries: list[Entry | Drop] = []
    for stem in sorted(pictures | captions, key=lambda stem: (captions.get(stem, []), stem)):
        try:
            image, text = _parts(stem, pictures, captions)
            class_name = _class_of([PurePosixPath(text).parent.name])
            split = _split_of(class_name, classes)
        except BadInput as reason:
            entries.append(Drop(stem, str(reason)))
            continue
        key, said = f"{class_name}/{stem}", _said(found, text)
        entries.append(Entry(key, found.pictures, image, said, split, class_name, class_name))
    for split in SPLITS:
        if not any(isinstance(entry, Entry) and entry.split == split for entry in entries):
            path, folder = next(iter(found.class_lists.values())), found.text or found.pictures
            raise UserError(
                f"{path}: leaves no class for the {split} split of {folder}; it must name some "
                "of its folders, one a line, and not all"
            )
    return entries


def li_entries(found: OxfordLayout, heard: bool) -> list[Entry | Drop]:
    """The pictures of Li's lists, whose splits they are."""
    return spoken_entries(found, PICTURES, AUDIO, heard, _of_li)


def _of_li(item: Spelt) -> tuple[str, str]:
    """Class and key. Its classes are numbers, or folders as the captions of others have them."""
    number = item.class_name
    label = f"class_{int(number):05d}" if number.isascii() and number.isdigit() else number
    if not CLASS.fullmatch(label):
        label = PurePosixPath(item.image).parent.name or "class_00000"
    return label, f"{label}/{PurePosixPath(item.image).stem}"


def _named(found: OxfordLayout) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Pictures and captions by stem. Where captions are not written, the folder of the picture
    tells its class."""
    pictures = _by_stem(found.pictures, "jpg")
    return pictures, pictures if found.text is None else _by_stem(found.text, "txt")


def _said(found: OxfordLayout, text: str) -> Said:
    return text if found.text else []


def _by_stem(folder: Path, suffix: str) -> dict[str, list[str]]:
    """Names relative to the folder of the files in it and in its folders, by stem."""
    found: dict[str, list[str]] = {}
    for pattern in (f"*.{suffix}", f"*/*.{suffix}"):
        for path in sorted(folder.glob(pattern)):
            found.setdefault(path.stem, []).append(path.relative_to(folder).as_posix())
    return found


def _parts(
    stem: str, pictures: dict[str, list[str]], captions: dict[str, list[str]]
) -> tuple[str, str]:
    """The picture and the captions of a name, each relative to the folder of its kind."""
    images, texts = pictures.get(stem, []), captions.get(stem, [])
    if len(images) != 1:
        raise BadInput("two pictures have this name" if images else "file is missing")
    if len(texts) != 1:
        raise BadInput("captions in two folders" if texts else "captions: file is missing")
    return images[0], texts[0]


def _class_of(told: list[str]) -> str:
    known = [name for name in told if CLASS.fullmatch(name)]
    if not known:
        raise BadInput("no class: its captions lie in no folder class_00001 or the like")
    return known[0]


def _split_of(class_name: str, classes: dict[Split, frozenset[str]]) -> Split:
    for split, names in classes.items():
        if class_name in names:
            return split
    if len(classes) == 2:
        raise BadInput(f"class in neither {' nor '.join(CLASS_LISTS.values())}")
    return "train" if "test" in classes else "test"
