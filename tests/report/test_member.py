from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.report.member import command_of, failure, finished, members_of, readable
from experiments.terminal.error import UserError


def settings(folders: list[Path]) -> list[dict[str, str]]:
    return [dict(member.settings) for member in members_of(folders)]


def test_runs_that_differ_in_their_seeds_are_one_arm(runs: Any) -> None:
    folders = [runs.make(str(k), {"seed": k}, [f"seed={k}"]) for k in (1, 0)]

    found = members_of(folders)

    assert [(member.seed, member.settings) for member in found] == [(0, {}), (1, {})]


def test_an_override_tells_arms_apart_and_its_copies_do_not_show(runs: Any) -> None:
    wide = {"generator.width": 8, "system.generator.width": 8}
    folders = [runs.make("a"), runs.make("b", wide, ["generator.width=8"])]

    assert settings(folders) == [{"generator.width": "4"}, {"generator.width": "8"}]


def test_without_overrides_the_shortest_path_tells_and_not_the_copy_in_the_system(
    runs: Any,
) -> None:
    wide = {"generator.width": 8, "system.generator.width": 8}

    assert settings([runs.make("a"), runs.make("b", wide)]) == [
        {"generator.width": "4"},
        {"generator.width": "8"},
    ]


def test_levels_are_sorted_as_numbers(runs: Any) -> None:
    folders = [
        runs.make(str(w), {"loss.damsm.weight": w}, [f"loss.damsm.weight={w}"])
        for w in (50, 0.1, 5)
    ]

    assert [s["loss.damsm.weight"] for s in settings(folders)] == ["0.1", "5", "50"]


def test_what_cannot_matter_is_no_setting(runs: Any) -> None:
    folders = [
        runs.make("a"),
        runs.make(
            "b",
            {"data.preset.every.sample": 20, "metric.samples": 9, "paths.outputs": "elsewhere"},
            ["data.preset.every.sample=20", "metric.samples=9", "paths.outputs=elsewhere"],
        ),
    ]

    assert settings(folders) == [{}, {}]


def test_a_preset_tells_where_what_is_taken_from_it_differs(runs: Any) -> None:
    fast = {"data.preset.lr": 0.002, "optim.generator.lr": 0.002}
    folders = [runs.make("a"), runs.make("b", fast, ["data.preset.lr=2e-3"])]

    assert settings(folders) == [{"data.preset.lr": "0.001"}, {"data.preset.lr": "0.002"}]


def test_another_length_is_told_although_it_is_no_part_of_the_identity(runs: Any) -> None:
    long = {"trainer.images": 200, "data.preset.images.gan": 200}
    folders = [runs.make("a"), runs.make("b", long, ["data.preset.images.gan=200"], reached=200)]

    assert settings(folders) == [{"trainer.images": "100"}, {"trainer.images": "200"}]


def test_the_model_says_what_comes_with_it(runs: Any) -> None:
    folders = [runs.make("a", {"generator.width": 8}, model="gan"), runs.make("b")]

    assert settings(folders) == [{"model": "gan"}, {"model": "attngan"}]


def test_other_encoders_underneath_are_told(runs: Any) -> None:
    folders = [
        runs.make(name, built_on={"encoder": f"outputs/damsm-plumage/{name}", "metric.x": name})
        for name in ("first", "second")
    ]

    assert settings(folders) == [
        {"prerequisites.encoder": "first"},
        {"prerequisites.encoder": "second"},
    ]


def test_what_another_run_trained_first_has_that_run_s_command(runs: Any) -> None:
    encoder = runs.make("e", model="damsm", overrides=["data=plumage"])
    runs.make("g", built_on={"encoder": str(encoder)}, overrides=["loss.damsm.weight=5"])

    (member,) = members_of([encoder])

    assert member.command == "python run.py model=attngan loss.damsm.weight=5"
    assert member.note == "trained first by this command, which builds on it"


def test_states_and_reasons_are_read(runs: Any) -> None:
    done, half, failed = runs.make("a"), runs.make("b", reached=50), runs.make("c", reached=50)
    (failed / "failure.json").write_text(json.dumps({"reason": "out of memory", "time": 1}))

    found = {member.folder: member for member in members_of([done, half, failed])}

    assert found[done].finished and not found[half].finished and not found[failed].finished
    assert found[failed].failure == "out of memory" and found[half].failure is None


def test_a_finished_run_without_its_scores_is_not_finished(runs: Any) -> None:
    folder = runs.make("a")
    (folder / "scores.json").unlink()

    assert not members_of([folder])[0].finished


def test_commands_can_be_pasted_into_a_shell() -> None:
    assert (
        command_of(["model=gan", "text=a red bird"]) == "python run.py model=gan 'text=a red bird'"
    )


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such folder"):
        members_of([tmp_path / "nothing"])


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "7", "\ufffd: ["])
def test_a_damaged_run_is_left_out_and_stops_no_other(runs: Any, content: str) -> None:
    whole, config, about = (runs.make(name) for name in ("a", "b", "c"))
    (config / "config.yaml").write_text(content)
    (about / "run.json").write_text(content)

    folders, lines = readable([whole, config, about])

    assert folders == [whole]
    assert [line.startswith("left out: ") for line in lines] == [True, True]
    assert str(config) in lines[0] and str(about) in lines[1]
    assert [member.folder for member in members_of(folders)] == [whole]


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", "7", '{"images": "x"}'])
def test_damaged_scores_are_of_no_finished_run(runs: Any, content: str) -> None:
    folder = runs.make("a", scores={"frechet/classifier": 1.0})
    config = {"trainer": {"images": 100, "batch": 10}, "metric": {"samples": 8}}
    assert finished(folder, config)

    (folder / "scores.json").write_text(content)
    (folder / "failure.json").write_text(content)

    assert not finished(folder, config)
    assert failure(folder) == "failure.json is damaged"
