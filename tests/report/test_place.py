"""Where a report goes, and what a command without runs is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments.report.command import _members_of_study, report
from experiments.report.member import Member
from experiments.report.place import NothingToReport, place_of
from experiments.study import sweep
from experiments.study.command import study_of

OUT = Path("outputs")


def members(*names: str) -> list[Member]:
    return [Member(OUT / "damsm-plumage" / name, {}, 0, "python run.py") for name in names]


def place(said: list[str], *names: str) -> Path:
    return place_of(OUT, members(*names), said, study_of([*said])).relative_to(OUT / "report")


def test_a_study_as_its_file_says_it_has_its_own_name() -> None:
    asked = ["study=stages", "launch.threads=1", "hydra/launcher=joblib", "tracker=none"]
    assert place(asked, "a", "b") == Path("stages-plumage")
    assert place([*asked, "budget=full"], "a", "b") == Path("stages-full")


def test_two_sweeps_over_the_same_key_have_two_folders() -> None:
    one = place(["model=damsm", "optim.model.lr=1e-3,1e-4"], "a", "b")
    other = place(["model=damsm", "optim.model.lr=1e-3,1e-5"], "a", "c")
    assert one != other and str(one).startswith("model-damsm-optim.model.lr-1e-3-1e-4-")
    tried = place(["study=stages", "debug=tiny"], "a", "b")
    assert str(tried).startswith("stages-plumage-debug-tiny-")
    assert place(["study=stages", "seed=5"], "a") != place(["study=stages", "seed=6"], "b")


def test_the_order_of_arms_changes_nothing_and_runs_by_folder_are_named() -> None:
    assert place_of(OUT, members("a", "b"), [], None) == place_of(OUT, members("b", "a"), [], None)
    found = place_of(OUT, members("a", "b"), [], None)
    assert found.name.startswith("damsm-plumage-") and found != place_of(
        OUT, members("a"), [], None
    )


def test_the_root_decides_where_it_is_the_name_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a study whose file chooses the data, the root is all that its commands differ in."""
    monkeypatch.setattr(sweep, "SWEEPS", tmp_path)
    file = "# Which seed?\nfixed: {model: damsm}\nseeds: [0, 1]\nbudgets:\n"
    file += "  own: {data: folder}\n  birds: {data: cub}\n"
    (tmp_path / "mine.yaml").write_text(file)

    def of(budget: str, root: str) -> str:
        words = ["study=mine", f"budget={budget}", f"data.root={tmp_path}/{root}"]
        study = study_of([*words, f"paths.outputs={tmp_path}/outputs"])
        _, made, by_place = _members_of_study(study)
        return place_of(OUT, made, words, study, by_place).name

    one, other = of("own", "a"), of("own", "b")
    assert one != other and one.startswith("mine-own-") and other.startswith("mine-own-")
    assert of("birds", "a") == of("birds", "b") == "mine-birds"


def make_study(runs: Any, *more: str) -> None:
    """The runs of `study=stages`, made with `more`."""
    for number, job in enumerate(study_of(["study=stages", *more]).jobs):
        runs.make(f"{number:010x}", overrides=[*job.overrides, "tracker=none", *more])


def asked(runs: Any, *more: str) -> str:
    """What a report of a study says that finds no run."""
    words = ["study=stages", f"paths.outputs={runs.place}", *more]
    with pytest.raises(NothingToReport) as found:
        report(["task=report", *words], study_of(words))
    assert found.value.code == 1 and not (runs.place / "report").exists()
    return str(found.value)


def test_a_report_without_runs_asks_what_was_meant(runs: Any) -> None:
    nothing = asked(runs)
    assert nothing.startswith("stages: none of its 6 runs has begun in")
    assert nothing.endswith("the same command without task=report trains")

    make_study(runs, "debug=tiny")

    told = asked(runs)
    assert "6 runs of such settings are there, made with debug=tiny: say here what was said" in told


def test_words_too_many_are_named_as_well(runs: Any) -> None:
    make_study(runs)
    told = asked(runs, "debug=smoke", "trainer.batch=4")
    assert "made without debug=smoke trainer.batch=4: say here" in told


def test_an_empty_folder_of_runs_is_exit_1(tmp_path: Path) -> None:
    with pytest.raises(NothingToReport, match="no run is there") as found:
        report(["task=report", f"paths.outputs={tmp_path}"])
    assert found.value.code == 1
