"""Small trees of Flickr8k in the layouts that people have: six pictures of five captions."""

from __future__ import annotations

from pathlib import Path

from drawn import BLUE, draw

from tests.data.cub_tree import python2_pickle
from tests.data.spoken import write_frames, write_wave

NAMES = [f"10{number}_ab{number}.jpg" for number in range(6)]
SPLITS = {"train": NAMES[:3], "dev": NAMES[3:4], "test": NAMES[4:]}


def caption(name: str, k: int) -> str:
    return f"A dog {name[:3]} runs{k} ."


def official(folder: Path) -> Path:
    """As its authors published it, the recordings beside it."""
    root = folder / "flickr8k"
    for name in NAMES:
        draw(root / "Flicker8k_Dataset" / name, BLUE)
    tokens = [f"{name}#{k}\t{caption(name, k)}" for name in NAMES for k in range(5)]
    tokens += ["2258277193_586949ec62.jpg.1#0\tpeople waiting for the subway"]  # as it is published
    text = root / "Flickr8k_text"
    text.mkdir()
    (text / "Flickr8k.token.txt").write_text("\n".join(tokens))
    for split, names in SPLITS.items():
        path = text / f"Flickr_8k.{split}Images.txt"
        path.write_text("".join(f"{name}\n" for name in names))
    spoken(root)
    return root


def spoken(root: Path, missing: str = NAMES[1]) -> None:
    audio = root / "flickr_audio"
    mapped, speakers = [], []
    for name in NAMES:
        for k in range(5):
            wav = f"{name[:-4]}_{k}.wav"
            if (name, k) != (missing, 2):
                write_wave(audio / "wavs" / wav, k + 1)
            mapped.append(f"{wav} {name} #{k}\n")
            speakers.append(f"{wav} {k + 1}\n")
    (audio / "wav2capt.txt").write_text("".join(mapped))
    (audio / "wav2spk.txt").write_text("".join(speakers))


def s2igan(folder: Path) -> Path:
    """With the lists of S2IGAN and frames in place of recordings; Kaggle's captions."""
    root = folder / "Flickr8k"
    for name in NAMES:
        draw(root / "images" / name, BLUE)
        write_frames(root / "flickr_audio/mel" / f"{name[:-4]}.npy", [3, 4, 5, 6, 7])
    rows = [f'{name},"{caption(name, k)}"\n' for name in NAMES for k in range(5)]
    (root / "captions.txt").write_text("".join(["image,caption\n", *rows]))
    for split, names in (("train", NAMES[:4]), ("test", NAMES[4:])):
        (root / split).mkdir()
        content = python2_pickle([name[:-4] for name in names], 0)
        (root / split / "filenames.pickle").write_bytes(content)
    return root
