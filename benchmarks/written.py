"""A run folder of a case, with fresh weights, as others read the folder of a finished run."""

from __future__ import annotations

from pathlib import Path

from benchmarks.case import Prepared
from experiments.file.whole import write_json
from experiments.run import checkpoint
from experiments.run import folder as files
from experiments.run.provenance import write_provenance


def write_run(prepared: Prepared, folder: Path) -> None:
    """Configuration, facts and weights."""
    system = prepared.system
    write_provenance(folder, prepared.run.config)
    write_json(folder / files.FACTS, prepared.facts | {"reads": system.reads})
    write_json(folder / files.RUN, {"id": "benchmark", "choices": prepared.run.choices})
    export = {name: module.state_dict() for name, module in system.export_modules().items()}
    checkpoint.save_weights(folder, prepared.batch, export)
