"""The plumage reader: grammar, balance, split, determinism."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.terminal.error import BadInput, UserError


@pytest.fixture(scope="module")
def records() -> list[Record]:
    return [r for r in Plumage(images_per_species=6).read() if isinstance(r, Record)]


def test_split_is_class_disjoint_and_labels_are_species(records: list[Record]) -> None:
    labels = {split: {r.label for r in records if r.split == split} for split in ("train", "test")}
    assert labels["train"] == set(range(150))
    assert labels["test"] == set(range(150, 200))
    assert len({r.key for r in records}) == len(records) == 1200


def test_colours_agree_by_chance_rarely(records: list[Record]) -> None:
    for split, limit in (("train", 0.14), ("test", 0.14)):
        chosen = [r for r in records if r.split == split]
        for attribute in Plumage().colour_attributes():
            counts = Counter(r.attributes[attribute] for r in chosen)
            chance = sum((n / len(chosen)) ** 2 for n in counts.values())
            assert chance + 1e-9 >= 0.1 and chance < limit, (split, attribute)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_value_occurs_in_training(seed: int) -> None:
    reader = Plumage(images_per_species=3, captions=1, seed=seed)
    train = [r for r in reader.read() if isinstance(r, Record) and r.split == "train"]
    for attribute, values in reader.attribute_values().items():
        assert {r.attributes[attribute] for r in train} == set(values)


def test_species_fix_all_but_pose_and_background(records: list[Record]) -> None:
    varying = set()
    for start in range(0, len(records), 6):
        for attribute in records[0].attributes:
            if len({r.attributes[attribute] for r in records[start : start + 6]}) > 1:
                varying.add(attribute)
    assert varying == {"pose", "background"}
    palettes = {tuple(r.attributes[a] for a in Plumage().colour_attributes()) for r in records}
    assert len(palettes) == 200
    assert {len(set(p)) for p in palettes} <= {2, 3, 4}


def test_names_are_distinct_and_as_many_as_species() -> None:
    names = Plumage().class_names()
    assert len(names) == len(set(names)) == 200


def test_more_images_leave_the_first_ones_alone() -> None:
    few = list(Plumage(images_per_species=2, species=20, test_species=5).read())
    many = list(Plumage(images_per_species=4, species=20, test_species=5).read())
    by_key = {r.key: r for r in many}
    assert all(by_key[r.key] == r for r in few)


def test_pictures_and_records_are_functions_of_the_seed() -> None:
    first, second = (Plumage(images_per_species=2, species=20, test_species=5) for _ in range(2))
    other = Plumage(images_per_species=2, species=20, test_species=5, seed=1)
    assert list(first.read()) == list(second.read())
    record = next(iter(first.read()))
    assert isinstance(record, Record)
    image = first.image(record, 48)
    assert np.array_equal(image, pickle.loads(pickle.dumps(second)).image(record, 48))
    assert not np.array_equal(image, other.image(record, 48))
    prints = {p.fingerprint() for p in (first, second, other, Plumage())}
    assert len(prints) == 3


def test_image_needs_nothing_but_the_key() -> None:
    reader = Plumage()
    full = list(reader.read())[4321]
    assert isinstance(full, Record)
    bare = Record(key=full.key, captions=(), label=0, split="test")
    assert np.array_equal(reader.image(full, 40), reader.image(bare, 40))


@pytest.mark.parametrize("key", ["001.Albatross/img_1", "species_200/0000", "species_x/0001", ""])
def test_foreign_keys_are_bad_input(key: str) -> None:
    with pytest.raises(BadInput):
        Plumage().image(Record(key=key, captions=(), label=0, split="train"), 32)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("images_per_species", 0),
        ("species", 0),
        ("test_species", 200),
        ("captions", 0),
        ("captions", 21),
        ("seed", -1),
        ("seed", True),
        ("species", 1.5),
    ],
)
def test_settings_out_of_range_name_their_key(key: str, value: object) -> None:
    Plumage().check()
    settings: dict[str, object] = {key: value}
    with pytest.raises(UserError, match=key) as error:
        Plumage(**settings).check()  # type: ignore[arg-type]
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("species", "test"), [(1, 0), (2, 1), (12, 3)])
def test_small_sets_work(species: int, test: int) -> None:
    reader = Plumage(images_per_species=1, species=species, test_species=test)
    reader.check()
    records = [r for r in reader.read() if isinstance(r, Record)]
    assert [r.split for r in records].count("test") == test
    assert len(records) == species
