"""Tux Paint's stamps: a small tree of the same form, and the package where it is installed."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from experiments.data.reader.stamps import DRAWN_FOLDERS, Stamps
from experiments.data.record import Drop, Record
from experiments.terminal.error import BadInput, UserError

INSTALLED = Path(os.environ.get("BIRDSONG_STAMPS", "/usr/share/tuxpaint/stamps"))


def add(
    root: Path, stem: str, text: bytes = b"A thing.\nde.utf8=Ein Ding.\n", size: int = 80
) -> None:
    path = root / f"{stem}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    sprite = Image.new("RGBA", (size, size // 2), (0, 0, 0, 0))
    sprite.paste((200, 0, 0, 255), (size // 4, 0, size // 2, size // 2))
    sprite.save(path)
    path.with_suffix(".txt").write_bytes(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    add(tmp_path, "animals/birds/crow", b"A crow.\nde.utf8=Eine Kr\xc3\xa4he.\n")
    add(tmp_path, "animals/birds/owl", "\ufeffAn “owl”.".encode())
    add(tmp_path, "animals/birds/cartoon/chick")
    add(tmp_path, "animals/fish/cod", b"A cod.\r\nde.utf8=x")
    add(tmp_path, "symbols/shapes/star")
    add(tmp_path, "town/roadsigns/stop")
    add(tmp_path, "clothes/hats/fez")
    add(tmp_path, "food/pea", size=20)
    add(tmp_path, "food/drawn")
    (tmp_path / "food" / "drawn.svg").touch()
    add(tmp_path, "food/turned_mirror")
    (tmp_path / "food" / "turned_mirror.txt").unlink()
    return tmp_path


def records(reader: Stamps) -> dict[str, Record]:
    return {entry.key: entry for entry in reader.read() if isinstance(entry, Record)}


def test_photographs_with_captions_only(root: Path) -> None:
    reader = Stamps(str(root))
    found = records(reader)
    assert list(found) == ["animals/birds/crow", "animals/birds/owl", "animals/fish/cod"]
    assert [found[key].captions for key in found] == [("A crow.",), ("An “owl”.",), ("A cod.",)]
    names = reader.class_names()
    assert [names[found[key].label] for key in found] == [
        "animals/birds",
        "animals/birds",
        "animals/fish",
    ]


def test_all_stamps(root: Path) -> None:
    found = records(Stamps(str(root), photographs=False, min_size=0))
    assert len(found) == 9
    assert "food/turned_mirror" not in found


def test_bad_stamps_are_dropped_one_by_one(root: Path) -> None:
    add(root, "food/a_not_utf8", b"Caf\xe9.\n")
    add(root, "food/b_blank", b"\nde.utf8=Ein Ding.\n")
    add(root, "food/c_translations", b"de.utf8=Ein Ding.\n")
    add(root, "food/d_broken")
    (root / "food/d_broken.png").write_bytes(b"text")
    add(root, "food/e_empty")
    (root / "food/e_empty.png").write_bytes(b"")
    add(root, "food/f_good")
    drops = [entry for entry in Stamps(str(root)).read() if isinstance(entry, Drop)]
    assert drops == [
        Drop("food/a_not_utf8", "caption is not UTF-8"),
        Drop("food/b_blank", "no caption"),
        Drop("food/c_translations", "no caption"),
        Drop("food/d_broken", "not a picture"),
        Drop("food/e_empty", "file is empty"),
    ]
    assert "food/f_good" in records(Stamps(str(root)))


def test_picture_stands_centred_on_white(root: Path) -> None:
    reader = Stamps(str(root))
    image = reader.image(records(reader)["animals/birds/crow"], 40)
    assert image.shape == (40, 40, 3)
    assert image.dtype == np.uint8
    assert (image[:9] == 255).all()
    assert (image[31:] == 255).all()
    assert np.abs(image[12:28, 12:18].astype(int) - (200, 0, 0)).max() <= 8
    assert (image[12:28, 24:] == 255).all()


def test_record_cannot_lead_out_of_the_root(root: Path) -> None:
    record = Record("x", ("x",), 0, "train", image="../../etc/passwd")
    with pytest.raises(BadInput, match="leaves the root"):
        Stamps(str(root)).image(record, 8)


def test_split_depends_on_the_key_alone(root: Path) -> None:
    before = {key: record.split for key, record in records(Stamps(str(root))).items()}
    for number in range(200):
        add(root, f"many/stamp{number}", size=64)
    after = {key: record.split for key, record in records(Stamps(str(root))).items()}
    assert {key: after[key] for key in before} == before
    assert 8 <= sum(split == "test" for split in after.values()) <= 34  # about 10 % of 203
    more = records(Stamps(str(root), test_fraction=0.5))
    assert all(more[key].split == "test" for key in after if after[key] == "test")


def test_fingerprint_follows_content_and_settings(root: Path) -> None:
    first = Stamps(str(root)).fingerprint()
    assert Stamps(str(root)).fingerprint() == first
    assert Stamps(str(root), min_size=10).fingerprint() != first
    (root / "animals/birds/crow.txt").write_text("A raven, I say.")
    assert Stamps(str(root)).fingerprint() != first


def test_missing_package_is_named_at_once(tmp_path: Path) -> None:
    start = time.perf_counter()
    for folder in (tmp_path / "none", tmp_path):
        with pytest.raises(UserError, match="apt-get install tuxpaint-stamps-default") as error:
            Stamps(str(folder)).check()
        assert "\n" not in str(error.value)
    assert time.perf_counter() - start < 0.1


def test_reader_pickles(root: Path) -> None:
    reader = Stamps(str(root))
    record = records(reader)["animals/fish/cod"]
    copy = pickle.loads(pickle.dumps(reader))
    assert np.array_equal(copy.image(record, 16), reader.image(record, 16))


@pytest.mark.skipif(not INSTALLED.is_dir(), reason="tuxpaint-stamps-default is not installed")
def test_installed_package() -> None:
    reader = Stamps(str(INSTALLED))
    entries = list(reader.read())
    found = [entry for entry in entries if isinstance(entry, Record)]
    assert len(found) == len(entries)
    assert len(found) > 300
    assert {"animals/birds", "food/fruit", "plants/flowers"} <= set(reader.class_names())
    assert not any(DRAWN_FOLDERS & set(record.key.split("/")) for record in found)
    splits = [record.split for record in found]
    assert 0.05 < splits.count("test") / len(splits) < 0.15
    for record in found[::25]:
        image = reader.image(record, 64)
        assert image.shape == (64, 64, 3)
        assert image.min() < 250 < image.max()
