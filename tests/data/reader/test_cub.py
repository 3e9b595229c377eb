"""CUB in the layouts that people have."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cub_pictures import CLASSES, COLOURS, cub, pictures, read
from PIL import Image

from experiments.data.layout.cub_metadata import TEST_CLASSES, read_test_classes, species
from experiments.data.reader.cub import Cub
from experiments.data.record import Record
from experiments.terminal.error import BadInput, UserError
from tests.data.cub_tree import write_cub_tree


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    return write_cub_tree(tmp_path / "birds", pictures(), test_classes=CLASSES[1:2])


@pytest.fixture
def native(tmp_path: Path) -> Path:
    return write_cub_tree(tmp_path / "native", pictures(), "native")


def test_shipped_list_is_the_published_one() -> None:
    names = [line for line in TEST_CLASSES.read_text().splitlines() if line[0] != "#"]
    numbers = [int(name[:3]) for name in names]
    assert len(set(numbers)) == len(read_test_classes(TEST_CLASSES)) == 50
    assert numbers == sorted(numbers)
    # Sizes of the classes of CUB that have not 60 images: the list must hold the 2933 test images.
    small = {
        6: 41,
        8: 48,
        9: 59,
        23: 59,
        33: 59,
        34: 59,
        37: 59,
        43: 59,
        84: 53,
        101: 50,
        119: 59,
        135: 59,
        166: 59,
        187: 50,
    }
    counts = [small.get(number, 60) for number in numbers]
    assert sum(counts) == 2933


@pytest.mark.parametrize("layout", ["auto", "attngan"])
def test_attngan_tree(birds: Path, layout: str) -> None:
    reader = Cub(str(birds), layout=layout)  # type: ignore[arg-type]
    reader.check()
    records, drops = read(reader)
    assert not drops
    assert len(records) == 8
    assert {reader.class_names()[r.label] for r in records if r.split == "test"} == {CLASSES[1]}
    assert reader.class_names() == list(CLASSES)
    for record in records:
        number = int(record.captions[0].split()[1])
        assert CLASSES[number % 4] == reader.class_names()[record.label]
        assert record.captions == tuple(pictures()[number][1])  # ragged: 9, 10 or 11
        assert record.box == (40, 30, 60, 40)
        assert (birds / record.image).is_file()


def test_native_tree_is_split_by_the_published_classes(native: Path) -> None:
    reader = Cub(str(native))
    records, drops = read(reader)
    assert not drops
    test = {reader.class_names()[record.label] for record in records if record.split == "test"}
    assert test == {CLASSES[0], CLASSES[2]}
    assert reader.words() is None


@pytest.mark.parametrize("lines", ["", "garbage", "1 1\n2 1\n3 1\n4 1\n5 1\n6 1\n7 1\n8 1\n"])
def test_recognition_split_is_never_used(native: Path, lines: str) -> None:
    before = read(Cub(str(native)))
    (cub(native) / "train_test_split.txt").write_text(lines)
    assert read(Cub(str(native))) == before
    (cub(native) / "train_test_split.txt").unlink()
    assert read(Cub(str(native))) == before


def test_own_test_classes(native: Path) -> None:
    (native / "testclasses.txt").write_text("# mine\nred_bird\n")
    reader = Cub(str(native))
    records, _ = read(reader)
    assert {reader.class_names()[r.label] for r in records if r.split == "test"} == {CLASSES[3]}
    (native / "testclasses.txt").write_text("999.Dodo\n")
    with pytest.raises(UserError, match=r"none of the test classes in testclasses\.txt"):
        read(Cub(str(native)))


@pytest.mark.parametrize("beside", [True, False])
def test_root_may_be_the_inner_folder(native: Path, birds: Path, beside: bool) -> None:
    for tree, text in ((native, "text_c10"), (birds, "text")):
        if not beside:
            (tree / text).rename(cub(tree) / text)
        outer, inner = read(Cub(str(tree)))[0], read(Cub(str(cub(tree))))[0]
        assert [(r.key, r.captions, r.split) for r in inner] == [
            (r.key, r.captions, r.split) for r in outer
        ]
        reader = Cub(str(cub(tree)))
        assert np.array_equal(reader.image(inner[0], 16), Cub(str(tree)).image(outer[0], 16))


def test_folder_name_is_of_no_account(birds: Path) -> None:
    moved = birds.rename(birds.with_name("coco"))
    assert len(read(Cub(str(moved)))[0]) == 8


def test_captions_elsewhere(native: Path) -> None:
    (native / "text_c10").rename(native.parent / "elsewhere")
    told = r"no <class>/<picture>.txt in text/, .*there are .*\+data.reader.text=DIR"
    with pytest.raises(UserError, match=told):
        Cub(str(native)).check()
    records, _ = read(Cub(str(native), text=str(native.parent / "elsewhere")))
    assert len(records) == 8
    with pytest.raises(UserError, match=r"data\.reader\.text=.*there are .*name their folder"):
        Cub(str(native), text=str(native / "none")).check()


def test_captions_of_reeds_own_archive(native: Path) -> None:
    elsewhere = native / "cvpr2016_cub"
    elsewhere.mkdir()
    (native / "text_c10").rename(elsewhere / "text_c10")
    assert len(read(Cub(str(native)))[0]) == 8
    with pytest.raises(UserError, match=rf"did you mean {elsewhere}/text_c10\?"):
        Cub(str(native), text=str(elsewhere)).check()
    with pytest.raises(UserError, match=r"there are text_c10/; did you mean data.root="):
        Cub(str(elsewhere)).check()


@pytest.mark.parametrize(
    "written",
    [
        lambda name: name.replace("/", "\\"),
        lambda name: f"{name}.jpg",
        lambda name: f"./{name}.JPG",
        lambda name: f"CUB_200_2011/images/{name}.jpg",
        lambda name: f"D:\\birds\\images\\{name}.jpg".replace("/", "\\"),
    ],
)
def test_lists_of_names_as_others_write_them(birds: Path, written: Callable[[str], str]) -> None:
    before = read(Cub(str(birds)))[0]
    for split in ("train", "test"):
        path = birds / split / "filenames.pickle"
        names = pickle.loads(path.read_bytes(), encoding="latin1")
        path.write_bytes(pickle.dumps([written(name) for name in names], 2))
    assert read(Cub(str(birds)))[0] == before


def test_captions_from_the_pickle_alone(birds: Path) -> None:
    by_key = {record.key: record for record in read(Cub(str(birds)))[0]}
    (birds / "text").rename(birds / "no text")
    records, drops = read(Cub(str(birds)))
    assert not drops
    for record in records:
        assert len(record.captions) == 10  # the format's; the files had 9 to 11
        assert record.captions[0] == by_key[record.key].captions[0].rstrip(".")


def test_words_are_in_index_order(birds: Path) -> None:
    words = Cub(str(birds)).words()
    assert words is not None
    assert words[0] == "<end>"
    assert words[1:] == sorted(words[1:])
    assert {"bird", "says", "word10"} <= set(words)


def test_class_info_may_be_an_array(birds: Path) -> None:
    before = read(Cub(str(birds)))
    for split, name in (("train", b"numpy.core"), ("test", b"numpy._core")):
        path = birds / split / "class_info.pickle"
        array = np.array(pickle.loads(path.read_bytes()))
        path.write_bytes(pickle.dumps(array, 2).replace(b"numpy._core", name))
        assert name in path.read_bytes()
    assert read(Cub(str(birds))) == before


def test_tree_without_class_info(birds: Path) -> None:
    expected = [(record.key, record.split) for record in read(Cub(str(birds)))[0]]
    (birds / "train" / "class_info.pickle").unlink()
    reader = Cub(str(birds))
    records, _ = read(reader)
    assert [(record.key, record.split) for record in records] == expected
    assert all(reader.class_names()[r.label] == r.key.split("/")[0] for r in records)


def test_crop_is_attngans(native: Path) -> None:
    """Box (40, 30, 60, 40): r = 45 about (70, 50), the columns 25 to 115 and the rows 5 to 95."""
    reader = Cub(str(native))
    record = read(reader)[0][0]
    image = reader.image(record, 90).astype(int)
    assert image.shape == (90, 90, 3)
    bird = np.abs(image - COLOURS[0]).max(-1) < 40
    expected = np.zeros((90, 90), bool)
    expected[25:65, 15:75] = True
    assert (bird != expected).mean() < 0.02


def test_without_box_crop_the_middle_of_the_picture_is_taken(native: Path) -> None:
    """Of 160×120 pixels the columns 20 to 140: the bird is at columns 20 to 80 of the square."""
    reader = Cub(str(native), box_crop=False)
    image = reader.image(read(reader)[0][0], 120).astype(int)
    bird = np.abs(image - COLOURS[0]).max(-1) < 40
    expected = np.zeros((120, 120), bool)
    expected[30:70, 20:80] = True
    assert (bird != expected).mean() < 0.02


def test_fewer_captions(birds: Path) -> None:
    records, _ = read(Cub(str(birds), captions_per_image=2))
    assert {len(record.captions) for record in records} == {2}
    with pytest.raises(UserError, match="captions_per_image"):
        Cub(str(birds), captions_per_image=0)


def test_both_layouts_in_one_folder(birds: Path) -> None:
    """The pickles decide, unless the text files are asked for."""
    reader = Cub(str(birds), layout="native")
    records, _ = read(reader)
    test = {reader.class_names()[record.label] for record in records if record.split == "test"}
    assert test == {CLASSES[0], CLASSES[2]}


def test_images_may_lie_on_another_disk(birds: Path) -> None:
    (cub(birds) / "images").rename(birds.parent / "disk")
    (cub(birds) / "images").symlink_to(birds.parent / "disk")
    reader = Cub(str(birds))
    records, drops = read(reader)
    assert not drops
    assert reader.image(records[0], 16).shape == (16, 16, 3)
    stray = Record("x", ("x",), 0, "train", image="captions.pickle")
    with pytest.raises(BadInput, match="leaves the root"):
        reader.image(stray, 16)


def test_fingerprint_follows_content_and_settings(birds: Path) -> None:
    first = Cub(str(birds)).fingerprint()
    assert Cub(str(birds)).fingerprint() == first
    assert Cub(str(birds), box_crop=False).fingerprint() != first
    key = read(Cub(str(birds)))[0][0].key
    seen = {first}
    for path in (
        birds / "text" / f"{key}.txt",
        cub(birds) / "images" / f"{key}.jpg",
        birds / "test" / "class_info.pickle",
        cub(birds) / "bounding_boxes.txt",
    ):
        path.write_bytes(path.read_bytes() + b"\n")
        seen.add(Cub(str(birds)).fingerprint())
    assert len(seen) == 5


def test_reader_pickles(birds: Path) -> None:
    reader = Cub(str(birds))
    record = read(reader)[0][0]
    copy = pickle.loads(pickle.dumps(reader))
    assert np.array_equal(copy.image(record, 16), reader.image(record, 16))


def test_species_ignores_number_and_case() -> None:
    assert species("001.Black_footed_Albatross\n") == "black_footed_albatross"
    assert species("St._Helena_Plover") == "st._helena_plover"


def test_reading_imports_no_torch() -> None:
    code = "import sys, tests.data.cub_tree; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("layout", ["attngan", "native"])
def test_tree_from_stamps_by_command(tmp_path: Path, layout: str) -> None:
    source = tmp_path / "stamps"
    for number in range(6):
        folder = source / f"animals/kind{number}"
        folder.mkdir(parents=True)
        Image.new("RGBA", (200, 160), (20, 30 * number, 0, 255)).save(folder / "it.png")
        (folder / "it.txt").write_text(f"A beast of kind {number}.\n")
    command = [sys.executable, "-m", "tests.data.cub_tree", "--source", str(source)]
    command += ["--out", str(tmp_path / "out"), "--images", "5", "--layout", layout]
    subprocess.run(command, check=True, timeout=60)
    records, drops = read(Cub(str(tmp_path / "out")))
    assert not drops
    assert len(records) == 5
    assert {len(record.captions) for record in records} == {10}
    assert {record.split for record in records} == {"train", "test"}
    again = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert again.returncode == 2
    assert "exists" in again.stderr
