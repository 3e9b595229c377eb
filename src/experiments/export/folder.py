"""Write an export: aside, then in place of an older one; and push it, by option."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from experiments import __version__
from experiments.encoder.package import packaged
from experiments.export.card import card_of, write_card
from experiments.export.contents import Contents
from experiments.export.people import people_of, require_section
from experiments.export.request import Request, export_of, require_free
from experiments.export.sheet import made_clips, made_sounds, newest, sheets_of
from experiments.export.way import asked_by, ways_of
from experiments.file.digest import sha256
from experiments.file.tensor import apart
from experiments.file.whole import as_a_new_file, aside, remove, write_json, write_text
from experiments.machine.device import alive
from experiments.run import folder as files
from experiments.run.brought import SEARCHPATH
from experiments.run.change import READ, tell_changes
from experiments.run.exported import ELSEWHERE, FORMAT, WHOLE, State, require_whole
from experiments.run.fact import hears_run
from experiments.run.folder import ALL, DRAWS, OWN
from experiments.run.portable import portable, portable_config, portable_overrides
from experiments.run.reference import grouped, named
from experiments.run.weight import load_export, of_packages
from experiments.system.drawing import carriers, names_in, on_paper, to_draw
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.line import amount, show

README, CAPTIONS = "README.md", "captions.json"
LEFT = re.compile(r"\.(\d+)\.(partial|old)")  # beside an export, by a process


def write(config: Mapping[str, Any]) -> Path:
    """Export what a command asks for. Raises `UserError` where that cannot be done."""
    request = export_of(config)
    if request.run != request.folder:
        write_card(request.run)
        write_export(request)
    else:
        require_whole(request.folder)
        require_told(request)
    if request.hub is not None:
        from experiments.export.hub import push

        show(f"pushed:   {push(request.hub, request.folder, request.private)}")
    return request.folder


def write_export(request: Request, quiet: bool = False) -> None:
    """The folder of an export, whole or not at all; `quiet`: nothing is said of it.

    What an older export has beside its own files, such as `drawn/`, stays. Raises `UserError`
    where its README.md was edited, so that no work is lost.
    """
    folder = request.folder
    with in_place(folder, request.run) as partial:
        fill(partial, request)
    if quiet:
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    show(f"exported: {folder} ({amount(size)})")
    show(f"card:     {folder / README}")
    for asked in _asked(folder):
        show(f"drawing:  python run.py task=sample run={folder} {asked}")


@contextmanager
def in_place(folder: Path, run: Path) -> Iterator[Path]:
    """A folder to be made and filled with an export of `run`, which then takes the place of an
    older one; what that has beside its own files stays."""
    clear(folder)
    require_unedited(folder)
    older = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    with aside(folder) as partial:
        yield partial
        require_free(folder, run)
        ours = {*_written(folder), *(path.name for path in partial.iterdir())}
        if folder.exists():
            folder.replace(older)
    if older.exists():
        _bring_back(older, folder, ours)


def fill(place: Path, request: Request) -> None:
    """Make a folder that is not there yet, with an export in it. Raises `UserError`."""
    run = request.run
    holds = contents_of(run, request.parts)
    state = load_export(run, request.at, wanted=set(holds.names).__contains__, packages=packaged)
    kept = "its weights are exported for the networks as they are now"
    tell_changes(run, kept, READ, int(state["images"]))
    place.mkdir()
    _fill(place, request, state, holds)
    require_whole(place)


def _asked(folder: Path) -> list[str]:
    """What an export can be asked for, as overrides of `task=sample`."""
    ways = ways_of(folder)
    if ways or "generator" not in files.run_config(folder)["system"]:
        return asked_by(ways)
    return ["sample.speech=red-bird.wav" if hears_run(folder) else "'text=...'"]


def contents_of(run: Path, parts: str) -> Contents:
    """What an export of a run holds of its networks."""
    system = on_paper(run)
    modules = system.export_modules()
    everything = names_in(modules)
    if parts != DRAWS or not system.makes:
        parts = OWN if parts == OWN else ALL
        return Contents(parts, everything, list(modules), [], *_beside(modules), system.text_model)
    paths, modules = system.drawing(), to_draw(system).export_modules()
    held = names_in(modules)
    left_out = [".".join(name.split(".")[:2]) for name in everything if name not in set(held)]
    return Contents(
        DRAWS, held, paths, list(dict.fromkeys(left_out)), *_beside(modules), system.text_model
    )


def _beside(
    modules: Mapping[str, nn.Module],
) -> tuple[dict[str, Callable[[], Mapping[str, Tensor]]], list[str]]:
    carried: dict[str, Callable[[], Mapping[str, Tensor]]] = {
        path: part.read_carried for path, part in carriers(modules)
    }
    parts = [part for module in modules.values() for part in module.modules()]
    needed = [str(part.carrier) for part in parts if hasattr(part, "carrier")]
    return carried, list(dict.fromkeys(needed))


def clear(folder: Path) -> None:
    """Remove what exports that were killed left beside the folder; one that was killed while it
    changed the old one for the new has the old one back."""
    for place in folder.parent.glob(f".{folder.name}.*"):
        writer = LEFT.fullmatch(place.name.removeprefix(f".{folder.name}"))
        if writer is None or alive(int(writer[1])):
            continue
        if writer[2] == "old" and not folder.exists():
            place.replace(folder)
        remove(place)


def _fill(place: Path, request: Request, state: Mapping[str, Any], holds: Contents) -> None:
    run, images = request.run, int(state["images"])
    about, facts = files.run_about(run), files.run_facts(run)
    config = yaml.safe_dump(
        portable_config(files.run_config(run)), sort_keys=False, allow_unicode=True
    )
    (place / files.CONFIG).write_text(config, encoding="utf-8")
    export = dict(named(state["export"]))
    for path, read in holds.carried.items():
        if not any(name.startswith(f"{path}.") for name in export):
            export |= dict(named(read(), f"{path}."))
    elsewhere = of_packages(run, request.at) if holds.parts == OWN else {}
    left_out = elsewhere.get("export", {})
    names = [name for name in holds.names if name in export and name not in left_out]
    held = {name: export[name] for name in names}
    write_weights(place / files.MODEL, grouped(held))
    words = {key: facts[key] for key in ("words",) if key in facts}  # tokens are their places
    if holds.text_model is not None:
        words["text_model"] = portable(holds.text_model.told())
        write_text(place / files.TOKENISER, holds.text_model.tokeniser)
    write_json(place / files.FACTS, portable(facts) | words)
    overrides = portable_overrides(list(about.get("overrides", [])))
    told = {key: value for key, value in about.items() if key != SEARCHPATH}  # of this machine
    write_json(place / files.RUN, portable(told) | {"overrides": overrides})
    scores = files.run_scores(run)
    if scores is not None and scores["images"] == images:  # of these weights, of no other state
        write_json(place / files.SCORES, portable(scores))
    for source in _samples(run, images):
        (place / "samples").mkdir(exist_ok=True)
        shutil.copyfile(source, place / "samples" / source.name)
    if request.captions:
        text = json.dumps(request.captions, ensure_ascii=False)
        (place / CAPTIONS).write_text(text, encoding="utf-8")
    text = card_of(run, images, request.licence, request.hub, holds, request.people)
    (place / README).write_text(text, encoding="utf-8")
    names = sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if p.is_file())
    chosen = about.get("choices") or {}
    content = {
        "format": FORMAT if elsewhere else WHOLE,
        "model": chosen.get("model"),
        "data": portable(chosen.get("data")),
        "id": about.get("id"),
        "images": images,
        "finished": images == files.reached(run) and bool(files.finished_weights(run)),
        "birdsong": __version__,
        "parts": holds.parts,
        "people": request.people,
        "sha256": {name: sha256(place / name) for name in names},
        **({ELSEWHERE: elsewhere} if elsewhere else {}),
    }
    write_json(place / files.EXPORT, content)


def _samples(run: Path, images: int) -> list[Path]:
    """The sheets of these weights, the captions that they show, and what is heard of them."""
    found, captions = sheets_of(run, images), run / files.CAPTIONS
    if not found or not captions.is_file():
        return found
    heard = [path for path in files.sample_sounds(run) if path is not None]
    last = newest([path.name for path in found])
    made = [path for name in last for of in (made_sounds, made_clips) for path in of(run, name)]
    return [*found, captions, *heard, *made]


def require_unedited(folder: Path) -> None:
    """Raise `UserError` where the README.md of an older export is not the one that was written."""
    path = folder / README
    if not files.is_export(folder) or not path.is_file():
        return
    if (files.export_about(folder).get("sha256") or {}).get(README) != sha256(path):
        raise UserError(f"{path}: was edited; move it away, or name another export.folder")


def require_told(request: Request) -> None:
    """Raise `UserError` where the README.md of an export, which may have been edited, does not say
    of voices and faces what the card of such a model says."""
    folder = request.folder
    config, facts = files.run_config(folder), files.run_facts(folder)
    path = folder / README
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    require_section(text, people_of(config, facts, request.people), path)


def _bring_back(older: Path, folder: Path, ours: set[str]) -> None:
    """What an older folder held beside an export moves over; the rest of it goes."""
    for path in older.iterdir():
        if path.name not in ours:
            path.replace(folder / path.name)
    shutil.rmtree(older, ignore_errors=True)


def _written(folder: Path) -> list[str]:
    """What an older export wrote, at its top."""
    path = folder / files.EXPORT
    if not path.is_file():
        return []
    return [name.partition("/")[0] for name in files.export_about(folder).get("sha256") or {}]


def write_weights(path: Path, export: State) -> None:
    """Networks by their group, as `<group>.<tensor>`. Tensors that share memory, as tied weights
    do, are written once for each name. Raises `UserError` where the file cannot be written."""
    assert not any("." in group for group in export), "a group is a name without a dot"
    named = {f"{g}.{name}": tensor for g, state in export.items() for name, tensor in state.items()}
    try:
        with as_a_new_file(path):
            save_file(apart(named), path, {"format": "pt"})
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: could not be written ({reason_of(error)}); make room") from None
