"""What people save, type and write: answers, keys, captions, studies, command lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from experiments.command import read
from experiments.config.override import checked_compose, is_override, parse_sweep
from experiments.data.text.vocabulary import Vocabulary
from experiments.human.answers import FORMAT, collect
from experiments.human.key import Key, Run, arranged, coded, read_key, write_key
from experiments.human.rank import result_of
from experiments.human.table import as_markdown, as_text
from experiments.sample.told import _known, _lines
from experiments.search.request import search_of
from experiments.study import command as study
from experiments.study import sweep
from experiments.tracker.memory import Memory
from tests.fuzz.mutate import SCRIPT
from tests.fuzz.target import Target, put, scratch, told

PAGE = "00aa11bb22"


def _page() -> Key:
    runs = [Run(f"gan-plumage/{name}", Path("/outputs") / name, 8) for name in ("a", "b", "c")]
    codes = coded(PAGE, runs, arranged(2, 3, 0))
    return Key(PAGE, runs, ["a <b>bird</b>", "an owl"], [5], ["Which?"], codes)


def _show(key: Key, answers: Path, pages: Path) -> None:
    result = result_of(collect([answers], pages), 0.95)
    assert json.dumps(result).encode() and as_text(result).encode()
    assert SCRIPT not in as_markdown(result), "a script in Markdown"


def _answers(content: bytes) -> None:
    key = _page()
    (scratch() / "page").mkdir(exist_ok=True)
    write_key(key, scratch() / "page")
    with told():
        _show(key, put("page/ada.json", content), scratch() / "none")


def _answer_files() -> list[bytes]:
    rows = [
        {
            "caption": n,
            "given": [{code: rank for rank, code in enumerate(codes, 1)}],
            "seconds": 2.5,
        }
        for n, codes in enumerate(_page().codes, 1)
    ]
    content: dict[str, Any] = {"format": FORMAT, "page": PAGE, "participant": "ada"}
    content |= {"saved": "2026-01-02T03:04:05.678Z", "answers": rows}
    return [json.dumps(content).encode(), json.dumps(content | {"participant": "bé"}).encode()]


def _key(content: bytes) -> None:
    path = put("keyed/key.json", content)
    with told():
        _show(read_key(path), put("keyed/ada.json", _answer_files()[0]), scratch() / "none")


def _key_files() -> list[bytes]:
    (scratch() / "written").mkdir(exist_ok=True)
    return [write_key(_page(), scratch() / "written").read_bytes()]


def _sample_file(content: bytes) -> None:
    with told():
        found, blank = _lines(put("captions.txt", content))
        assert found and blank >= 0
        _known(found, Vocabulary(["a", "bird", "red"]))


def _sweep(content: bytes) -> None:
    folder, sweep.SWEEPS = sweep.SWEEPS, put("sweeps/which.yaml", content).parent
    try:
        for words in (["study=which"], ["study=which", "budget=small", "loss.weight=1,2"]):
            with told():
                found = study.study_of(words)
                for job in found.jobs:
                    assert job.name.encode() and parse_sweep(job.overrides) is not None
                if found.search:
                    search_of(found, words)
    finally:
        sweep.SWEEPS = folder


SWEEPS = (
    b"# Which?\nfixed: {model: gan}\nproduct: {optim.lr: [1e-3, 5e-4]}\nseeds: [0, 1]\n"
    b"budgets:\n  small: {trainer.images: 64}\n  long: {trainer.images: 640}\n",
    b"# How?\npaired:\n- {a.b: [1, 2], c.d: [x, y]}\n- {e.f: [true, null]}\n",
    b"# What?\nfixed: {model: gan}\nsearch:\n  score: attribute_accuracy/colour\n  trials: 6\n"
    b"  space:\n    a.lr: {low: 2e-4, high: 4.0e-3, log: true}\n    b.n: [1, 2]\n"
    b"  sampler: {startup: 3}\n  pruner: {warmup: 1}\nbudgets: {small: {search.trials: 2}}\n",
)
BASE = ["model=gan_cls", "data=plumage", "tracker=none"]


def _overrides(content: bytes) -> None:
    words = [part.decode("utf-8", "surrogateescape") for part in content.split(b"\n") if part]
    words = [word for word in words if not word.startswith("-")][:4]
    with told():
        overrides = read(words).overrides
        assert all(isinstance(item, str) for item in overrides)
        if all(map(is_override, overrides)):
            parse_sweep(overrides)
            checked_compose([*BASE, *overrides])


OVERRIDES = (
    b"trainer.images=64\ntext=a red bird, with a crest",
    b"optim.generator.lr=1e-3\n+loss.x=[1,{a:b}]\n~metric",
    b"data.root=~/birds\nseed='7'\nmodel=",
    b"run=a,b\ntask=report\nloss.adversarial.weight=${seed}",
    b"generator.resolutions=[8,16]\n++trainer.keep=null",
)


def _memory(content: bytes) -> None:
    put("tracked/tracked.json", content)
    with told():
        memory = Memory(scratch() / "tracked", "wandb", "abc")
        memory.add(memory.new(["loss", "score"], 16), 16)
        memory.close()


TARGETS = [
    Target("answers", "`task=human_rank`: what people saved", _answers, _answer_files),
    Target("key", "`task=human_rank`: `key.json`", _key, _key_files),
    Target(
        "sample_file",
        "`sample.file`",
        _sample_file,
        lambda: [b"a red bird\n\nplugh\n", b"\xef\xbb\xbfa bird\r\nred\r\n"],
    ),
    Target("sweep", "studies and searches: `sweeps/*.yaml`", _sweep, lambda: list(SWEEPS)),
    Target("overrides", "command lines", _overrides, lambda: list(OVERRIDES), 256),
    Target(
        "memory",
        "`tracked.json`",
        _memory,
        lambda: [b'{"wandb": {"id": "abc", "images": {"loss": 8}}, "trackio": {"id": "x"}}'],
    ),
]
