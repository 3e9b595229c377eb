"""The reader of singing birds: what a song is a function of, and what it says of itself."""

from __future__ import annotations

import pickle
from collections import Counter

import numpy as np
import pytest

from experiments.data.reader.plumage import COLOUR_ATTRIBUTES, Plumage
from experiments.data.reader.plumage_song import PlumageSong
from experiments.data.record import Record, has_of
from experiments.terminal.error import BadInput, UserError


def records(reader: Plumage) -> list[Record]:
    return [r for r in reader.read() if isinstance(r, Record)]


def test_records_are_those_of_plumage_and_say_the_pose() -> None:
    settings = {"images_per_species": 2, "species": 20, "test_species": 5, "captions": 3}
    singing, silent = records(PlumageSong(**settings)), records(Plumage(**settings))
    for ours, theirs in zip(singing, silent, strict=True):
        assert ours.more == {"pose": ours.attributes["pose"]}
        assert (ours.key, ours.captions, ours.attributes) == (
            theirs.key, theirs.captions, theirs.attributes,
        )  # fmt: skip
    assert has_of(PlumageSong()) == ("picture", "caption", "sound")
    assert PlumageSong().heard_attributes() == (*COLOUR_ATTRIBUTES, "pattern", "size")
    picture = PlumageSong(**settings).image(singing[3], 32)
    assert np.array_equal(picture, Plumage(**settings).image(silent[3], 32))


def test_songs_are_functions_of_seed_species_and_number() -> None:
    few = PlumageSong(images_per_species=2, species=20, test_species=5)
    many = PlumageSong(images_per_species=9, species=20, test_species=5, captions=1)
    for record in records(few)[:6]:
        wave, rate = few.sound(record)
        assert rate == 16_000 and wave.dtype == np.float32 and wave.ndim == 1
        again, _ = pickle.loads(pickle.dumps(many)).sound(record)
        assert np.array_equal(wave, again)
        bare = Record(key=record.key, captions=(), label=0, split="test")
        assert np.array_equal(wave, few.sound(bare)[0])
    first, second = (few.sound(record)[0] for record in records(few)[:2])
    other, _ = PlumageSong(species=20, test_species=5, seed=1).sound(records(few)[0])
    assert len({w.tobytes() for w in (first, second, other)}) == 3


def test_all_that_is_sung_is_learnt_and_asked_evenly() -> None:
    reader = PlumageSong(images_per_species=1, captions=1)
    birds = records(reader)
    assert Counter(bird.split for bird in birds) == {"train": 500, "test": 100}
    for split in ("train", "test"):
        chosen = [bird for bird in birds if bird.split == split]
        for name in reader.heard_attributes():
            values = reader.attribute_values()[name]
            counts = Counter(bird.attributes[name] for bird in chosen)
            assert set(counts) == set(values)
            chance = sum((n / len(chosen)) ** 2 for n in counts.values())
            assert chance < 1.15 / len(values), (split, name)


def test_foreign_keys_are_bad_input() -> None:
    with pytest.raises(BadInput, match="plumage_song"):
        PlumageSong().sound(Record(key="species_600/0000", captions=(), label=0, split="train"))


def test_noise_is_part_of_the_data() -> None:
    prints = {PlumageSong(noise=noise).fingerprint() for noise in (0, 0.0, 0.5, 1, 1.0)}
    assert len(prints) == 3
    assert not prints & {Plumage(8, 600, 100, 3).fingerprint()}
    PlumageSong(noise=0).check()
    for noise in (-0.1, 11, True, "1", float("nan")):
        with pytest.raises(UserError, match=r"data\.reader\.noise="):
            PlumageSong(noise=noise).check()  # type: ignore[arg-type]
    with pytest.raises(UserError, match="test_species"):
        PlumageSong(test_species=600).check()
