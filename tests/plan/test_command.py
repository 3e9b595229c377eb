"""The command: with no data and nothing trained it plans any recipe, in seconds."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from experiments.__main__ import main
from experiments.config.compose import CONF, choices, plain
from experiments.config.override import checked_compose
from experiments.plan import kept
from experiments.plan.command import planned
from experiments.plan.facts import PUBLISHED, facts_of, require_known
from experiments.plan.kept import Steps
from experiments.run.prerequisite import plan
from experiments.terminal.error import UserError

MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
DATA = sorted(path.stem for path in (CONF / "data").glob("*.yaml"))


def composed(*overrides: str) -> dict[str, Any]:
    return plain(checked_compose(["task=plan", "plan.pictures=1000", *overrides]))


def test_a_run_and_what_it_builds_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["task=plan", "model=gan_cls", "data=cub", "plan.gpus=[1]", "metric.independent=null"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    told = [line for line in err.splitlines() if "steps on paper" not in line]
    assert told == ["planning 1 of 2: damsm-cub, for encoder", "planning 2 of 2: gan_cls-cub"]
    assert not list(tmp_path.iterdir())
    assert out.startswith("computed for an H100 SXM with 80 GB in bf16; no GPU has confirmed")
    for part in ("damsm-cub, for encoder", "gan_cls-cub: "):
        assert part in out
    assert "11,788 pictures" in out and "published" in out and "989 TFLOP/s in bf16" in out


def test_what_is_known_on_paper_is_not_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.dont_write_bytecode", False)
    command = ["task=plan", "model=classifier", "plan.gpus=[1]"]
    assert main(command) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr(kept, "Paper", None)  # whoever makes one more step fails
    assert main(command) == 0 and capsys.readouterr().out == first
    assert main([*command, "plan.price=2"]) == 0
    (file,) = tmp_path.glob("plan-*.json")
    file.write_text('{"steps": 1}')
    with pytest.raises(TypeError):
        main(command)


def test_a_price_of_an_hour_is_what_a_run_and_a_study_cost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["task=plan", "model=classifier", "seed=0,1", "plan.gpus=[1,8]", "plan.price=1000"]
    assert main(["-m", *words, "plan.json=true"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    hours = [sum(run["paces"][place]["hours"] for run in runs) for place in (0, 1)]
    assert main(["-m", *words]) == 0
    text = capsys.readouterr().out
    assert len(runs) == 2 and text.startswith("sweep seed: computed for an H100 SXM")
    costs = [f"{hours[0] * 1000:.2f}", f"{hours[1] * 8 * 1000:.2f}"]
    assert "all 2 runs that are not finished, one after the other: " in text
    assert f"h on 1 for {costs[0]}, " in text and f"h on 8 for {costs[1]}\n" in text
    assert main([*words[:2], *words[3:]]) == 0
    table = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[-1] for line in table if line[-1:] == ["price"]] == ["price"]


def test_what_does_not_fit_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task=plan", "model=classifier", "plan.gpus=[1]", "plan.memory=0.001"]) == 0
    told = capsys.readouterr().out
    assert "computed for a GPU with 0.001 GB" in told
    assert "classifier-plumage does not fit on any number of GPUs: trainer.accumulate=2" in told


def test_clips_are_counted_as_clips(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task=plan", "model=vgan", "data=digits", "debug=tiny", "plan.gpus=[1]"]) == 0
    told = capsys.readouterr().out
    for part in ("clips\n", "one clip ", "clips fit one GPU", "clips/s", " clips, "):
        assert part in told, part
    assert "image" not in told and "pictures" not in told


def test_json_has_every_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["task=plan", "model=classifier", "plan.json=true", "plan.gpus=[1,4]"]) == 0
    told = json.loads(capsys.readouterr().out)
    (run,) = told["runs"]
    assert run["name"] == "classifier-plumage" and run["facts"]["pictures"] == 200 * 40
    assert [pace["gpus"] for pace in run["paces"]] == [1, 4]
    assert run["largest"]["peak"] <= 0.9 * 80e9 and told["assumed"]["utilisation"] == 0.3


@pytest.mark.parametrize(
    ("overrides", "part"),
    [
        (["plan.utilisation=1.5"], "plan.utilisation=1.5: must be at most 1"),
        (["plan.memory=0"], "plan.memory=0.0: must be above 0"),
        (["plan.price=-1"], "plan.price=-1.0: must be above 0"),
        (["plan.headroom=1"], "plan.headroom=1.0: must lie from 0"),
        (["plan.gpus=[0]"], "plan.gpus=[0]: must be numbers of GPUs, as [1,8,64]"),
        (["plan.machine=0"], "plan.machine=0: must be at least 1"),
        (["data=folder"], "plan.pictures: nothing says how many pictures data=folder has"),
        (["data=cub", "data.root=/nowhere"], "data.root"),
        (["plan.tflop=3"], "plan.tflop"),
    ],
)
def test_a_mistake_is_one_line(
    overrides: list[str], part: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["task=plan", *overrides]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and part in line


def test_data_that_are_there_are_counted(tmp_path: Path) -> None:
    for number in range(20):
        Image.new("RGB", (80, 80)).save(tmp_path / f"{number}.jpg")
        (tmp_path / f"{number}.txt").write_text("a red bird\na bird\n"[: 11 if number else 18])
    found = facts_of(plain(checked_compose(["data=folder", f"data.root={tmp_path}"])))
    assert found.source == "counted" and found.pictures == 20 > found.train > 10
    assert found.captions == pytest.approx(21 / 20)
    assert found.words == 3 + 2  # the end of a sentence, and what is unknown


def test_data_that_are_not_there_are_as_published_or_said() -> None:
    assert facts_of(plain(checked_compose(["data=cub"]))) == PUBLISHED["cub"]
    drawn = facts_of(plain(checked_compose(["data=digits"])))
    assert (drawn.pictures, drawn.train, drawn.moving_attributes) == (12_000, 10_000, ("motion",))
    said = facts_of(composed("data=folder", "plan.words=77"))
    assert (said.pictures, said.train, said.words, said.classes) == (1000, 900, 77, 1000)
    half = facts_of(plain(checked_compose(["data=cub", "plan.pictures=5894"])))
    assert half.pictures == 5894 and half.train == round(8855 / 2)
    with pytest.raises(UserError, match=r"plan\.pictures"):
        require_known(plain(checked_compose(["data=folder"])))


def test_data_without_captions(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        for name in (f"img/{split}/oboe/oboe_1_{split}.jpg", f"chunk/{split}/oboe/x.wav"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8)).save(tmp_path / name, "PNG")
    counted = facts_of(plain(checked_compose(["data=sub_urmp", f"data.root={tmp_path}"])))
    assert (counted.pictures, counted.train, counted.captions, counted.words) == (2, 1, 0, 0)
    assert facts_of(plain(checked_compose(["data=sub_urmp"]))) == PUBLISHED["sub_urmp"]
    said = facts_of(composed("data=voxceleb1", "plan.pictures=50"))
    assert (said.pictures, said.train, said.captions) == (50, 45, 0)


def test_birds_are_counted_as_they_are_drawn() -> None:
    found = facts_of(plain(checked_compose(["data.reader.species=20", "data.reader.captions=3"])))
    assert found.pictures == 20 * 40 and found.captions == 3 and found.words > 50
    assert found.of_networks()["num_classes"] is None and found.attribute_values


@pytest.mark.parametrize(
    ("model", "data"),
    [
        *[pytest.param(m, d, marks=pytest.mark.slow) for m in MODELS for d in DATA],
        ("minilm", "coco"),
    ],
)
def test_every_recipe_is_planned_on_all_data(model: str, data: str) -> None:
    cfg = checked_compose([f"model={model}", f"data={data}", "plan.pictures=1000"])
    config = plain(cfg)
    run = plan(config, choices(cfg), [])
    found = planned(Steps(run, facts_of(config)), config["plan"])
    assert all(count > 0 for name, count in found.parameters.items() if name in found.trained)
    assert found.needs.flops > 0 < found.activations and found.largest is not None
    assert found.needs.held < found.needs.peak < found.largest.peak <= 0.9 * 80e9
    assert [pace.gpus for pace in found.paces] == [1, 8, 64]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3e6  # KB: it is all on paper
