"""Clips of actions in a folder a class: UCF-101 (Soomro 2012) and KTH (Schuldt 2004).

<Class>/v_<Class>_g<group>_c<n>.avi        UCF-101, maybe in UCF-101/, with
ucfTrainTestlist/{train,test}list0<k>.txt  its three splits
<action>/person<nn>_<action>_d<n>_uncomp.avi   KTH
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from experiments.data.layout.clips import (
    UNLISTED,
    ClipFiles,
    clips_below,
    first_file,
    lines_of,
    no_clips,
)
from experiments.data.layout.entry import Entry, stem_of
from experiments.data.layout.pickle_lists import Split
from experiments.data.layout.root import first_folder
from experiments.data.layout.sounds import SoundLayout
from experiments.data.record import Drop
from experiments.terminal.error import UserError

UCF = re.compile(r"v_(?P<label>\w+?)_g(?P<group>\d{2})_c\d{2}")
UCF_TESTED = {1: range(1, 8), 2: range(8, 15), 3: range(15, 22)}  # groups, as its lists have them
FETCH_UCF = (
    "fetch UCF-101 (Soomro et al. 2012, www.crcv.ucf.edu/data/UCF101.php), unpack it as "
    "UCF-101/<Class>/ with ucfTrainTestlist/ beside it, and set data.root to the folder"
)
KTH = re.compile(r"person(?P<person>\d{2})_(?P<action>[a-z]+)_d(?P<scene>\d)(?:_uncomp)?")
KTH_TESTED = frozenset({22, 2, 3, 5, 6, 7, 8, 9, 10})  # people; those to validate on are trained on
SCENES = {"1": "outdoors", "2": "scale", "3": "clothes", "4": "indoors"}
ACTIONS = {
    "boxing": "boxing",
    "handclapping": "clapping hands",
    "handwaving": "waving hands",
    "jogging": "jogging",
    "running": "running",
    "walking": "walking",
}
FETCH_KTH = (
    "fetch KTH (Schuldt et al. 2004, www.csc.kth.se/cvap/actions), unpack its six zips as "
    "<action>/person<nn>_<action>_d<n>_uncomp.avi, and set data.root to the folder that holds them"
)
OTHER_NAMES = "clips with names of another form"


def ucf101(top: Path, follow_links: bool | None, fold: int) -> SoundLayout:
    """Its clips in the split of one of the three lists; where there are none, by the groups that
    those lists have. Raises `UserError` where there is no clip, or a list says nothing."""
    folder = first_folder([top], ["UCF-101", "UCF101", "videos"]) or top
    files = clips_below(folder, follow_links)
    if not files.paths:
        raise no_clips(top, FETCH_UCF)
    lists = first_folder([top, folder], ["ucfTrainTestlist", "splits", "."])
    listed, tables = _ucf_lists([top / ".", *([lists] if lists else [])], fold)
    entries: list[Entry | Drop] = []
    counts = files.not_read
    for path in files.paths:
        match = UCF.fullmatch(PurePosixPath(path).stem)
        if match is None:
            counts[OTHER_NAMES] += 1
            continue
        split: Split | None = "test" if int(match["group"]) in UCF_TESTED[fold] else "train"
        if tables:
            split = listed.get(f"{match['label']}/{PurePosixPath(path).name}")
        if split is None:
            counts[UNLISTED] += 1
            continue
        label, key = match["label"], stem_of(path)
        pose = f"g{match['group']}"
        entries.append(Entry(key, folder, path, [words_of(label)], split, label, label, pose=pose))
    entries += _lost(listed, files)
    return SoundLayout(root=top, entries=entries, tables=tuple(tables), not_read=dict(+counts))


def words_of(label: str) -> str:
    """`apply eye makeup` of `ApplyEyeMakeup`."""
    return " ".join(re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", label)).lower()


def _ucf_lists(folders: list[Path], fold: int) -> tuple[dict[str, Split], list[Path]]:
    names = {"train": f"trainlist0{fold}.txt", "test": f"testlist0{fold}.txt"}
    paths = {split: first_file(folders, [name]) for split, name in names.items()}
    if not all(paths.values()):
        return {}, []
    found: dict[str, Split] = {}
    for split, path in paths.items():
        assert path is not None
        for _, line in lines_of(path):
            found[line.split()[0]] = "train" if split == "train" else "test"
    if len(set(found.values())) < 2:
        raise UserError(f"{paths['test']}: no clip to train on, or none to test on; fetch it again")
    return found, [path for path in paths.values() if path is not None]


def _lost(listed: dict[str, Split], files: ClipFiles) -> list[Entry | Drop]:
    """What the lists name and nobody has."""
    there = {PurePosixPath(path).name for path in files.paths}
    lost = [name for name in listed if PurePosixPath(name).name not in there]
    return [Drop(stem_of(name), "file is missing") for name in lost]


def kth(top: Path, follow_links: bool | None) -> SoundLayout:
    """Its clips, of nine people to test on. Raises `UserError` where there is none."""
    files = clips_below(top, follow_links)
    counts, entries = files.not_read, list[Entry | Drop]()
    for path in files.paths:
        match = KTH.fullmatch(PurePosixPath(path).stem)
        if match is None or match["action"] not in ACTIONS or match["scene"] not in SCENES:
            counts[OTHER_NAMES] += 1
            continue
        action = match["action"]
        entries.append(
            Entry(
                *(stem_of(path), top, path, [f"a person is {ACTIONS[action]}"]),
                *("test" if int(match["person"]) in KTH_TESTED else "train", action, action),
                pose=f"person{match['person']}",
                attributes={"action": action, "scene": SCENES[match["scene"]]},
            )
        )
    if not entries:
        raise no_clips(top, FETCH_KTH)
    return SoundLayout(root=top, entries=entries, not_read=dict(+counts))
