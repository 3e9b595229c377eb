"""What a command may ask people to rank, answered without torch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.config.option import Human, Sample
from experiments.data.record import Record
from experiments.data.store.table import write_table
from experiments.human.request import Study, study_of
from experiments.terminal.error import UserError

SAMPLED = ["a red bird", "a blue bird", "a bird"]


def make_run(folder: Path, sampled: list[str] | None = None, **changes: Any) -> Path:
    """What a command reads of a run. `changes` are of its system and of its facts."""
    target = "experiments.encoder.damsm.DAMSM"
    system = {"_target_": "experiments.system.attngan.AttnGAN", "encoder": {"_target_": target}}
    system |= {"generator": {"_target_": "experiments.generator.attngan.AttnGANGenerator"}}
    system |= {key: changes[key] for key in ("_target_", "generator", "excerpt") if key in changes}
    cache = str(changes.get("cache", folder / "cache"))
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "images-0000000008.safetensors").touch()
    config = {"system": system, "paths": {"cache": cache}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    (folder / "run.json").write_text(
        json.dumps({"id": "0", "choices": {"model": "attngan"}, "overrides": []})
    )
    words = changes.get("words", ["a", "red", "blue", "bird"])
    facts = {"words": words, "data": changes.get("data")}
    facts |= {"makes": changes["makes"]} if "makes" in changes else {}
    (folder / "facts.json").write_text(json.dumps(facts))
    if sampled is not None:
        (folder / "samples").mkdir()
        (folder / "samples" / "captions.json").write_text(json.dumps({"captions": sampled}))
    return folder


def ask(
    *runs: Path,
    text: Any = None,
    file: Any = None,
    seed: int = 0,
    voice: str | None = None,
    **human: Any,
) -> Study:
    config = {
        "task": "human_study",
        "run": [str(run) for run in runs] if len(runs) != 1 else str(runs[0]),
        "text": text,
        "seed": seed,
        "num_samples": 4,
        "sample": asdict(Sample()) | {"file": None if file is None else str(file), "voice": voice},
        "human": asdict(Human()) | human,
        "paths": {"outputs": str(runs[0].parent), "cache": str(runs[0].parent / "cache")},
    }
    return study_of(config)


def refused(*runs: Path, **rest: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(*runs, **rest)
    (line,) = str(caught.value).splitlines()
    return line


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    return [make_run(tmp_path / name / "1", SAMPLED) for name in ("gan", "attngan")]


def test_captions_that_the_runs_sampled(runs: list[Path], tmp_path: Path) -> None:
    study = ask(*runs)
    assert study.captions == SAMPLED and study.seeds == [0]
    assert [run.name for run in study.runs] == ["gan/1", "attngan/1"]
    assert [run.images for run in study.runs] == [8, 8]
    assert study.folder == runs[0].parent / "human" / study.page
    (note,) = study.notes
    assert note.startswith(
        "human.captions=20: what the runs sampled (samples/captions.json) have 3"
    )
    third = make_run(tmp_path / "third", ["a bird", "a red bird"])
    assert ask(*runs, third).captions == ["a red bird", "a bird"]
    other = make_run(tmp_path / "other", ["a plane"])
    assert "these runs sampled no caption in common" in refused(*runs, other)


def test_captions_of_the_test_split_that_was_prepared(tmp_path: Path) -> None:
    records = [
        Record(f"{number}", (f"a red bird of {number}", "a bird"), 0, split)
        for number, split in enumerate(["train"] * 5 + ["test"] * 30)
    ]
    folder = tmp_path / "prepared" / "birds" / "f00d"
    folder.mkdir(parents=True)
    write_table(records, folder)
    # Where the command's cache holds nothing, that of a run is looked at.
    rest = {"data": "f00d", "cache": tmp_path / "prepared"}
    runs = [make_run(tmp_path / name, SAMPLED, **rest) for name in ("one", "two")]
    study = ask(*runs, captions=10)
    assert len(set(study.captions)) == 10
    allowed = {"a bird", *(f"a red bird of {number}" for number in range(5, 35))}
    assert set(study.captions) <= allowed
    assert study.notes == ["10 of 31 captions of the test split, drawn by seed=0"]
    assert ask(*runs, captions=10).captions == study.captions
    assert ask(*runs, captions=10, seed=1).captions != study.captions


def test_an_export_names_no_places(tmp_path: Path) -> None:
    runs = [make_run(tmp_path / name, SAMPLED, data="f00d") for name in ("one", "two")]
    config = yaml.safe_load((runs[1] / "config.yaml").read_text())
    del config["paths"]
    (runs[1] / "config.yaml").write_text(yaml.safe_dump(config))
    assert set(ask(*runs, captions=3).captions) == set(SAMPLED)


def test_captions_of_the_command(runs: list[Path], tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text("a red bird\n\na blue one\n")
    study = ask(*runs, text="a bird", file=file, captions=3)
    assert study.captions == ["a bird", "a red bird", "a blue one"]
    assert study.notes == [f"{file}: blank lines skipped: 1"]
    assert len(ask(*runs, file=file, captions=1).captions) == 1


def test_the_page_is_a_function_of_what_is_asked(runs: list[Path]) -> None:
    page = ask(*runs).page
    assert ask(*runs).page == page and len(page) == 10
    others = [ask(*runs, seed=1), ask(*runs[::-1]), ask(*runs, text="a bird")]
    others += [ask(*runs, question="Which is worse?"), ask(*runs, pictures=5)]
    (runs[0] / "weights" / "images-0000000016.safetensors").touch()
    others.append(ask(*runs))
    assert len({page, *(other.page for other in others)}) == 7
    assert ask(*runs, pictures=5, seed=3).seeds == [3, 4, 5, 6, 7]


def test_runs_that_cannot_be_compared(runs: list[Path], tmp_path: Path) -> None:
    assert refused(runs[0]).startswith("run: task=human_study compares runs; name two or more")
    assert refused(*runs, runs[0]) == f"run={runs[0]}: is named twice; name every run once"
    assert "there is no such folder" in refused(*runs, tmp_path / "none")
    damsm = make_run(tmp_path / "damsm", generator=None)
    assert "draws no captions; take the run of a text-to-image model" in refused(*runs, damsm)
    style = make_run(tmp_path / "style", _target_="experiments.system.style.StyleEncoderTraining")
    assert "draws no captions" in refused(*runs, style)
    many = [make_run(tmp_path / f"run{number}", SAMPLED) for number in range(13)]
    assert refused(*many) == "run: nobody can rank 13 pictures; name 12 runs at most"
    blind = make_run(tmp_path / "blind", SAMPLED, words=["plane"])
    line = refused(*runs, blind, text="a bird")
    assert line.startswith(f"run={blind}: caption 'a bird': no word is known")
    assert refused(*runs, question="  ").startswith("human.question: must say")


EXCERPT = {"_target_": "experiments.frontend.excerpt.Excerpt", "seconds": 1.0}
S2I, I2S = [["sound"], "picture"], [["picture"], "sound"]


def test_runs_with_sounds_that_cannot_be_compared(runs: list[Path], tmp_path: Path) -> None:
    """Refused before anything is drawn: there are no weights here, nor data."""

    def sounding(name: str, *makes: Any, of: str = "sound") -> Path:
        return make_run(tmp_path / name, excerpt=EXCERPT | {"of": of}, makes=list(makes))

    draws, sings, both = sounding("draws", S2I), sounding("sings", I2S), sounding("both", S2I, I2S)
    speaks = sounding("speaks", I2S, of="speech")
    line = f"run={draws}: has sounds in place of captions, and {runs[0]} has not; name runs of one"
    assert refused(runs[0], draws).startswith(line)
    line = (
        f"run={speaks}: has captions that are spoken in place of captions, and {sings} has sounds"
    )
    assert refused(sings, speaks).startswith(line)
    line = f"run={sings}: makes a sound of a picture, and {draws} a picture of a sound; name runs"
    assert refused(draws, sings) == f"{line} that make the same, or human.makes=picture"
    assert refused(both, sings).startswith(f"run={sings}: makes a sound of a picture, and {both}")
    line = f"run={sings}: makes no picture; people can be asked about nothing"
    assert refused(both, sings, makes="picture") == line
    for pair in ((both, draws), (sings, sounding("more", I2S))):  # nothing else is wrong with them
        assert "no prepared data in common" in refused(*pair)
    assert "no prepared data in common" in refused(both, sings, makes="sound")
    assert refused(*runs, makes="sound").startswith("human.makes=sound: these runs have no sounds")
    line = refused(draws, both, text="a red bird")
    assert line.startswith("text: these runs are asked by sounds or pictures of their test split")
    odd = sounding("odd", [["picture", "sound"], "sound"])
    assert "makes nothing of a sound, or of a picture, alone" in refused(odd, draws)


def test_a_voice_says_the_captions_to_a_run_that_hears(runs: list[Path]) -> None:
    facts = {"reads": "speech", "speech": {}}
    (runs[1] / "facts.json").write_text(json.dumps(facts))
    config = yaml.safe_load((runs[1] / "config.yaml").read_text())
    (runs[1] / "config.yaml").write_text(yaml.safe_dump(config | {"data": {"name": "plumage"}}))
    line = refused(*runs, text="a red bird")
    assert line.startswith(f"run={runs[1]}: listens, and does not read; name the voice")
    study = ask(*runs, text="a red bird", voice="espeak/f3")
    assert study.captions == ["a red bird"]
    assert [[one.voice for one in asked] for asked in study.asked] == [[None], ["espeak/f3"]]


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    here, there = (make_run(tmp_path / place / "gan" / "1", SAMPLED) for place in ("x", "y"))
    assert [run.name for run in ask(here, there).runs] == [str(here), str(there)]


def test_a_damaged_file_of_captions(runs: list[Path]) -> None:
    for text in ("{", "[]", '{"captions": 3}'):
        (runs[1] / "samples" / "captions.json").write_text(text)
        assert "captions.json: is damaged" in refused(*runs)
