"""Pushing an export with the hub's own client: refused where it cannot be, whole where it can.

The client reads its environment when it is imported, so each push is a process of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from exported_run import config_of
from model_hub import TOKEN, serve

from experiments.export.hub import upload
from tests.forked import Forked

Push = Callable[..., list[str]]

CODE = (
    "import json, sys\n"
    "from experiments.terminal.error import UserError\n"
    "from experiments.export.folder import write\n"
    "try:\n"
    "    write(json.loads(sys.argv[1]))\n"
    "except UserError as error:\n"
    "    print('error:', error)\n"
)


@pytest.fixture
def push(process: Forked, tmp_path: Path) -> Push:
    """The lines that a process prints, whose hub and token are its own."""

    def push(config: dict[str, object], **environment: str) -> list[str]:
        given = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HTTP", "http"))}
        given |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"} | environment
        return process.run(CODE, json.dumps(config), env=given, cwd=tmp_path).splitlines()

    return push


def test_nobody_is_logged_in(run: Path, push: Push) -> None:
    config = config_of(run, hub="marianne/birds")
    (line,) = push(config)
    assert line.startswith("error: export.hub=marianne/birds: nobody is logged in; run `hf auth")
    (line,) = push(config, HF_TOKEN=TOKEN, HF_HUB_OFFLINE="1")
    assert line.startswith("error: export.hub=marianne/birds: HF_HUB_OFFLINE is set")
    assert not (run / "export").exists(), "nothing is made half"


def test_the_hub_cannot_be_reached(run: Path, push: Push) -> None:
    config, nobody = config_of(run, hub="marianne/birds"), "http://127.0.0.1:9"
    *_, line = push(config, HF_TOKEN=TOKEN, HF_ENDPOINT=nobody)
    place = run / "export"
    assert line.startswith("error: export.hub=marianne/birds: was not pushed (no answer, Connect")
    assert line.endswith(f"task=export run={place} export.hub=marianne/birds tries again")
    assert (place / "model.safetensors").is_file()


def test_what_is_pushed(export: Path) -> None:
    arguments = upload("marianne/birds", export)
    assert arguments["repo_id"] == "marianne/birds" and arguments["folder_path"] == export
    assert arguments["commit_message"].startswith("gan_cls-cub 494bf2671e after 32 images, ")
    assert sorted(arguments["allow_patterns"]) == sorted(p.name for p in export.iterdir())


def test_it_arrives_whole(run: Path, push: Push) -> None:
    config = config_of(run, hub="marianne/birds")
    with serve() as hub:
        *_, line = push(config, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
        assert line == f"pushed:   {hub.url}/marianne/birds"
        place = run / "export"
        assert hub.files == {path.name: path.read_bytes() for path in place.iterdir()}
        assert hub.made[0]["name"] == "birds" and hub.made[0]["organization"] == "marianne"
        assert hub.made[0].get("private") is True or hub.made[0].get("visibility") == "private"
        assert b'model = load("hf://marianne/birds")' in hub.files["README.md"]
        # drawn with it, and pushed again after its card was edited: the card alone is new
        (place / "drawn").mkdir()
        (place / "drawn" / "seed-0.png").touch()
        (place / "README.md").write_text("mine")
        push(config_of(place, hub="marianne/birds"), HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
        assert hub.files["README.md"] == b"mine" and "drawn/seed-0.png" not in hub.files


def test_a_repository_of_something_else(run: Path, push: Push) -> None:
    config = config_of(run, hub="marianne/thesis")
    with serve() as hub:
        hub.files |= {"chapter.tex": b"", "README.md": b""}
        *_, line = push(config, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
        assert line.startswith("error: export.hub=marianne/thesis: holds files that are no export")
        assert set(hub.files) == {"chapter.tex", "README.md"} and not hub.messages


@pytest.mark.slow
def test_a_token_that_may_not_write(run: Path, push: Push) -> None:
    config = config_of(run, hub="marianne/birds")
    with serve() as hub:
        *_, line = push(config, HF_TOKEN="hf_another", HF_ENDPOINT=hub.url)
        assert "was not pushed (the token is not valid; run `hf auth login`)" in line
        hub.refuse = 403
        *_, line = push(config, HF_TOKEN=TOKEN, HF_ENDPOINT=hub.url)
        assert "was not pushed (the token may not write there)" in line
        assert not hub.files
