"""COCO captions (Lin 2014; Chen 2015), of 2014 or 2017, in the folders that people have.

The data set itself is `train2014/`, `val2014/` and `annotations/`. AttnGAN merges the pictures in
`images/` and adds caption files in `text/` and lists of names; DF-GAN keeps them apart, in
`images/train2014/` and `images/val2014/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.data.layout.coco_annotations import read_annotations
from experiments.data.layout.entry import Entry, Layout, stem_of
from experiments.data.layout.fingerprint import Listing, listed
from experiments.data.layout.pickle_lists import (
    LISTS,
    Split,
    captions_pickle,
    filenames,
    lists_folder,
)
from experiments.data.layout.root import LayoutName, holds, meant, require_layout, there
from experiments.data.reader.pictures import PictureReader
from experiments.data.record import Drop
from experiments.terminal.error import UserError

# Where the pictures of a split may lie; `jpg` is what the code of DF-GAN has, not its README.
YEARS = (2014, 2017)  # 2017: the same pictures, other names and another split
SPLITS: dict[Split, str] = {"train": "train", "test": "val"}


def _pictures(split: Split, year: int) -> tuple[str, ...]:
    name = f"{SPLITS[split]}{year}"
    merged = ["images"] if year == YEARS[0] else []  # of AttnGAN
    return (name, f"images/{name}/jpg", f"images/{name}", f"{name}/{name}", *merged)


def _annotations(root: Path, year: int) -> dict[Split, Path]:
    """The published files, where their archive was unpacked beside the pictures, or to a folder of
    its name, or without its folder; the first place where they are nowhere."""
    found = {}
    for split, name in SPLITS.items():
        file = f"captions_{name}{year}.json"
        archive = f"annotations_trainval{year}"
        places = [
            root / place / file for place in ("annotations", f"{archive}/annotations", archive, "")
        ]
        found[split] = next(filter(Path.is_file, places), places[0])
    return found


FETCH = (
    "fetch train2014.zip, val2014.zip and annotations_trainval2014.zip, or those of 2017 "
    "(cocodataset.org/#download), unpack them into one folder, and set data.root to it"
)


@dataclass(frozen=True, kw_only=True)
class CocoLayout(Layout):
    """The parts of one copy of COCO. Without `pickles` the annotations are read."""

    pictures: dict[Split, Path]
    annotations: dict[Split, Path]


class Coco(PictureReader[CocoLayout]):
    """The reader of COCO 2014, `train2014` to train on and `val2014` to test on, or of COCO 2017,
    where a folder holds that alone.

    `root`: the folder that holds the pictures' folders, or `hf://owner/name`.
    `layout`: `attngan` (names from `{train,test}/filenames.pickle`, captions from `text/`),
    `native` (both from `annotations/`), or `auto`, which takes the first that is there.
    `captions_per_image`: use only the first so many; AttnGAN's five, though some have six or seven.
    `follow_links`: also out of the root.

    COCO has no classes: each picture is one of its own.
    """

    name = "coco"
    remedy = FETCH

    def __init__(
        self,
        root: str | None = None,
        layout: LayoutName = "auto",
        captions_per_image: int | None = 5,
        follow_links: bool | None = None,
    ) -> None:
        require_layout(layout)
        super().__init__(root, captions_per_image, follow_links)
        self.layout = layout

    def _files(self, found: CocoLayout) -> Listing:
        settings = (self.name, found.pickles is None, self.captions_per_image)
        places = [*dict.fromkeys(found.pictures.values()), found.words]
        if found.pickles is not None:
            places += [found.text, *(found.pickles / name for name in LISTS)]
        else:
            places += found.annotations.values()
        content = repr(settings).encode()
        return Listing(content, listed(places, self.follows), self.follows)

    def _layout(self, root: Path) -> CocoLayout:
        year = next((year for year in YEARS if _holds(root, year)), YEARS[0])
        pictures: dict[Split, Path] = {}
        for split in SPLITS:
            names = _pictures(split, year)
            folder = next((root / name for name in names if holds(root / name, ".jpg")), None)
            if folder is None:
                near = meant(root, lambda path: any(_holds(path, year) for year in YEARS))
                raise UserError(
                    f"data.root: no {names[0]}/*.jpg and no images/ in {root}{near}; "
                    f"{there(root)}; {FETCH}"
                )
            pictures[split] = folder
        annotations = _annotations(root, year)
        text, pickles = root / "text", lists_folder([root]) if self.layout != "native" else None
        lists = pickles if holds(text, ".txt") else None
        if lists is None and self.layout == "attngan":
            raise UserError(
                f"data.root: no text/*.txt with {' and '.join(LISTS)} in {root}; fetch the coco "
                "metadata that the README of github.com/taoxugit/AttnGAN names and unpack both "
                "archives of captions that are in it to text/"
            )
        if lists is None:
            lost = [path for path in annotations.values() if not path.is_file()]
            if lost:
                said = there(root / "annotations")
                raise UserError(
                    f"data.root: no {lost[0].relative_to(root)} in {root}; {said}; {FETCH}"
                )
        words = captions_pickle(pickles)
        return CocoLayout(
            root=root,
            text=text,
            pickles=lists,
            words=words,
            pictures=pictures,
            annotations=annotations,
        )

    def _entries(self, found: CocoLayout) -> Sequence[Entry | Drop]:
        entries: list[Entry | Drop] = []
        for split, folder in found.pictures.items():
            drops: list[Drop] = []
            # Even a name that starts at `/` is one in the folder.
            if found.pickles is not None:
                names = filenames(found.pickles, split)
                entries += [Entry(n, folder, f"./{n}.jpg", f"{n}.txt", split) for n in names]
            else:
                read = read_annotations(found.annotations[split], drops)
                entries += [Entry(stem_of(n), folder, f"./{n}", said, split) for n, said in read]
            entries += drops
        return entries

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [root / name for year in YEARS for name in _pictures(split, year)]


def _holds(root: Path, year: int) -> bool:
    """Whether pictures to train on of that year are there."""
    return any(holds(root / name, ".jpg") for name in _pictures("train", year))
