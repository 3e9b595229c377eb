"""A folder that is a Hugging Face Space: what is in it, and that it needs nothing else."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from made import RED, config_of
from PIL import Image

from experiments.app.session import Session
from experiments.app.space.write import space_of, write
from experiments.app.wish import Wish
from experiments.config.option import Export
from experiments.terminal.error import UserError
from experiments.terminal.package import wanted

Open = Callable[..., Session]
DRAW = """
import sys
from pathlib import Path
from experiments.app.space.start import config_of
from experiments.app.request import app_of
from experiments.app.session import Session
from experiments.app.wish import Wish
import experiments

folder = Path(experiments.__file__).parents[1]
assert folder == Path(sys.argv[1]).resolve(), folder
config = config_of(folder)
config["launch"] |= {"threads": 1, "device": "cpu"}
session = Session(app_of(config))
(about,) = session.models
name, content = session.file(session.draw(about.name, Wish(sys.argv[2], seed=3, count=1)), 0)
sys.stdout.buffer.write(content)
session.close()
"""


def exporting(run: Path, cache: Path, **options: Any) -> dict[str, Any]:
    config = config_of(run)
    config |= {"task": "export", "run": str(run)}
    config["paths"]["cache"] = str(cache)
    return config | {"export": asdict(Export()) | {"app": True} | options}


@pytest.fixture
def space(served: Callable[[str], Path], birds: Any, tmp_path: Path) -> Path:
    config = exporting(
        served("attends"), birds.folder.parents[1], folder=str(tmp_path / "a space"), licence="mit"
    )
    config["app"] |= {"password": "correct horse", "host": "0.0.0.0", "pictures": 3}
    return write(config)


def test_what_is_in_it(space: Path, birds: Any) -> None:
    assert {path.name for path in space.iterdir()} == {
        *("app.py", "app.json", "requirements.txt", "README.md", "experiments", "model")
    }
    _, header, text = (space / "README.md").read_text().split("---\n", 2)
    said = yaml.safe_load(header)
    assert (said["sdk"], said["app_file"], said["license"]) == ("gradio", "app.py", "mit")
    assert re.fullmatch(r"6\.\d+\.\d+", said["sdk_version"])
    # A text: as a number, 3.10 would be 3.1.
    assert said["python_version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert len(said["short_description"]) <= 60  # as the hub has it
    assert said["colorFrom"] in (
        "red",
        "yellow",
        "green",
        "blue",
        "indigo",
        "purple",
        "pink",
        "gray",
    )
    assert "model/README.md" in text and (space / "model" / "README.md").is_file()
    # Packages of others alone, in the versions that were tested.
    lines = (space / "requirements.txt").read_text().splitlines()
    assert wanted("gradio") in lines and wanted("torch") in lines
    assert not any(re.search(r"birdsong|experiments|/|@|-e ", line) for line in lines)
    everything = b"".join(path.read_bytes() for path in space.rglob("*.json"))
    assert b"correct horse" not in everything and b"0.0.0.0" not in everything
    assert json.loads((space / "app.json").read_text())["app"]["pictures"] == 3
    captions = json.loads((space / "model" / "captions.json").read_text())
    known = {text for record in birds.train.captions for text in record}
    assert set(captions) <= known and len(captions) > 20
    assert not list(space.rglob("__pycache__"))


def test_it_draws_what_the_run_draws_without_the_repository(
    space: Path, open_session: Open
) -> None:
    """In a process that finds this project in the folder alone."""
    alone = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    code = f"import sys; sys.path.insert(0, {str(space)!r})\n{DRAW}"
    told = subprocess.run(
        [sys.executable, "-c", code, str(space), RED],
        cwd=space.parent,
        env=alone | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr.decode()[-3000:]
    drawing = open_session("attends").draw("attngan", Wish(RED, seed=3, count=1))
    with Image.open(io.BytesIO(told.stdout)) as image:
        np.testing.assert_array_equal(np.asarray(image), drawing.made[0].stages[-1])


def test_an_older_one_makes_room_and_nothing_else_does(
    space: Path, served: Callable[[str], Path], tmp_path: Path
) -> None:
    (space / "old").touch()
    config = exporting(served("attends"), tmp_path, folder=str(space))
    write(config)
    assert not (space / "old").exists() and (space / "app.py").is_file()
    other = exporting(served("plain"), tmp_path, folder=str(space))
    with pytest.raises(UserError, match="is there and is no Space of this run"):
        space_of(other)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(UserError, match="is there and is no Space of this run"):
        space_of(exporting(served("plain"), tmp_path, folder=str(tmp_path / "mine")))
    with pytest.raises(UserError, match=r"export.hub: a Space is pushed by its owner"):
        space_of(exporting(served("plain"), tmp_path, hub="somebody/birds"))


def free_port() -> int:
    import socket

    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def called(address: str, name: str, data: list[Any]) -> Any:
    """What a function of the page answers."""
    request = urllib.request.Request(
        f"{address}/gradio_api/call/{name}",
        json.dumps({"data": data}).encode(),
        {"Content-Type": "application/json"},
    )
    event = json.loads(urllib.request.urlopen(request, timeout=60).read())["event_id"]
    answer = urllib.request.urlopen(f"{address}/gradio_api/call/{name}/{event}", timeout=120).read()
    return json.loads(re.search(rb"event: complete\ndata: (.*)", answer)[1])[0]  # type: ignore[index]


@pytest.mark.slow
def test_a_space_is_built_as_hugging_face_builds_it(space: Path, tmp_path: Path) -> None:
    """requirements.txt alone in an empty folder, then the rest, then `python app.py`."""
    built, python = tmp_path / "built", tmp_path / "environment" / "bin" / "python"
    built.mkdir()
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "environment")], check=True)
    shutil.copyfile(space / "requirements.txt", built / "requirements.txt")
    install = [str(python), "-m", "pip", "install", "-q", "-r", "requirements.txt"]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    told = subprocess.run(install, cwd=built, env=clean, capture_output=True, timeout=1800)
    assert told.returncode == 0, told.stderr.decode()[-3000:]
    shutil.copytree(space, built, dirs_exist_ok=True)
    shutil.move(space, space.with_name("gone"))
    port = free_port()
    log = tmp_path / "log"
    with (
        log.open("w") as said,
        subprocess.Popen(
            [str(python), "app.py"],
            cwd=built,
            env=clean | {"SPACE_ID": "somebody/birds", "PORT": str(port)},
            stdout=said,
            stderr=said,
        ) as server,
    ):
        try:
            address, end = f"http://127.0.0.1:{port}", time.monotonic() + 180
            while "http" not in log.read_text():
                assert server.poll() is None and time.monotonic() < end, log.read_text()
                time.sleep(0.2)
            (about,) = called(address, "models", [])
            (drawn,) = called(address, "draw", [about["name"], RED, 3, 1])
            with Image.open(io.BytesIO(base64.b64decode(drawn["data"]))) as image:
                assert image.size == (64, 64) and image.text["caption"] == RED  # type: ignore[attr-defined]
        finally:
            server.terminate()
