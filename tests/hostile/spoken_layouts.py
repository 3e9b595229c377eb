"""Whole data sets with recordings in every published layout, made as the written ones are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from experiments.data.reader.cub import Cub
from experiments.data.reader.flickr8k import Flickr8k
from experiments.data.reader.places import Places
from experiments.data.record import Reader
from tests.data.spoken import write_frames, write_wave
from tests.hostile.layouts import (
    BOXES,
    COUNT,
    CUB,
    PICKLES,
    Layout,
    captions,
    cub_pickled,
    lines_of,
    picture,
    write,
)

MELS = f"{CUB}/audio_mel"
TOKENS, MAPPING = "Flickr8k.token.txt", "flickr_audio/wav2capt.txt"
WAVS = "flickr_audio/wavs"
SAMPLES = 1102  # 50 ms
FLICKR_LISTS = tuple(f"Flickr_8k.{split}Images.txt" for split in ("train", "test"))


def _flickr8k(root: Path) -> dict[str, str]:
    found, lists = {}, {"train": [], "test": []}  # type: dict[str, str], dict[str, list[str]]
    tokens, mapped = [], []
    for number in range(COUNT):
        key = f"10{number}_ab"
        found[key] = f"images/{key}.jpg"
        write(root / found[key], picture(number))
        lists["test" if number % 6 == 5 else "train"].append(f"{key}.jpg")
        for k, text in enumerate(captions(number)):
            tokens.append(f"{key}.jpg#{k}\t{text}")
            mapped.append(f"{key}_{k}.wav {key}.jpg #{k}")
            write_wave(root / WAVS / f"{key}_{k}.wav", k + 1, SAMPLES)
    write(root / TOKENS, lines_of(tokens))
    write(root / MAPPING, lines_of(mapped))
    for split, names in lists.items():
        write(root / f"Flickr_8k.{split}Images.txt", lines_of(names))
    return found


def _places(root: Path) -> dict[str, str]:
    found = {}
    for split, numbers in (("train", range(100)), ("val", range(100, COUNT))):
        items = []
        for number in numbers:
            room = ("bedroom", "living_room")[number % 2]
            key, wav = f"{room}/bird {number}", f"wavs/{number}.wav"
            found[key] = f"images/{room[0]}/{key}.jpg"
            write(root / found[key], picture(number))
            write_wave(root / wav, 1, SAMPLES)
            image = found[key].removeprefix("images/")
            items.append({"image": image, "wav": wav, "asr_text": captions(number)[0]})
        content = {"image_base_path": "/data/images", "audio_base_path": "/data/x", "data": items}
        write(root / f"metadata/{split}.json", json.dumps(content))
    return found


def _cub_spoken(root: Path) -> dict[str, str]:
    """As S2IGAN's users have it: no text, frames of all captions, and some recordings."""
    found = cub_pickled(root)
    (root / "captions.pickle").unlink()
    for number, key in enumerate(found):
        write_frames(root / MELS / f"{key}.npy", [3, 4, 5])
        if number % 2:
            write_wave(root / CUB / "audio" / key / "0.wav", 1, SAMPLES)
    return found


def _heard(reader: Any) -> Reader:
    reader.recordings = True
    opened: Reader = reader
    return opened


SPOKEN = {
    layout.name: layout
    for layout in (
        Layout(
            "cub_s2igan",
            _cub_spoken,
            lambda root: _heard(Cub(str(root))),
            boxes=BOXES,
            files=PICKLES,
        ),
        Layout(
            "flickr8k",
            _flickr8k,
            lambda root: _heard(Flickr8k(str(root))),
            lists=(TOKENS, MAPPING, *FLICKR_LISTS),
            files=(TOKENS, MAPPING, *FLICKR_LISTS),
        ),
        Layout(
            "places",
            _places,
            lambda root: _heard(Places(str(root))),
            files=("metadata/train.json", "metadata/val.json"),
        ),
    )
}
