from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.file.model_folder import ModelFolder, model_folder
from experiments.terminal.error import UserError
from tests.data.hub_server import COMMIT, serve

KEY = "encoder.text.name"
ASK = """
import sys
from experiments.file.model_folder import model_folder
from experiments.terminal.error import UserError
for revision in (None, sys.argv[2]):
    try:
        found = model_folder(sys.argv[1], "encoder.text.name", revision)
        print(found.revision, found.digest, found.title, *sorted(p.name for p in found.files))
    except UserError as error:
        print(error)
"""


def ask(name: str, home: Path, **environment: str) -> list[str]:
    """What two calls find, at no revision and at the commit, in a process that reads its
    surroundings anew."""
    known = {key: text for key, text in os.environ.items() if not key.startswith("HF_")}
    told = subprocess.run(
        [sys.executable, "-c", ASK, name, COMMIT],
        env=known | {"HF_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "model"
    place.mkdir()
    (place / "config.json").write_text('{"model_type": "bert"}')
    (place / "model.safetensors").write_bytes(b"numbers")
    (place / "tokenizer.json").write_text("{}")
    (place / "README.md").write_text("words")
    return place


def test_of_the_hub_it_is_fetched_once_at_a_commit_without_pickles_and_code(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"a pickle")
    (folder / "modeling_mine.py").write_text("1/0")
    home = tmp_path / "home"
    with serve("someone/texts", folder, kind="models") as (address, asked):
        first = ask("someone/texts", home, HF_ENDPOINT=address)
    digest = ModelFolder("", folder).digest
    names = "config.json model.safetensors tokenizer.json"
    assert first == [f"{COMMIT} {digest} someone--texts {names}"] * 2
    assert not any(path.endswith((".bin", ".py")) for path in asked)
    # Offline what was fetched is still there, and a run asks for its commit.
    assert ask("someone/texts", home, HF_HUB_OFFLINE="1") == first


def test_a_name_of_the_hub_offline_is_one_line(tmp_path: Path) -> None:
    for line in ask("someone/texts", tmp_path, HF_HUB_OFFLINE="1"):
        assert line.startswith("encoder.text.name=someone/texts: cannot be fetched (HF_HUB_OFFLINE")
        assert line.endswith("a folder that has the model works as well")


def test_its_digest_follows_what_is_read_wherever_it_lies(folder: Path, tmp_path: Path) -> None:
    before = model_folder(str(folder), KEY)
    assert len(before.digest) == 16
    (folder / "README.md").write_text("other words")
    moved = folder.rename(tmp_path / "elsewhere")
    again = model_folder(str(moved), KEY)
    assert again.digest == before.digest and again.title == f"elsewhere_{before.digest[:8]}"
    (moved / "model.safetensors").write_bytes(b"other")
    assert model_folder(str(moved), KEY).digest != before.digest


def test_shards_are_named_by_their_index(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    names = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    index = {"weight_map": dict(zip("ab", names, strict=True))}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(UserError, match=r"model-00002-of-00002\.safetensors: is missing"):
        model_folder(str(folder), KEY)
    (folder / names[1]).write_bytes(b"more")
    assert [path.name for path in model_folder(str(folder), KEY).tensors()] == names


@pytest.mark.parametrize("name", [None, "", "/no/where", "../x", "a b", "./x/y/z"])
def test_what_is_no_model(name: str | None) -> None:
    with pytest.raises(UserError, match=r"encoder\.text\.name(:|=)"):
        model_folder(name, KEY)


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has no config\.json; it is no model's folder"):
        model_folder(str(tmp_path), KEY)
