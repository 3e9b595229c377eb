"""A user's own pictures and captions, in a folder of any name.

Either Hugging Face's imagefolder convention (`data/layout/folder_metadata.py`: `metadata.jsonl` or
`metadata.csv` in the folder of the pictures or above it), or `name.txt` or `name.caption` beside
`name.jpg` with one caption a line, or a table of others (`data/layout/folder_table.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from experiments.data.layout.entry import Entry, Layout, stem_of
from experiments.data.layout.fingerprint import Listing, file_at
from experiments.data.layout.folder import (
    SUFFIXES,
    Tree,
    hashed_share,
    told_by_folders,
    walk,
)
from experiments.data.layout.folder_metadata import Listed, read_metadata
from experiments.data.layout.folder_table import HOW as TABLE
from experiments.data.layout.folder_table import read_table
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import there
from experiments.data.layout.walk import require_followed
from experiments.data.reader.pictures import PictureReader
from experiments.data.record import Drop, Reader, Record
from experiments.data.text.words import Tokeniser, require_tokeniser
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

HOW = (
    "put name.txt with a caption a line beside each name.jpg, or write metadata.jsonl with a line "
    '{"file_name": "name.jpg", "text": "a caption"} for each'
)
HOW_SOUNDS = (
    "put name.wav (or flac, ogg, mp3) beside each name.jpg, or write metadata.jsonl with a line "
    '{"file_name": "name.jpg", "sound": "a.wav"} for each'
)


@dataclass(frozen=True, kw_only=True)
class FolderLayout(Layout):
    """The root with all that lies in it."""

    tree: Tree


class Folder(PictureReader[FolderLayout]):
    """The reader of `data=folder`.

    Captions are those of the metadata, else those of the file beside the picture. Classes are the
    column `label` or `class`, else the folders (`birds/owl`, without a first `train/` or `test/`).
    The numbered folders of img2dataset are none.
    A picture of which nothing says the class is one of its own, and so is every picture where there
    are fewer than two classes, which could tell no two captions apart.

    Split: the column `split`, else a first folder `train/`, `test/` or `validation/`, if they make
    both a part to train on and one to test on. Pictures to validate on are the test where there is
    no other, else they are trained on, as in the published splits of CUB and Oxford-102. Where
    nothing is said, the test split is the `test_share` of the pictures (`split: images`) or of the
    classes (`split: classes`, for words about things never seen) that the hash of the key, or of
    the class, picks (`layout.folder.hashed_share`).

    `sounds`: a run that hears sounds sets it. The sound of a picture is that of the column `sound`,
    else the file of the same stem beside it (wav, flac, ogg, mp3); captions are not read then, and
    no picture needs one. For all other runs the data are those of a folder without sounds.

    `follow_links`: also out of the root; false leaves folders out that are such links, null stops
    there. `tokeniser`: `ascii` cuts captions into words as those of CUB are.
    """

    name = "folder"
    remedy = f"set it to the folder of your pictures: {HOW}"
    repeated = "key appears twice"
    words = Reader.words  # none comes with the pictures
    tokeniser: Tokeniser = "unicode"  # the usual one; a data set that is read otherwise is another
    sounds = False  # whether sounds are a part of the data, in place of captions
    thing, how = "picture", HOW  # what it is a folder of
    kinds: tuple[str, ...] = SUFFIXES

    def __init__(
        self,
        root: str | None = None,
        split: Literal["images", "classes"] = "images",
        test_share: float = 0.1,
        captions_per_image: int | None = None,
        follow_links: bool | None = None,
        tokeniser: Tokeniser = "unicode",
    ) -> None:
        if split not in ("images", "classes"):
            raise UserError(f"data.reader.split: {split!r} is neither images nor classes")
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        require_tokeniser(tokeniser)
        super().__init__(root, captions_per_image, follow_links)
        self.tokeniser = tokeniser
        self.split = split
        self.test_share = test_share

    @property
    def has(self) -> tuple[str, ...]:
        """Pictures, with captions or, where they are asked for, with sounds."""
        return ("picture", "sound" if self.sounds else "caption")

    def _checked(self) -> FolderLayout:
        """Raise `UserError` where there are no pictures, no captions, or no sounds where these are
        asked for, or where folders are links that were not followed."""
        found = self._found()
        require_followed(found.root, found.tree.found, self.follow_links)
        if not found.tree.pictures:
            kinds = ", ".join(suffix[1:] for suffix in self.kinds)
            raise UserError(
                f"data.root: no {self.thing} ({kinds}) in {self.root}; {there(found.root)}; "
                f"{self._how}"
            )
        if self.sounds:
            if not found.tree.sounds:
                raise UserError(f"data.root: no sound in {self.root}; {HOW_SOUNDS}")
        elif not (found.tree.texts or found.tree.metadata or found.tree.tables):
            raise UserError(
                f"data.root: no captions in {self.root}: neither .txt or .caption, nor {TABLE}; "
                f"{there(found.root)}; {self.how}"
            )
        return found

    @property
    def _how(self) -> str:
        return HOW_SOUNDS if self.sounds else self.how

    def _files(self, found: FolderLayout) -> Listing:
        names, tree = found.tree.files, found.tree
        if self.sounds:
            names = [*tree.pictures, *tree.metadata, *tree.sounds.values()]
        settings: tuple[object, ...] = (self.name, self.split, self.test_share)
        settings = (*settings, self.captions_per_image, names)
        settings += ("sounds",) if self.sounds else ()
        settings += ("shards",) if tree.shards else ()  # once read as classes
        files = [
            file_at(found.root, name, f"{number} {Path(name).name}")
            for number, name in enumerate(names)
        ]
        return Listing(repr(settings).encode(), files, self.follows, found.tree.not_read)

    def read(self) -> Iterator[Record | Drop]:
        """The pictures in the order of their paths; what has no partner comes first."""
        found, drops = self._checked(), list[Drop]()
        listed = self._gather(found.root, found.tree, drops)
        yield from drops
        good: list[tuple[Entry, dict[int, str]]] = []
        for item in self._usable(found, self._listed(found, listed)):
            if isinstance(item, Drop):
                yield item
            else:
                good.append(item)
        told = [listed[entry.image] for entry, _ in good]
        classes = _told_classes(told, found.tree.shards)
        named = [classes.get(entry.image) or entry.key for entry, _ in good]
        self._classes = sorted(set(named))
        label = {name: number for number, name in enumerate(self._classes)}
        splits = self._splits(told, named, bool(classes))
        for (entry, captions), name, split in zip(good, named, splits, strict=True):
            if split is None:
                yield Drop(entry.key, "no split, where others have one")
            else:
                yield self._record(found, entry, captions, label[name], split)

    def _layout(self, root: Path) -> FolderLayout:
        return FolderLayout(root=root, text=root, tree=walk(root, self.follows, self.sounds))

    def _looked_for(self, found: FolderLayout, entry: Entry, reason: str) -> str:
        """Also what the metadata name, where that is no picture that is there."""
        told, tree = super()._looked_for(found, entry, reason), found.tree
        lost = sorted(set(self._gather(found.root, tree, [])) - set(tree.pictures))
        files = [*tree.metadata, *tree.tables][:1]
        return f"{told}; {files[0]} names {plain(lost[0])}" if files and lost else told

    def _captions(self, found: FolderLayout, entry: Entry, faults: list[Drop]) -> list[str]:
        if not entry.captions and "caption" in self.has:
            also = " or in the metadata" if found.tree.metadata else ""
            also = f" or in {found.tree.tables[0]}" if found.tree.tables else also
            raise BadInput(f"no captions beside it{also}")
        return super()._captions(found, entry, faults)

    def _splits(self, good: list[Listed], named: list[str], told: bool) -> list[Split | None]:
        """The split of each picture; `named` are their classes, `told` whether anything said so."""
        given = [entry.split or told_by_folders(entry.image)[0] for entry in good]
        if "train" in given and {"test", "validation"} & set(given):
            last = "test" if "test" in given else "validation"
            return [("test" if s == last else "train") if s else None for s in given]
        if self.split == "classes" and good and not told:
            raise UserError(
                f"data.reader.split=classes: {self.root} has no two classes; name them in a column "
                "label of the metadata, or give each a folder of its own"
            )
        stems = [stem_of(entry.image) for entry in good]
        names = named if self.split == "classes" else stems
        if len(set(names)) == 1:
            raise UserError(
                f"data.root: a single {self.thing} can be used in {self.root}; at least two are "
                "needed, one to train on and one to test on"
            )
        test = hashed_share(names, self.test_share)
        return ["test" if name in test else "train" for name in names]

    def _gather(self, root: Path, tree: Tree, drops: list[Drop]) -> dict[str, Listed]:
        """What is said of each picture, by path; `drops` gets captions that have no picture, where
        they are read: not where sounds are heard."""
        heard = self.sounds
        said: dict[str, Listed] = {}
        for file in tree.metadata:
            for path, entry in read_metadata(root, file, drops, self.follows, heard).items():
                known = said.setdefault(path, entry)
                known.captions += entry.captions if known is not entry else []
                known.sound = known.sound or entry.sound
        for file in tree.tables:
            for path, entry in read_table(root, file, tree.pictures, drops, self.follows).items():
                known = said.setdefault(path, entry)
                known.captions += entry.captions if known is not entry else []
        used = {stem_of(path) for path in tree.pictures}
        if not (tree.metadata or tree.tables) and not heard:
            lone = [stem for stem in tree.texts if stem not in used]
            drops += [Drop(stem, f"no {self.thing} beside the captions") for stem in lone]
        listed = dict.fromkeys([*tree.pictures, *said])
        return {path: said.get(path) or Listed(path) for path in sorted(listed)}

    def _listed(self, found: FolderLayout, listed: dict[str, Listed]) -> list[Entry | Drop]:
        """The pictures, without split and class, which are told of those that can be used alone.

        A key is the path without suffix, or whole where two pictures differ in nothing else.
        """
        stems = Counter(stem_of(path) for path in listed)
        entries: list[Entry | Drop] = []
        for path, said in listed.items():
            stem = stem_of(path)
            key = path if stems[stem] > 1 else stem
            if PurePosixPath(path).suffix.lower() in self.kinds:
                captions = said.captions or found.tree.texts.get(stem, "")
                sound = said.sound or found.tree.sounds.get(stem, "")
                entries.append(Entry(key, found.root, path, captions, sound=sound))
            else:
                entries.append(Drop(key, f"format is none of {', '.join(self.kinds)}"))
        return entries


def _told_classes(good: list[Listed], shards: bool) -> dict[str, str]:
    """The classes that are told, by picture; empty where they are fewer than two. `shards`: whether
    folders mean nothing."""
    inner = {entry.image: "" if shards else told_by_folders(entry.image)[1] for entry in good}
    told = {entry.image: entry.label or inner[entry.image] for entry in good}
    return told if len({name for name in told.values() if name}) >= 2 else {}
