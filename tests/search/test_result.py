"""What is told of a search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.search import trial as states
from experiments.search.result import importance, show_result
from experiments.search.store import Store


def test_the_best_come_first_and_can_be_made_again(open_store: Callable[..., Store]) -> None:
    store = open_store("search.trials=5", "trainer.batch=8")
    for number, score in enumerate((0.25, 0.5, 0.125)):
        held = store.claim()
        assert held is not None
        store.note(held, Path(f"/runs/{number}"))
        store.finish(held, states.COMPLETE, score, 600)
    held = store.claim()
    assert held is not None
    store.finish(held, states.FAILED, reason="no room")
    left = store.claim()
    assert left is not None
    left.lock.close()
    text, failed = show_result(store)
    lines = text.splitlines()
    assert lines[0] == (
        "which-plumage: 5 of 5 trials: 3 complete, 1 failed, 1 left unfinished: the same command "
        "goes on with what is"
    )
    assert lines[2].split("  ")[0] == "trial" and "colours right" in lines[2]
    rows = [line.split() for line in lines[4:7]]
    assert [row[0] for row in rows] == ["2", "1", "3"]
    assert [row[-1] for row in rows] == ["/runs/1", "/runs/0", "/runs/2"]
    assert rows[0][1:3] == ["50.0", "%"]
    best = store.best()
    assert best is not None
    (again,) = [line for line in lines if line.startswith("best again: ")]
    assert "trainer.batch=8" in again and "study=" not in again
    assert f"data.preset.lr={best.settings['data.preset.lr']}" in again
    assert failed == ["trial 4: no room"]


def test_the_table_of_trials_is_told_from_here(
    open_store: Callable[..., Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("search.trials=1")
    store.finish(store.claim(), states.COMPLETE, 0.25, 600)
    text, _ = show_result(store)
    assert text.startswith("which-plumage: 1 of 1 trial: 1 complete\n")
    assert text.splitlines()[-1] == "all trials: found/trials.csv"


def test_what_decides_has_the_largest_share(open_store: Callable[..., Store]) -> None:
    store = open_store("search.trials=30", "search.sampler.name=random", "search.pruner=null")
    assert importance(store) == {}
    while (held := store.claim()) is not None:
        weight = float(held.settings["loss.damsm.weight"])
        store.finish(held, states.COMPLETE, -((weight - 20) ** 2), 600)
    shares = importance(store)
    assert next(iter(shares)) == "loss.damsm.weight" and shares["loss.damsm.weight"] > 0.6
    assert abs(sum(shares.values()) - 1) < 1e-6
    assert "share of each in what differs" in show_result(store)[0]
