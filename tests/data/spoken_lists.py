"""Small trees with lists of spoken captions as JSON: of Li for CUB and Oxford-102, and Places."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drawn import RED, draw

from tests.data.cub_tree import python2_pickle
from tests.data.spoken import write_frames, write_wave

BIRDS = {"train": ("001.Black_footed_Albatross/a_1", "002.Laysan_Albatross/b_1"), "test": ()}
ROOMS = ("b/bedroom", "l/living_room")


def write_list(path: Path, items: Sequence[Mapping[str, Any]], images: str, audio: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "image_base_path": images,
        "audio_base_path": audio,
        "image_feature_path": "/data1/someone/features.h5",
        "data": list(items),
    }
    path.write_text(json.dumps(content))


def li_birds(folder: Path) -> Path:
    """`data/birds` of Li: two pictures to train on, one to test on."""
    root = folder / "birds"
    keys = ["001.Black_footed_Albatross/a_1", "002.Laysan_Albatross/b_2", "006.Least_Auklet/c_3"]
    lists: dict[str, list[dict[str, Any]]] = {"train": [], "test": []}
    cub = root / "CUB_200_2011"
    for number, key in enumerate(keys, 1):
        draw(cub / "images" / f"{key}.jpg", RED, (60, 40))
        names = [f"{key}_{k}.wav" for k in range(10)]
        for name in names[:9]:
            write_wave(root / "CUB_200_2011_audio/audio" / name)
        texts = [f"bird {number} says word{k}." for k in range(10)]
        item = {"image": f"{key}.jpg", "class": key.partition("/")[0]}
        lists["train" if number < 3 else "test"].append(item | {"text": texts, "audio": names})
    (cub / "images.txt").write_text("".join(f"{k} {key}.jpg\n" for k, key in enumerate(keys, 1)))
    boxes = "".join(f"{k} 1.0 2.0 30.0 20.0\n" for k in (1, 2, 3))
    (cub / "bounding_boxes.txt").write_text(boxes)
    for split, items in lists.items():
        images = "/home/someone/data/birds/CUB_200_2011/images"
        write_list(root / f"{split}.json", items, images, "./data/birds/CUB_200_2011_audio/audio")
    return root


def li_flowers(folder: Path) -> Path:
    root = folder / "flowers"
    for split, numbers in (("train", (1, 2)), ("test", (3,))):
        items = []
        for number in numbers:
            stem = f"image_{number:05d}"
            draw(root / "jpg" / f"{stem}.jpg", RED)
            wavs = [f"{stem}_{k}.wav" for k in range(10)]
            for wav in wavs:
                write_wave(root / "audio" / wav)
            texts = [f"flower {number} has petals{k}." for k in range(10)]
            items.append({"img": f"{stem}.jpg", "class": 70 + number, "text": texts, "wav": wavs})
        write_list(root / f"{split}.json", items, "./data/flowers/jpg", "./data/flowers/audio")
    return root


def places(folder: Path, letters: bool = True, split: str = "") -> Path:
    """Places as it is released, or, without letters, as Li has it."""
    root = folder / "places"
    for name, count in (("train", 4), ("val", 2)):
        items = []
        for number in range(count):
            for room in (*ROOMS, "a/abbey", "c/church/outdoor"):
                image = f"{room}/gsun_{name}{number}.jpg"
                wav = f"wavs/{number}/utt_{room.replace('/', '_')}_{name}.wav"
                draw(root / "images" / (image if letters else image[2:]), RED)
                write_wave(root / (wav if letters else f"audios/{wav[5:]}"))
                text = f"a {room.rpartition('/')[2]} number {number}"
                items.append(
                    {
                        "uttid": f"A1-{name}{number}-{room}",
                        "speaker": "A1",
                        "asr_text": text,
                        "wav": wav,
                        "image": image,
                    }
                )
        base = "/data/vision/torralba/deeplearning/images256/"
        audio = "/data/sls/placesaudio/placesaudio_distro_part_1/"
        write_list(root / f"metadata/{name}{split}.json", items, base, audio)
    if letters:  # recordings of the release lie in `wavs/` below the root
        for path in (root / "metadata").glob("*.json"):
            content = json.loads(path.read_text())
            content["audio_base_path"] = f"/data/sls/{root.name}/"
            path.write_text(json.dumps(content))
    return root


def s2igan_places(folder: Path) -> Path:
    """As users of S2IGAN have it: no captions, and frames of one caption each."""
    root = folder / "places"
    for split, count in (("train", 2), ("test", 1)):
        names = [f"{room[2:]}/x_{split}{k}" for room in ROOMS for k in range(count)]
        for name in names:
            draw(root / "images" / f"{name}.jpg", RED)
            write_frames(root / "audio/mel" / f"{name}.npy", [6])
        (root / split).mkdir()
        (root / split / "filenames.pickle").write_bytes(python2_pickle(names, 0))
    return root
