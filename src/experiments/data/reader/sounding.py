"""What readers of pictures with a sound each have in common: no captions, and everything is told by
where files lie (`data/layout/sounds.py`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.data.layout.entry import Entry
from experiments.data.layout.fingerprint import Listing, file_at
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.sounds import SoundLayout
from experiments.data.reader.pictures import PictureReader
from experiments.data.record import Drop, Reader


class SoundReader(PictureReader[SoundLayout]):
    """A reader of pictures with sounds. A picture without one is a record all the same: who hears
    leaves it out. A subclass says where they lie (`_layout`), and which of its settings count."""

    words = Reader.words  # no captions
    seen_in = heard_in = ""  # folders of the root, each maybe a link to another disk

    def __init__(self, root: str | None, follow_links: bool | None) -> None:
        super().__init__(root, None, follow_links)

    @property
    def has(self) -> tuple[str, ...]:
        """Pictures and sounds."""
        return ("picture", "sound")

    def _settings(self) -> tuple[object, ...]:
        return ()

    def _files(self, found: SoundLayout) -> Listing:
        settings = repr((self.name, *self._settings())).encode()
        entries = [entry for entry in found.entries if isinstance(entry, Entry)]
        pictures = [(entry.folder, entry.image, f"picture {entry.image}") for entry in entries]
        sounds = sorted({entry.sound for entry in entries if entry.sound})
        top = found.root / self.heard_in
        inner = [(found.root / path).relative_to(top).as_posix() for path in sounds]
        heard = [(top, path, f"sound {path}") for path in inner]
        tables = [(path.parent, path.name, f"table {path.name}") for path in found.tables]
        files = [file_at(top, path, name) for top, path, name in (*tables, *pictures, *heard)]
        return Listing(settings, files, self.follows, found.not_read)

    def _entries(self, found: SoundLayout) -> Sequence[Entry | Drop]:
        return found.entries

    def _folders(self, root: Path, split: Split) -> list[Path]:
        return [root / self.seen_in]

    def _sound_folders(self, root: Path) -> list[Path]:
        return [root / self.heard_in]
