"""CUB and Oxford-102 with spoken captions, in the trees that users of S2IGAN and of Li have."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import oxford102_pictures as oxford
import pytest
from cub_pictures import CLASSES, pictures, read
from drawn import draw, entries

from experiments.data.reader.cub import Cub
from experiments.data.reader.oxford102 import Oxford102
from experiments.data.reader.spoken import SpokenReader
from experiments.data.record import Drop, Record
from experiments.data.store.dataset import open_dataset
from experiments.data.store.read import read_records
from experiments.terminal.error import BadInput, UserError
from tests.data.cub_tree import python2_pickle, write_cub_tree
from tests.data.spoken import frames, write_frames, write_wave, write_waves


def heard(root: Path, kind: type[SpokenReader] = Cub, **options: object) -> SpokenReader:
    """A reader as a run has it that listens."""
    reader = kind(str(root), **options)  # type: ignore[call-arg]
    reader.recordings = True
    return reader


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    return write_cub_tree(tmp_path / "birds", pictures(), test_classes=CLASSES[1:2])


def keys(root: Path) -> list[str]:
    return sorted(record.key for record in read(Cub(str(root)))[0])


def test_waves_beside_the_pictures(birds: Path) -> None:
    audio = birds / "CUB_200_2011" / "audio"
    write_waves(audio, keys(birds))
    reader = heard(birds)
    records, drops = read(reader)  # type: ignore[arg-type]
    assert reader.records_speech and not drops and len(records) == 8
    for record in records:
        speech = record.more["speech"]
        assert len(speech) == len(record.captions)  # 9, 10 or 11; the last has no recording
        for k, path in enumerate(speech):
            assert path == (f"CUB_200_2011/audio/{record.key}/{k}.wav" if k < 10 else None)
            found = reader.recording(record, k)
            assert found == (None if path is None else birds / path)
        assert reader.recording(record, 11) is None and reader.recording(record, -1) is None


def test_frames_of_s2igan(birds: Path) -> None:
    first, *others = keys(birds)
    mel = birds / "CUB_200_2011" / "audio_mel"
    write_frames(mel / f"{first}.npy", [4, 2, 7])
    write_wave(birds / "CUB_200_2011/audio" / first / "1.wav")
    write_wave(birds / "CUB_200_2011/audio" / others[0] / "0.wav")
    reader = heard(birds)
    records = {record.key: record for record in read(reader)[0]}  # type: ignore[arg-type]
    speech = records[first].more["speech"]
    file = f"CUB_200_2011/audio_mel/{first}.npy"
    wav = f"CUB_200_2011/audio/{first}/1.wav"  # which any front-end can hear
    assert speech[:4] == [{"file": file, "index": 0}, wav, {"file": file, "index": 2}, None]
    found = reader.recording(records[first], 2)
    assert isinstance(found, np.ndarray) and np.array_equal(found, frames(2, 7))


def test_a_copy_that_counts_from_one(birds: Path) -> None:
    write_waves(birds / "CUB_200_2011/audio", keys(birds), count=9, first=1)
    for record in read(heard(birds))[0]:  # type: ignore[arg-type]
        names = [path and path.rpartition("/")[2] for path in record.more["speech"][:9]]
        assert names == [f"{k}.wav" for k in range(1, 10)]


def test_names_that_people_have(birds: Path) -> None:
    """Li's without a folder, other formats, zeros in front, and what is no recording."""
    first, second, third, *_ = keys(birds)
    audio = birds / "CUB_200_2011_audio" / "audio"
    for name in (f"{first}_0.wav", f"{second}/{second.rpartition('/')[2]}_00.wav"):
        write_wave(audio / name)
    for name in (f"{third}/03.WAV", f"{third}/3.ogg", f"{third}/all.wav", "no/picture/0.wav"):
        write_wave(audio / name)
    (audio / third / "4.txt").write_text("text")
    speech = {r.key: r.more["speech"] for r in read(heard(birds))[0]}  # type: ignore[arg-type]
    top = "CUB_200_2011_audio/audio"
    assert speech[first][:2] == [f"{top}/{first}_0.wav", None]
    assert speech[second][0] == f"{top}/{second}/{second.rpartition('/')[2]}_00.wav"
    assert speech[third][2:5] == [None, f"{top}/{third}/03.WAV", None]


def test_recordings_go_with_the_captions_that_are_dropped(birds: Path) -> None:
    """By the reader, which drops what it cannot read, and by the table, for what has no word."""
    first = keys(birds)[0]
    write_waves(birds / "CUB_200_2011/audio", [first], count=5)
    text = birds / "text" / f"{first}.txt"
    text.write_text("one bird\n\n???\nfour birds\nfive birds\n")
    reader = heard(birds, captions_per_image=3)
    records, _ = read_records(reader)
    (record,) = (record for record in records if record.key == first)
    assert record.captions == ("one bird", "four birds")
    names = [Path(path).name for path in record.more["speech"]]
    assert names == ["0.wav", "3.wav"]


def test_data_of_runs_that_read_are_as_they_were(birds: Path, tmp_path: Path) -> None:
    """Recordings that somebody lays beside the pictures are nothing to them."""
    before = Cub(str(birds))
    found, listing = before.fingerprint(), before.files()
    listens = heard(birds).fingerprint()
    open_dataset(before, 8, tmp_path / "cache", quiet=True, workers=1)
    write_waves(birds / "CUB_200_2011/audio", keys(birds)[:1])
    after = Cub(str(birds))
    assert after.fingerprint() == found and after.files().by_time() == listing.by_time()
    assert not any(record.more for record in read(after)[0])
    assert heard(birds).fingerprint() not in (found, listens)
    now = heard(birds).fingerprint()
    write_wave(birds / "CUB_200_2011/audio" / keys(birds)[0] / "0.wav", tone=9)
    assert heard(birds).fingerprint() != now
    # The value that the version before recordings gave for a tree with these files.
    assert found == Cub(str(shutil.copytree(birds, tmp_path / "copy"))).fingerprint()


def test_release_without_the_second_half(birds: Path) -> None:
    """Part II of CUB's recordings is a copy of part I: these pictures have none."""
    some = [key for key in keys(birds) if key.startswith(CLASSES[:2])]
    write_waves(birds / "CUB_200_2011/audio", some, count=9)
    records, drops = read(heard(birds))  # type: ignore[arg-type]
    assert len(records) == 8 and not drops
    for record in records:
        known = [path is not None for path in record.more["speech"][:9]]
        assert known == [record.key in some] * 9


def test_tree_of_s2igan_has_no_text(birds: Path) -> None:
    known = keys(birds)
    shutil.rmtree(birds / "text")
    (birds / "captions.pickle").unlink()
    with pytest.raises(UserError, match=r"no <class>/<picture>\.txt in text/"):
        heard(birds).check()
    write_waves(birds / "CUB_200_2011/audio", known[:7], count=3)
    with pytest.raises(UserError, match=r"no <class>/<picture>\.txt in text/"):
        Cub(str(birds)).check()  # a run that reads has nothing to read
    reader = heard(birds)
    records, drops = read(reader)  # type: ignore[arg-type]
    assert not drops and [len(r.captions) for r in records].count(3) == 7
    by_key = {record.key: record for record in records}
    assert by_key[known[0]].captions == ("Black footed Albatross",) * 3
    assert by_key[known[7]].more["speech"] == [None]
    told = reader.files().not_read
    assert told == {"written captions, for which the names of classes stand": 21}


def test_paths_that_lead_elsewhere(birds: Path, tmp_path: Path) -> None:
    first = keys(birds)[0]
    audio = birds / "CUB_200_2011" / "audio"
    secret = tmp_path / "secret.wav"
    write_wave(secret)
    write_wave(audio / first / "1.wav")
    (audio / first / "0.wav").symlink_to(secret)
    reader = heard(birds)
    (record,) = (r for r in read(reader)[0] if r.key == first)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="leaves the root by a link"):
        reader.recording(record, 0)
    assert reader.recording(record, 1) == audio / first / "1.wav"
    for bad in ("../secret.wav", str(secret), "CUB_200_2011/audio/../../../secret.wav"):
        for entry in (bad, {"file": bad, "index": 0}):
            made = Record(first, ("a",), 0, "train", more={"speech": [entry]})
            with pytest.raises(BadInput, match="leaves the root"):
                reader.recording(made, 0)
    for entry in ({}, {"file": 3}, {"file": "a", "index": True}):
        made = Record(first, ("a",), 0, "train", more={"speech": [entry]})
        with pytest.raises(BadInput, match="neither a file nor frames"):
            reader.recording(made, 0)
    # A folder of recordings may lie on another disk, as that of the pictures.
    shutil.move(audio, tmp_path / "disk")
    audio.symlink_to(tmp_path / "disk")
    (record,) = (r for r in read(reader)[0] if r.key == first)  # type: ignore[arg-type]
    assert reader.recording(record, 1) == audio / first / "1.wav"


def flowers(root: Path) -> Path:
    """Oxford-102 as users of S2IGAN have it."""
    top = root / "flowers" / "Oxford102"
    names: dict[str, list[str]] = {"train": [], "test": []}
    for number, label in oxford.CLASS_OF.items():
        draw(top / "images" / f"{oxford.key(number)}.jpg", oxford.COLOURS[label])
        write_waves(top / "audio", [oxford.key(number)], count=2)
        write_frames(top / "audio_mel" / f"{oxford.key(number)}.npy", [3, 5, 4])
        names["test" if label == oxford.TEST else "train"].append(oxford.key(number))
    for split, listed in names.items():
        (root / "flowers" / split).mkdir()
        content = python2_pickle(listed, 0)
        (root / "flowers" / split / "filenames.pickle").write_bytes(content)
        labels = python2_pickle([int(name[6:11]) for name in listed])
        (root / "flowers" / split / "class_info.pickle").write_bytes(labels)
    return root / "flowers"


def test_flowers_of_s2igan(tmp_path: Path) -> None:
    root = flowers(tmp_path)
    reader = heard(root, Oxford102)
    records, drops = entries(reader)
    assert not drops and set(records) == {oxford.key(number) for number in oxford.CLASS_OF}
    record = records["class_00102/image_00005"]
    assert record.split == "test" and record.captions == ("class 00102",) * 3
    top = "Oxford102/audio"
    assert record.more["speech"] == [
        f"{top}/{record.key}/0.wav",
        f"{top}/{record.key}/1.wav",
        {"file": f"{top}_mel/{record.key}.npy", "index": 2},
    ]
    found = reader.recording(record, 2)
    assert isinstance(found, np.ndarray) and np.array_equal(found, frames(2, 4))
    with pytest.raises(UserError, match="no text_c10"):
        Oxford102(str(root)).check()
    oxford.write_text(root / "text_c10")
    records, _ = entries(heard(root, Oxford102))
    said = records["class_00102/image_00005"]
    assert said.captions == tuple(oxford.captions(5))
    assert [entry is not None for entry in said.more["speech"]] == [True] * 3 + [False] * 7


@pytest.mark.parametrize("layout", oxford.LAYOUTS)
def test_flowers_of_others_with_recordings(tmp_path: Path, layout: str) -> None:
    root = oxford.LAYOUTS[layout](tmp_path)
    before = Oxford102(str(root)).fingerprint()
    write_waves(root / "audio", [oxford.key(3)], count=2)
    assert Oxford102(str(root)).fingerprint() == before
    records, drops = entries(heard(root, Oxford102))
    assert not drops and not any(isinstance(entry, Drop) for entry in records.values())
    assert records[oxford.key(3)].more["speech"][:3] == [
        f"audio/{oxford.key(3)}/0.wav",
        f"audio/{oxford.key(3)}/1.wav",
        None,
    ]
    assert records[oxford.key(1)].more["speech"] == [None] * 10
