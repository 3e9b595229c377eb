"""Birds that move: what their captions state is in the pixels, and the test has what is new."""

from __future__ import annotations

import pickle
from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
import pytest

from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES
from experiments.data.reader.plumage_clips import PlumageClips, film
from experiments.data.reader.plumage_clips.action import ACTIONS, PATHS
from experiments.data.reader.plumage_clips.caption import ACROSS, NAMED, NOUNS
from experiments.data.reader.plumage_clips.film import stage
from experiments.data.record import Record, has_of
from experiments.terminal.error import BadInput, UserError

SIDE = 48


def records(reader: PlumageClips) -> list[Record]:
    return [r for r in reader.read() if isinstance(r, Record)]


@pytest.fixture(scope="module")
def everything() -> list[Record]:
    return records(PlumageClips())


def tracks(clip: np.ndarray, scene: np.ndarray) -> np.ndarray:
    """The middle (T, 2) in px of x and y of what differs from the scene, which is the bird."""
    bird = np.abs(clip.astype(int) - scene).sum(axis=3) > 24
    x, y = (bird.any(axis) for axis in (1, 2))
    found = [
        (np.flatnonzero(a).mean(), np.flatnonzero(b).mean()) for a, b in zip(x, y, strict=True)
    ]
    return np.array(found)


def test_test_species_and_combinations_are_never_trained_on(everything: list[Record]) -> None:
    reader = PlumageClips()
    seen: dict[str, set[tuple[int, str]]] = {"train": set(), "test": set()}
    for record in everything:
        seen[record.split].add((record.label, record.attributes["action"]))
    assert not seen["train"] & seen["test"]
    assert {label for label, _ in seen["train"]} == set(range(320))
    assert {label for label, _ in seen["test"]} == set(range(400))
    new = Counter(r.more.get("unseen") for r in everything if r.split == "test")
    assert new == {"species": 80 * 14, "combinations": 320 * 2}
    assert all((r.label >= 320) == (r.more.get("unseen") == "species") for r in everything)
    kept = [reader.kept_action(label) for label in range(320)]
    assert set(kept) == set(ACTIONS) and min(Counter(kept).values()) > 25
    small = {"species": 20, "test_species": 5}
    both = records(PlumageClips(**small))  # type: ignore[arg-type]
    for choice, count in (("species", 70), ("combinations", 30)):
        some = records(PlumageClips(unseen=choice, **small))  # type: ignore[arg-type]
        assert [r.split for r in some].count("test") == count
        assert [r for r in some if r.split == "train"] == [r for r in both if r.split == "train"]


def test_what_happens_is_balanced_and_differs_alone_within_a_species(
    everything: list[Record],
) -> None:
    train = [r for r in everything if r.split == "train"]
    for name in ("action", "direction", "speed"):
        counts = Counter(r.attributes[name] for r in train)
        assert set(counts) == set(PlumageClips().attribute_values()[name])
        assert max(counts.values()) < 1.15 * min(counts.values())
    flights = Counter(r.attributes["path"] for r in train if r.attributes["action"] == "fly")
    assert set(flights) == set(PATHS["fly"]) and min(flights.values()) > 90
    # A wrong pair of "the same bird, another action" asks for records that look alike.
    moving = PlumageClips().moving_attributes()
    alike = defaultdict(set)
    for record in train:
        still = tuple(v for n, v in record.attributes.items() if n not in moving)
        alike[still].add(record.attributes["action"])
    assert min(len(actions) for actions in alike.values()) == 6


def test_captions_are_true_and_say_what_they_mention(everything: list[Record]) -> None:
    for record in everything[::7]:
        said = record.attributes
        assert len(set(record.captions)) == 5
        for caption, mentions in zip(record.captions, record.mentions, strict=True):
            assert {"action", "direction"} <= set(mentions) and len(caption.split()) <= 24
            for part in set(mentions) & set(NAMED):
                colour = said[part]
                whole = f"{colour} bird" in caption and part in ("breast", "belly")
                assert whole or any(f"{colour} {noun}" in caption for noun in NOUNS[part])
            stem = {
                "fly": "flies",
                "land": ("lands", "comes down"),
                "take off": "takes off",
                "flap": ("flaps", "beats"),
                "hop": "hops",
                "peck": "pecks",
                "turn": "turns",
            }
            verbs = stem[said["action"]]
            assert any(f"{v} " in f"{caption.replace(',', '')} " for v in
                       ((verbs,) if isinstance(verbs, str) else verbs))  # fmt: skip
            other = {"left": "right", "right": "left"}[said["direction"]]
            if "from" in caption and said["action"] in ("fly", "hop"):
                assert caption.endswith(ACROSS[said["direction"]])
            else:
                assert caption.endswith(said["direction"]) and other not in caption.split()
            assert ("speed" in mentions) == ("slowly" in caption or "quickly" in caption)
            if "speed" in mentions:
                assert (said["speed"] == "slow") == ("slowly" in caption)
    assert len({c for r in everything for c in r.captions}) > 20_000


@pytest.fixture(scope="module")
def clips(everything: list[Record]) -> list[tuple[dict[str, str], np.ndarray]]:
    """Attributes, and the way of the bird in px (T, 2)."""
    reader = PlumageClips(side=SIDE)
    return [(r.attributes, tracks(reader.clip(r)[0], reader.stage(r))) for r in everything[3::53]]


def test_directions_are_in_the_pixels(clips: list[tuple[dict[str, str], np.ndarray]]) -> None:
    """Of all clips of birds that go anywhere, 100 %: the centre goes where the caption says."""
    met: Counter[str] = Counter()
    for said, path in clips:
        if said["action"] not in ("fly", "hop", "land", "take off"):
            continue
        way = path[-3:, 0].mean() - path[:3, 0].mean()
        assert np.sign(way) == (1 if said["direction"] == "right" else -1), said
        met[said["action"]] += 1
    assert min(met.values()) > 8 and len(met) == 4


def test_paths_and_speeds_are_in_the_pixels(
    clips: list[tuple[dict[str, str], np.ndarray]],
) -> None:
    ways, spans = defaultdict(list), defaultdict(list)
    for said, path in clips:
        if said["action"] == "fly":
            ways[said["speed"]].append(np.abs(path[-1, 0] - path[0, 0]) / SIDE)
            rise = (path[0, 1] - path[-1, 1]) / SIDE
            spans[said["path"]].append(np.ptp(path[:, 1]) / SIDE)  # wings count, too
            if said["path"] == "rising":
                assert rise > 0.12
            elif said["path"] == "falling":
                assert rise < -0.12
            else:
                assert abs(rise) < 0.12
    assert np.mean(spans["wavy"]) > 1.2 * np.mean(spans["straight"])
    assert max(ways["slow"]) < min(ways["fast"])


def test_actions_are_drawn_as_what_they_are() -> None:
    """Of one bird: who leaves the branch, who comes, who stays, and who is another way round."""
    record = records(PlumageClips(images_per_species=7, species=20, test_species=5))[0]
    look = {n: v for n, v in record.attributes.items() if n in COLOUR_ATTRIBUTES} | {
        "size": "medium", "pattern": "plain", "beak_shape": "long", "background": "sky",
    }  # fmt: skip

    def shown(action: str, direction: str = "right", speed: str = "slow") -> np.ndarray:
        deed = {"action": action, "direction": direction, "speed": speed}
        return film(
            look | deed | {"path": PATHS[action][0]}, SIDE, np.linspace(0, 1, 16), 5
        ).astype(int)

    clips = {action: shown(action) for action in ACTIONS}
    for a, b in pairwise(ACTIONS):
        assert np.abs(clips[a] - clips[b]).mean() > 1
    for action, clip in clips.items():
        moved = np.abs(np.diff(clip, axis=0)).mean(axis=(1, 2, 3))
        assert (moved > 0.01).sum() >= 8, action  # a bird that is asked to move does
    assert np.abs(clips["flap"][0] - clips["peck"][0]).mean() < 3  # all of them begin perched
    turned = clips["turn"]
    assert np.abs(turned[0] - turned[-1]).mean() > 2
    flown = clips["fly"][:, -8:]  # no branch below who flies
    assert np.abs(flown - flown[:1]).max() == 0
    # Twice as many beats in the same time.
    for action in ("flap", "peck", "hop"):
        changes = [
            np.abs(np.diff(shown(action, speed=speed), axis=0)).mean() for speed in ("slow", "fast")
        ]
        assert changes[1] > 1.3 * changes[0], action


def test_left_is_the_mirror_image_of_right_but_for_the_scene() -> None:
    record = records(PlumageClips(images_per_species=7, species=20, test_species=5))[1]
    times = np.linspace(0, 1, 4)
    for action in ("fly", "peck", "take off"):
        deed = {"action": action, "path": PATHS[action][0]}
        both = [record.attributes | deed | {"direction": d} for d in ("right", "left")]
        right, left = (tracks(film(a, 96, times, 3), stage(a, 96, 3)) for a in both)
        assert np.abs(right[:, 0] + left[:, 0] - 95).max() < 6
        assert np.abs(right[:, 1] - left[:, 1]).max() < 3


def test_clips_are_functions_of_seed_species_and_number() -> None:
    small = {"species": 20, "test_species": 5}
    few, many = (PlumageClips(images_per_species=n, side=32, **small) for n in (2, 8))
    by_key = {r.key: r for r in records(many)}
    assert all(by_key[r.key] == r for r in records(few))
    for record in records(few)[:3]:
        clip, rate = few.clip(record)
        assert clip.shape == (16, 32, 32, 3) and clip.dtype == np.uint8 and rate == 10
        bare = Record(record.key, (), 0, record.split)
        assert np.array_equal(clip, pickle.loads(pickle.dumps(many)).clip(bare)[0])
        assert np.array_equal(few.image(record, 32), clip[0])
        assert not np.array_equal(clip, PlumageClips(side=32, seed=1, **small).clip(record)[0])
        short = PlumageClips(images_per_species=2, side=32, frames=6, **small).clip(record)[0]
        assert np.array_equal(short, clip[::3])  # the same deed, every third of its moments
    assert has_of(few) == ("picture", "caption", "clip") and not few.mirror
    assert few.moving_attributes() == ("action", "direction", "speed", "path")
    with pytest.raises(BadInput, match="plumage_clips"):
        few.clip(Record("train/000000", (), 0, "train"))
    prints = {PlumageClips(**more).fingerprint() for more in (  # type: ignore[arg-type]
        {}, {"side": 48}, {"frames": 8}, {"seed": 1}, {"rate": 5}, {"unseen": "species"},
        {"captions": 3}, {"images_per_species": 7}, {"species": 300},
    )}  # fmt: skip
    assert len(prints) == 9


@pytest.mark.parametrize(
    ("key", "value"),
    [("frames", 1), ("side", 8), ("rate", 0), ("rate", "1"), ("unseen", "all"), ("species", 0),
     ("frames", True), ("captions", 0)],
)  # fmt: skip
def test_settings_out_of_range_name_their_key(key: str, value: object) -> None:
    PlumageClips().check()
    with pytest.raises(UserError, match=rf"data\.reader\.{key}=") as error:
        PlumageClips(**{key: value}).check()  # type: ignore[arg-type]
    assert "\n" not in str(error.value)
