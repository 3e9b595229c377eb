"""What readers of pictures have in common whose captions were spoken by somebody."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from experiments.data.layout.entry import Entry, Layout
from experiments.data.layout.fingerprint import File, Listing, file_at, listed
from experiments.data.layout.recordings import By, opened, recordings_below, said_of
from experiments.data.layout.unpack import safe_parts
from experiments.data.reader.pictures import PictureReader
from experiments.data.record import Drop, Record

L = TypeVar("L", bound=Layout)
UNWRITTEN = "written captions, for which the names of classes stand"


class SpokenReader(PictureReader[L]):
    """A reader of pictures with recordings of their captions, where a copy has them.

    `recordings`: whether they are a part of the data. A run that listens to them sets it before it
    asks for anything; for all others the data are those of a copy without recordings.
    """

    recordings: bool = False

    @property
    def records_speech(self) -> bool:
        """Whether this copy has recordings. Raises `UserError` where there is no copy."""
        before, self.recordings = self.recordings, True  # a copy may have nothing but recordings
        try:
            found = self._found()
        finally:
            self.recordings = before
        return bool(found.lists) or found.audio is not None or found.mel is not None

    def recording(self, record: Record, number: int) -> Path | np.ndarray | None:
        """The recording of a caption (from 0): a file below the root, or frames (T, 40) float32 as
        the set has them; None where there is none. Raises `BadInput` where it cannot be used."""
        said = record.more.get("speech") or ()
        root = self._folder()
        spoken = said[number] if 0 <= number < len(said) else None
        return opened(root, self._spoken_folders(root), spoken, self.follows)

    def _spoken_folders(self, root: Path) -> list[Path]:
        """Where recordings may lie, each maybe a link to another disk."""
        found = self._layout(root)
        return [folder for folder in (found.audio, found.mel) if folder is not None]

    def _listing(self, settings: bytes, found: L, places: Sequence[Path | None]) -> Listing:
        """The files at these places, and the recordings where they are a part of the data."""
        if not self.recordings:
            return Listing(settings, listed(places, self.follows), self.follows)
        files = listed([*places, found.audio, found.mel], self.follows)
        tops = (found.audio, found.mel)
        count = 0 if found.written else sum(file.top in tops for file in files)
        not_read = {UNWRITTEN: count} if count else {}
        return Listing(settings + b"\nrecordings", files, self.follows, not_read)

    def _listed_files(
        self, settings: bytes, found: L, places: Sequence[Path | None], entries: Sequence[object]
    ) -> Listing:
        """The files at these places, and those that the entries name: folders may hold more."""
        names: dict[str, File] = {}
        for entry in entries:
            if not isinstance(entry, Entry):
                continue
            wanted = [(entry.folder, entry.image, f"picture {entry.key}")]
            for spoken in entry.speech.values() if self.recordings else ():
                path = spoken if isinstance(spoken, str) else str(spoken["file"])
                wanted.append((found.root, path, f"recording {path}"))
            for top, inner, name in wanted:
                if name not in names and safe_parts(inner) and os.path.lexists(top / inner):
                    names[name] = file_at(top, inner, name)
        settings += b"\nrecordings" if self.recordings else b""
        files = [*listed(places, self.follows), *names.values()]
        return Listing(settings, files, self.follows)

    def _recordings(self, found: L, keys: Sequence[str]) -> By:
        """What there is, by key and number of the caption from 0."""
        return recordings_below(found.root, found.audio, found.mel, keys, self.follows)

    def _spoken(self, found: L, entries: Sequence[Entry | Drop]) -> Sequence[Entry | Drop]:
        if not self.recordings:
            return entries
        keys = [entry.key for entry in entries if isinstance(entry, Entry)]
        by_key = {} if found.lists else self._recordings(found, keys)  # lists say it themselves
        heard: list[Entry | Drop] = []
        for entry in entries:
            if isinstance(entry, Entry):
                speech = by_key.get(entry.key, entry.speech)
                entry = dataclasses.replace(entry, speech=speech)
                if not found.written:
                    entry = dataclasses.replace(entry, captions=said_of(entry))
            heard.append(entry)
        return heard
