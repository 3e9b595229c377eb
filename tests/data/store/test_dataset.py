from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_reader import TinyReader

from experiments.data.record import Record
from experiments.data.store import mapped_arrays
from experiments.data.store.arrays import load_arrays
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.split import Split
from experiments.terminal.error import UserError


class NoReading(TinyReader):
    """Fails if anything is read or drawn again."""

    def read(self) -> None:  # type: ignore[override]
        raise AssertionError("the records were read again")

    def image(self, record: Record, size: int) -> np.ndarray:
        raise AssertionError("a picture was drawn again")


def picture_numbers(split: Split) -> list[int]:
    return split.images[:, 1, 1, 0].tolist()


def key_numbers(split: Split) -> list[int]:
    return [int(key.split("_")[1]) for key in split.keys]


def test_pictures_keys_and_captions_stay_together(open_tiny: Callable[..., Dataset]) -> None:
    data = open_tiny(count=40)
    assert (len(data.train), len(data.test)) == (32, 8)
    for split in (data.train, data.test):
        assert picture_numbers(split) == key_numbers(split)
        assert split.labels.tolist() == [k // 5 for k in key_numbers(split)]
        assert [len(c) for c in split.captions] == [1 + k % 9 for k in key_numbers(split)]
        assert split.caption_start.tolist() == np.cumsum([0, *map(len, split.captions)]).tolist()
        for i, captions in enumerate(split.captions):
            rows = range(split.caption_start[i], split.caption_start[i + 1])
            assert split.caption_image[rows].tolist() == [i] * len(captions)
            for row, caption in zip(rows, captions, strict=True):
                assert caption.startswith(f"bird {key_numbers(split)[i]} ")
                indices = split.tokens[row, : split.lengths[row]].tolist()
                assert indices == data.vocabulary.encode(caption)
                assert not split.tokens[row, split.lengths[row] :].any()
    assert data.class_names[0] == "class 0"
    assert data.colour_attributes == ("crown",)
    assert data.mirror


def test_attributes_and_mentions(open_tiny: Callable[..., Dataset]) -> None:
    data = open_tiny(count=40)
    assert list(data.attribute_values) == ["crown", "size"]
    for k, values in zip(key_numbers(data.train), data.train.attributes.tolist(), strict=True):
        assert values == [k % 3 if k % 4 else -1, -1]
    known = data.train.attributes[data.train.caption_image, 0] >= 0
    assert data.train.mentions[:, 0].tolist() == known.tolist()
    assert not data.train.mentions[:, 1].any()


def test_long_captions(open_tiny: Callable[..., Dataset]) -> None:
    """The training split keeps an ordered subset, the same each time; the test split a prefix."""
    data, again = open_tiny(max_words=5), open_tiny(max_words=5, version="2")
    assert data.train.tokens.shape[1] == 5
    assert np.array_equal(data.train.tokens, again.train.tokens)
    assert (data.train.lengths == 5).all()
    prefixes = 0
    for split in (data.train, data.test):
        captions = [caption for of_image in split.captions for caption in of_image]
        for row, caption in zip(split.tokens.tolist(), captions, strict=True):
            full = data.vocabulary.encode(caption)
            if split.name == "test":
                assert row == full[:5]
            remaining = iter(full)
            assert all(word in remaining for word in row), "words keep their order"
            prefixes += split.name == "train" and row == full[:5]
    assert prefixes < 0.2 * len(data.train.tokens)


def test_a_vocabulary_of_the_reader_is_kept(open_tiny: Callable[..., Dataset]) -> None:
    data = open_tiny(list_words=True)
    assert data.vocabulary.words == ("<end>", "crown", "red", "bird", "<unk>")
    assert set(np.unique(data.train.tokens)) <= {0, 1, 2, 3, 4}


def test_reopening_reads_nothing(tmp_path: Path) -> None:
    first = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    shutil.copytree(tmp_path, tmp_path / "moved" / "cache")
    shutil.rmtree(tmp_path / "tiny")
    second = open_dataset(NoReading(), 8, tmp_path / "moved" / "cache", quiet=True)
    assert second.train.keys == first.train.keys
    assert second.train.captions == first.train.captions
    assert np.array_equal(second.train.tokens, first.train.tokens)
    assert second.vocabulary == first.vocabulary
    assert second.attribute_values == first.attribute_values
    assert second.fingerprint == first.fingerprint


def test_another_size_or_caption_length_uses_the_table(tmp_path: Path) -> None:
    class NoRecords(TinyReader):
        def read(self) -> None:  # type: ignore[override]
            raise AssertionError("the records were read again")

    open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    data = open_dataset(NoRecords(), 12, tmp_path, max_words=3, quiet=True, workers=1)
    assert data.train.images.shape[1:] == (12, 12, 3)
    assert data.train.tokens.shape[1] == 3


def test_readers_may_say_more_or_less(tmp_path: Path) -> None:
    class Plain(TinyReader):
        colour_attributes = None  # type: ignore[assignment]
        mirror = False

    data = open_dataset(Plain(), 8, tmp_path, quiet=True, workers=1)
    assert data.colour_attributes == ()
    assert not data.mirror


def test_other_content_has_another_folder(open_tiny: Callable[..., Dataset]) -> None:
    assert open_tiny(version="1").folder != open_tiny(version="2").folder


def test_a_broken_picture_leaves_table_and_store(open_tiny: Callable[..., Dataset]) -> None:
    data = open_tiny(count=100, bad=(7,))
    assert len(data.train) + len(data.test) == 99
    assert 7 not in key_numbers(data.train)
    assert picture_numbers(data.train) == key_numbers(data.train)
    assert data.report["reasons"] == {"picture is broken": 1}
    assert "dropped 1 (1.00%)" in data.summary
    assert json.loads((data.folder / "report.json").read_text())["dropped"] == 1


def test_a_picture_broken_at_one_size_only(open_tiny: Callable[..., Dataset]) -> None:
    small = open_tiny(count=100, bad_large=(7,))
    large = open_tiny(size=9, count=100, bad_large=(7,))
    assert (len(small.train), len(large.train)) == (80, 79)
    assert picture_numbers(large.train) == key_numbers(large.train)
    assert picture_numbers(large.test) == key_numbers(large.test)
    assert large.report["dropped"] == 1
    with pytest.raises(UserError, match="2 of 100"):
        open_tiny(size=10, count=100, bad_large=(7, 9), version="2")


def test_too_many_drops_stop_every_time(open_tiny: Callable[..., Dataset]) -> None:
    for _ in range(2):
        with pytest.raises(UserError, match=r"2 of 100 .*picture is broken.*report\.json"):
            open_tiny(count=100, bad=(7, 8))
    with pytest.raises(UserError, match=r"3 of 103 .*no picture file"):
        open_tiny(count=100, dropped=3, version="2")


def test_a_store_of_an_unfinished_attempt_is_taken_up(open_tiny: Callable[..., Dataset]) -> None:
    """Killed after the pictures, before the table."""
    data = open_tiny(count=100, bad=(7,))
    (data.folder / "facts.json").unlink()
    again = open_tiny(count=100, bad=(7,))
    assert again.train.keys == data.train.keys
    assert again.report == data.report


OPEN = """
import sys
from pathlib import Path
from experiments.data.store.dataset import open_dataset
from tiny_reader import TinyReader
if sys.argv[2] == "without":
    sys.modules["datasets"] = None
if __name__ == "__main__":
    data = open_dataset(TinyReader(delay=float(sys.argv[3])), 8, Path(sys.argv[1]), quiet=True)
    print(len(data.train), "torch" in sys.modules)
"""


def test_without_datasets_the_same_folder_opens(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    run = [sys.executable, "-c", OPEN, str(tmp_path), "without", "0"]
    for _ in range(2):
        out = subprocess.run(run, check=True, env=environment, capture_output=True, text=True)
        assert out.stdout.split() == ["32", "False"]
    data = open_dataset(NoReading(), 8, tmp_path, quiet=True)
    assert (data.folder / "records.jsonl").exists()
    assert data.train.captions[0] == ["bird 0 view 0 has a red crown"]


def test_killed_while_preparing(tmp_path: Path, environment: dict[str, str]) -> None:
    run = [sys.executable, "-c", OPEN, str(tmp_path), "with", "0.05"]
    process = subprocess.Popen(run, env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob("tiny/*/*.partial")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.wait(20)
    data = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    assert picture_numbers(data.train) == key_numbers(data.train)


def test_two_processes_prepare_once(tmp_path: Path, environment: dict[str, str]) -> None:
    run = [sys.executable, "-c", OPEN, str(tmp_path), "with", "0.01"]
    both = [subprocess.Popen(run, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate(timeout=60)[0].split()[0] for process in both] == [b"32", b"32"]
    assert not list(tmp_path.glob("tiny/*/*.partial"))


def test_eight_thousand_images_open_at_once(tmp_path: Path) -> None:
    open_dataset(TinyReader(count=8000), 4, tmp_path, quiet=True, workers=1)
    start = time.process_time()
    data = open_dataset(NoReading(count=8000), 4, tmp_path, quiet=True)
    assert time.process_time() - start < 1.0
    assert len(data.train.tokens) + len(data.test.tokens) == 39996


def test_dropped_pictures_cost_no_more_than_their_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening is one pass over the keys, however many pictures were dropped."""
    passes = []
    for number, bad in enumerate(((0,), tuple(range(0, 2000, 100)))):
        reader = TinyReader(count=2000, bad_large=bad, version=str(number))
        for size in (8, 9):
            open_dataset(reader, size, tmp_path, quiet=True, workers=1)
        counted = _CountedKeys()
        monkeypatch.setattr(mapped_arrays, "load_arrays", counted.load)
        data = open_dataset(reader, 9, tmp_path, quiet=True, workers=1)
        monkeypatch.undo()
        assert len(data.train) + len(data.test) == 2000 - len(bad)
        passes.append(counted.passes)
    assert passes[0] == passes[1] > 0


class _CountedKeys:
    """Arrays whose keys count how often they are made a list of."""

    def __init__(self) -> None:
        self.passes = 0

    def load(self, path: Path) -> dict[str, np.ndarray]:
        found = load_arrays(path)
        outer = self

        class Keys(np.ndarray):
            def tolist(self) -> list[str]:
                outer.passes += 1
                return super().tolist()

        return found | {"keys": found["keys"].view(Keys)}


def test_rare_words_are_counted_and_pictures_shared(tmp_path: Path) -> None:
    whole = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    few = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1, min_count=10)
    again = open_dataset(TinyReader(), 8, tmp_path, quiet=True, workers=1)
    assert whole.vocabulary == again.vocabulary and whole.folder == few.folder
    assert few.vocabulary is not None and whole.vocabulary is not None
    captions = [
        text for split in (few.train, few.test) for texts in split.captions for text in texts
    ]
    counts = Counter(word for text in captions for word in text.split())
    rare = {word: count for word, count in counts.items() if count < 10}
    assert set(few.vocabulary.words[1:-1]) == counts.keys() - rare.keys()
    assert few.report["words"] == {
        "unknown_words": len(rare),
        "unknown": sum(rare.values()),
        "altered": 0,
    }
    assert f"read as unknown: {len(rare)}, {sum(rare.values())} times" in few.summary
    assert (few.train.tokens == few.vocabulary.unknown_index).any()
    assert "unknown" not in whole.summary
    with pytest.raises(UserError, match="come with a vocabulary of their own"):
        open_dataset(
            TinyReader(list_words=True, version="2"),
            8,
            tmp_path,
            quiet=True,
            workers=1,
            min_count=2,
        )
