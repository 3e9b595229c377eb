"""What others read of a run: no path of its machine, no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.run.portable import portable, portable_config, portable_overrides

KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", "/home/marianne")
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "marianne")
    monkeypatch.setenv("WANDB_API_KEY", KEY)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data/cub", "cub"),
        ("/data/my birds/cub 2011", "cub 2011"),
        ("~/birds", "birds"),
        ("/home/marianne/birds/", "birds"),
        ("/home/marianne", "DIR"),
        ("/scratch/marianne", "<removed>"),
        ("/o/damsm-cub/0123456789", "damsm-cub/0123456789"),
        ("outputs/damsm-cub/0123456789", "outputs/damsm-cub/0123456789"),
        ("read /a/b.txt, then (/c/d)", "read b.txt, then (d)"),
        ("metric.extractor.weights=/w/x.pth", "metric.extractor.weights=x.pth"),
        ("64/128/256 px, frechet/inception, and/or", "64/128/256 px, frechet/inception, and/or"),
        ("https://arxiv.org/abs/1711.10485", "https://arxiv.org/abs/1711.10485"),
        ("hf://owner/name/folder", "hf://owner/name/folder"),
        (f"key {KEY}", "key <removed>"),
    ],
)
def test_paths_and_secrets(text: str, expected: str) -> None:
    assert portable(text) == expected
    assert portable({"a": [text]}) == {"a": [expected]}


def test_a_configuration() -> None:
    config = {
        "seed": 1,
        "paths": {"outputs": "/o"},
        "tracker": {"group": "marianne"},
        "run": None,
        "launch": {"num_processes": 2},
        "metric": {"extractor": {"weights": "/w/x.pth"}},
        "data": {"name": "/d/my birds", "root": "/d/my birds", "reader": {"root": "/d/my birds"}},
    }
    assert portable_config(config) == {
        "seed": 1,
        "launch": {"num_processes": 2},
        "metric": {"extractor": {"weights": "x.pth"}},
        "data": {"name": "my birds", "root": None, "reader": {"root": None}},
    }
    assert config["data"]["root"] == "/d/my birds", "the run's own is as it was"


def test_overrides() -> None:
    given = [
        "model=damsm",
        "+data.root=/d/cub",
        "data.root='/d/my cub'",
        "data.root=hf://owner/name",
        "paths.outputs=/o",
        "tracker=none",
        "launch.threads=1",
        'encoder.pretrained="/o/damsm-cub/0123456789"',
        "~metric",
        "generator.resolutions=[64,128]",
        "encoder/image=part_cnn",
        f"tracker.api_key={KEY}",
        f"loss.note={KEY}",
    ]
    assert portable_overrides(given) == [
        "model=damsm",
        "+data.root=DIR",
        "data.root=DIR",
        "data.root=hf://owner/name",
        "encoder.pretrained=damsm-cub/0123456789",
        "~metric",
        "generator.resolutions=[64,128]",
        "encoder/image=part_cnn",
        "loss.note=<removed>",
    ]
