"""What holds for every caption, box, list and seed, tried on examples that a machine makes up."""

from __future__ import annotations

import json
import string
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.data.images import crop_window
from experiments.data.layout.caption_files import MAX_CAPTION, clean_caption, read_captions
from experiments.data.layout.cub_metadata import numbered_lines, read_boxes, species
from experiments.data.layout.folder import hashed_share
from experiments.data.layout.folder_metadata import read_metadata
from experiments.data.layout.json_text import loads
from experiments.data.layout.unpack import safe_parts
from experiments.data.order import ClassOrder, EpochOrder
from experiments.data.record import Drop, Record
from experiments.data.store.cut import cut, encode_records
from experiments.data.store.split import Split
from experiments.data.text.alphabet import LENGTH, SYMBOLS, encode_characters
from experiments.data.text.vocabulary import END, UNKNOWN, Vocabulary
from experiments.data.text.words import ascii_words
from experiments.data.view.caption import Captions
from experiments.data.view.picture import StoredPictures
from experiments.file.name import LONGEST, is_name, plain, shown
from experiments.terminal.error import BadInput, UserError
from tests.data.made_batches import flat, make_batches
from tests.hostile.properties import properties

ANY = st.text(st.characters(codec=None), max_size=80)  # halves of surrogate pairs, too
CAPTIONS = st.text(max_size=200)
WORDS = st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=6), min_size=1, unique=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY, inner, max_size=4),
    max_leaves=12,
)


def made(labels: list[int], captions: list[int], max_words: int = 4) -> Split:
    """A split whose picture k has label and number of captions k."""
    records = [
        Record(f"r{k}", tuple(f"word{k} number{j}" for j in range(count)), label, "train")
        for k, (label, count) in enumerate(zip(labels, captions, strict=True))
    ]
    vocabulary = Vocabulary.build(text for record in records for text in record.captions)
    arrays = encode_records(records, vocabulary, {}, max_words)
    images = np.arange(len(records), dtype=np.uint8)[:, None, None, None] + np.zeros(
        (1, 4, 4, 3), np.uint8
    )
    return cut(arrays, "train", np.ones(len(records), bool), images)


@properties
@given(ANY)
def test_a_clean_caption_is_one_line_that_stays_as_it_is(text: str) -> None:
    try:
        caption = clean_caption(text)
    except BadInput:
        return
    assert caption == clean_caption(caption) == " ".join(caption.split())
    assert 0 < len(caption) <= MAX_CAPTION and is_name(caption)
    assert ascii_words(caption) == ascii_words(text.replace("\ufffd", " "))


@properties
@given(st.binary(max_size=300))
def test_a_caption_file_keeps_or_counts_each_line(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.txt").write_bytes(content)
        drops: list[Drop] = []
        try:
            kept = read_captions(Path(folder), "a.txt", "a", drops)
        except BadInput as reason:
            assert str(reason).isprintable()
            return
    lines = content.removeprefix(b"\xef\xbb\xbf").rstrip().splitlines()
    assert len(kept) + len(drops) == len(lines)
    assert all(drop.of == "a" and drop.key.startswith("a#") for drop in drops)


@properties
@given(WORDS, CAPTIONS)
def test_tokens_lie_in_the_vocabulary(words: list[str], caption: str) -> None:
    vocabulary = Vocabulary(words)
    indices = vocabulary.encode(caption)
    assert all(0 < index < len(vocabulary) for index in indices)
    assert [vocabulary.words[index] for index in indices] == [
        word if word in words else UNKNOWN for word in ascii_words(caption)
    ]
    assert vocabulary.words[0] == END
    assert vocabulary.encode(" ".join(words)) == [*range(1, len(words) + 1)]


@properties
@given(st.lists(CAPTIONS, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_captions_changes_no_vocabulary(captions: list[str], draw: object) -> None:
    captions = [*captions, "bird"]
    vocabulary = Vocabulary.build(captions)
    assert Vocabulary.build(reversed(captions)).hash == vocabulary.hash
    assert all(not vocabulary.unknown(caption) for caption in captions)
    assert Vocabulary([*vocabulary.words[1:-1], "zzz9"]).hash != vocabulary.hash


def test_the_hash_of_a_vocabulary_is_that_of_every_machine() -> None:
    """sha256 of "<end>\\nbird\\nred\\n<unk>"; W&B, checkpoints and exports hold it."""
    assert Vocabulary(["bird", "red"]).hash == "f325bae46bdd"


@properties
@given(st.lists(CAPTIONS, min_size=1, max_size=5))
def test_characters_are_indices_of_the_alphabet(captions: list[str]) -> None:
    tokens, lengths = encode_characters(captions)
    assert tokens.shape == (len(captions), LENGTH) and tokens.max(initial=0) <= len(SYMBOLS)
    assert [*lengths] == [min(LENGTH, len(caption.lower())) for caption in captions]
    assert all((row[length:] == 0).all() for row, length in zip(tokens, lengths, strict=True))


@properties
@given(CAPTIONS)
def test_word_pieces_are_bounded_and_marked(caption: str) -> None:
    pytest.importorskip("tokenizers", reason="needs the extra text")
    from experiments.data.text.pieces import Pieces, uncased

    pieces = Pieces(uncased(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *"abird", "##i", "##s"]), 16)
    (tokens,), (length,) = pieces.encode_all([caption])
    assert 2 <= length <= 16 and (tokens[length:] == 0).all() and (tokens[:length] > 0).all()
    assert (tokens[0], tokens[length - 1]) == (2, 3)
    assert [*tokens[:length]] == pieces.encode(caption)
    assert len(pieces.labels(caption)) == length - 2 and pieces.count(caption) >= length


SIDES = st.integers(1, 3000)
EDGES = st.integers(-100, 4000)


@properties
@given(SIDES, SIDES, EDGES, EDGES, st.integers(-5, 4000), st.integers(-5, 4000))
def test_a_window_lies_in_the_picture_about_the_box(
    width: int, height: int, x: int, y: int, w: int, h: int
) -> None:
    try:
        left, top, right, bottom = crop_window((width, height), (x, y, w, h))
    except BadInput:
        touches = x < width and y < height and x + w > 0 and y + h > 0
        # A sliver at the edge can have its centre outside, and its window as well.
        assert (
            w < 1
            or h < 1
            or not touches
            or not (0 <= x + w / 2 < width and 0 <= y + h / 2 < height)
        )
        return
    assert 0 <= left < right <= width and 0 <= top < bottom <= height
    r = max(1, int(0.75 * max(w, h)))
    clipped = left == 0 or top == 0 or right == width or bottom == height
    assert clipped or (right - left, bottom - top) == (2 * r, 2 * r)
    assert right - left <= 2 * r and bottom - top <= 2 * r


@properties
@given(st.integers(2, 300), st.integers(2, 300), st.integers(1, 40), st.integers(2, 8))
def test_a_window_grows_with_its_picture(x: int, y: int, half: int, scale: int) -> None:
    """A box whose radius is whole at every scale, in a picture that clips nothing."""
    box = (x + 200, y + 200, 8 * half, 4 * half)
    window = crop_window((2000, 2000), box)
    larger = crop_window((2000 * scale, 2000 * scale), tuple(scale * n for n in box))  # type: ignore[arg-type]
    assert larger == tuple(scale * n for n in window)


@properties
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32), st.integers(0, 500))
def test_each_epoch_is_a_permutation(count: int, batch: int, seed: int, start: int) -> None:
    split = made([0] * count, [1] * count)
    order, again = (EpochOrder(split, batch, seed) for _ in range(2))
    whole = np.concatenate([order.rows(k) for k in range(0, 3 * count + batch, batch)])
    for epoch in range(3):
        assert sorted(whole[epoch * count : (epoch + 1) * count]) == [*range(count)]
    assert (again.rows(start) == order.rows(start)).all()
    assert (again.rows(start)[1:] == order.rows(start + 1)[:-1]).all()  # one endless sequence


@properties
@given(st.lists(st.integers(0, 9), min_size=1, max_size=30), st.integers(0, 2**32), st.data())
def test_each_image_of_a_batch_is_of_another_class(
    labels: list[int], seed: int, data: st.DataObject
) -> None:
    split, classes = made(labels, [1] * len(labels)), len(set(labels))
    batch = data.draw(st.integers(1, classes))
    rows = ClassOrder(split, batch, seed).rows(data.draw(st.integers(0, 1000)))
    assert len({labels[row] for row in rows}) == batch
    with pytest.raises(UserError, match="use a batch of at most"):
        ClassOrder(split, classes + 1, seed)


@properties
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 4)), min_size=1, max_size=12),
    st.sampled_from(["none", "roll", "class_aware"]),
    st.sampled_from([1, 2, 3]),
    st.integers(0, 2**31),
    st.integers(0, 200),
)
def test_ranks_see_the_parts_of_one_batch(
    pictures: list[tuple[int, int]], mismatch: str, ranks: int, seed: int, start: int
) -> None:
    split = made([label for label, _ in pictures], [count for _, count in pictures])
    whole = make_batches(split, 6, seed, 3, mismatch).at(start)  # type: ignore[arg-type]
    parts = [
        make_batches(split, 6, seed, 3, mismatch, rank, ranks).at(start)  # type: ignore[arg-type]
        for rank in range(ranks)
    ]
    for name in ("rows", "caption.rows", "caption.wrong_rows", "picture.offsets", "picture.flips"):
        joined = np.concatenate([flat(part)[name].numpy() for part in parts])
        assert np.array_equal(joined, flat(whole)[name].numpy()), name
    assert (split.caption_image[whole.of(Captions).rows] == whole.rows.numpy()).all()
    assert (whole.of(StoredPictures).pixels[:, 0, 0, 0].numpy() == whole.rows.numpy()).all()
    if mismatch == "class_aware" and len({label for label, _ in pictures}) > 1:
        wrong = split.labels[split.caption_image[whole.of(Captions).wrong_rows]]
        assert (wrong != whole.labels.numpy()).all()


@properties
@given(st.lists(st.text(min_size=1, max_size=8), unique=True, max_size=30), st.floats(0.01, 0.99))
def test_a_hashed_share_is_some_and_not_all(names: list[str], share: float) -> None:
    found = hashed_share(names, share)
    assert found <= set(names) and found == hashed_share(reversed(names), share)
    assert len(names) < 2 or 0 < len(found) < len(names)


@properties
@given(st.binary(max_size=300))
def test_lists_of_numbers_end_in_entries_or_places(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("images.txt", "bounding_boxes.txt"):
            Path(folder, name).write_bytes(content)
        for place, number, _ in numbered_lines(Path(folder, "images.txt")):
            assert place.startswith("images.txt:") and not any(map(str.isspace, number))
        for box in read_boxes(Path(folder)).values():
            assert isinstance(box, str) or (min(box[:2]) >= 0 and min(box[2:]) >= 1)


@properties
@given(ANY)
def test_the_species_of_a_species_is_itself(name: str) -> None:
    assert species(species(name)) in (species(name), species(species(species(name))))
    assert species(f"017.{name.strip()}") == name.strip().lower()


@properties
@given(st.sampled_from(["metadata.jsonl", "metadata.csv"]), st.binary(min_size=1, max_size=300))
def test_metadata_of_noise_is_rows_drops_or_a_line(file: str, content: bytes) -> None:
    start = b"file_name,text\n" if file.endswith(".csv") else b""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, file).write_bytes(start + content)
        drops: list[Drop] = []
        try:
            read_metadata(Path(folder), file, drops)
        except UserError as error:
            assert str(error).isprintable() and file in str(error)
    assert all(drop.key.startswith(f"{file}:") and drop.reason.isprintable() for drop in drops)


@properties
@given(st.lists(VALUES, max_size=6))
def test_rows_of_any_json_are_kept_or_counted(values: list[object]) -> None:
    rows = [
        {"file_name": value, "text": "x"} if k % 2 else {"file_name": "a.png", "text": value}
        for k, value in enumerate(values)
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "metadata.jsonl").write_text("\n".join(["{}", *map(json.dumps, rows)]))
        drops: list[Drop] = []
        found = read_metadata(Path(folder), "metadata.jsonl", drops)
    assert len(drops) + len(found) <= len(rows) + 1
    assert all(isinstance(text, str) for entry in found.values() for text in entry.captions)


@properties
@given(VALUES)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert loads(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not JSON"),
        (b"\xff\xfe\xff", "not UTF-8"),
        ("[" * 10_000, "nested too deep"),
        ("1" * 5000, "a number is too long"),
        ('[{"a": 1, "b": 2, "a": 3}]', "key 'a' appears twice"),
    ],
)
def test_json_that_is_refused_says_why(text: str | bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        loads(text)


@properties
@given(ANY | VALUES)
def test_whatever_is_shown_is_a_short_line(value: object) -> None:
    assert shown(value).isprintable() and len(shown(value)) <= 10 * LONGEST + 5
    assert "\n" not in plain(str(value)) and is_name(plain(str(value)))


@properties
@given(st.text(st.sampled_from("./\\a\0\n~ "), max_size=12))
def test_safe_parts_stay_below_their_folder(name: str) -> None:
    parts = safe_parts(name)
    if parts is not None:
        path = Path("/root", *parts)
        assert path.parts[:2] == ("/", "root") and len(path.parts) > 2 and ".." not in path.parts
