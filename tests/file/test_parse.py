from __future__ import annotations

import json
import time

import pytest

from experiments.file.parse import DEPTH, WHOLE, YAML_BYTES, parse_json, parse_yaml
from experiments.run.schema import SHAPES, fault_of
from experiments.terminal.error import BadInput, UserError, printable


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (b'{"a": [1, 2.5, null, true, "x"]}', {"a": [1, 2.5, None, True, "x"]}),
        ('"\\u00e9"', "é"),
        ('"\\ud83d\\ude00"', "😀"),
        (str(WHOLE - 1), WHOLE - 1),
        (str(1 - WHOLE), 1 - WHOLE),
        ("[" * DEPTH + "]" * DEPTH, None),
    ],
)
def test_json_that_is_read(text: str | bytes, value: object) -> None:
    found = parse_json(text)
    assert value is None or found == value


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Expecting value"),
        (b"\xff\xfe\xff", "codec"),
        ("[" * 100_000, "too many levels"),
        ("[" * (DEPTH + 2) + "]" * (DEPTH + 2), "too many levels"),
        ('{"a": "\\ud800"}', "surrogates not allowed"),
        ('{"\\udfff": 1}', "surrogates not allowed"),
        (str(WHOLE), "is no number of anything"),
        ("9" * 100_000, "is no number of anything"),
        ('{"a": 1}}', "Extra data"),
    ],
)
def test_json_that_is_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_json(text)


def test_yaml_that_is_read() -> None:
    assert parse_yaml("a: {b: [1, 2.5, null, true, x]}") == {"a": {"b": [1, 2.5, None, True, "x"]}}
    assert parse_yaml("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}
    assert parse_yaml("") is None
    assert parse_yaml("# nothing\n") is None


LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("!!python/object/apply:os.getcwd []", "could not determine a constructor"),
        (LAUGHS, "its aliases stand for too much"),
        ("a: &a [1, *a]", "an alias stands for what it is in"),
        ("a: &a {x: 1}\nb: {<<: *a}", "merges keys"),
        ("[" * 100_000, "too many levels"),
        ("- " * 50_000 + "x", "too many levels"),
        ("a: 2020-01-01", "holds a date"),
        ("!!int ''", "Error"),
        ("!!timestamp x", "Error"),
        ("!!set {a}", "holds a set"),
        ("? [a]\n: b", "unhashable"),
        ("a: 1\n---\nb: 2", "single document"),
        ("a: \0", "special characters"),
        (b"a: \xff", "unacceptable character"),
        ('"\\ud800"', "surrogates not allowed"),
        ("x" * (YAML_BYTES + 1), "larger than"),
        ("a: " + "9" * 30, "no number of anything"),
    ],
)
def test_yaml_that_is_refused(text: str | bytes, why: str) -> None:
    began = time.monotonic()
    with pytest.raises(ValueError, match=why):
        parse_yaml(text)
    assert time.monotonic() - began < 5


def test_what_a_terminal_would_obey_is_spelt_out() -> None:
    assert printable("é 😀\n\ta") == "é 😀\n\ta"
    assert printable("\x1b[2J\r\0\udcff\u202e\x85") == "\\x1b[2J\\r\\x00\\udcff\\u202e\\x85"
    assert str(UserError("a\x1b\nb")) == "a\\x1b\nb"
    assert str(BadInput("a\x1b")) == "a\\x1b"
    short = str(UserError("start" + "a" * 10**6 + "end\nsecond"))
    assert len(short) < 2000 and short.startswith("start") and short.endswith("end\nsecond")


WHOLE_FILES = {
    "run.json": {"id": "0", "choices": {"model": "gan"}, "overrides": ["a=1"]},
    "config.yaml": {"system": {"_target_": "a.B"}, "trainer": {"images": 8, "batch": 2}},
    "facts.json": {"words": ["a"], "vocabulary_hash": None},
    "scores.json": {"images": 8, "scores": {"a": 1.5, "b": None}, "protocol": {}, "skipped": {}},
    "failure.json": {"reason": "x"},
    "captions.json": {"captions": ["x"]},
    "export.json": {"images": 8, "sha256": {"samples/a.png": "0"}},
    "environment.json": {"python": "3.11", "packages": {"torch": None}, "gpus": []},
    "git.json": {"commit": None, "dirty": False},
    "code.json": {"versions": [{"images": 0, "files": {"a/b.py": {"bytes": "0", "tree": "1"}}}]},
    "minima.json": {"phase": "generator", "minima": [8], "looked": [8, 16]},
    "fresh.json": {"of": "0123456789abcdef"},
    "best.json": {"score": "a", "images": None, "value": None, "history": [[0, None], [8, 0.5]]},
}
WRONG: tuple[object, ...] = (7, "x", [7], {"x": 7}, {1: 2}, None, [None], True, [[]], -1)


@pytest.mark.parametrize("name", SHAPES)
def test_every_key_of_a_wrong_kind_is_named(name: str) -> None:
    whole = WHOLE_FILES[name]
    assert fault_of(name, whole) is None
    assert fault_of(name, whole | {"a later version": [1]}) is None
    assert fault_of(name, []) == fault_of(name, None) == "holds no names with values"
    for key in SHAPES[name][1]:
        assert fault_of(name, {k: v for k, v in whole.items() if k != key}) == f"{key} is missing"
    for key in SHAPES[name][0]:
        faults = [fault_of(name, whole | {key: value}) for value in WRONG]
        assert f"{key} is not what belongs there" in faults, key


def test_a_run_of_any_json_is_read_or_named() -> None:
    about = WHOLE_FILES["run.json"]
    for wrong in ({"machine": {"threads": count}} for count in (0, 10**9, "2", 1.5)):
        assert fault_of("run.json", about | wrong) is not None
    code = WHOLE_FILES["code.json"]
    for files in ({"/a": {}}, {"a/../../b": {}}, {"a.py": "0"}, {"a.py": {"bytes": 0}}, []):
        wrong = {"versions": [{"images": 0, "files": files}]}
        assert fault_of("code.json", code | wrong) is not None
    for history in ([[0]], [[-1, 0.5]], [[0, "x"]], [{}], [0]):
        assert fault_of("best.json", WHOLE_FILES["best.json"] | {"history": history}) is not None
    for wrong in ({"choices": {"model": "<b>"}}, {"id": "a\nb"}, {"overrides": [1]}, {"id": None}):
        assert fault_of("run.json", about | wrong) is not None
    assert json.dumps(about)
