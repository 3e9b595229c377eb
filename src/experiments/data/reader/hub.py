"""A data set of the Hugging Face Hub, or anything on disk that `datasets` opens: `data=hub`.

Parquet, Arrow, JSON lines, webdataset tars and folders, whose columns are found by what they hold
(`layout/shard/column.py`) or named. Whatever a row holds passes the same bounds as files of
`data=folder`: sizes, pixels, captions with a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from experiments.data.images import read_crop
from experiments.data.layout.caption_files import clean_captions
from experiments.data.layout.fingerprint import Listing, file_at
from experiments.data.layout.folder import hash_fraction
from experiments.data.layout.hub import Copy
from experiments.data.layout.root import source_at
from experiments.data.layout.shard.assigned import Names, assigned_of
from experiments.data.layout.shard.cell import MARK, Cells
from experiments.data.layout.shard.column import NONE, Role, Roles, listed, roles_of
from experiments.data.layout.shard.opened import Opened, open_source
from experiments.data.layout.shard.value import least_key, text_of, values_of
from experiments.data.layout.walk import found_below
from experiments.data.reader.filmed import first_picture
from experiments.data.record import CLIP, SOUND, Drop, Reader, Record
from experiments.data.text.words import Tokeniser, require_tokeniser
from experiments.file.name import is_name
from experiments.terminal.error import BadInput, UserError

HOW = (
    "set it to owner/name of the Hub, or to a folder or file of parquet, Arrow, JSON lines or "
    "webdataset tars"
)


class Hub(Reader):
    """The reader of `data=hub`.

    `root`: `owner/name[/folder]`, or a folder or file on disk. `image`, `sound`, `clip`, `caption`,
    `label`: columns, where they are not the only ones of their kind; "none" leaves one away.
    `split`: a column that says the split. `train`, `test`: names of splits of the source, or values
    of that column, one or several. With one split alone the test is the `test_share` of rows that
    the hash of their key picks. `config`: one of several data sets of a source. `revision`: a
    commit, tag or branch of the Hub. `follow_links`: also out of the root.

    A row that has no picture or no caption that can be used is dropped and counted. Without a label
    each row is a class of its own.
    """

    name = "hub"
    tokeniser: Tokeniser = "unicode"
    own_classes = 0  # rows so far, where each is a class of its own
    sounds = False  # whether sounds are a part of the data, in place of captions

    def __init__(
        self,
        root: str | None = None,
        image: str | None = None,
        sound: str | None = None,
        clip: str | None = None,
        caption: str | None = None,
        label: str | None = None,
        split: str | None = None,
        train: str | Sequence[str] | None = None,
        test: str | Sequence[str] | None = None,
        config: str | None = None,
        revision: str | None = None,
        test_share: float = 0.1,
        captions_per_image: int | None = None,
        follow_links: bool | None = None,
        tokeniser: Tokeniser = "unicode",
    ) -> None:
        if not 0 < test_share < 1:
            raise UserError(f"data.reader.test_share: {test_share} is not between 0 and 1")
        if captions_per_image is not None and captions_per_image < 1:
            raise UserError("data.reader.captions_per_image: must be 1 or more, or null for all")
        require_tokeniser(tokeniser)
        named: dict[Role, str | None] = {"image": image, "sound": sound, "clip": clip}
        self.named = named | {"caption": caption, "label": label, "split": split}
        self.root, self.config, self.revision = root, config, revision
        self.parts: tuple[Names, Names] = (train, test)
        self.test_share, self.captions_per_image = test_share, captions_per_image
        self.follow_links, self.tokeniser = follow_links, tokeniser
        self._source: tuple[Opened, Roles] | None = None
        self._content: Cells | None = None
        self._classes: list[str] = []
        self._captioned = True

    # What there is.

    @property
    def has(self) -> tuple[str, ...]:
        """Pictures, with captions or, where these are asked for, sounds, and clips."""
        if self.root is None:
            return ("picture", "caption")
        roles = self._opened()[1]
        found = ["picture"] if roles.image or roles.clip else []
        if self.sounds and roles.sound:
            found.append(SOUND)
        elif roles.caption:
            found.append("caption")
        return (*found, CLIP) if roles.clip else tuple(found)

    def check(self) -> None:
        """Raise `UserError` where nothing can be opened, or it has neither pictures nor clips."""
        opened, roles = self._opened()
        if not roles.image and not roles.clip:
            raise UserError(
                f"data.reader.image: {self.root} has no column of pictures, and none of clips; "
                f"name one by data.reader.image=COLUMN; {listed(opened.columns)}"
            )
        if self.sounds and not roles.sound:
            raise UserError(
                f"data.reader.sound: {self.root} has no column of sounds; name one by "
                f"data.reader.sound=COLUMN; {listed(opened.columns)}"
            )
        if not (self.sounds or roles.caption) and self.named["caption"] != NONE:
            raise UserError(
                f"data.reader.caption: {self.root} has no column of texts; name one by "
                f"data.reader.caption=COLUMN, or none by data.reader.caption={NONE}; "
                f"{listed(opened.columns)}"
            )
        if not roles.split:
            assigned_of(list(opened.splits), *self.parts, str(self.root))

    def files(self) -> Listing:
        """The files of the source, each looked at once, and the settings that count."""
        self.check()
        opened, roles = self._opened()
        used = [(role, column.name) for role, column in vars(roles).items() if column]
        settings = (
            *(self.name, used, self.parts, self.test_share, self.captions_per_image),
            *(self.config, self.sounds),
        )
        names = {file.relative_to(opened.root).as_posix() for file in opened.files}
        if any(c is not None and c.kind == "text" for c in (roles.image, roles.sound, roles.clip)):
            names |= set(found_below(opened.root, bool(self.follow_links)).files)  # rows name them
        found = [file_at(opened.root, name, name) for name in sorted(names)]
        return Listing(repr(settings).encode(), found, bool(self.follow_links))

    def fingerprint(self) -> str:
        """A hash of the settings and of name and content of every file that is read."""
        files = self.files()
        return files.by_contents(files.contents())

    def facts(self) -> dict[str, Any]:
        """What a run remembers of its source: the commit of the Hub that it was trained on."""
        commit = self._copy().commit if self.root else None
        return {"revision": commit} if commit else {}

    # What is read.

    def read(self) -> Iterator[Record | Drop]:
        """The rows in the order of splits and shards."""
        self.check()
        opened, roles = self._opened()
        there, where = list(opened.splits), str(self.root)
        if roles.split is not None:
            there, where = values_of(opened, roles.split), f"column {roles.split.name}"
        parts = assigned_of(there, *self.parts, where)
        names = values_of(opened, roles.label)
        self._classes = names if len(names) > 1 else []  # a single one tells nothing apart
        self.own_classes = 0
        classes = {name: number for number, name in enumerate(self._classes)}
        self._captioned = "caption" in self.has
        alone, first = not parts.test, ""
        if alone:
            trained = opened.splits.items()
            first = least_key(
                shard
                for split, shards in trained
                if roles.split is not None or parts.of(split)
                for shard in shards
            )
        for split, place, key, cells in self._rows(opened, roles):
            word = parts.of(split if roles.split is None else text_of(cells["split"], roles.split))
            if not word:
                yield Drop(key, "of a split that is neither trained on nor tests")
                continue
            if alone and (hash_fraction(key) < self.test_share or key == first):
                word = "test"
            yield from self._record(key, place, word, cells, roles, classes)

    def _record(
        self,
        key: str,
        place: str,
        word: str,
        cells: Mapping[str, Any],
        roles: Roles,
        classes: Mapping[str, int],
    ) -> Iterator[Record | Drop]:
        faults: list[Drop] = []
        try:
            if not is_name(key):
                raise BadInput("name is not UTF-8 or has control characters")
            captions = self._captions(key, cells.get("caption"), faults)
            if not classes:
                label, self.own_classes = self.own_classes, self.own_classes + 1
            else:
                name = text_of(cells.get("label"), roles.label)
                if name not in classes:
                    raise BadInput("no label, where others have one")
                label = classes[name]
        except BadInput as reason:
            yield Drop(key, str(reason))
            return
        yield from faults
        found: Any = {SOUND: place} if self.sounds and roles.sound else {}
        found |= {CLIP: place} if roles.clip else {}
        yield Record(key, tuple(captions), label, word, image=place, more=found)  # type: ignore[arg-type]

    def _captions(self, key: str, value: Any, faults: list[Drop]) -> list[str]:
        if not self._captioned:
            return []
        if isinstance(value, BadInput):
            raise value
        texts = value if isinstance(value, list) else [value]
        texts = [text if isinstance(text, str) else "" for text in texts]
        return clean_captions(texts, key, faults)[: self.captions_per_image]

    def _rows(self, opened: Opened, roles: Roles) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
        """Split, place and key of every row, with what is light of it, by role."""
        light: list[Role] = ["label", "split", "caption"]
        if not self._captioned:
            light.remove("caption")
        columns = {role: column for role in light if (column := getattr(roles, role)) is not None}
        names = roles.names(*light)
        for split, shards in opened.splits.items():
            for shard in shards:
                for row, cells in enumerate(shard.rows(names)):
                    found: dict[str, Any] = {
                        role: cells[column.name] for role, column in columns.items()
                    }
                    yield split, f"{shard.name}{MARK}{row}", f"{shard.name}/{shard.key(row)}", found
                shard.close()

    def image(self, record: Record, size: int) -> np.ndarray:
        """The central square of the picture, or of a clip's first frame. Raises `BadInput`."""
        found = self.picture_file(record)
        return first_picture(self.clip(record), size) if found is None else read_crop(found, size)

    def picture_file(self, record: Record) -> bytes | Path | None:
        """The file of the picture, or its content; None where it is a frame of a clip. Raises
        `BadInput`."""
        if self._opened()[1].image is None:
            return None
        found = self._cells().content(record.image, "image", "picture")
        if found is None:
            raise BadInput("no picture")
        return found

    def group(self, record: Record) -> int:
        """What lies together in a shard has one number (`store/streamed.py`)."""
        return self._cells().group(record.image)

    def sound(self, record: Record) -> Path | None:
        """The sound in a file, which is there until the next one is asked for; None where the row
        has none. Raises `BadInput`."""
        if SOUND not in record.more:
            return None
        return self._cells().in_file(record.image, "sound", "sound")

    def clip(self, record: Record) -> Path:
        """The clip in a file, likewise. Raises `BadInput` for a row without one."""
        found = self._cells().in_file(record.image, "clip", "clip")
        if found is None:
            raise BadInput("no clip")
        return found

    def class_names(self) -> list[str]:
        """Names of the classes, by label; none where each row is a class of its own, whose name
        is its key (`record.classes_of`)."""
        return list(self._classes)

    # What is opened once.

    def _copy(self) -> Copy:
        """Where the source lies on this machine."""
        return source_at(self.root, HOW, self.revision)

    def _opened(self) -> tuple[Opened, Roles]:
        if self._source is None:
            opened = open_source(self._copy().folder, self.config, bool(self.follow_links))
            self._source = opened, roles_of(opened.columns, self.named, str(self.root))
        return self._source

    def _cells(self) -> Cells:
        if self._content is None:
            self._content = Cells(*self._opened(), bool(self.follow_links))
        return self._content
