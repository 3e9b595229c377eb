"""What a command may ask of a run, answered without torch."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from experiments.config.option import Sample
from experiments.sample.request import Drawing, drawing_of
from experiments.terminal.error import UserError

DAMSM = "experiments.encoder.damsm.DAMSM"


def make_run(folder: Path, encoder: str | None = DAMSM) -> Path:
    """What a command reads of a run, which has a few words."""
    node = None if encoder is None else {"_target_": encoder}
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "images-0000000008.safetensors").touch()
    (folder / "config.yaml").write_text(yaml.safe_dump({"system": {"encoder": node}}))
    (folder / "run.json").write_text(
        json.dumps({"id": "0", "choices": {"model": "attngan"}, "overrides": []})
    )
    (folder / "facts.json").write_text(json.dumps({"words": ["a", "red", "blue", "bird"]}))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def ask(run: Path, text: Any = None, seed: int = 0, count: int = 4, **options: Any) -> Drawing:
    """`options` are those of the group `sample`."""
    config = {"task": "sample", "run": str(run), "text": text, "seed": seed, "num_samples": count}
    return drawing_of(config | {"sample": asdict(Sample()) | options})


def refused(run: Path, text: Any = None, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(run, text, **options)
    (line,) = str(caught.value).splitlines()
    return line


def test_captions_of_the_command_and_of_a_file(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_bytes(
        "\ufeffa blue bird\r\n\r\n  a red bird, with a  crown \n\na blue bird".encode()
    )
    asked = ask(run, "a red bird", file=str(file), seed=3, count=2)
    assert asked.captions == ["a red bird", "a blue bird", "a red bird, with a crown"]
    assert asked.seeds == [3, 4] and asked.folder == run
    assert asked.notes == [
        f"{file}: blank lines skipped: 2",
        "captions that were given before: 1, drawn once",
    ]
    assert ask(run, file=str(file)).captions == asked.captions[1:]
    assert ask(run, ["a bird", "blue"]).captions == ["a bird", "blue"]


def test_a_way_may_come_by_a_caption_twice(run: Path) -> None:
    captions = ["a red bird", "a blue bird", "a red bird"]
    assert ask(run, captions, between="sentence").captions == captions
    assert ask(run, captions, between="noise").captions == captions[:2]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "holds no caption; write one a line"),
        (b" \n\n\t\n", "holds no caption; write one a line"),
        ("a bird\nnaïve".encode("latin-1"), "line 2 is not UTF-8; save the file as UTF-8 text"),
        (b"a bird\n" + b"red " * 600, "line 2: caption is too long; write one caption a line"),
        (b"red bird\n\nplugh\nfoo\nbar", "line 3: caption 'plugh': no word is known to the text"),
        (b"plugh\nfoo\n!", "(and 2 more like it)"),
    ],
)
def test_a_file_that_cannot_be_drawn(run: Path, tmp_path: Path, content: bytes, line: str) -> None:
    file = tmp_path / "captions.txt"
    file.write_bytes(content)
    found = refused(run, file=str(file))
    assert found.startswith(f"sample.file={file}: ") and line in found


def test_a_file_that_is_none(run: Path, tmp_path: Path) -> None:
    for place, reason in ((tmp_path / "no.txt", "No such file"), (tmp_path, "not a file")):
        found = refused(run, file=str(place))
        assert found.startswith(f"sample.file={place}: cannot be read ({reason}")
        assert found.endswith("name a text file, one caption a line")


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        (None, {}, "text: task=sample needs a caption: 'text=a small red bird', or a file"),
        ("", {}, "text: task=sample needs a caption"),
        ([], {}, "text: task=sample needs a caption"),
        ("plugh", {}, "caption 'plugh': no word is known to the text encoder (plugh)"),
        ("a bird", {"between": "sentence"}, "sample.between=sentence: draws on the way from"),
        ("a bird", {"between": "noise", "count": 1}, "needs num_samples=2 or more"),
        ("a bird", {"between": "noise", "stages": True}, "sample.stages=true: with sample.betw"),
    ],
)
def test_what_cannot_be_drawn(run: Path, text: Any, options: dict[str, Any], line: str) -> None:
    assert line in refused(run, text, **options)


@pytest.mark.parametrize("encoder", [None, "experiments.encoder.given_sentences.GivenSentences"])
def test_a_run_that_reads_no_text(tmp_path: Path, encoder: str | None) -> None:
    run = make_run(tmp_path / "run", encoder)
    line = refused(run, "a red bird")
    assert line.startswith(f"run={run}: has no text encoder") and "draw(sentences, seeds)" in line
