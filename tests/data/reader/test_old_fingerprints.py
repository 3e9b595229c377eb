"""Data that runs were trained on before captions could be heard: their fingerprints stay.

Numbers: of the version before (commit 2622295), for these very files. No picture is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.data.reader.cub import Cub
from experiments.data.reader.oxford102 import Oxford102
from experiments.data.reader.stamps import Stamps
from experiments.data.record import Reader
from tests.data.cub_tree import python2_pickle

KEY, FLOWER = "001.Black_footed_Albatross/a_1", "class_00001/image_00001"


def put(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def native(root: Path) -> Reader:
    lists = {"images": f"1 {KEY}.jpg\n", "image_class_labels": "1 1\n", "classes": "1 001.A\n"}
    files = {f"CUB_200_2011/{name}.txt": text.encode() for name, text in lists.items()}
    files |= {"CUB_200_2011/bounding_boxes.txt": b"1 1 1 9 9\n", f"text_c10/{KEY}.txt": b"a bird\n"}
    return Cub(str(put(root, files | {f"CUB_200_2011/images/{KEY}.jpg": b"jpg"})))


def attngan(root: Path) -> Reader:
    native(root)
    names = python2_pickle([KEY], 0)
    put(root, {f"{split}/filenames.pickle": names for split in ("train", "test")})
    put(root, {"captions.pickle": python2_pickle([[], [], {0: "<end>", 1: "a"}, {}])})
    return Cub(str(root), captions_per_image=5)


def oxford(root: Path) -> Reader:
    files = {"jpg/image_00001.jpg": b"jpg", f"text_c10/{FLOWER}.txt": b"a flower\n"}
    return Oxford102(str(put(root, files | {"testclasses.txt": b"class_00001\n"})))


def stamps(root: Path) -> Reader:
    files = {"birds/owl.png": b"png", "birds/owl.txt": b"An owl.\nfr.utf8=Un hibou.\n"}
    return Stamps(str(put(root, files | {"birds/owl_desc_fr.ogg": b"ogg"})))


FINGERPRINTS: dict[Callable[[Path], Reader], str] = {
    native: "e64de129473e5983",
    attngan: "47b3088d3a870ac5",
    oxford: "7bce09cb9e2ddd55",
    stamps: "08e90649f77b354a",
}


@pytest.mark.parametrize(("make", "fingerprint"), FINGERPRINTS.items())
def test_fingerprints_of_before(
    make: Callable[[Path], Reader], fingerprint: str, tmp_path: Path
) -> None:
    assert make(tmp_path).fingerprint() == fingerprint
