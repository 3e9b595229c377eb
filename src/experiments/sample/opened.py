"""The networks of a run that draw, with the weights that it has averaged."""

from __future__ import annotations

from typing import Any

from experiments.run.change import READ, tell_changes
from experiments.run.exported import require_fit, require_parts, require_whole
from experiments.run.folder import is_export, run_about, run_config, run_facts
from experiments.run.state import Named, images_at
from experiments.run.weight import load_export
from experiments.sample.fitting import fitting
from experiments.system.base import System
from experiments.system.drawing import fill, names_in, on_paper, to_draw
from experiments.terminal.error import UserError


def opened(run: Named, device: str) -> tuple[System, dict[str, Any], dict[str, Any], int]:
    """The system on the device, facts and configuration of its run, and the images it has seen.

    Raises `UserError` where the folder is no run, has no checkpoint, or makes nothing, and where an
    export is not as it was written.
    """
    place = run.folder
    if is_export(place):
        require_whole(place)
    else:
        require_parts(place)  # a run folder may come from anybody as well
        kept = "its weights are read into the networks as they are now"
        tell_changes(place, kept, READ, images_at(run))
    config, facts = run_config(place), run_facts(place)
    with fitting(place):
        system = on_paper(place)
    if not system.makes:
        name = run_about(place)["choices"]["model"]
        raise UserError(f"run={place}: {name} draws no pictures; take a run of attngan_4stage")
    known = names_in(system.export_modules())
    with fitting(place):
        modules = to_draw(system).export_modules()
    state = load_export(place, run.at, wanted=set(names_in(modules)).__contains__)
    with fitting(place):
        require_fit(place, modules, state["export"], known)
        fill(modules, state["export"])
        return system.eval().to(device), facts, config, int(state["images"])
