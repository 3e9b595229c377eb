"""Words find the real pictures that are nearest in the space of the run's own encoders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from made import RED, request_of

from experiments.app.encoders import encoders_of
from experiments.app.find import Looking
from experiments.app.queue import Busy
from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.data.store.dataset import Dataset
from experiments.metric.embedding import image_vectors, sentence_vectors
from experiments.run.state import Named

Open = Callable[..., Session]


def test_the_nearest_is_the_nearest_of_all_test_pictures(
    open_session: Open, birds: Dataset
) -> None:
    session = open_session()
    found = session.find("attngan", RED, 5)
    encoders = encoders_of(session.models[0].place)
    wanted = encoders.of_words(RED)
    looking = Looking(session.models[0].place, session.request.cache, 100)
    gallery = None
    while gallery is None:
        gallery = looking.step()
    assert len(gallery.records) == 12 == len(birds.test)
    near = torch.cosine_similarity(gallery.vectors, wanted[None])
    order = near.argsort(descending=True)[:5].tolist()
    assert [one.key for one in found] == [gallery.records[row].key for row in order]
    assert [one.similarity for one in found] == pytest.approx(near[order].tolist(), abs=1e-5)
    assert found[0].caption == gallery.records[order[0]].captions[0]
    assert found[0].picture.dtype == np.uint8 and found[0].picture.shape == (256, 256, 3)


def test_the_vectors_are_those_that_scores_see(
    served: Callable[[str], object], birds: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """So R@K of the run's scores is that of this search: same pictures, same cut, same words."""
    from experiments.data.store.dataset import open_dataset

    place = request_of(served("attends")).runs[0]  # type: ignore[arg-type]
    encoders = encoders_of(place)
    looking = Looking(place, birds.folder.parents[1], 100)
    gallery = looking.step()
    assert gallery is not None
    words, cache = encoders.model.longest, tmp_path_factory.mktemp("large")
    large = open_dataset(birds.reader, encoders.kept, cache, words, quiet=True, workers=1)
    split, cpu = large.test, torch.device("cpu")
    rows = np.array([list(split.keys).index(record.key) for record in gallery.records])
    with torch.inference_mode():
        expected = image_vectors(encoders.encoder, split, rows, encoders.kept, cpu)
        said = sentence_vectors(encoders.encoder, split, split.caption_start[rows[:1]], cpu)
    torch.testing.assert_close(gallery.vectors, expected, atol=1e-5, rtol=1e-4)
    read = encoders.of_words(split.captions[rows[0]][0])
    torch.testing.assert_close(read, said[0], atol=1e-5, rtol=1e-4)


def test_whoever_searches_does_not_wait_for_anothers_first_search(open_session: Open) -> None:
    session = open_session("attends", patience=0.5)
    first = session.find("attngan", RED, 2)
    with session._galleries._looking:  # as while another model's pictures are looked at
        again = session.find("attngan", RED, 2)
    assert [one.key for one in again] == [one.key for one in first]


def test_a_search_that_found_no_turn_goes_on_where_it_was(
    open_session: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from experiments.app import find

    monkeypatch.setattr(find, "TOGETHER", 5)  # of 12 pictures: three steps
    session = open_session("attends")
    run, done = session._queue.run, list[str]()

    def turn(task: Callable[[], object]) -> object:
        done.append(getattr(task, "__name__", ""))
        if len(done) == 3:
            raise Busy("busy")
        return run(task)

    monkeypatch.setattr(session._queue, "run", turn)
    with pytest.raises(Refused, match="busy"):
        session.find("attngan", RED, 2)
    assert len(session.find("attngan", RED, 12)) == 12
    assert done.count("step") == 1 + 1 + 2  # one before the refusal, that one, and the two left


def test_how_good_the_search_is_may_be_scored_later(
    open_session: Open, served: Callable[[str], Path]
) -> None:
    from experiments.app.page.desk import Desk

    untold: list[str] = []

    def recall() -> list[str]:
        (model,) = Desk(open_session("attends")).facts()["models"]
        untold.append(model["untold"])
        return [line.replace("\xa0", " ") for line in model["recall"]]

    run = served("attends")
    assert recall() == []
    assert untold[0].startswith(f"is not known yet: python run.py task=evaluate run={run} tells it")
    name, folder = "picture_recall_at_1/damsm", run / "evaluations"
    folder.mkdir()
    try:
        for stem, images, value in (("1", 32, 0.125), ("2", 16, 0.5)):  # the newer: other weights
            scores = {f"{name}/real": value, f"{name}/chance": 0.0625, "frechet/x": 3.0}
            content = {"images": images, "scores": scores, "skipped": {}, "protocol": {}}
            (folder / f"{stem}.json").write_text(json.dumps(content))
        (folder / "3.json").write_text("{")
        assert recall() == ["R@1, pictures found (damsm) 12.5 % (chance 6.2 %)"]
        assert "frechet/x" not in open_session("attends").models[0].scores
    finally:
        shutil.rmtree(folder)


def test_what_is_not_here_is_told(open_session: Open, tmp_path: object) -> None:
    session = open_session("attends")
    with pytest.raises(Refused, match="no word is known"):
        session.find("attngan", "xqzzk")
    with pytest.raises(Refused, match="ask for 1 to 32 at a time"):
        session.find("attngan", RED, 33)


def test_an_export_of_what_draws_has_no_encoder_of_pictures(
    served: Callable[[str], object], tmp_path: object
) -> None:
    from experiments.export.folder import fill
    from experiments.export.request import Request

    exports = {}
    for parts in ("draws", "all"):
        exports[parts] = tmp_path / parts  # type: ignore[operator]
        fill(exports[parts], Request(served("attends"), exports[parts], "mit", None, True, parts))  # type: ignore[arg-type]
    with pytest.raises(Refused, match=r"an export has one with export.parts=all"):
        encoders_of(Named(exports["draws"]))
    whole, run = encoders_of(Named(exports["all"])), encoders_of(Named(served("attends")))  # type: ignore[arg-type]
    torch.testing.assert_close(whole.of_words(RED), run.of_words(RED))
