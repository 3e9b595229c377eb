"""A user's own pictures with parts missing, broken or hostile: one drop each, or one line."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from drawn import draw, entries, write

from experiments.data.reader.folder import Folder
from experiments.data.record import Record
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import BadInput, UserError

BY_LINK = "path leaves the root by a link, which data.follow_links=true follows"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four pictures, `good0` to `good3`, that every test keeps."""
    folder = tmp_path / "mine"
    for number in range(4):
        draw(folder / f"good{number}.jpg")
        write(folder / f"good{number}.txt", [f"picture {number}"])
    return folder


GOOD = [f"good{number}" for number in range(4)]


def metadata(root: Path, *lines: str | bytes) -> None:
    good = [json.dumps({"file_name": f"{name}.jpg", "text": "x"}) for name in GOOD]
    raw = [line.encode() if isinstance(line, str) else line for line in [*good, *lines]]
    (root / "metadata.jsonl").write_bytes(b"\n".join(raw))


def test_what_has_no_partner_is_dropped(root: Path) -> None:
    draw(root / "picture.jpg")
    write(root / "words.txt", ["of nothing"])
    write(root / "sub/good0.txt", ["beside no picture"])
    records, drops = entries(Folder(str(root)))
    assert list(records) == GOOD
    assert drops == {
        "picture": "no captions beside it",
        "words": "no picture beside the captions",
        "sub/good0": "no picture beside the captions",
    }


def test_bad_files_beside_each_other(root: Path) -> None:
    for name in ("a", "b", "c", "d", "e"):
        draw(root / f"{name}.png")
        write(root / f"{name}.txt", ["x"])
    (root / "a.png").write_bytes(b"")
    (root / "b.png").unlink()
    (root / "b.png").symlink_to("/etc/passwd")
    (root / "c.txt").unlink()
    (root / "c.txt").symlink_to("/etc/passwd")
    (root / "d.txt").write_bytes(b"caf\xe9\n\xf0\x9f\x8c\xb8 bloom\n")
    (root / "e.txt").write_bytes(b" \n")
    records, drops = entries(Folder(str(root)))
    assert list(records) == ["d", *GOOD] and records["d"].captions == ("🌸 bloom",)
    assert drops == {
        "a": "file is empty",
        "b": BY_LINK,
        "c": f"captions: {BY_LINK}",
        "d#1": "caption is not UTF-8",
        "e": "captions are empty",
    }


def test_a_corrupt_picture_is_counted_when_it_is_opened(root: Path, tmp_path: Path) -> None:
    whole = (root / "good1.jpg").read_bytes()
    (root / "good1.jpg").write_bytes(whole[: len(whole) // 2])
    (root / "good2.jpg").write_text("no picture")
    reader = Folder(str(root))
    records, drops = entries(reader)
    assert not drops
    for name, reason in (("good1", "broken"), ("good2", "not a picture")):
        with pytest.raises(BadInput, match=reason):
            reader.image(records[name], 8)
    with pytest.raises(UserError, match=r"folder: 2 of 4 records \(50.0%\) cannot be used"):
        open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1)


def test_bad_rows_of_the_metadata(root: Path) -> None:
    draw(root / "gif.gif")
    for name in ("silent", "blank", "listed", "class"):
        draw(root / f"{name}.jpg")
    draw(root.parent / "secret.jpg")
    metadata(
        root,
        "no json",
        '["file_name"]',
        '{"text": "x"}',
        '{"file_name": 7, "text": "x"}',
        '{"file_name": "none.jpg", "text": "x"}',
        '{"file_name": "../secret.jpg", "text": "x"}',
        '{"file_name": "/etc/passwd", "text": "x"}',
        '{"file_name": "gif.gif", "text": "x"}',
        '{"file_name": "a\\u0000.jpg", "text": "x"}',
        '{"file_name": "\\ud83d.jpg", "text": "x"}',
        '{"file_name": "blank.jpg", "text": " "}',
        '{"file_name": "listed.jpg", "text": ["a", 7]}',
        '{"file_name": "class.jpg", "text": "x", "label": [1]}',
        '{"file_name": "class.jpg", "text": "x", "label": "\\ud83d"}',
        '{"file_name": "class.jpg", "text": "x", "split": "holdout"}',
        '{"file_name": "good0.jpg", "text": "half \\ud83d a pair"}',
        '{"file_name": "good1.jpg", "text": "x", "label": "another"}',
        b'{"file_name": "good2.jpg", "text": "caf\xe9"}',
        "[" * 100_000,
    )
    records, drops = entries(Folder(str(root)))
    assert list(records) == GOOD
    place = "metadata.jsonl:{}".format
    assert drops == {
        place(5): "not JSON",
        place(6): "not a JSON object",
        place(7): "no file_name",
        place(8): "no file_name",
        place(16): "captions are no text",
        place(17): "class is neither a name nor a whole number",
        place(18): "class is neither a name nor a whole number",
        place(19): "split 'holdout' is none of train, validation, test",
        place(21): "class or split differs from an earlier row of the picture",
        place(23): "nested too deep",
        "none": "file is missing",
        "../secret": "path leaves the root",
        "/etc/passwd": f"format is none of {', '.join(('.jpg', '.jpeg', '.png', '.webp', '.bmp'))}",
        "gif": f"format is none of {', '.join(('.jpg', '.jpeg', '.png', '.webp', '.bmp'))}",
        "a\0": "name is not UTF-8 or has control characters",
        "\ud83d": "name is not UTF-8 or has control characters",
        "blank": "captions are empty",
        "silent": "no captions beside it or in the metadata",
        "listed": "no captions beside it or in the metadata",
        "class": "no captions beside it or in the metadata",
        "good0#2": "caption is not UTF-8",
        "good2#2": "caption is not UTF-8",
    }
    reader = Folder(str(root))
    for image in ("../secret.jpg", "/etc/passwd", "sub/../../secret.jpg"):
        with pytest.raises(BadInput, match="leaves the root"):
            reader.image(Record("x", ("x",), 0, "train", image=image), 8)


def test_bad_rows_of_a_table(root: Path) -> None:
    rows = [f"{name}.jpg,x" for name in GOOD]
    rows += [",no name", "none.jpg", 'good0.jpg,"two\nlines"', "good1.jpg,caf\udce9,surplus,more"]
    raw = "\n".join(["file_name,text", *rows]).encode("utf-8", "surrogateescape")
    (root / "metadata.csv").write_bytes(raw)
    records, drops = entries(Folder(str(root)))
    assert records["good0"].captions == ("x", "two lines")
    assert drops == {
        "metadata.csv:6": "no file_name",
        "none": "file is missing",
        "good1#2": "caption is not UTF-8",
    }


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("metadata.csv", "", " file is empty"),
        ("metadata.csv", "file_name;text\na.jpg;x\n", " no column file_name in its first line"),
        ("metadata.csv", 'file_name,text\na.jpg,"x\n', r"2: not CSV \(unexpected end of data\)"),
        ("metadata.csv", "file_name,text\na.jpg," + "x" * 200_000, "2: not CSV .field larger"),
    ],
)
def test_a_table_that_is_none_is_named(root: Path, name: str, content: str, message: str) -> None:
    (root / name).write_text(content)
    with pytest.raises(UserError, match=rf"{name}:{message}") as caught:
        entries(Folder(str(root)))
    assert "\n" not in str(caught.value)


def test_metadata_beyond_all_bounds_is_not_read(root: Path) -> None:
    with (root / "metadata.jsonl").open("wb") as file:
        file.truncate(500_000_001)  # a hole: nothing is written
    with pytest.raises(UserError, match="larger than 500000000 bytes"):
        entries(Folder(str(root)))


def test_two_files_of_metadata_are_one_too_many(root: Path) -> None:
    metadata(root)
    (root / "metadata.csv").write_text("file_name,text\n")
    with pytest.raises(UserError, match=r"has metadata\.jsonl and metadata\.csv; keep one"):
        Folder(str(root)).check()


def test_names_that_are_not_utf8_cost_their_pictures(root: Path) -> None:
    raw = os.fsencode(root) + b"/caf\xe9"
    for suffix, source in ((b".jpg", "good0.jpg"), (b".txt", "good0.txt")):
        with open(raw + suffix, "wb") as file:
            file.write((root / source).read_bytes())
    reader = Folder(str(root))
    records, drops = entries(reader)
    assert list(records) == GOOD and drops == {
        "caf\udce9": "name is not UTF-8 or has control characters"
    }
    assert reader.fingerprint() == Folder(str(root)).fingerprint()


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (None, "there is no folder"),
        ([], r"no picture \(jpg, jpeg, png, webp, bmp\)"),
        (["a.txt"], "no picture"),
        (["a.jpg"], "no captions"),
    ],
)
def test_what_is_missing_is_told_at_once(
    tmp_path: Path, kept: list[str] | None, message: str
) -> None:
    root = tmp_path / "mine"
    if kept is not None:
        root.mkdir()
    for name in kept or []:
        (draw if name == "a.jpg" else Path.touch)(root / name)
    with pytest.raises(UserError, match=rf"data\.root: .*{message}.*metadata\.jsonl") as caught:
        Folder(str(root)).check()
    assert "\n" not in str(caught.value) and str(root) in str(caught.value)


def test_without_a_root_the_way_is_told() -> None:
    with pytest.raises(UserError, match=r"data\.root: not set; set it to the folder .*name\.txt"):
        Folder().check()


def test_a_single_picture_is_not_enough(tmp_path: Path) -> None:
    draw(tmp_path / "a.jpg")
    write(tmp_path / "a.txt", ["x"])
    with pytest.raises(UserError, match=r"data\.root: a single picture .* at least two"):
        entries(Folder(str(tmp_path)))
