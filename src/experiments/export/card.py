"""The model card of a run, `card.md`: for people, and in its front matter for the hub.

It says what the files of the run folder say, and "unknown" where they say nothing.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.source import hub_name
from experiments.export.card_section import (
    MODELS,
    Run,
    about_data,
    built_on,
    cost,
    licences,
    limits,
    sizes,
    versions,
)
from experiments.file import markdown
from experiments.file.whole import write_text
from experiments.metric.names import label
from experiments.metric.protocol import Protocol
from experiments.metric.table import format_table
from experiments.run import folder as files
from experiments.run.portable import portable, portable_overrides
from experiments.run.prerequisite import plan
from experiments.terminal.error import UserError, one_line
from experiments.terminal.line import say

CARD = "card.md"
BESIDE = ("/real", "/chance", "/std", "/candidates")  # what stands beside a score
# Licences that the hub knows by these names; any other is "other" with its name beside it.
HUB_LICENCES = (
    *(
        "apache-2.0",
        "mit",
        "bsd-3-clause",
        "gpl-2.0",
        "gpl-3.0",
        "openrail",
        "creativeml-openrail-m",
    ),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "cc-by-nc-nd-4.0"),
)


def write_card(folder: Path) -> Path | None:
    """Write the card of a run into its folder, where it is missing or older than the run.

    Nothing that goes wrong here costs a finished run: it is told in a line, and None is returned.
    """
    path = folder / CARD
    try:
        if _is_newer(path, folder / files.RUN):
            return path
        return write_text(path, card_of(folder))
    except Exception as error:
        say(f"{path}: could not be written ({one_line(error)}); the run is whole without")
        return None


def _is_newer(path: Path, than: Path) -> bool:
    return path.is_file() and path.stat().st_mtime_ns >= than.stat().st_mtime_ns


def card_of(
    folder: Path, images: int | None = None, licence: str | None = None, hub: str | None = None
) -> str:
    """The card of a run as it stands after `images` images, by default after those it reached.

    `licence`: of the weights, by default what the run was configured with. `hub`: owner/name of the
    repository that the card is for. Raises `UserError` where the folder is no run.
    """
    config, about, facts = (
        files.run_config(folder),
        files.run_about(folder),
        files.run_facts(folder),
    )
    for part in ("trainer", "data", "system"):
        if not config.get(part):
            raise UserError(f"{folder / files.CONFIG}: is damaged ({part} is missing)")
    reached = files.reached(folder) if images is None else images
    licence = licence or str((config.get("export") or {}).get("licence") or "unknown")
    run = Run(folder, config, about, facts, files.run_scores(folder), reached, licence)
    sections = [
        _title(run),
        _picture(run),
        _use(run, hub),
        about_data(run),
        _recipe(run),
        _training(run),
        _scores(run),
        limits(run),
        built_on(run),
        versions(run),
        licences(run),
    ]
    front = yaml.safe_dump(front_matter(run), sort_keys=False, allow_unicode=True, width=100)
    return f"---\n{front}---\n\n" + "\n\n".join(filter(None, sections)) + "\n"


def front_matter(run: Run) -> dict[str, Any]:
    """What the hub sorts models by: licence, tags, data set, and scores as `model-index`."""
    known = run.licence.lower() in HUB_LICENCES
    found: dict[str, Any] = {"license": run.licence.lower() if known else "other"}
    if not known:
        found["license_name"] = "-".join(run.licence.lower().split())
    found |= {"library_name": "birdsong", "language": "en"}
    if run.draws:
        found["pipeline_tag"] = "text-to-image"
    tags = ["birdsong", run.model, run.data_name]
    if run.draws:
        tags += ["text-to-image", "gan"]
    found["tags"] = list(dict.fromkeys(tags))
    data = hub_name(run.config["data"]) or run.data_name
    found["datasets"] = [data]
    results = {
        name.removesuffix(run.own): value
        for name, value in (run.scores or {"scores": {}})["scores"].items()
        if not name.removesuffix(run.own).endswith(BESIDE)
        and isinstance(value, int | float)
        and math.isfinite(value)
    }
    if not results:
        return found
    found["metrics"] = sorted({name.partition("/")[0] for name in results})
    split = str((run.scores or {}).get("protocol", {}).get("split", "test"))
    metrics = [{"type": name, "name": label(name), "value": v} for name, v in results.items()]
    task = {"type": "text-to-image" if run.draws else "other"}
    dataset = {"name": data, "type": data, "split": split}
    index = {"task": task, "dataset": dataset, "metrics": metrics}
    return found | {"model-index": [{"name": run.name, "results": [index]}]}


def _title(run: Run) -> str:
    what, paper = MODELS.get(run.model, ("A model of its own kind", ""))
    side = sizes(run)
    lines = [f"# {run.name} {run.id}", "", f"{what}{side}{f' ({paper})' if paper else ''}."]
    if run.about.get("converted"):
        lines.append("Its weights were released by the authors and converted.")
    return "\n".join(lines)


def _picture(run: Run) -> str:
    sheets = sorted((run.folder / "samples").glob("images-*.png"))
    if not sheets:
        return ""
    images = files.images_of(sheets[-1])
    return (
        f"![What it draws of captions of the test split](samples/{sheets[-1].name})\n\n"
        f"After {images:,} images: each caption at every stage, and the real picture last. Real "
        "pictures are those of the data set, under its terms."
    )


def _use(run: Run, hub: str | None) -> str:
    if not run.draws:
        return (
            "## Use\n\nIt draws nothing. Runs build on it, as "
            f"`python run.py {run.asked_by}.pretrained=FOLDER`, with the folder of this page."
        )
    where = '"FOLDER"'
    lines = ["from experiments import load", ""]
    if hub:
        lines.insert(0, "from huggingface_hub import snapshot_download")
        where = f'snapshot_download("{hub}")'
    else:
        lines[-1:] = ["# FOLDER: the one that holds this page"]
    lines.append(f"model = load({where})")
    if run.reads_text:
        lines.append('images = model.sample(["a small red bird with black wings"], seed=0)')
    else:
        lines.append("stages = model.draw(sentences, seeds=[0]).images  # embeddings (1, D)")
    return "## Use\n\nWith Birdsong installed, in Python:\n\n" + _block("\n".join(lines), "python")


def _recipe(run: Run) -> str:
    overrides = portable_overrides(list(run.about.get("overrides", [])))
    chosen = portable(run.about.get("choices", {}))
    hidden = ("export", "human", "report", "sample", "launch", "tracker", "trainer")
    rows = [f"`{group}={option}`" for group, option in chosen.items() if group not in hidden]
    text = (
        "## Recipe\n\n"
        + _block(f"python run.py {shlex.join(overrides)}".rstrip(), "sh")
        + f"\n\nChosen: {', '.join(rows)}. `config.yaml` has every value."
    )
    if _command_makes(run) is False:
        text += (
            " This command alone makes another run: this one was trained for a run that builds on "
            "it, whose settings it shares, or by another version."
        )
    return text


def _command_makes(run: Run) -> bool | None:
    """Whether the overrides of a run compose to that run; None where they do not compose here."""
    overrides = list(run.about.get("overrides", []))
    try:
        cfg = checked_compose(overrides)
        return plan(plain(cfg), choices(cfg), overrides).id == run.id
    except Exception:  # another version's groups, a folder that is gone, a secret that was removed
        return None


def _training(run: Run) -> str:
    trainer, launch = run.config["trainer"], run.config.get("launch") or {}
    machine = run.about.get("machine") or {}
    rows = [
        ("images seen", f"{run.images:,} of {int(trainer['images']):,}"),
        ("batch, over all processes", trainer["batch"]),
        ("seed", run.config.get("seed")),
        ("precision", machine.get("precision") or trainer.get("precision")),
        ("processes", machine.get("processes") or f"{launch.get('num_processes')}, as configured"),
        ("device", machine.get("device") or "unknown"),
        ("average of weights", _average(trainer)),
        *cost(run),
    ]
    if run.about.get("converted"):
        rows[0] = ("images seen", "unknown: the release does not say")
    lines = [f"| {name} | {markdown.plain(value)} |" for name, value in rows]
    return "\n".join(["## Training", "", "| | |", "| --- | --- |", *lines])


def _average(trainer: Mapping[str, Any]) -> str:
    halflife = trainer.get("ema_halflife")
    return f"half-life {int(halflife):,} images" if halflife else "none"


def _scores(run: Run) -> str:
    if run.scores is None:
        return "## Scores\n\nNone were measured."
    with suppress(TypeError, KeyError):  # of an older version that recorded other things
        content = portable(run.scores)
        protocol = Protocol(**content["protocol"])
        table = format_table(content["scores"], protocol, content.get("skipped"))
        stand = ""
        if content["images"] != run.images:
            stand = f"They were measured after {content['images']:,} images.\n\n"
        return (
            f"## Scores\n\n{stand}"
            + _block(table, "")
            + "\n\nNumbers are comparable only where all of this is the same. FID, IS and KID are "
            "those by `inception` alone; `scores.json` has every digit."
        )
    return "## Scores\n\n`scores.json` has them, in the form of an older version."


def _block(text: str, language: str) -> str:
    """Verbatim, whatever is in the text."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text}\n{fence}"
