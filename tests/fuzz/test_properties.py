"""Properties that hold for all values: ids, states, statistics, quoting."""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor

from experiments.command import listed
from experiments.config.spelling import spelt
from experiments.file import tensor as tensor_file
from experiments.file.tensor import Damaged, OtherFormat
from experiments.run import checkpoint
from experiments.run.identity import run_id
from experiments.run.stats import StatsFile
from experiments.terminal.error import UserError

EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "30"))
few = settings(max_examples=EXAMPLES, deadline=None, derandomize=True, database=None)

NAMES = st.text("abcdefgh_", min_size=1, max_size=6)
NUMBERS = st.one_of(
    st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False, allow_infinity=False)
)
SCALARS = st.one_of(st.none(), NUMBERS, st.text(max_size=8))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)
CONFIGS = st.dictionaries(NAMES, VALUES, max_size=5)


@contextmanager
def folder() -> Iterator[Path]:
    with TemporaryDirectory() as name:
        yield Path(name)


# Ids


def shuffled(value: Any, draw: random.Random) -> Any:
    """The same value with the keys of every dictionary in another order."""
    if isinstance(value, dict):
        keys = list(value)
        draw.shuffle(keys)
        return {key: shuffled(value[key], draw) for key in keys}
    return [shuffled(item, draw) for item in value] if isinstance(value, list) else value


@few
@given(CONFIGS, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_matter(config: dict[str, Any], draw: random.Random) -> None:
    before = copy.deepcopy(config)
    assert run_id(config, {}) == run_id(shuffled(config, draw), {})
    assert config == before, "it is not changed"


@few
@given(CONFIGS, CONFIGS)
def test_another_configuration_has_another_id(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assume(same or one != other)  # 1 and 1.0, 0.0 and -0.0 may be one number
    assert (run_id(one, {}) == run_id(other, {})) == same


@few
@given(CONFIGS)
def test_what_a_run_builds_on_is_part_of_its_id(config: dict[str, Any]) -> None:
    ids = {run_id(config, needs) for needs in ({}, {"encoder": "a@8"}, {"encoder": "a@16"})}
    assert len(ids) == 3


def test_the_id_of_other_processes_is_the_same() -> None:
    config = {"model": {"widths": [4, 8], "lr": 5e-4, "name": "é"}, "seed": 3, "none": None}
    code = f"from experiments.run.identity import run_id; print(run_id({config!r}, {{'a': 'b'}}))"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "12345")
    }
    assert found == {run_id(config, {"a": "b"})}


# States of checkpoints

TYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.bool)


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    shape = draw(st.lists(st.integers(0, 4), max_size=3))
    kind = draw(st.sampled_from(TYPES))
    made = torch.arange(math.prod(shape)).reshape(shape).to(kind)
    return made.transpose(0, -1) if made.ndim > 1 and draw(st.booleans()) else made


KEYS = st.one_of(NAMES, st.integers(-5, 1000))
STATES = st.dictionaries(
    NAMES,
    st.recursive(
        st.one_of(SCALARS, tensors()),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.lists(inner, max_size=3).map(tuple),
            st.dictionaries(KEYS, inner, max_size=3),
        ),
        max_leaves=8,
    ),
    max_size=4,
)


def alike(one: Any, other: Any) -> bool:
    """Equal in value, type, shape and order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Tensor):
        same = one.dtype == other.dtype and one.shape == other.shape
        return same and torch.equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return bool(one == other)


@few
@given(STATES)
def test_a_state_is_read_as_it_was_written(state: dict[str, Any]) -> None:
    with folder() as place:
        tensor_file.write(place / "x.safetensors", state)
        assert alike(tensor_file.read(place / "x.safetensors"), state)


@few
@given(st.data())
def test_every_bit_counts(data: st.DataObject) -> None:
    state = {"images": 8, "a": {"b": torch.arange(5), 3: [torch.zeros(2, 2), 0.5, None]}}
    with folder() as place:
        path = place / "images-0000000008.safetensors"
        tensor_file.write(path, state)
        content = bytearray(path.read_bytes())
        if data.draw(st.booleans()):
            content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(
                st.integers(0, 7)
            )
        else:
            del content[data.draw(st.integers(0, len(content) - 1)) :]
        path.write_bytes(content)
        try:
            found = checkpoint.read(path)
        except (Damaged, UserError) as error:
            assert "\n" not in str(error)
        else:
            # Only what no reader looks at may differ: blanks behind the header.
            assert alike(found, state)


def signed(path: Path, manifest: str) -> None:
    """A file whose manifest has its checksum, as anybody can make one."""
    digest = hashlib.sha256(manifest.encode()).hexdigest()
    save_file({"a": torch.zeros(2)}, path, {"manifest": manifest, "sha256": digest})


def test_a_signed_manifest_of_anything_is_refused(tmp_path: Path) -> None:
    path, whole = tmp_path / "x.safetensors", tmp_path / "whole.safetensors"
    tensor_file.write(whole, {"a": torch.zeros(2)})
    with tensor_file.safe_open(whole, "pt") as file:
        good = json.loads(file.metadata()["manifest"])
    assert good["tensors"].keys() == {"a"}
    states: list[Any] = [7, None, [], {}, {"dict": 7}, {"dict": [[[], 1]]}, {"dict": [1]}]
    states += [{"tensor": "b"}, {"tensor": []}, {"tuple": 7}, {"code": "x"}, {"tuple": []}]
    texts = ["", "7", "[]", "{}", "null", "[" * 100_000, "{" * 10, '{"format": 2}']
    texts += [json.dumps(good | {"state": state}) for state in states]
    texts += [json.dumps(good | {"tensors": value}) for value in (7, [], {}, {"a": 1}, {"b": "c"})]
    for text in texts:
        signed(path, text)
        with pytest.raises(Damaged):
            tensor_file.read(path)
    signed(path, json.dumps(good | {"format": 99}))
    with pytest.raises(OtherFormat):
        tensor_file.read(path)


# Statistics

LINES = st.lists(
    st.dictionaries(NAMES, st.one_of(st.none(), NUMBERS, st.text(max_size=5)), max_size=4),
    max_size=8,
)


@few
@given(LINES, st.data())
def test_statistics_resume_without_gap_or_duplicate(
    lines: list[dict[str, Any]], data: st.DataObject
) -> None:
    with folder() as place:
        path, whole = place / "stats.jsonl", place / "whole.jsonl"
        for number, values in enumerate(lines):
            StatsFile(whole).append(8 * number, values)
        content = whole.read_bytes() if lines else b""
        cut = data.draw(st.integers(0, len(content)))
        path.write_bytes(content[:cut])  # a kill at any byte
        kept = content[:cut].count(b"\n")
        assert len(StatsFile.read(path)) == kept
        back = data.draw(st.integers(0, kept))
        file = StatsFile(path)
        file.truncate_after(8 * back - 1)
        for number in range(back, len(lines)):
            file.append(8 * number, lines[number])
        assert path.read_bytes() == content
        found = StatsFile.read(path)
        assert [record["images"] for record in found] == [8 * k for k in range(len(lines))]


# Quoting

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30).filter(
    lambda text: text == text.strip() and text[0] not in "'\"["
)
SIGNS = st.text("ab ,:{}[]()=+~@'\"\\$#&*!%^<>/|?;", min_size=1, max_size=12).filter(
    lambda text: text == text.strip() and text[0] not in "'\"["
)


@few
@given(st.one_of(TEXTS, SIGNS))
def test_a_caption_reaches_hydra_as_it_was_typed(text: str) -> None:
    (override,) = listed([spelt([f"text={text}"])[0]])
    read = OverridesParser.create().parse_override(override)
    assert read.key_or_group == "text" and not read.is_sweep_override()
    assert str(read.value()) == text


@few
@given(st.one_of(TEXTS, SIGNS))
def test_a_path_reaches_hydra_as_it_was_typed(text: str) -> None:
    path = f"/{text}"
    read = OverridesParser.create().parse_override(spelt([f"data.root={path}"])[0])
    assume(not read.is_sweep_override())  # two paths with a comma between them are two values
    assert str(read.value()) == path
