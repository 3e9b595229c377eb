"""Folders of pictures as others lay them out, read by `data=folder`; and what is refused, with what
was looked for and what is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from drawn import draw, entries, write

from experiments.data.layout.folder_table import is_table
from experiments.data.reader.folder import Folder
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError

COUNT = 6


def drawn(root: Path, folder: str, count: int = COUNT) -> list[str]:
    """Names of pictures that lie there now."""
    names = [f"{number:09d}.png" for number in range(count)]
    draw(root / folder / names[0], size=(8, 8))
    for name in names[1:]:
        (root / folder / name).write_bytes((root / folder / names[0]).read_bytes())
    return names


def flickr8k(root: Path) -> None:
    rows = [f'{name},"a bird, of {k}"' for name in drawn(root, "Images") for k in range(2)]
    write(root / "captions.txt", ["image,caption", *rows])


def flickr30k(root: Path) -> None:
    names = drawn(root, "flickr30k_images")
    rows = [f'{name}| {k}| a "bird" , of {k}' for name in names for k in range(2)]
    write(root / "results.csv", ["image_name| comment_number| comment", *rows])


def tokens(root: Path) -> None:
    names = drawn(root, "Flicker8k_Dataset")
    write(root / "Flickr8k.token.txt", [f"{n}#{k}\ta bird {k}" for n in names for k in range(2)])


def tabs(root: Path) -> None:
    rows = [f"pics/{name}\ta bird\npics/{name}\tanother" for name in drawn(root, "pics")]
    write(root / "train.tsv", ["filepath\ttitle", *rows])


def windows(root: Path) -> None:
    rows = [f"pics\\a\\{n};a bird {k}" for n in drawn(root, "pics/a") for k in range(2)]
    write(root / "captions.csv", ["\ufeffImage;Caption", *rows])


def bare(root: Path) -> None:
    names = drawn(root, "pics")
    rows = [f"{name.removesuffix('.png')},a bird {k}" for name in names for k in range(2)]
    write(root / "data.csv", ["image,text", *rows])


@pytest.mark.parametrize("lay", [flickr8k, flickr30k, tokens, tabs, windows, bare])
def test_tables_of_captions(lay: Callable[[Path], None], tmp_path: Path) -> None:
    lay(tmp_path)
    records, drops = entries(Folder(str(tmp_path)))
    assert len(records) == COUNT and not drops
    assert all(len(record.captions) == 2 for record in records.values())


def test_a_table_gives_way_to_captions_beside_the_pictures(tmp_path: Path) -> None:
    for name in drawn(tmp_path, "a"):
        write(tmp_path / "a" / name.replace(".png", ".txt"), ["beside it"])
    write(tmp_path / "scores.csv", ["image,text", "0.png,of the table"])
    records, _ = entries(Folder(str(tmp_path)))
    assert {record.captions for record in records.values()} == {("beside it",)}


def test_labels_and_names_that_are_there_twice(tmp_path: Path) -> None:
    drawn(tmp_path, "a", 3), drawn(tmp_path, "b", 1)
    lines = [
        "a/000000000.png,one,x",
        "b/000000000.png,two,y",
        "000000001.png,three,x",
        "000000000,4,",
    ]
    write(tmp_path / "data.csv", ["path,caption,label", *lines])
    reader = Folder(str(tmp_path))
    records, drops = entries(reader)
    assert set(records) == {"a/000000000", "b/000000000", "a/000000001"}
    assert drops["data.csv:5"] == "pictures of that name are in several folders"
    assert reader.class_names() == ["x", "y"]


def test_captions_of_kohya(tmp_path: Path) -> None:
    for folder in ("10_owl", "5_wren"):
        for name in drawn(tmp_path, folder):
            write(tmp_path / folder / name.replace(".png", ".caption"), ["a bird"])
    reader = Folder(str(tmp_path))
    assert len(entries(reader)[0]) == 2 * COUNT
    assert reader.class_names() == ["10_owl", "5_wren"]


def test_shards_of_img2dataset_are_no_classes(tmp_path: Path) -> None:
    for shard in ("00000", "00001"):
        for name in drawn(tmp_path, shard):
            write(tmp_path / shard / name.replace(".png", ".txt"), ["a bird"])
    reader = Folder(str(tmp_path))
    entries(reader)
    assert len(reader.class_names()) == 2, "folders of somebody who numbers classes"
    for path in tmp_path.glob("*/*.png"):
        path.with_suffix(".json").write_text('{"key": "0"}')
    entries(reader)
    assert len(reader.class_names()) == 2 * COUNT


def test_empty_captions_cost_their_records_alone(tmp_path: Path) -> None:
    names = drawn(tmp_path / "mine", "a", 40)
    for number, name in enumerate(names):
        said = ["", "  "][number % 2 :][:1] if number < 4 else ["a bird"]
        write(tmp_path / "mine/a" / name.replace(".png", ".txt"), said)
    dataset = open_dataset(Folder(str(tmp_path / "mine")), 8, tmp_path / "cache")
    assert dataset.report["dropped"] == 4 and "dropped 4 (10.00%)" in dataset.summary
    for name in names[4:30]:
        write(tmp_path / "mine/a" / name.replace(".png", ".txt"), [""])
    with pytest.raises(UserError, match=r"30 of 40 records \(75.0%\) cannot be used, most often"):
        open_dataset(Folder(str(tmp_path / "mine")), 8, tmp_path / "cache")


def test_a_refusal_of_all_says_what_was_looked_for_and_what_is_there(tmp_path: Path) -> None:
    names = drawn(tmp_path, "Images")
    write(tmp_path / "captions.txt", ["image,caption", *(f"x{name},a bird" for name in names)])
    with pytest.raises(UserError) as error:
        open_dataset(Folder(str(tmp_path)), 8, tmp_path.parent / "cache")
    told = str(error.value)
    assert "12 of 12 records (100.0%) cannot be used, most often 'no captions beside it" in told
    assert f"looked for {tmp_path}/Images/000000000.txt" in told
    assert "captions.txt names x000000000.png" in told
    (tmp_path / "captions.txt").unlink()
    with pytest.raises(UserError, match=r"nor a table .*; in .* there are Images/; put name.txt"):
        entries(Folder(str(tmp_path)))


def test_what_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for text in ("", "image", "a,b\n", "image,size\n", "caption,text\n", "\xff\xfe,\n"):
        path.write_text(text, encoding="latin-1")
        assert not is_table(path)
    assert not is_table(tmp_path) and not is_table(tmp_path / "nowhere.csv")
