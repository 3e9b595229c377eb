"""Exports that somebody made to do harm, signed as a whole one is: one line each, soon."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file, save_file

from experiments.export.hub import upload
from experiments.export.request import export_of
from experiments.sample.model import load
from experiments.terminal.error import UserError
from tests.fuzz.targets.runs import make_export, sign

CONFIG = "config.yaml"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return make_export(tmp_path / "0123456789")


def refused(place: Path) -> str:
    """The line with which an export is refused, which must come soon."""
    began = time.monotonic()
    with pytest.raises(UserError) as caught:
        load(place).sample(["a red bird"])
    assert time.monotonic() - began < 8
    line = str(caught.value)
    assert "\n" not in line and line.isprintable() and str(place) in line
    return line


def header(content: Any, size: int | None = None, data: bytes = b"") -> bytes:
    """A safetensors file with any header, which may claim another length than it has."""
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def entry(first: int, last: int, shape: list[int], dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [first, last]}


FILES = {
    "empty": b"",
    "shorter than its length": b"\x08\0\0",
    "a header of 2^60 bytes": header({}, 2**60),
    "a header of 2^64 bytes": header({}, 2**64 - 1),
    "a header of 110 MB": header(b'{"a":"' + b" " * 110_000_000 + b'"}'),
    "no JSON": header(b"{" * 100),
    "levels": header(b"[" * 100_000),
    "a list": header([]),
    "an element of 2^40 numbers": header({"a": entry(0, 2**42, [2**40])}),
    "sizes whose product wraps": header({"a": entry(0, 0, [2**32, 2**32])}),
    "overlapping": header({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}, data=b"\0" * 12),
    "a hole": header({"a": entry(0, 8, [2]), "b": entry(12, 20, [2])}, data=b"\0" * 20),
    "before the start": header({"a": entry(-4, 4, [2])}, data=b"\0" * 4),
    "no type": header({"a": entry(0, 8, [2], "F99")}, data=b"\0" * 8),
    "another shape": header({"a": entry(0, 8, [3])}, data=b"\0" * 8),
    "bytes behind": header({"a": entry(0, 8, [2])}, data=b"\0" * 80),
    "metadata of numbers": header({"__metadata__": {"a": 1}}),
    "other tensors": header({"a": entry(0, 8, [2])}, data=b"\0" * 8),
    "no tensor": header({}),
}


@pytest.mark.parametrize("name", FILES)
def test_weights_that_lie(export: Path, name: str) -> None:
    (export / "model.safetensors").write_bytes(FILES[name])
    sign(export)
    refused(export)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda tensor: tensor[:1], "in its weights, and its config.yaml asks for"),
        (lambda tensor: tensor.long(), "is of torch.int64 in its weights, expected torch.float32"),
        (lambda tensor: tensor * float("nan"), "holds values that are not finite"),
    ],
)
def test_tensors_of_another_kind(
    export: Path, change: Callable[[torch.Tensor], torch.Tensor], why: str
) -> None:
    tensors = load_file(export / "model.safetensors")
    name = next(key for key in tensors if key.startswith("generator.") and tensors[key].ndim == 4)
    save_file(tensors | {name: change(tensors[name])}, export / "model.safetensors")
    sign(export)
    assert why in refused(export)


LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 30)
)
TEXTS = {
    "code": "system: !!python/object/apply:os.mkdir [{sentinel}]\n",
    "a class": "system: !!python/name:os.mkdir\n",
    "a billion laughs": LAUGHS + "system: {}\n",
    "an endless list": "system: &a [*a]\n",
    "merged keys": "a: &a {x: 1}\nsystem: {<<: [*a, *a]}\n",
    "levels": "system: " + "[" * 3000 + "]" * 3000,
    "levels of lists": "system:\n" + "- " * 5000 + "x\n",
    "a date": "system: {a: 2020-01-01}\n",
    "a set": "system: !!set {a, b}\n",
    "two documents": "system: {}\n---\nsystem: {}\n",
    "a number of a thousand digits": "seed: " + "9" * 1000 + "\nsystem: {}\n",
    "keys of a list": "? [a]\n: b\nsystem: {}\n",
    "not UTF-8": "system: {a: \udcff}\n",
    "a megabyte": "system: {}\n#" + "x" * 1_000_000,
    "a list": "- system\n",
    "nothing": "",
}


@pytest.mark.parametrize("name", TEXTS)
def test_configurations_that_are_none(export: Path, tmp_path: Path, name: str) -> None:
    text = TEXTS[name].replace("{sentinel}", str(tmp_path / "sentinel"))
    (export / CONFIG).write_bytes(text.encode("utf-8", "surrogateescape"))
    sign(export)
    assert refused(export).startswith(f"{export / CONFIG}: is damaged (")
    assert not (tmp_path / "sentinel").exists()


VALUES = [
    ("system._target_", "experiments.file.whole.write_text", "which no model has; refused"),
    ("system._target_", "os.system", "which no model has; refused"),
    (
        "system.generator._target_",
        "experiments.trainer.perform.perform",
        "which no model has; refused",
    ),
    ("system.generator._target_", "experiments.generator.reed.torch.load", "which no model has"),
    ("system.generator._target_", 7, "_target_ is not what belongs there"),
    ("system.generator.width", 10_000_000, "refused"),
    ("system.generator.width", 10**12, ""),
    ("system.generator.width", -1, ""),
    ("system.generator.width", "wide", ""),
    ("system.generator.width", None, ""),
    ("system.generator.resolutions", [2**40], "resolutions=1099511627776, and at most 4,096 is"),
    ("system.generator.resolutions", [8, 8192], "resolutions=8192, and at most 4,096 is read"),
    ("system.generator.noise_dim", 2**24, "noise_dim=16777216, and at most 10,000,000 is read"),
    ("data.margin", 1e9, "data.margin=1000000000.0, and at most 16 is read"),
    ("system.generator.resolutions", [], "system is not what belongs there"),
    ("system.encoder.image.widths", [4] * 60_000, ""),
    ("system.encoder.text.embedding_dim", 2**31, ""),
    ("system.encoder", None, ""),
    ("system.captions", "many", ""),
    ("system.resolutions", [8], ""),
    ("data.max_words", 10**9, "data is not what belongs there"),
    ("data", None, ""),
]


@pytest.mark.parametrize(("key", "value", "why"), VALUES)
def test_configurations_that_ask_for_more(export: Path, key: str, value: Any, why: str) -> None:
    config = yaml.safe_load((export / CONFIG).read_text())
    *path, last = key.split(".")
    node = config
    for part in path:
        node = node[part]
    node[last] = value
    (export / CONFIG).write_text(yaml.safe_dump(config))
    sign(export)
    assert why in refused(export)


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("facts.json", {"words": "abc"}, "words is not what belongs there"),
        ("facts.json", {"words": ["a", "a"]}, ""),
        ("facts.json", {"words": ["a"] * 3}, ""),
        ("facts.json", {"vocabulary_size": 10**9, "words": []}, ""),
        ("facts.json", {"reads": "minds"}, "reads is not what belongs there"),
        ("export.json", {"images": -1}, "images is not what belongs there"),
        ("export.json", {"images": True}, "images is not what belongs there"),
        ("export.json", {"images": 10**30}, "cannot be read"),
        ("export.json", {"sha256": []}, "sha256 is not what belongs there"),
        ("export.json", {"format": 4}, "this version reads 3"),
    ],
)
def test_words_and_numbers(export: Path, name: str, change: dict[str, Any], why: str) -> None:
    content = json.loads((export / name).read_text()) | change
    (export / name).write_text(json.dumps(content))
    if name != "export.json":
        sign(export)
    assert why in refused(export)


def test_a_run_folder_of_somebody_asks_for_no_more(export: Path, tmp_path: Path) -> None:
    (export / "export.json").unlink()
    config = yaml.safe_load((export / CONFIG).read_text())
    config["system"]["encoder"] = {
        "_target_": "experiments.file.whole.write_text",
        "path": str(tmp_path / "sentinel"),
        "text": "x",
    }
    (export / CONFIG).write_text(yaml.safe_dump(config))
    assert "which no model has; refused" in refused(export)
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "x\n"])
def test_no_file_from_elsewhere_is_pushed(export: Path, name: str) -> None:
    about = json.loads((export / "export.json").read_text())
    about["sha256"][name] = "0" * 64
    (export / "export.json").write_text(json.dumps(about))
    with pytest.raises(UserError, match="sha256 is not what belongs there"):
        upload("owner/name", export)
    command = {"folder": str(export), "hub": None, "licence": "mit", "private": True}
    command |= {"people": None}
    with pytest.raises(UserError):
        export_of({"task": "export", "run": str(export), "export": command})
