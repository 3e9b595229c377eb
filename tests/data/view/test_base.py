"""The contract of views, by the modality of docs/view.md: nothing but its page knows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_reader import TinyReader
from torch import Tensor

from experiments import load
from experiments.data.batches import Batches
from experiments.data.record import Record
from experiments.data.store.dataset import Dataset, open_dataset
from experiments.data.store.image_rows import ImageRows
from experiments.data.view import base
from experiments.data.view.base import View, usable
from experiments.data.view.caption import CAPTION, Captions, CaptionView
from experiments.data.view.picture import PICTURE, PictureView, StoredPictures
from experiments.plan.facts import DataFacts
from experiments.plan.paper import Paper
from experiments.run import checkpoint
from experiments.sample.model import Model
from experiments.system.base import Samples
from experiments.terminal.error import BadInput, UserError
from tests.data.made_batches import flat
from tests.data.melodies import PAGE, MelodyData, melody_run, of_the_page, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of 64 records."""
    return train(tmp_path_factory.mktemp("melodies"), 64)


@pytest.fixture
def songs(tmp_path: Path) -> Dataset:
    return open_dataset(MelodyData(), None, tmp_path / "cache", quiet=True, workers=1)


def weights(folder: Path) -> dict[str, Tensor]:
    state = checkpoint.load_newest(folder)
    assert state is not None
    return state["system"] | {f"average.{k}": v for k, v in state["export"]["generator"].items()}


def scores(folder: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads((folder / "scores.json").read_text())["scores"]
    return found


def test_it_trains_and_is_scored_and_shown(trained: Path) -> None:
    lines = [json.loads(line) for line in (trained / "stats.jsonl").read_text().splitlines()]
    errors = [line["contour_error/melody"] for line in lines if "contour_error/melody" in line]
    assert len(errors) == 4 and errors[-1] == scores(trained)["contour_error/melody"] < errors[0]
    sheets = {file.name for file in (trained / "samples").iterdir()}
    assert sheets == {"real.png", *(f"images-{n:010d}.png" for n in (16, 32, 48, 64))}
    assert "melody-melodies" in (trained / "card.md").read_text()


def test_it_resumes_to_the_same_bits(trained: Path, tmp_path: Path) -> None:
    train(tmp_path, 32)
    again = train(tmp_path, 64)
    for name, value in weights(trained).items():
        assert torch.equal(weights(again)[name], value), name
    assert scores(again) == scores(trained)


def test_two_processes_do_what_one_does(trained: Path, together: Any, tmp_path: Path) -> None:
    for ended in together("from tests.data.melodies import main; main()", tmp_path, 64):
        assert ended.code == 0, ended.err
    both = tmp_path / "melody-melodies" / "0"
    torch.testing.assert_close(weights(both), weights(trained), rtol=1e-4, atol=1e-5)
    assert scores(both) == pytest.approx(scores(trained), rel=1e-3)


def test_a_run_is_asked_through_its_views(trained: Path) -> None:
    model = load(trained)
    first, second = model.sample(melody=[[0, 4, 7], [0, 3]], seed=5)
    assert first.shape == (8,) and not np.array_equal(first, second)
    (again,) = model.sample(melody=[[0, 3]], seed=6)
    np.testing.assert_allclose(again, second, atol=1e-6)
    for asked, said in (
        ({"speech": [1]}, "speech: this run makes a contour of melody"),
        ({"melody": "do re mi"}, "melody: give a list, as ['do re mi']"),
        ({"captions": ["a bird"]}, "caption: this run makes a contour of melody"),
        ({}, "melody: is missing; this run makes a contour of melody"),
    ):
        with pytest.raises(UserError, match=re.escape(said)) as error:
            model.sample(**asked)
        assert "\n" not in str(error.value)


def test_what_cannot_be_shown_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_the_page().ContourView, "pictures", View.pictures)
    folder = train(tmp_path, 16)
    assert not (folder / "samples").exists() and scores(folder)


def test_a_plan_needs_no_data(tmp_path: Path) -> None:
    facts = DataFacts(pictures=9, train=9, captions=0, words=0, classes=4, source="here")
    paper = Paper(melody_run(tmp_path, 64), facts)
    assert paper.step(8).flops > 0 and paper.trained() == {"generator"}


def opened(dataset: Dataset) -> dict[str, Any]:
    """The views of the page on the training split."""
    system = of_the_page().MelodyToContour(longest=4)
    return {view.name: view.open(dataset, dataset.train) for view in system.views()}


def test_every_item_of_a_record_is_drawn_and_padded(songs: Dataset) -> None:
    views, records = opened(songs), {record.key: record for record in songs.records()}
    batches = Batches(songs.train, 24, 0, list(views.values()))
    met: dict[str, set[tuple[float, ...]]] = {}
    for images_seen in range(0, 24 * 200, 24):
        batch = batches.at(images_seen)
        melodies, contours = batch.views["melody"], batch.views["contour"]
        for row, notes, length, contour in zip(
            batch.rows, melodies.notes, melodies.lengths, contours.heights, strict=True
        ):
            key = songs.train.keys[row]
            assert not notes[length:].any()
            met.setdefault(key, set()).add(tuple(notes[:length].tolist()))
            assert np.array_equal(contour.numpy(), MelodyData().contour(records[key]))
    for key, found in met.items():
        assert found == {tuple(notes[:4]) for notes in records[key].more["melody"]}
    ready = batches.ready(batch).views["melody"]
    assert torch.equal(ready.notes, melodies.notes / 12)


def test_records_that_a_view_cannot_use_are_left_out(tmp_path: Path) -> None:
    data = open_dataset(MelodyData(silent=(3,)), None, tmp_path, quiet=True, workers=1)
    system = of_the_page().MelodyToContour()
    left = usable(data, system.views())
    assert "song_3" in data.train.keys and "song_3" not in left.train.keys
    assert left.report["reasons"] == {"nothing is heard": 1}
    views = [view.open(left, left.train) for view in system.views()]
    batch = Batches(left.train, 8, 0, views).at(0)
    expected = {record.key: MelodyData().contour(record) for record in left.records()[:3]}
    for row, contour in zip(batch.rows, batch.views["contour"].heights, strict=True):
        key = left.train.keys[row]
        if key in expected:
            assert np.array_equal(contour.numpy(), expected[key])
    many = open_dataset(MelodyData(silent=(3, 4, 6)), None, tmp_path, quiet=True, workers=1)
    with pytest.raises(UserError, match=r"3 of 120 records .* 'nothing is heard'"):
        usable(many, system.views())


def test_pictures_and_captions_stay_with_their_records(tmp_path: Path) -> None:
    """One record in the middle is left out by another view; nothing is copied."""
    page = of_the_page()

    class Choosy(page.MelodyView):  # type: ignore[name-defined, misc]
        def items(self, reader: Any, record: Record) -> Any:
            if record.key.endswith("_51"):
                raise BadInput("nothing is heard")
            return super().items(reader, record)

    data = open_dataset(Singing(count=150), 8, tmp_path, quiet=True, workers=1)
    asked = [CaptionView(mismatch="class_aware"), PictureView([6], wrong=CAPTION), Choosy(4)]
    left = usable(data, asked)
    assert len(left.train) == len(data.train) - 1 and isinstance(left.train.images, ImageRows)
    assert np.shares_memory(left.train.images.array, np.asarray(data.train.images))
    views = [view.open(left, left.train) for view in asked]
    batch = Batches(left.train, 119, 0, views).at(0)
    numbers = [int(left.train.keys[row].split("_")[1]) for row in batch.rows]
    text, stored = batch.of(Captions), batch.of(StoredPictures)
    assert len(set(numbers)) == 119 and 51 not in numbers
    assert stored.pixels[:, 1, 1, 0].tolist() == numbers
    assert batch.views["melody"].notes[:, 0].tolist() == numbers
    captions = [caption for of_record in left.train.captions for caption in of_record]
    assert all(f"bird {n} " in captions[row] for n, row in zip(numbers, text.rows, strict=True))
    wrong = [int(captions[row].split()[1]) for row in text.wrong_rows]
    assert stored.wrong_pixels is not None
    assert stored.wrong_pixels[:, 1, 1, 0].tolist() == wrong


def test_a_run_may_be_asked_in_several_ways() -> None:
    page = of_the_page()

    class Both(page.MelodyToContour):  # type: ignore[name-defined, misc]
        makes = {("melody",): "contour", (): "melody"}  # noqa: RUF012

        def sample(self, asked: Any, seeds: list[int], attention: bool = False) -> Samples:
            if asked:
                return super().sample(asked, seeds, attention)  # type: ignore[no-any-return]
            return Samples({"melody": [torch.tensor(seeds).float()[:, None]]})

    model = Model(Both().eval(), {}, {"data": {"max_words": 1}}, 0)
    assert [float(made[0]) for made in model.sample(count=20, seed=3)] == list(range(3, 23))
    assert len(model.sample(melody=[[1]])) == 1
    said = "speech: this run makes a contour of melody, or a melody of noise alone"
    with pytest.raises(UserError, match=said):
        model.sample(speech=[1])


class Singing(TinyReader):
    """Pictures and captions, and a melody of each record."""

    def read(self) -> Any:
        for k, record in enumerate(super().read()):
            assert isinstance(record, Record)
            yield replace(record, more={"melody": [[k] * (1 + k % 5)]})


def test_a_view_changes_nothing_that_the_others_draw(tmp_path: Path) -> None:
    data = open_dataset(Singing(), 8, tmp_path, quiet=True, workers=1)
    melody = of_the_page().MelodyView(4)

    def drawn(*views: View) -> dict[str, Tensor]:
        found = [view.open(data, data.train) for view in views]
        return flat(Batches(data.train, 8, 0, found).at(40))

    text, pictures = CaptionView(mismatch="class_aware"), PictureView([3, 6], wrong=CAPTION)
    both = drawn(text, pictures)
    for others in ((melody, text, pictures), (text, melody, pictures), (text, pictures, melody)):
        found = drawn(*others)
        assert found.keys() - both.keys() == {"melody.notes", "melody.lengths"}
        assert all(torch.equal(found[name], value) for name, value in both.items())
        assert torch.equal(found["melody.notes"], drawn(melody)["melody.notes"])
    alone = drawn(PictureView([3, 6]))
    assert all(torch.equal(both[name], value) for name, value in alone.items())


@pytest.mark.parametrize("view", [CaptionView(), PictureView([8])])
def test_data_that_lack_a_view_are_named(songs: Dataset, view: View) -> None:
    name = {CAPTION: "captions", PICTURE: "pictures"}[view.name]
    with pytest.raises(UserError, match=f"data: melodies has no {name}; choose another data set"):
        view.open(songs, songs.train)


def test_the_page_names_what_there_is() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if re.match(r"\| .*\? \|", line)]
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row)}
    assert len(named) >= 11
    for name in named:
        assert callable(getattr(base.StoredView, name)), name
