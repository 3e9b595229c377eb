"""VoxCeleb1 with its cropped faces."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sound_pictures
from drawn import BLUE, draw, entries

from experiments.data.reader.voxceleb1 import VoxCeleb1
from experiments.data.store.dataset import open_dataset
from experiments.terminal.error import UserError
from tests.data.spoken import write_wave

FACES = "unzippedIntervalFaces/data"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return sound_pictures.voxceleb1(tmp_path)


def test_a_track_with_a_clip_of_the_same_person_and_video(root: Path) -> None:
    reader = VoxCeleb1(str(root))
    reader.check()
    records, drops = entries(reader)
    assert not drops and len(records) == 12
    assert reader.class_names() == [name for _, name, *_ in sound_pictures.PEOPLE]
    assert reader.attribute_values() == {
        "gender": ("f", "m"),
        "nationality": ("Ireland", "UK", "USA"),
    }
    assert reader.heard_attributes() == ("gender", "nationality")
    key = "Zoë_Ball/1.6/7gWzIy6yIIk/2/0000002"  # of five frames that in the middle
    record = records[key]
    assert record.image == f"{FACES}/{key}.jpg" and record.split == "train"
    assert record.attributes == {"gender": "f", "nationality": "UK"}
    assert record.more == {"sound": "wav/id10002/7gWzIy6yIIk/00002.wav", "pose": "7gWzIy6yIIk"}
    assert reader.sound(record) == root / record.more["sound"]
    tested = {record.label for record in records.values() if record.split == "test"}
    assert tested == {2}
    assert reader.files().not_read == {"frames beyond data.reader.frames": 48}
    three = entries(VoxCeleb1(str(root), frames=3))[0]
    assert [k[-1] for k in three if k.startswith("Zoë_Ball/1.6/7gWzIy6yIIk/1/")] == ["0", "2", "4"]
    assert len(entries(VoxCeleb1(str(root), frames=9))[0]) == 60


def test_pairs_where_numbers_and_videos_differ(root: Path) -> None:
    wav = root / "wav/id10001"
    (wav / "1zcIwhmdeo4/00001.wav").rename(wav / "1zcIwhmdeo4/00008.wav")
    (wav / "1zcIwhmdeo4/00002.wav").rename(wav / "1zcIwhmdeo4/00009.wav")
    for n in (1, 2):
        (root / f"wav/id10002/7gWzIy6yIIk/{n:05d}.wav").unlink()
    shutil.rmtree(root / "wav/id10270")
    records, _ = entries(VoxCeleb1(str(root)))
    sounds = {key.rpartition("/")[0]: r.more.get("sound") for key, r in records.items()}
    # The next of the video; the next of the person; none.
    assert sounds["A.J._Buckley/1.6/1zcIwhmdeo4/1"] == "wav/id10001/1zcIwhmdeo4/00008.wav"
    assert sounds["A.J._Buckley/1.6/1zcIwhmdeo4/2"] == "wav/id10001/1zcIwhmdeo4/00009.wav"
    assert sounds["Zoë_Ball/1.6/7gWzIy6yIIk/1"] == "wav/id10002/1zcIwhmdeo4/00001.wav"
    assert sounds["Zoë_Ball/1.6/7gWzIy6yIIk/2"] == "wav/id10002/1zcIwhmdeo4/00002.wav"
    assert sounds["Eartha_Kitt/1.6/7gWzIy6yIIk/1"] is None


def test_rows_and_faces_that_cannot_be_used(root: Path) -> None:
    meta = root / "vox1_meta.csv"
    more = ["id10003\tC\tm\tUK", "id10001\tD\tm\tUK\tdev", "id9\tE\tm\tUK\ttrain", "", "x\ty\x07z"]
    meta.write_text(meta.read_text("utf-8") + "\n".join(more), encoding="utf-8")
    draw(root / FACES / "Nobody/1.6/v/1/0000001.jpg", BLUE)
    draw(root / FACES / "Nobody/1.3/v/1/0000001.jpg", BLUE)
    write_wave(root / "wav/id10001/1zcIwhmdeo4/00003.wav")
    reader = VoxCeleb1(str(root))
    records, drops = entries(reader)
    assert len(records) == 12 and drops == {
        "vox1_meta.csv:5": "not 5 columns",
        "vox1_meta.csv:6": "id or name appears twice",
        "vox1_meta.csv:7": "no id, name or set of dev and test",
        "vox1_meta.csv:9": "not 5 columns",
        "Nobody/1.6/v/1/0000001": "name is not in vox1_meta.csv",
    }
    not_read = reader.files().not_read
    assert not_read["pictures that are not at <name>/1.6/<video>/<track>/"] == 1
    assert not_read["sounds without a picture"] == 1
    meta.write_text("id,name\n")
    with pytest.raises(UserError, match=r"vox1_meta.csv: no column VoxCeleb1 ID in its first line"):
        reader.check()
    meta.unlink()
    with pytest.raises(UserError, match=r"no unzippedIntervalFaces/data/ with wav/ and vox1_meta"):
        reader.check()


def test_labels_of_the_user(root: Path, tmp_path: Path) -> None:
    (root / "age.csv").write_text("name,Age,glasses\nZoë_Ball,30-39,yes\nA.J._Buckley,40-49,\n")
    reader = VoxCeleb1(str(root), labels="age.csv")
    values = reader.attribute_values()
    assert values["age"] == ("30-39", "40-49") and values["glasses"] == ("yes",)
    records, _ = entries(reader)
    named = {key.partition("/")[0]: record.attributes for key, record in records.items()}
    assert named["A.J._Buckley"] == {"gender": "m", "nationality": "Ireland", "age": "40-49"}
    assert "age" not in named["Eartha_Kitt"]
    assert reader.fingerprint() != VoxCeleb1(str(root)).fingerprint()
    data = open_dataset(reader, 8, tmp_path / "cache", quiet=True, workers=1)
    column = list(data.attribute_values).index("age")
    assert set(data.test.attributes[:, column].tolist()) == {-1}  # unknown
    assert data.heard_attributes == ("gender", "nationality", "age", "glasses")
    absolute = tmp_path / "mine.tsv"
    absolute.write_text("id\tage\nid10270\t80\nid777\t20\n")
    by_id = VoxCeleb1(str(root), labels=str(absolute))
    assert by_id.attribute_values()["age"] == ("80",)
    assert by_id.files().not_read["labels of nobody in the data"] == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("who,age\nx,1\n", "no column id or name"),
        ("id,gender\nid10001,m\n", "column 'gender' is no new attribute"),
        ("id,a b\nid10001,m\n", "column 'a b' is no new attribute"),
        ("id,age\nid10001\n", "age.csv:2: not 2 columns"),
        ("id,age\nid1,3\n", "no row is of anybody"),
        ("id,age\nid10001,a\x07b\n", "age.csv:2: a cell is no short name"),
        ('id,age\nid10001,"3\n', "not CSV"),
    ],
)
def test_labels_that_cannot_be_used(root: Path, text: str, reason: str) -> None:
    (root / "age.csv").write_text(text)
    with pytest.raises(UserError, match=reason):
        VoxCeleb1(str(root), labels="age.csv").check()


def test_did_you_mean(root: Path) -> None:
    for place in (root.parent, root / "wav", root / "unzippedIntervalFaces"):
        with pytest.raises(UserError, match=f"did you mean data.root={root}"):
            VoxCeleb1(str(place)).check()
    with pytest.raises(UserError, match="frames: must be 1 or more"):
        VoxCeleb1(str(root), frames=0)
