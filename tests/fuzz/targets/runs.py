"""Run folders and exports: every file of theirs, read as reports, cards and drawings read them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save_file

from experiments.data.text.vocabulary import Vocabulary
from experiments.encoder.bilstm import BiLSTM
from experiments.encoder.cnn import CNN
from experiments.encoder.damsm import DAMSM
from experiments.export.card import card_of
from experiments.file.digest import sha256
from experiments.generator.reed import ReedGenerator
from experiments.human.captions import captions_of_runs
from experiments.report.answers import answers_of
from experiments.report.member import members_of, readable
from experiments.report.plain import csv_text, markdown_text
from experiments.report.record import arms_of, read
from experiments.report.write import OPTIONS, state_of
from experiments.run import folder as files
from experiments.run.stats import StatsFile
from experiments.sample.model import load
from experiments.sample.request import drawing_of
from experiments.search.evaluations import Evaluations
from tests.fuzz.target import Target, scratch, told

WORDS = Vocabulary(["a", "bird", "red"])
TEXT: dict[str, Any] = {"dim": 8, "embedding_dim": 6}
IMAGE: dict[str, Any] = {"widths": [4, 8], "strides": [2, 2], "global_width": 6}
ENCODER = {
    "_target_": "experiments.encoder.damsm.DAMSM",
    "dim": 8,
    "text": {"_target_": "experiments.encoder.bilstm.BiLSTM"} | TEXT,
    "image": {"_target_": "experiments.encoder.cnn.CNN"} | IMAGE,
}
DRAWER: dict[str, Any] = {"resolutions": [16], "width": 2, "noise_dim": 3, "text_dim": 8}
SYSTEM = {
    "_target_": "experiments.system.gan_cls.GANCLS",
    "encoder": ENCODER,
    "generator": {"_target_": "experiments.generator.reed.ReedGenerator", "projected_dim": 2}
    | DRAWER,
    "discriminator": None,
    "adversarial": {"_target_": "experiments.loss.matching_aware.MatchingAwareLoss"},
}
CONFIG = {
    "seed": 0,
    "trainer": {"images": 8, "batch": 8, "precision": "auto", "ema_halflife": None},
    "data": {"name": "cub", "max_words": 8, "root": None, "reader": {"root": None}},
    "paths": {"outputs": "outputs", "cache": "cache"},
    "system": SYSTEM,
    "metric": {"samples": 8},
    "generator": SYSTEM["generator"],
}
ABOUT = {
    "id": "0123456789",
    "choices": {"model": "gan_cls", "data": "cub"},
    "overrides": ["model=gan_cls", "data"],  # cannot be composed, which would take a second
    "built_on": {"encoder": "outputs/damsm-cub/abcdef0123"},
    "machine": {"precision": "fp32", "processes": 1, "device": "cpu"},
}
FACTS = {
    "vocabulary_size": len(WORDS),
    "vocabulary_hash": WORDS.hash,
    "words": list(WORDS.words),
    "reads": "words",
    "data": "abc",
    "data_counts": {
        "kept": {"train": 8, "test": 4},
        "classes": {"train": 2, "test": 1},
        "captions": 20,
        "dropped": 1,
    },
}
SCORES = {
    "images": 8,
    "scores": {"frechet/classifier": 3.5, "frechet/classifier/real": 1.0, "diversity/x": None},
    "protocol": {
        "n_real": 4,
        "n_fake": 8,
        "split": "test",
        "crop": "box",
        "resize": {"classifier": "32 bilinear"},
        "weights": {"classifier": "abcdef"},
        "seed": 0,
        "captions_per_image": 1,
    },
    "skipped": {"inception_score/inception": "no weights"},
}
STATS = [
    {"images": 4, "generator/adversarial": 0.5, "images_per_second": 10.0, "peak_memory": 9},
    {"images": 8, "frechet/classifier": 3.5},
    {"images": 8, "generator/adversarial": 0.4, "images_per_second": 11.0, "energy": 2.5},
]
WHOLE: dict[str, bytes] = {
    files.CONFIG: yaml.safe_dump(CONFIG).encode(),
    files.RUN: json.dumps(ABOUT).encode(),
    files.FACTS: json.dumps(FACTS).encode(),
    files.SCORES: json.dumps(SCORES).encode(),
    files.STATS: "".join(json.dumps(line) + "\n" for line in STATS).encode(),
    files.CAPTIONS: json.dumps({"captions": ["a red bird", "a bird"]}).encode(),
    files.FAILURE: json.dumps({"reason": "out of memory", "time": 5}).encode(),
    "environment.json": json.dumps(
        {"python": "3.11", "packages": {"torch": "2.6"}, "cpu": {"model": "x", "count": 2}}
    ).encode(),
    "git.json": json.dumps({"commit": "abc", "dirty": True, "diff_stat": ["1 file"]}).encode(),
    files.CODE: json.dumps(
        {"versions": [{"images": 0, "files": {"experiments/x.py": {"bytes": "0", "tree": "1"}}}]}
    ).encode(),
}


@cache
def weights() -> dict[str, torch.Tensor]:
    encoder = DAMSM(BiLSTM(len(WORDS), **TEXT), CNN(**IMAGE), dim=8)
    generator = ReedGenerator(**DRAWER, projected_dim=2)
    parts = {"encoder": encoder, "generator": generator}
    return {
        f"{name}.{key}": value
        for name, of in parts.items()
        for key, value in of.state_dict().items()
    }


def make_run(place: Path) -> Path:
    """A whole run folder; its weights are those of an export, which are the quickest to read."""
    for name, content in WHOLE.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def make_export(place: Path) -> Path:
    """A whole export."""
    make_run(place)
    save_file(weights(), place / files.MODEL)
    sign(place)
    return place


def sign(place: Path, **changes: Any) -> None:
    """Checksums of what lies there now: an export may come from anybody."""
    names = (files.MODEL, files.CONFIG, files.FACTS)
    content = {
        "format": 1,
        "model": "gan_cls",
        "data": "cub",
        "id": "0123456789",
        "images": 8,
        "finished": True,
        "birdsong": "0.1.0",
        "sha256": {name: sha256(place / name) for name in names},
    }
    (place / files.EXPORT).write_text(json.dumps(content | changes))


@cache
def _place(kind: str, name: str) -> Path:
    place = scratch() / f"{kind}-{name.replace('/', '-')}" / "gan_cls-cub" / "0123456789"
    shutil.rmtree(place, ignore_errors=True)
    make = make_export if kind == "export" else make_run
    make(place.parent / "1111111111")
    return make(place)


def read_everything(place: Path) -> None:
    """What reports, searches, cards and drawings read of a run."""
    other = place.parent / "1111111111"
    folders, lines = readable([place, other])
    assert all("\n" not in line for line in lines), lines
    members = members_of(folders)
    records = [read(member) for member in members]
    arms = arms_of(records)
    answers = answers_of(arms, {**OPTIONS, "resamples": 20})
    state = state_of(records)
    csv_text(records).encode()
    told_of = markdown_text("all", None, state, arms, answers, 0.95)
    told_of.encode()
    assert "<script>" not in re.sub(r"\\<", "", told_of), "a script in the report"
    with told():
        StatsFile.read(place / files.STATS)
    with told():
        Evaluations(place, "frechet/classifier").at(8)
    with told():
        captions_of_runs([place, other], scratch() / "nothing")
    with told():
        card_of(place).encode()
    command = {
        "task": "sample",
        "run": str(place),
        "text": "a red bird",
        "seed": 0,
        "num_samples": 1,
    }
    options = {"between": None, "picture": None, "stages": False, "file": None}
    with told():
        drawing_of(command | {"sample": options})


def draw_with(place: Path) -> None:
    """A picture of an export, as Python and task=sample draw it."""
    with told():
        model = load(place)
        model.sample(["a red bird"])


def _run_file(name: str) -> Callable[[bytes], None]:
    def run(content: bytes) -> None:
        place = _place("run", name)
        (place / name).write_bytes(content)
        read_everything(place)

    return run


def _export_file(name: str) -> Callable[[bytes], None]:
    """A file of an export that its sender has signed anew."""

    def run(content: bytes) -> None:
        place = _place("export", name)
        (place / name).write_bytes(content)
        if name != files.EXPORT:
            sign(place)
        draw_with(place)

    return run


@cache
def _exported() -> Path:
    return make_export(scratch() / "whole-export" / "0123456789")


def _of_run(name: str) -> Target:
    kind = name.rpartition("/")[2].partition(".")[0]
    return Target(f"run_{kind}", f"run folders: `{name}`", _run_file(name), lambda: [WHOLE[name]])


def _of_export(name: str) -> Target:
    kind = name.partition(".")[0]
    seeds = lambda: [(_exported() / name).read_bytes()]  # noqa: E731
    about = f"exports: `{name}`, signed anew" if name != files.EXPORT else f"exports: `{name}`"
    return Target(f"export_{kind}", about, _export_file(name), seeds, 16384)


TARGETS = [
    *map(_of_run, WHOLE),
    *map(_of_export, (files.CONFIG, files.FACTS, files.MODEL, files.EXPORT)),
]
