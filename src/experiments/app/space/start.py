"""What starts the page of a Space's folder: `python app.py`."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.app.request import PASSWORD
from experiments.app.serve import serve
from experiments.config.option import App, Launch, Sample
from experiments.file.bounded import read_bounded
from experiments.file.parse import parse_json
from experiments.terminal.error import UserError

MODEL, OPTIONS = "model", "app.json"  # in the folder
FORMAT = 1
LIMIT = 1_000_000  # bytes of `app.json`
SPACE = "SPACE_ID"  # in the environment of a Space
PORT = "PORT"


def start(folder: Path, arguments: list[str] | None = None) -> None:
    """Serve the model of a Space's folder until the process is asked to leave: on this machine
    alone, in a Space to all whom it lets in."""
    parser = argparse.ArgumentParser(prog="app.py", description="the page of this model")
    within = os.environ.get(SPACE) is not None
    parser.add_argument("--host", default="0.0.0.0" if within else App.host)
    parser.add_argument("--port", type=int, default=int(os.environ.get(PORT, App.port)))
    parser.add_argument("--browser", action="store_true", help="open it")
    asked = parser.parse_args(arguments)
    try:
        config = config_of(folder)
        config["app"] |= {"host": asked.host, "port": asked.port, "browser": asked.browser}
        serve(config, everybody=within)
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        raise SystemExit(error.code) from None


def config_of(folder: Path) -> dict[str, Any]:
    """What a command line would have said. Raises `UserError` where the folder is no Space."""
    path = folder / OPTIONS
    try:
        about = parse_json(read_bounded(path, LIMIT))
        options = dict(about["app"])
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path}: is damaged; export the run again with export.app=true") from None
    return {
        "task": "app",
        "run": str(folder / MODEL),
        "app": asdict(App()) | options | {"password": os.environ.get(PASSWORD)},
        "sample": asdict(Sample()),
        "launch": asdict(Launch()),
        "paths": {"outputs": str(folder), "cache": str(folder / "cache")},
    }
