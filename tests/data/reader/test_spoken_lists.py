"""Li's lists of CUB and Oxford-102, and Places, in the layouts that people have."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import spoken_lists as made
from drawn import entries

from experiments.data.reader.cub import Cub
from experiments.data.reader.oxford102 import Oxford102
from experiments.data.reader.places import ROOMS, Places
from experiments.data.reader.spoken import SpokenReader
from experiments.terminal.error import BadInput, UserError
from tests.data.spoken import frames


def heard(reader: SpokenReader) -> SpokenReader:
    reader.recordings = True
    return reader


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("layout", ["auto", "li"])
def test_birds_of_li(tmp_path: Path, layout: Any) -> None:
    root = made.li_birds(tmp_path)
    reader = heard(Cub(str(root), layout=layout))
    reader.check()
    records, drops = entries(reader)
    assert not drops and reader.records_speech
    assert [record.split for record in records.values()] == ["train", "train", "test"]
    names = ["001.Black_footed_Albatross", "002.Laysan_Albatross", "006.Least_Auklet"]
    assert reader.class_names() == names
    record = records["002.Laysan_Albatross/b_2"]
    assert record.captions == tuple(f"bird 2 says word{k}." for k in range(10))
    assert record.box == (1, 2, 30, 20) and reader.image(record, 8).shape == (8, 8, 3)
    top = "CUB_200_2011_audio/audio/002.Laysan_Albatross/b_2"
    assert record.more["speech"] == [f"{top}_{k}.wav" for k in range(9)] + [None]
    assert reader.recording(record, 8) == root / f"{top}_8.wav"
    assert reader.recording(record, 9) is None
    plain = Cub(str(root), layout=layout)
    assert not any(record.more for record in entries(plain)[0].values())
    before = plain.fingerprint()
    (root / f"{top}_8.wav").write_bytes(b"another")
    assert plain.fingerprint() == before != reader.fingerprint()
    (root / "CUB_200_2011/images/002.Laysan_Albatross/b_2.jpg").write_bytes(b"another")
    assert plain.fingerprint() != before


def test_flowers_of_li(tmp_path: Path) -> None:
    root = made.li_flowers(tmp_path)
    reader = heard(Oxford102(str(root)))
    records, drops = entries(reader)
    assert not drops
    assert list(records) == [f"class_0007{k}/image_0000{k}" for k in (1, 2, 3)]
    assert [record.split for record in records.values()] == ["train", "train", "test"]
    record = records["class_00073/image_00003"]
    assert record.more["speech"][9] == "audio/image_00003_9.wav"
    assert record.captions[9] == "flower 3 has petals9."
    assert reader.image(record, 8).shape == (8, 8, 3)
    assert reader.recording(record, 0) == root / "audio/image_00003_0.wav"
    assert Oxford102(str(root)).fingerprint() != reader.fingerprint()


@pytest.mark.parametrize(("letters", "split"), [(True, ""), (False, "_split"), (False, "")])
def test_places(tmp_path: Path, letters: bool, split: str) -> None:
    root = made.places(tmp_path, letters, split)
    reader = heard(Places(str(root)))
    reader.check()
    records, drops = entries(reader)
    assert not drops and reader.class_names() == ["bedroom", "living_room"]
    assert [record.split for record in records.values()] == ["train"] * 8 + ["test"] * 4
    record = records["living_room/gsun_val1"]
    assert record.captions == ("a living_room number 1",)
    folder = "wavs" if letters else "audios"
    path = f"{folder}/1/utt_l_living_room_val.wav"
    assert record.more["speech"] == [path] and reader.recording(record, 0) == root / path
    assert reader.image(record, 8).shape == (8, 8, 3)
    everything = Places(str(root), rooms=None)
    entries(everything)
    assert everything.class_names() == ["abbey", "bedroom", "church/outdoor", "living_room"]
    with pytest.raises(UserError, match=r"data\.reader\.rooms: none of attic is a class"):
        list(Places(str(root), rooms=["attic"]).read())
    plain = Places(str(root))
    before = plain.fingerprint()
    assert before not in (reader.fingerprint(), everything.fingerprint())
    (root / path).write_bytes(b"another")
    assert plain.fingerprint() == before


def test_list_to_validate_on_is_trained_on_beside_one_to_test_on(tmp_path: Path) -> None:
    root = made.places(tmp_path)
    metadata = root / "metadata"
    edit(metadata / "val.json", lambda content: content["data"].pop())
    (metadata / "test.json").write_bytes((metadata / "train.json").read_bytes())
    edit(metadata / "train.json", lambda content: content.update(data=content["data"][:2]))
    records, drops = entries(Places(str(root)))
    splits = [record.split for record in records.values()]
    assert (splits.count("train"), splits.count("test")) == (6, 6)
    assert drops == dict.fromkeys(drops, "listed more than once") and len(drops) == 2


def test_places_of_s2igan(tmp_path: Path) -> None:
    root = made.s2igan_places(tmp_path)
    with pytest.raises(UserError, match="no captions, only recordings"):
        Places(str(root)).check()
    reader = heard(Places(str(root)))
    records, drops = entries(reader)
    assert not drops and len(records) == 6
    record = records["living_room/x_test0"]
    assert record.split == "test" and record.captions == ("living room",)
    found = reader.recording(record, 0)
    assert isinstance(found, np.ndarray) and np.array_equal(found, frames(0, 6))
    told = {"written captions, for which the names of classes stand": 6}
    assert reader.files().not_read == told


def test_seven_rooms_are_those_of_the_papers() -> None:
    assert len(ROOMS) == 7 == len(set(ROOMS))


def test_missing_parts(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"no metadata/train\.json .* fetch|register"):
        Places(str(tmp_path / "empty")).check()
    with pytest.raises(UserError, match=r"data\.reader\.rooms: must be a list"):
        Places(rooms="bedroom")
    birds = made.li_birds(tmp_path)
    (birds / "test.json").unlink()
    with pytest.raises(UserError, match=r"no train\.json with test\.json"):
        Cub(str(birds), layout="li").check()
    with pytest.raises(UserError, match="'lee' is none of auto, attngan, native, li"):
        Cub(str(birds), layout="lee")  # type: ignore[arg-type]
    root = made.places(tmp_path)
    (root / "images").rename(root / "pictures")
    with pytest.raises(UserError, match="image_base_path is no folder"):
        list(Places(str(root)).read())


def test_items_that_are_none_cost_themselves(tmp_path: Path) -> None:
    root = made.places(tmp_path)
    secret = tmp_path / "secret.wav"
    secret.write_bytes(b"sound")
    good = {"image": "b/bedroom/gsun_train0.jpg", "asr_text": "a bed", "wav": "wavs/none.wav"}
    bad: list[Any] = [
        *(7, None, [], "x", {}, {"image": 3}, {"image": ["b/bedroom/gsun_train0.jpg"]}),
        {"image": "b/bedroom/" + "x" * 5000},
    ]
    odd: list[Any] = [
        {"image": "../secret.jpg"},
        {"image": "/etc/passwd", "asr_text": "x"},
        {"image": "b/bedroom/gsun_train1.jpg", "asr_text": {"a": 1}},
        {"image": "b/bedroom/gsun\x00.jpg", "asr_text": "x"},
        {"image": "b/bedroom/" + "y" * 900 + ".jpg", "asr_text": "x"},
    ]
    leads = [
        {**good, "image": f"b/bedroom/gsun_train{2 + k}.jpg", "wav": wav}
        for k, wav in enumerate(("../../secret.wav", str(secret)))
    ]
    edit(
        root / "metadata/train.json",
        lambda content: content.update(data=[*bad, *odd, *leads, good]),
    )
    reader = heard(Places(str(root), rooms=None))
    found = list(reader.read())
    records = [entry for entry in found if not hasattr(entry, "reason")]
    train = [record for record in records if record.split == "train"]  # type: ignore[union-attr]
    assert [record.more["speech"] for record in train] == [[None]] * 3  # type: ignore[union-attr]
    reasons = [entry.reason for entry in found if hasattr(entry, "reason")]
    assert reasons.count("not an item with a picture") == len(bad)
    assert "path leaves the root" in reasons and "no caption can be used" in reasons
    record = train[0]
    (root / "wavs/0").mkdir(exist_ok=True)
    (root / "wavs/link.wav").symlink_to(secret)
    linked = type(record)(**{**vars(record), "more": {"speech": ["wavs/link.wav"]}})
    with pytest.raises(BadInput, match="leaves the root by a link"):
        reader.recording(linked, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "not a complete JSON file"),
        (b"[]", "no list `data`"),
        (b'{"data": {}}', "no list `data`"),
        (b'{"data": [' + b"[" * 20_000 + b"]" * 20_000 + b"]}", "nested too deep"),
        (b'{"data": [' + b"0," * 500_001 + b"0]}", "more than 500000 items"),
        (b'{"image_base_path": "../..", "data": []}', None),
        (b'{"image_base_path": ["a"], "audio_base_path": 7, "data": []}', None),
    ],
)
def test_lists_that_are_none(tmp_path: Path, content: bytes, reason: str | None) -> None:
    root = made.places(tmp_path)
    (root / "metadata/train.json").write_bytes(content)
    reader = heard(Places(str(root)))
    if reason is None:
        assert {record.split for record in entries(reader)[0].values()} == {"test"}
        return
    with pytest.raises(UserError, match=reason) as error:
        list(reader.read())
    assert "\n" not in str(error.value)
