"""Photographs with one-line captions from Debian's package `tuxpaint-stamps-default`.

Every `**/*.png` with a `.txt` of the same stem is a stamp: the first line of the text is the
caption, the parent folder the class. The pictures are cut-outs of many sizes on nothing; here they
stand centred on white.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.data.images import path_inside, picture_size, read_padded
from experiments.data.layout.caption_files import clean_caption, read_start
from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.folder import hash_fraction
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import refuse_unreadable
from experiments.data.reader.pictures import PictureReader
from experiments.data.record import Drop, Reader, Record
from experiments.terminal.error import BadInput, UserError

# Folders, at any depth, whose stamps are drawn: by their names, and the last three by inspection.
DRAWN_FOLDERS = frozenset(
    {"symbols", "cartoon", "flags", "roadsigns", "clothes", "easter", "hanukkah"}
)
MAX_CAPTION_FILE = 100_000  # bytes; some 65 translations follow the caption


class Stamps(PictureReader[Layout]):
    """The reader of Tux Paint's stamps.

    `root`: the folder `stamps` of the package, installed or unpacked. `photographs` leaves out what
    was drawn: by folder (`DRAWN_FOLDERS`), or because an SVG of the same stem is its source. About
    a dozen drawings among the rest cannot be told by either.
    `min_size`: least longer side in pixels; smaller pictures would only be blur. Split: a stamp is
    in the test split where the hash of its key falls below `test_fraction`; by image, since most
    classes have fewer than ten, and independent of what else is there.
    """

    name = "stamps"
    remedy = (
        "install Debian's package (apt-get install tuxpaint-stamps-default), or unpack it "
        "(apt-get download tuxpaint-stamps-default; dpkg -x *.deb DIR) and set "
        "data.root=DIR/usr/share/tuxpaint/stamps"
    )
    words = Reader.words  # none comes with the pictures

    def __init__(
        self,
        root: str = "/usr/share/tuxpaint/stamps",
        photographs: bool = True,
        min_size: int = 64,
        test_fraction: float = 0.1,
    ) -> None:
        if not 0 < test_fraction < 1:
            raise UserError(f"data.reader.test_fraction: {test_fraction} is not between 0 and 1")
        super().__init__(root, None)
        self.photographs = photographs
        self.min_size = min_size
        self.test_fraction = test_fraction

    def check(self) -> None:
        """Raise `UserError` where there is no stamp under the root."""
        root = self._folder()
        if next(root.rglob("*.png"), None) is None:
            raise UserError(f"data.root: {root} holds no PNG; {self.remedy}")

    def fingerprint(self) -> str:
        """A hash of the settings and of name, size and time of every picture and caption file."""
        settings = (self.name, self.photographs, self.min_size, self.test_fraction)
        digest, root = hashlib.sha256(repr(settings).encode()), self._folder()
        for stem in self._stems(root):
            for suffix in (".png", ".txt"):
                status = (root / (stem + suffix)).lstat()
                line = f"{stem}{suffix} {status.st_size} {status.st_mtime_ns}\n"
                digest.update(os.fsencode(line))  # a name need not be UTF-8
        return digest.hexdigest()[:16]

    def image(self, record: Record, size: int) -> np.ndarray:
        """The stamp centred on a white square, uint8 (size, size, 3)."""
        return read_padded(path_inside(self._folder(), record.image), size)

    def _layout(self, root: Path) -> Layout:
        return Layout(root=root, text=root)

    def _entries(self, found: Layout) -> Sequence[Entry | Drop]:
        entries = []
        for stem in self._stems(found.root):
            folder = stem.rpartition("/")[0] or "stamps"
            split: Split = "test" if hash_fraction(stem) < self.test_fraction else "train"
            image, text = f"{stem}.png", f"{stem}.txt"
            entries.append(Entry(stem, found.root, image, text, split, folder, folder))
        return entries

    def _stems(self, root: Path) -> list[str]:
        """Paths without suffix, relative to the root, of the pictures that have a caption file."""
        stems = []
        for folder, folders, files in os.walk(root, onerror=refuse_unreadable):
            relative = Path(folder).relative_to(root)
            if self.photographs:
                folders[:] = [name for name in folders if name.lower() not in DRAWN_FOLDERS]
            names = set(files)
            for name in (*files, *folders):  # a folder in the place of a picture is counted
                stem, suffix = Path(name).stem, Path(name).suffix
                drawn = self.photographs and f"{stem}.svg" in names
                if suffix == ".png" and f"{stem}.txt" in names and not drawn:
                    stems.append((relative / stem).as_posix())
        return sorted(stems)

    def _captions(self, found: Layout, entry: Entry, faults: list[Drop]) -> list[str]:
        size = picture_size(found.root / entry.image)
        path = path_inside(found.root, f"{entry.key}.txt")
        line = read_start(path, MAX_CAPTION_FILE).split(b"\n", 1)[0]
        try:
            text = line.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise BadInput("caption is not UTF-8") from None
        if not text.strip() or ".utf8=" in text:
            raise BadInput("no caption")
        caption = clean_caption(text)
        return [caption] if max(size) >= self.min_size else []
