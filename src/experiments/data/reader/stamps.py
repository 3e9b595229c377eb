"""Photographs with one-line captions from Debian's package `tuxpaint-stamps-default`.

Every `**/*.png` with a `.txt` of the same stem is a stamp: the first line of the text is the
caption, lines `<language>.utf8=` below are its translations, the parent folder is the class.
`<stem>_desc.ogg`, or `<stem>_desc_<language>.ogg`, is a volunteer's recording of it. The pictures
are cut-outs of many sizes on nothing; here they stand centred on white.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from experiments.data.images import path_inside, picture_size, read_padded
from experiments.data.layout.caption_files import clean_caption, read_start
from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.fingerprint import Listing, file_at
from experiments.data.layout.folder import hash_fraction
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.recordings import SOUNDS, By
from experiments.data.layout.walk import Found, found_below, require_followed
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop, Reader, Record
from experiments.data.text.words import Tokeniser
from experiments.file.name import shown
from experiments.terminal.error import BadInput, UserError

# Folders, at any depth, whose stamps are drawn: by their names, and the last three by inspection.
DRAWN_FOLDERS = frozenset(
    {"symbols", "cartoon", "flags", "roadsigns", "clothes", "easter", "hanukkah"}
)
MAX_CAPTION_FILE = 100_000  # bytes; some 65 translations follow the caption
ENGLISH = "en"  # the language of the first line
TRANSLATION = re.compile(rb"([A-Za-z_@]{2,20})\.utf8=[^\S\n]*(\S[^\n]*)")


@dataclass(frozen=True, kw_only=True)
class StampsLayout(Layout):
    """The root with all that lies in it; `stems`: of the pictures that have a caption file."""

    found: Found
    stems: list[str]


class Stamps(SpokenReader[StampsLayout]):
    """The reader of Tux Paint's stamps.

    `root`: the folder `stamps` of the package, installed or unpacked. `photographs` leaves out what
    was drawn: by folder (`DRAWN_FOLDERS`), or because an SVG of the same stem is its source. About
    a dozen drawings among the rest cannot be told by either.
    `min_size`: least longer side in pixels; smaller pictures would only be blur. Split: a stamp is
    in the test split where the hash of its key falls below `test_fraction`; by image, since most
    classes have fewer than ten, and independent of what else is there. `follow_links`: also out of
    the root. `language`: of captions and recordings (`en`, `fr`, `pt_BR`, ...); a stamp without a
    caption in it is left out. `sounds`: a run that hears sounds sets it; a stamp's own is the file
    of its stem (`duck.ogg` beside `duck.png`), which a few have.
    """

    name = "stamps"
    remedy = (
        "install Debian's package (apt-get install tuxpaint-stamps-default), or unpack it "
        "(apt-get download tuxpaint-stamps-default; dpkg -x *.deb DIR) and set "
        "data.root=DIR/usr/share/tuxpaint/stamps"
    )
    words = Reader.words  # none comes with the pictures
    tokeniser: Tokeniser = "unicode"
    sounds = False  # whether sound effects are a part of the data

    def __init__(
        self,
        root: str = "/usr/share/tuxpaint/stamps",
        photographs: bool = True,
        min_size: int = 64,
        test_fraction: float = 0.1,
        follow_links: bool | None = None,
        language: str = ENGLISH,
    ) -> None:
        if not 0 < test_fraction < 1:
            raise UserError(f"data.reader.test_fraction: {test_fraction} is not between 0 and 1")
        super().__init__(root, None, follow_links)
        self.photographs = photographs
        self.min_size = min_size
        self.test_fraction = test_fraction
        self.language = language

    @property
    def has(self) -> tuple[str, ...]:
        """Pictures with captions, and sounds where they are asked for."""
        return ("picture", "caption", *(("sound",) if self.sounds else ()))

    def _checked(self) -> StampsLayout:
        """Raise `UserError` where there is no stamp under the root, or none in the language."""
        found = self._found()
        if not any(path.endswith(".png") for path in found.found.files):
            raise UserError(f"data.root: {found.root} holds no PNG; {self.remedy}")
        require_followed(found.root, found.found, self.follow_links)
        if self.language != ENGLISH:
            self._require_language(found)
        return found

    def _require_language(self, found: StampsLayout) -> None:
        written = set[str]()
        for stem in found.stems:
            translations = self._translations(found, stem)
            if self.language in translations:
                return
            written |= set(translations)
        names = {path.rpartition("_desc_")[2].rpartition(".")[0] for path in found.found.files}
        spoken = written & names
        raise UserError(
            f"data.speech.language: no caption in {shown(self.language)}; spoken and written: "
            f"{', '.join([ENGLISH, *sorted(spoken)])}; only written: "
            f"{', '.join(sorted(written - spoken))}"
        )

    def _translations(self, found: StampsLayout, stem: str) -> dict[str, bytes]:
        """The captions below the first line, by language; none where they cannot be read."""
        try:
            text = read_start(
                path_inside(found.root, f"{stem}.txt", self.follows), MAX_CAPTION_FILE
            )
        except BadInput:
            return {}
        lines = (TRANSLATION.fullmatch(line.rstrip()) for line in text.split(b"\n")[1:])
        return {line[1].decode(): line[2] for line in lines if line is not None}

    def _files(self, found: StampsLayout) -> Listing:
        settings: tuple[object, ...] = (self.photographs, self.min_size, self.test_fraction)
        names = [stem + suffix for stem in found.stems for suffix in (".png", ".txt")]
        not_read = found.found.not_read
        if self.language != ENGLISH:
            settings = (*settings, self.language)
            left = sum(self.language not in self._translations(found, s) for s in found.stems)
            if left:
                not_read = not_read | {f"captions that are not in {self.language}": left}
        if self.recordings:
            settings = (*settings, "recordings")
            names += self._spoken_of(found).values()
        if self.sounds:
            settings = (*settings, "sounds")
            names += self._there(found, "").values()
        files = [file_at(found.root, name, name) for name in names]
        return Listing(repr((self.name, *settings)).encode(), files, self.follows, not_read)

    @property
    def records_speech(self) -> bool:
        """Whether any stamp has a recording in the language."""
        return bool(self._spoken_of(self._found()))

    def _spoken_of(self, found: StampsLayout) -> dict[str, str]:
        """The recording in the language by stem, where there is one."""
        return self._there(found, "_desc" if self.language == ENGLISH else f"_desc_{self.language}")

    def _there(self, found: StampsLayout, of: str) -> dict[str, str]:
        """The sound whose name is the stem and `of`, by stem, where there is one."""
        names = set(found.found.files)
        there = {
            stem: next((s for suffix in SOUNDS if (s := f"{stem}{of}{suffix}") in names), None)
            for stem in found.stems
        }
        return {stem: path for stem, path in there.items() if path is not None}

    def _recordings(self, found: StampsLayout, keys: Sequence[str]) -> By:
        return {stem: {0: path} for stem, path in self._spoken_of(found).items()}

    def _spoken_folders(self, root: Path) -> list[Path]:
        return [root]

    def image(self, record: Record, size: int) -> np.ndarray:
        """The stamp centred on a white square, uint8 (size, size, 3)."""
        return read_padded(path_inside(self._folder(), record.image, self.follows), size)

    def _layout(self, root: Path) -> StampsLayout:
        found = found_below(root, self.follows, self._skipped)
        return StampsLayout(root=root, text=root, found=found, stems=self._stems(found))

    def _entries(self, found: StampsLayout) -> Sequence[Entry | Drop]:
        entries = []
        sounds = self._there(found, "") if self.sounds else {}
        for stem in found.stems:
            folder = stem.rpartition("/")[0] or "stamps"
            split: Split = "test" if hash_fraction(stem) < self.test_fraction else "train"
            image, text = f"{stem}.png", f"{stem}.txt"
            entries.append(
                Entry(
                    *(stem, found.root, image, text, split, folder, folder),
                    sound=sounds.get(stem, ""),
                )
            )
        return entries

    def _skipped(self, entry: os.DirEntry[str]) -> str:
        drawn = self.photographs and entry.name.lower() in DRAWN_FOLDERS
        return "folders of drawings" if drawn and entry.is_dir(follow_symlinks=False) else ""

    def _stems(self, found: Found) -> list[str]:
        """Paths without suffix of the pictures that have a caption file, sorted."""
        names = set(found.files)
        # A folder in the place of a picture is counted.
        pictures = (name for name in [*found.files, *found.folders] if name.endswith(".png"))
        return sorted(
            stem
            for stem in (name.removesuffix(".png") for name in pictures)
            if f"{stem}.txt" in names and not (self.photographs and f"{stem}.svg" in names)
        )

    def _captions(self, found: StampsLayout, entry: Entry, faults: list[Drop]) -> list[str]:
        size = picture_size(found.root / entry.image)
        path = path_inside(found.root, f"{entry.key}.txt", self.follows)
        line = read_start(path, MAX_CAPTION_FILE).split(b"\n", 1)[0]
        if self.language != ENGLISH:
            line = self._translations(found, entry.key).get(self.language, b"")
            if not line:  # in other languages alone
                return []
        try:
            text = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadInput("caption is not UTF-8") from None
        if not text.strip() or ".utf8=" in text:
            raise BadInput("no caption")
        caption = clean_caption(text)
        return [caption] if max(size) >= self.min_size else []
