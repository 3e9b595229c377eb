"""What lies in a run folder, read and written without torch.

config.yaml     the resolved configuration
run.json        its id, the options chosen, the overrides, and what it was built on
facts.json      what the data decided: sizes, vocabulary, names
scores.json     the last scores, with how they were measured; stats.jsonl: everything logged
score_samples.npz  what every picture adds to those scores that are means over pictures
samples/        pictures during training; drawn/: those of task=sample (`sample/`)
checkpoints/    what a resume needs; weights/: what was reached, for other runs and for sampling
best/           the best weights by `trainer.keep_best`, and best.json: by which score, on what
minima/         weights where a loss was lowest by `trainer.minima`, and minima.json: where
diagnosis/      what is known of losses and gradients that were not finite
failure.json    why the last try of a study failed; output.log: what jobs say that run side by side
fresh.json      which command with fresh=true began it
evaluations/    scores of task=evaluate
environment.json  where it ran; git.json, git.patch, code.json: from which code
card.md         the model card; export/: what task=export made for other machines
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiments.file.bounded import read_bounded
from experiments.file.parse import parse_json, parse_yaml
from experiments.file.whole import remove, write_json
from experiments.machine.device import alive
from experiments.run.schema import fault_of
from experiments.terminal.error import UserError, reason_of

CONFIG, RUN, FACTS, SCORES = "config.yaml", "run.json", "facts.json", "scores.json"
TOKENISER = "tokenizer.json"  # of a text model of `transformers`, beside facts.json
STATS, SCORE_SAMPLES, CAPTIONS = "stats.jsonl", "score_samples.npz", "samples/captions.json"
FAILURE, CODE, BEST = "failure.json", "code.json", "best.json"
FRESH = "fresh.json"
MINIMA, MINIMA_FILE, MINIMUM = "minima", "minima.json", "minimum"
MOST = 100_000_000  # bytes of a file that is read whole
WRITTEN = (
    "checkpoints",
    "weights",
    "best",
    "minima",
    "samples",
    "diagnosis",
)  # folders, by a run that trains
SPEED = "images_per_second"  # in each line of `stats.jsonl` that is of training
LOOKED = "samples/"  # names of what is measured of samples; all other lines are evaluations
DIVERSITY = f"{LOOKED}diversity"
STATE = ".safetensors"  # of checkpoints and weights
NUMBERED = re.compile(r"images-[0-9]{10,18}")
EXPORT, MODEL = "export.json", "model.safetensors"  # of a run that was exported
# What an export holds, its `parts`: networks that draw, all, or all but what packages hold.
DRAWS, ALL, OWN = "draws", "all", "own"


def of_scores(line: Mapping[str, Any]) -> bool:
    """Whether a line of `stats.jsonl` is that of an evaluation."""
    return SPEED not in line and not any(name.startswith(LOOKED) for name in line)


def by_images(folder: Path, kind: str) -> list[Path]:
    """The files of `checkpoints` or `weights` in a run folder, newest first. Names of another
    kind are somebody's copies and are left alone."""
    found = (folder / kind).glob(f"images-*{STATE}")
    return sorted(
        (path for path in found if NUMBERED.fullmatch(path.stem)), key=images_of, reverse=True
    )


def file_at(folder: Path, kind: str, images: int) -> Path:
    """Where the state after so many images lies."""
    return folder / kind / f"images-{images:010d}{STATE}"


def folder_of(file: Path) -> Path:
    """The run, or the export, that a file of weights belongs to."""
    return file.parent if file.name == MODEL else file.parents[1]


def images_of(path: Path) -> int:
    """Images seen, from the name of a file."""
    return int(path.stem.partition("-")[2])


def is_export(folder: Path) -> bool:
    """Whether a folder is what task=export wrote, not the run itself."""
    return (folder / EXPORT).is_file()


def export_about(folder: Path) -> dict[str, Any]:
    """What an export says of itself. Raises `UserError` where it is damaged."""
    return _read(folder, EXPORT)


def finished_weights(folder: Path) -> list[Path]:
    """The weights that a run was finished with, newest first; one file of an export."""
    if is_export(folder):
        return [folder / MODEL] if export_about(folder).get("finished") else []
    return by_images(folder, "weights")


def has_weights(folder: Path) -> bool:
    """Whether there is something to draw with, finished or not."""
    return is_export(folder) or any(by_images(folder, kind) for kind in ("checkpoints", "weights"))


def reached(folder: Path) -> int:
    """Images after which a run was last finished; 0 where it never was."""
    newest = finished_weights(folder)
    if newest and newest[0].name == MODEL:
        return int(export_about(folder)["images"])
    return images_of(newest[0]) if newest else 0


def run_config(folder: Path) -> dict[str, Any]:
    """The resolved configuration of a run. Raises `UserError` where there is none."""
    return {str(key): value for key, value in _read(folder, CONFIG).items()}


def run_about(folder: Path) -> dict[str, Any]:
    """Id, choices, overrides and lineage of a run. Raises `UserError` where it is none."""
    return _read(folder, RUN)


def run_facts(folder: Path) -> dict[str, Any]:
    """What the data of a run decided. Raises `UserError` where there is none."""
    return _read(folder, FACTS)


def run_code(folder: Path) -> dict[str, Any]:
    """The code that a run was trained under. Raises `UserError` where nothing says it."""
    return _read(folder, CODE)


def run_best(folder: Path) -> dict[str, Any] | None:
    """What is known of the best state of a run; None where it keeps none, or that is damaged."""
    try:
        return _read(folder, BEST) if (folder / BEST).is_file() else None
    except UserError:
        return None


def run_minima(folder: Path) -> dict[str, Any] | None:
    """Where a loss of the run had local minima; None where that was not looked for, or what is
    known of it is damaged."""
    try:
        return _read(folder, MINIMA_FILE) if (folder / MINIMA_FILE).is_file() else None
    except UserError:
        return None


def run_scores(folder: Path) -> dict[str, Any] | None:
    """The last scores of a run, or None where it has none yet."""
    return _read(folder, SCORES) if (folder / SCORES).is_file() else None


def record_failure(folder: Path, reason: str) -> None:
    """Why the last try of a study failed, for its report."""
    write_json(folder / FAILURE, {"reason": reason, "time": int(time.time())})


def forget_failure(folder: Path) -> None:
    """A later try went well."""
    (folder / FAILURE).unlink(missing_ok=True)


def run_failure(folder: Path) -> str | None:
    """The reason why the last try failed, or None."""
    return str(_read(folder, FAILURE)["reason"]) if (folder / FAILURE).is_file() else None


def is_whole(folder: Path) -> bool:
    """Whether what others read of a run can be read; a run that goes on writes it anew."""
    try:
        run_about(folder), run_facts(folder), run_config(folder), sample_captions(folder)
    except UserError:
        return False
    return True


def sample_captions(folder: Path) -> list[str] | None:
    """The captions of the sample sheets in their order, or None where a run has none."""
    if not (folder / CAPTIONS).is_file():
        return None
    return list(_read(folder, CAPTIONS)["captions"])


def sample_sounds(folder: Path) -> list[Path | None]:
    """What is heard of these captions, a wav of each that has one; nothing where a run reads."""
    if not (folder / CAPTIONS).is_file():
        return []
    names = _read(folder, CAPTIONS).get("sounds") or []
    paths = [None if name is None else (folder / CAPTIONS).with_name(name) for name in names]
    return [path if path is not None and path.is_file() else None for path in paths]


def sweep(folder: Path) -> None:
    """Remove what processes that were killed left half written. For whoever holds the run alone."""
    for place in (folder, *(folder / name for name in WRITTEN)):
        for torn in list(place.glob("*.partial")):  # with a dot in front, too
            writer = re.search(r"\.(\d+)\.partial$", torn.name)
            if writer is None or not alive(int(writer[1])):
                remove(torn)


def parts_of(folder: Path, name: str) -> list[Path]:
    """`git.json`, `git-2.json`, ..., one for each time that a run went on from other code."""
    found, path = [], folder / f"{name}.json"
    while path.is_file():
        found.append(path)
        path = folder / f"{name}-{len(found) + 1}.json"
    return found


def _read(folder: Path, name: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise UserError(f"run={folder}: there is no such folder")
    if not (folder / name).is_file():
        raise UserError(f"run={folder}: is not the folder of a run (it has no {name})")
    return read(folder / name)


def read(path: Path, kind: str | None = None) -> dict[str, Any]:
    """What one file of a run folder holds. `kind`: the file whose shape it has, where that is not
    the one of its name. Raises `UserError` where it cannot be read or holds something else."""
    try:
        text = read_bounded(path, MOST)
        content = parse_yaml(text) if path.suffix == ".yaml" else parse_json(text)
        fault = fault_of(kind or path.name, content)
    except ValueError as error:
        fault = f"cannot be read: {reason_of(error)}"
    if fault is None:
        return dict(content)
    remedy = "export the run again" if path.name == EXPORT else "run the training command again"
    raise UserError(f"{path}: is damaged ({fault}); {remedy}")
