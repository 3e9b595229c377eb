"""The tables of stores of a plan, by hand and of a command."""

import json
import re
import shutil
from collections import namedtuple
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.__main__ import main
from experiments.data.store.choice import StoreName
from experiments.plan.facts import DataFacts
from experiments.plan.store import ENCODE, PAIRS, PREPARE, READ, SIDE, Features, Stores, table
from tests.data.shard_sets import table as rows_of

FACTS = DataFacts(10_000, 9_000, 5, 1000, 10_000, "said")
Usage = namedtuple("Usage", "total used free")


def at(*names: StoreName) -> dict[int, StoreName]:
    return dict(zip(PAIRS, names, strict=True))


PIXELS = at("pixels", "pixels", "pixels")


def test_bytes_and_hours_of_each_store() -> None:
    lines = table(Stores("pixels", "", SIDE, PIXELS, Features()), FACTS)
    assert lines[0].startswith("Pictures are kept as pixels. Stores at 304 px:")
    assert len(lines) == 3 + len(PAIRS) + 2 + len(PAIRS)
    assert "text features" not in "".join(lines)
    middle = lines[4].split("  ")
    cells = [cell.strip() for cell in middle if cell.strip()]
    assert cells[0] == "3,000,000"
    assert cells[1].startswith("832 GB, ")  # 3e6 x 304 x 304 x 3
    hours = 3e6 * sum(PREPARE["pixels"]) / 3600, 3e6 * sum(READ["pixels"]) / 3600
    assert cells[1].endswith(f", {hours[0]:.2g} + {hours[1]:.2g} h")
    assert cells[3].startswith("0 ") or cells[3].startswith("0.0")


def test_features_that_outweigh_the_pictures_are_computed() -> None:
    """A caption's features of 50 kB: five of them are more than a JPEG of 69 kB, and less than the
    277 kB of pixels."""
    features = Features(50_000, 1e7, 2)
    why = "pixels would take 2.8 GB, and 1 GB are free"
    stores = Stores("encoded", why, SIDE, at("encoded", "pixels", "stream"), features)
    lines = table(stores, FACTS)
    assert "kept as JPEG, as data.store=encoded, as pixels would take" in lines[0]
    assert lines[6].endswith("; text features of 5 captions each, hours of one core")
    few, many, most = (" ".join(line.split()) for line in lines[8:])
    assert few == "10,000 JPEG (encoded) stored 2.5 GB, < 0.01 h < 0.01 h"
    hours = 15e6 * 1e7 / ENCODE / 3600, 6e6 * 1e7 / ENCODE / 3600
    assert many == f"3,000,000 pixels stored 750 GB, {hours[0]:.2g} h {hours[1]:.2g} h"
    assert "nothing (stream) computed for each batch 250,000 GB, " in most
    refused = table(replace(stores, streams=False), FACTS)
    assert "refused (stream)" in refused[-1] and refused[:-1] == lines[:-1]


@pytest.mark.parametrize("store", ["null", "pixels"])
def test_each_row_is_by_the_rules_of_a_run_of_that_size(
    store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With 25 pictures here and 50 GB free; each of two captions has some 20 kB of features, and a
    picture of 76 px at most 17 kB."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**11, 5 * 10**10, 5 * 10**10))
    rows_of(25, label=False).to_parquet(tmp_path / "all.parquet")
    words = ["task=plan", "model=attngan", "encoder.pretrained=null", "~metric", "plan.gpus=[1]"]
    words += ["data=hub", f"data.root={tmp_path / 'all.parquet'}", f"data.store={store}"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    first = next(n for n, line in enumerate(lines) if line.startswith("Pictures are kept as pixel"))
    assert max(map(len, lines[first : first + 11])) <= 100
    cells = [re.split(" {2,}", line.strip()) for line in lines[first + 8 : first + 11]]
    kept, features = [row[1] for row in cells], [row[2] for row in cells]
    wanted = ["pixels", "JPEG (encoded)", "nothing (stream)"] if store == "null" else ["pixels"] * 3
    assert kept == wanted
    assert features == ["stored", *["computed for each batch"] * 2]
    assert main([*words, "plan.json=true"]) == 0
    told = json.loads(capsys.readouterr().out)["runs"][-1]["stores"]
    assert list(told["at"].values())[-1] == ("stream" if store == "null" else "pixels")
    # a bidirectional LSTM of 2 x 128 over words of 300 numbers, four gates, 18 words
    assert told["features"]["flops"] == pytest.approx(18 * 2 * 2 * 4 * 128 * (300 + 128), rel=0.01)
