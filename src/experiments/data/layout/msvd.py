"""MSVD (Chen and Dolan 2011): short clips of YouTube, some forty English sentences each.

YouTubeClips/<video>_<start>_<end>.avi
AllVideoDescriptions.txt               <video>_<start>_<end> a sentence; # begins a remark
{train,val,test}_list.txt              names without suffix, 1,200, 100 and 670
youtube_mapping.txt                    in their place: <name> vid<n>, which go by number
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from experiments.data.layout.clips import UNLISTED, clips_below, first_file, lines_of, no_clips
from experiments.data.layout.entry import Entry
from experiments.data.layout.folder import hashed_share
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import first_folder
from experiments.data.layout.sounds import SoundLayout
from experiments.data.record import Drop
from experiments.file.name import plain
from experiments.terminal.error import UserError

CAPTIONS = "AllVideoDescriptions.txt"
LISTS: dict[str, Split] = {
    "train_list.txt": "train",
    "val_list.txt": "train",
    "test_list.txt": "test",
}
MAPPING = "youtube_mapping.txt"
TRAINED = 1300  # of the numbers of the mapping: 1 to 1,200 and those to validate on
NAME = re.compile(r"(?P<video>.+)_(?P<start>\d+)_(?P<end>\d+)")
NO_SENTENCE = "clips without a sentence"
NO_CLIP = "clips of the sentences that are not there"
FETCH = (
    f"fetch YouTubeClips.tar and {CAPTIONS} (Chen and Dolan 2011, "
    "www.cs.utexas.edu/~ml/clamp/videoDescription), unpack them into one folder, with "
    "train_list.txt, val_list.txt and test_list.txt where you have them, and set data.root to it"
)


def find_layout(top: Path, follow_links: bool | None, test_share: float) -> SoundLayout:
    """Its clips, with their sentences. Split: of the lists, else of the mapping, else `test_share`
    of the videos, by the hash of their names. A class is a video of YouTube.

    Raises `UserError` where there are no clips or no sentences.
    """
    folder = first_folder([top], ["YouTubeClips", "videos", "clips"]) or top
    table = first_file([top, folder, top / "annotations"], [CAPTIONS])
    if table is None:
        raise UserError(f"data.root: no {CAPTIONS} in {plain(top)}; {FETCH}")
    files = clips_below(folder, follow_links)
    if not files.paths:
        raise no_clips(top, FETCH)
    said = _sentences(table)
    by_name = files.by_name()
    splits, tables = _splits([top, folder, table.parent], list(by_name), test_share)
    counts, entries = files.not_read, list[Entry | Drop]()
    for name, path in by_name.items():
        split, match = splits.get(name), NAME.fullmatch(name)
        if name not in said:
            counts[NO_SENTENCE] += 1
        elif split is None:
            counts[UNLISTED] += 1
        else:
            video = match["video"] if match else name
            entries.append(Entry(name, folder, path, said[name], split, video, video))
    counts[NO_CLIP] = len(said.keys() - by_name.keys())
    counts["clips of a name that is there before"] = len(files.paths) - len(by_name)
    return SoundLayout(root=top, entries=entries, tables=(table, *tables), not_read=dict(+counts))


def _sentences(table: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for _, line in lines_of(table):
        name, _, sentence = line.strip().partition(" ")
        if not name.startswith("#") and sentence.strip():
            found.setdefault(name, []).append(sentence.strip())
    if not found:
        raise UserError(f"{plain(table)}: no line <clip> <sentence> in it; fetch it again")
    return found


def _splits(
    folders: Iterable[Path], names: list[str], test_share: float
) -> tuple[dict[str, Split], list[Path]]:
    """The split of clips by name, and the files that say it."""
    folders = list(folders)
    lists = {name: path for name in LISTS if (path := first_file(folders, [name]))}
    found: dict[str, Split] = {}
    if "train_list.txt" in lists and "test_list.txt" in lists:
        for name, path in lists.items():
            for _, line in lines_of(path):
                inner = line.strip()
                found[inner.removesuffix(PurePosixPath(inner).suffix)] = LISTS[name]
        return found, list(lists.values())
    mapping = first_file(folders, [MAPPING])
    if mapping is not None:
        for _, line in lines_of(mapping):
            parts = line.split()
            if len(parts) == 2 and parts[1].startswith("vid") and parts[1][3:].isdigit():
                found[parts[0]] = "train" if int(parts[1][3:]) <= TRAINED else "test"
        return found, [mapping]
    videos = {name: (match["video"] if (match := NAME.fullmatch(name)) else name) for name in names}
    tested = hashed_share(videos.values(), test_share)
    return {name: "test" if video in tested else "train" for name, video in videos.items()}, []
