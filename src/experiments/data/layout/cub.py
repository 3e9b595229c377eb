"""Where the parts of CUB-200-2011 lie, in any of the folders that people have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.data.layout.cub_metadata import IMAGES
from experiments.data.layout.entry import Layout
from experiments.data.layout.pickle_lists import LISTS, captions_pickle, lists_folder
from experiments.data.layout.root import first_folder, there
from experiments.data.layout.spoken_lists import list_files
from experiments.terminal.error import UserError

FETCH = (
    "fetch CUB_200_2011.tgz (www.vision.caltech.edu/datasets/cub_200_2011) and the captions (the "
    "birds metadata that the README of github.com/taoxugit/AttnGAN names), unpack to birds/ with "
    "birds/CUB_200_2011/images and birds/text, and set data.root to birds/"
)


# Folders of caption files: of AttnGAN, and of Reed's two archives.
TEXTS = (
    "text",
    "text_c10",
    "cvpr2016_cub/text_c10",
    "birds/text_c10",
    "cub_icml/text_c10",
    "birds/text",
)
AUDIO = ("audio", "CUB_200_2011_audio/audio")  # of S2IGAN; of Li, beside CUB_200_2011
LI_IMAGES = ("CUB_200_2011/images", "images")
LI = "li"  # the layout of Li's lists
MEL = ("audio_mel",)


@dataclass(frozen=True, kw_only=True)
class CubLayout(Layout):
    """The parts of one copy of CUB."""

    cub: Path  # holds the folder of images
    test_classes: Path | None  # a testclasses.txt of the user's own


def image_tree(root: Path) -> Path:
    """`root` or the `CUB_200_2011` in it, whichever holds the images."""
    for cub in (root, root / "CUB_200_2011"):
        if (cub / IMAGES).is_dir():
            return cub
    near = [child for child in sorted(root.iterdir()) if child.is_dir()]
    near += [root.parent, root.parent.parent]  # as of cvpr2016_cub beside CUB_200_2011
    trees = (b for b in near if any(map(Path.is_dir, (b / IMAGES, b / "CUB_200_2011/images"))))
    tree = next(trees, None)
    remedy = FETCH if tree is None else f"did you mean data.root={tree}?"
    raise UserError(
        f"data.root: neither images/ nor CUB_200_2011/images in {root}; {there(root)}; {remedy}"
    )


def find_layout(top: Path, layout: str, text: str | None, heard: bool = False) -> CubLayout:
    """Look for every part in the root `top`, with `layout` and `text` as `Cub` takes them.

    `heard`: captions need not be written where there are recordings of them, as S2IGAN's users have
    them. Raises `UserError` where the images, the lists or the captions are not there.
    """
    cub = image_tree(top)
    bases = (top, top.parent) if cub == top else (top,)
    pickles = None
    if layout in ("auto", "attngan"):
        pickles = lists_folder(bases)
        if pickles is None and (layout == "attngan" or not (cub / "images.txt").is_file()):
            raise UserError(f"data.root: neither images.txt nor {LISTS[0]} in {top}; {FETCH}")
    captions = captions_pickle(pickles)
    captions_folder = _text_folder(text, [*bases, cub])
    audio, mel = first_folder((cub, top), AUDIO), first_folder((cub, top), MEL)
    lists = None
    if layout == LI or (layout == "auto" and captions_folder is None and captions is None):
        lists = list_files(top)
    if lists is None and layout == LI:
        raise UserError(f"data.root: no train.json with test.json (of Li 2020) in {top}")
    if lists is not None:
        return CubLayout(root=top, audio=audio, lists=lists, cub=cub, test_classes=None)
    unwritten = heard and (audio is not None or mel is not None)
    if captions_folder is None and captions is None and not unwritten:
        looked = ", ".join(f"{name}/" for name in TEXTS)
        raise UserError(
            f"data.root: no <class>/<picture>.txt in {looked} of {top}; {there(top)}; "
            f"+data.reader.text=DIR names another folder of captions, or {FETCH}"
        )
    own = (folder / "testclasses.txt" for folder in dict.fromkeys((*bases, cub)))
    return CubLayout(
        root=top,
        text=captions_folder,
        pickles=pickles,
        words=captions,
        audio=audio,
        mel=mel,
        written=captions_folder is not None or captions is not None,
        cub=cub,
        test_classes=next(filter(Path.is_file, own), None),
    )


def _text_folder(text: str | None, bases: Sequence[Path]) -> Path | None:
    if text is not None:
        folder = Path(text).expanduser()
        if _has_captions(folder):
            return folder
        inner = (folder / name for name in TEXTS)
        near = next(filter(_has_captions, inner), None)
        remedy = "name their folder" if near is None else f"did you mean {near}?"
        raise UserError(
            f"data.reader.text={text}: no <class>/<picture>.txt in it; {there(folder)}; {remedy}"
        )
    folders = (base / name for base in bases for name in TEXTS)
    return next(filter(_has_captions, folders), None)


def _has_captions(folder: Path) -> bool:
    return folder.is_dir() and next(folder.glob("*/*.txt"), None) is not None
