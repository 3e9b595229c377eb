"""What readers of pictures on disk have in common: each of them adds what its layout says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np

from experiments.data.images import path_inside, read_crop
from experiments.data.layout.caption_files import clean_captions, read_captions
from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.fingerprint import Listing
from experiments.data.layout.pickle_lists import Split, pickled_words, require_words
from experiments.data.layout.root import data_folder, picture_below, there
from experiments.data.record import SOUND, Drop, Reader, Record
from experiments.data.text.words import Tokeniser
from experiments.file.name import plain
from experiments.terminal.error import BadInput, UserError

L = TypeVar("L", bound=Layout)


class PictureReader(Reader, Generic[L]):
    """A reader of a folder of pictures.

    `root`: the folder, or `hf://owner/name`. `captions_per_image`: use only the first so many.
    `follow_links`: whether links may lead out of the root; null where only its owner can say. A
    subclass says where the parts lie (`_layout`), what they list (`_entries`), and which files they
    are (`_files`).
    """

    tokeniser: Tokeniser = "ascii"  # of published captions: their vocabularies ask for it

    recordings = False  # whether recordings of the captions are a part of the data
    remedy: str  # where to get the data set, and where to put it
    repeated = "listed more than once"  # why a picture is dropped that was there before

    def __init__(
        self,
        root: str | None,
        captions_per_image: int | None,
        follow_links: bool | None = None,
    ) -> None:
        if captions_per_image is not None and captions_per_image < 1:
            raise UserError("data.reader.captions_per_image: must be 1 or more, or null for all")
        self.root = root
        self.captions_per_image = captions_per_image
        self.follow_links = follow_links
        self._classes: list[str] = []
        self.looked_for = ""  # where nothing that was read can be used

    @property
    def has(self) -> tuple[str, ...]:
        """What its records have; see `record.has_of`."""
        return ("picture", "caption")

    def _layout(self, root: Path) -> L:
        """Look for every part. Raises `UserError` where one is not there."""
        raise NotImplementedError

    def _entries(self, found: L) -> Sequence[Entry | Drop]:
        """The pictures in a fixed order, and in place of each unusable one why it is dropped."""
        raise NotImplementedError

    def _spoken(self, found: L, entries: Sequence[Entry | Drop]) -> Sequence[Entry | Drop]:
        """The pictures, with recordings of their captions where these are a part of the data."""
        return entries

    def _folders(self, root: Path, split: Split) -> list[Path]:
        """Where pictures of a split may lie. Such a folder may be a link to another disk."""
        return [root]

    def _sound_folders(self, root: Path) -> list[Path]:
        """The same of sounds."""
        return [root]

    def _files(self, found: L) -> Listing:
        """The files that are read, and the settings that count."""
        raise NotImplementedError

    @property
    def follows(self) -> bool:
        """Whether links may lead out of the root."""
        return bool(self.follow_links)

    def check(self) -> None:
        """Raise `UserError` where a part is missing or the vocabulary is empty."""
        self._checked()

    def _checked(self) -> L:
        """The parts, as `check` wants them."""
        found = self._found()
        require_words(found.words)
        return found

    def files(self) -> Listing:
        """All that is read, each file looked at once. Raises as `check`."""
        return self._files(self._checked())

    def fingerprint(self) -> str:
        """A hash of the settings and of name and content of every file that is read."""
        files = self.files()
        return files.by_contents(files.contents())

    def read(self) -> Iterator[Record | Drop]:
        """The pictures in the order of the lists."""
        found = self._checked()
        entries = self._spoken(found, self._entries(found))
        names: dict[int | str, str] = {}
        for entry in entries:
            if isinstance(entry, Entry) and entry.class_id is not None:
                names.setdefault(entry.class_id, entry.class_name)
        order = sorted(names)  # type: ignore[type-var]  # all are numbers, or all are texts
        label = {class_id: number for number, class_id in enumerate(order)}
        self._classes = [names[class_id] for class_id in order]
        for item in self._usable(found, entries):
            if isinstance(item, Drop):
                yield item
                continue
            entry, captions = item
            if entry.class_id is None:
                self._classes.append(entry.key)
                number = len(self._classes) - 1
            else:
                number = label[entry.class_id]
            yield self._record(found, entry, captions, number, entry.split)

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the picture, or the surroundings of its box (`read_crop`)."""
        return read_crop(self._picture_path(record), size, record.box)

    def picture_file(self, record: Record) -> Path | None:
        """The file of the picture; None where the picture is not just a square of a file. Raises
        `BadInput`."""
        plain = type(self).image is PictureReader.image
        return self._picture_path(record) if plain else None

    def _picture_path(self, record: Record) -> Path:
        root = self._folder()
        return picture_below(root, self._folders(root, record.split), record.image, self.follows)

    def sound(self, record: Record) -> Path | None:
        """The file of the record's own sound, below the root; None where it has none. Raises
        `BadInput` for one that is missing, empty, no file, or outside of the root."""
        path = record.more.get(SOUND)
        if not path:
            return None
        root = self._folder()
        return picture_below(root, self._sound_folders(root), path, self.follows)

    def class_names(self) -> list[str]:
        """Names of the classes, by label; the key of a picture that is a class of its own."""
        return list(self._classes)

    def words(self) -> list[str] | None:
        """The vocabulary of `captions.pickle` in index order, or None where there is none.

        An encoder with published weights needs these indices and no others.
        """
        words = self._found().words
        return None if words is None else pickled_words(words)

    def _folder(self) -> Path:
        return data_folder(self.root, self.remedy)

    def _found(self) -> L:
        return self._layout(self._folder())

    def _usable(
        self, found: L, entries: Sequence[Entry | Drop]
    ) -> Iterator[Drop | tuple[Entry, dict[int, str]]]:
        """Each picture that is there, with its captions by their number, and why others are
        dropped."""
        times = Counter(entry.key for entry in entries if isinstance(entry, Entry))
        seen: set[str] = set()
        first: tuple[Entry, str] | None = None
        used = False
        for entry in entries:
            if isinstance(entry, Drop):
                yield entry
                continue
            faults: list[Drop] = []
            try:
                if entry.key in seen:
                    raise BadInput(self.repeated.format(times[entry.key]))
                seen.add(entry.key)
                path_inside(entry.folder, entry.image, self.follows)
                if isinstance(entry.box, str):
                    raise BadInput(entry.box)
                captions = self._captions(found, entry, faults)
            except BadInput as reason:
                first = first or (entry, str(reason))
                yield Drop(entry.key, str(reason))
                continue
            yield from faults
            used = True
            if captions or "caption" not in self.has:
                yield entry, self._numbered(captions, faults)

        if not used and first is not None:
            self.looked_for = self._looked_for(found, *first)

    def _looked_for(self, found: L, entry: Entry, reason: str) -> str:
        """Where no record can be used: what was looked for of one, and what is there."""
        path = entry.folder / entry.image
        if "caption" in reason and isinstance(entry.captions, str) and found.text is not None:
            path = found.text / (entry.captions or f"{entry.key}.txt")
        return f"looked for {plain(path)}; {there(path.parent)}"

    def _numbered(self, captions: list[str], faults: list[Drop]) -> dict[int, str]:
        """The captions that are used, by the number (from 0) that they have among all: recordings
        are of those numbers. A fault is named by its number from 1."""
        lost = {int(fault.key.rpartition("#")[2]) - 1 for fault in faults}
        kept = (number for number in range(len(captions) + len(faults)) if number not in lost)
        return dict(list(zip(kept, captions, strict=True))[: self.captions_per_image])

    def _captions(self, found: L, entry: Entry, faults: list[Drop]) -> list[str]:
        """The captions that can be used; none for a picture that the settings leave out.

        Raises `BadInput` for a picture without one, where the data have captions.
        """
        if "caption" not in self.has:
            return []
        if isinstance(entry.captions, str):
            assert found.text is not None
            return read_captions(found.text, entry.captions, entry.key, faults, self.follows)
        return clean_captions(entry.captions, entry.key, faults)

    def _record(
        self, found: L, entry: Entry, captions: dict[int, str], label: int, split: Split
    ) -> Record:
        image = (entry.folder / entry.image).relative_to(found.root).as_posix()
        box = None if isinstance(entry.box, str) else entry.box
        said = tuple(captions.values())
        speech = [entry.speech.get(number) for number in captions]
        more: dict[str, Any] = {"speech": speech} if self.recordings else {}
        more |= {SOUND: entry.sound} if entry.sound else {}
        more |= {"pose": entry.pose} if entry.pose else {}
        return Record(
            *(entry.key, said, label, split),
            image=image,
            box=box,
            attributes=dict(entry.attributes),
            more=more,
        )
