"""`task=export run=... export.app=true`: the folder of a Space, which starts anywhere.

app.py              python app.py: the page of task=app, of this model alone
requirements.txt    packages of others, and nothing else: a Space installs them before it sees the
                    rest of the folder
README.md           what the Space says of itself to Hugging Face, and to you
app.json            the options that the page starts with
experiments/        this project, as far as Python needs it
model/              the export (docs/export.md), with its card
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from string import Template
from typing import Any

import yaml

import experiments
from experiments import __version__
from experiments.app.recogniser.captions import captions_of
from experiments.app.recogniser.listener import recogniser_of
from experiments.app.recogniser.sphinx import Sphinx
from experiments.app.space.start import FORMAT, LIMIT, MODEL, OPTIONS
from experiments.export.folder import contents_of, fill
from experiments.export.request import Request, export_of
from experiments.export.title import MODELS
from experiments.file.whole import aside, remove, write_json
from experiments.run import folder as files
from experiments.run.fact import hears_run
from experiments.terminal.error import UserError
from experiments.terminal.line import amount, show
from experiments.terminal.package import wanted

HOME = Path(__file__).parent
FOLDER = "space"  # in the run folder, where no other is named
# What the page needs of others; the rest comes with them.
PACKAGES = (
    *("torch", "torchmetrics", "hydra-core", "omegaconf", "datasets", "huggingface-hub"),
    *("safetensors", "pillow", "numpy", "jinja2", "tqdm", "filelock", "gradio"),
    *("pocketsphinx", "soundfile", "soxr"),
)
SPEAKS = "espeakng-loader"  # says captions to models that listen
HERE = ("host", "port", "window", "password", "browser", "preferences", "user")


def space_of(config: Mapping[str, Any]) -> Request:
    """What a command makes a Space of, and where. Raises `UserError` for what cannot be."""
    options = config["export"]
    if options["hub"] is not None:
        raise UserError(
            "export.hub: a Space is pushed by its owner: hf upload --repo-type space OWNER/NAME "
            "FOLDER; leave it away"
        )
    if not isinstance(recogniser_of(config["app"]["recogniser"]), Sphinx):
        raise UserError(
            "app.recogniser: the models of others stay on this machine; a Space hears by sphinx"
        )
    plain = {**config, "export": {**options, "folder": None}}
    request = export_of(plain)
    own = f"{FOLDER}@{request.at}" if request.at else FOLDER
    folder = Path(options["folder"] or request.run / own)
    _require_free(folder, request.run)
    if not files.run_facts(request.run).get("makes", True):
        raise UserError(f"run={request.run}: draws nothing; a page has nothing to show of it")
    return replace(request, folder=folder)


def write(config: Mapping[str, Any]) -> Path:
    """The folder, whole or not at all; an older Space of the same run makes room."""
    request = space_of(config)
    run, folder = request.run, request.folder
    with aside(folder) as partial:
        partial.mkdir()
        fill(partial / MODEL, replace(request, captions=_captions(run, config)))
        packages = Path(experiments.__file__).parent
        shutil.copytree(
            packages, partial / packages.name, ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copyfile(HOME / "app.py.in", partial / "app.py")
        (partial / "requirements.txt").write_text(_requirements(request), encoding="utf-8")
        (partial / "README.md").write_text(_readme(request), encoding="utf-8")
        options = {key: value for key, value in config["app"].items() if key not in HERE}
        about = {"format": FORMAT, "id": files.run_about(run).get("id"), "app": options}
        write_json(partial / OPTIONS, about)
        _require_free(folder, run)
        remove(folder)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    show(f"a Space: {folder} ({amount(size)})")
    show(f"start:   cd {folder} && pip install -r requirements.txt && python app.py")
    show(f"push:    hf upload --repo-type space OWNER/NAME {folder}")
    return folder


def _requirements(request: Request) -> str:
    holds = contents_of(request.run, request.parts)
    packages = [*PACKAGES, *([SPEAKS] if hears_run(request.run) else [])]
    lines = [wanted(name) for name in [*packages, *holds.packages]]
    return "\n".join(lines) + "\n"


def _readme(request: Request) -> str:
    model = str((files.run_about(request.run).get("choices") or {}).get("model"))
    title = MODELS.get(model, (model, ""))[0]
    header: dict[str, Any] = {
        "title": title.partition(":")[0],
        "emoji": "🐦",
        "colorFrom": "green",
        "colorTo": "yellow",
        "sdk": "gradio",
        # Without it a Space has Python 3.10, which is older than what this project needs.
        "python_version": f"{sys.version_info.major}.{sys.version_info.minor}",
        "app_file": "app.py",
        "pinned": False,
        "license": request.licence.lower() if request.licence != "unknown" else "other",
        "short_description": "Say it or type it, and look",
    }
    with suppress(PackageNotFoundError):  # the Space takes its newest
        header["sdk_version"] = version("gradio")
    text = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    told = Template((HOME / "README.md.in").read_text(encoding="utf-8"))
    return f"---\n{text}---\n\n{told.substitute(title=title, version=__version__)}"


def _captions(run: Path, config: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the recogniser is to expect; none where they are not here."""
    with suppress(UserError):
        return captions_of(run, Path(config["paths"]["cache"])).texts
    return ()


def _require_free(folder: Path, run: Path) -> None:
    """Raise `UserError` where something else than an older Space of the same run is there."""
    if not (folder.exists() or folder.is_symlink()):
        return
    if folder.is_dir() and not folder.is_symlink():
        if not any(folder.iterdir()):
            return
        try:
            about = json.loads((folder / OPTIONS).read_bytes()[:LIMIT])
            if about["id"] == files.run_about(run).get("id"):
                return
        except (OSError, ValueError, KeyError, TypeError):
            pass
    raise UserError(
        f"export.folder={folder}: is there and is no Space of this run; name a new folder"
    )
