"""`task=evaluate`: score a trained run again, with other extractors or more samples."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from experiments.config.build import build
from experiments.config.key import top_of
from experiments.machine.core import cores
from experiments.machine.rank import Ranks
from experiments.machine.thread import choose, recorded
from experiments.metric.table import format_table
from experiments.run import folder as files
from experiments.run.fact import facts_of, require_vocabulary
from experiments.run.named import ELSEWHERE, evaluation_config, run_folder
from experiments.run.prerequisite import plan_prerequisites, with_paths
from experiments.run.pretrained import without_pretrained
from experiments.run.weight import load_export
from experiments.terminal.interrupt import Interrupt
from experiments.terminal.line import say, show
from experiments.tracker.artifact import log_evaluation
from experiments.trainer.assemble import build_system, built, open_data, usable_by
from experiments.trainer.execute import train_missing
from experiments.trainer.observer import write_scores

REMEDY = "give data.root of the captions that it was trained with"


def evaluate_run(
    config: dict[str, Any], overrides: list[str], ranks: Ranks, interrupt: Interrupt
) -> None:
    """Score the run that `run` names and write `evaluations/<time>.json` into its folder.

    The run decides everything but `metric` and where and how to run; another override is refused.
    Scores of encoders that are not there yet have these trained first.
    """
    folder = run_folder(config)
    about = files.run_about(folder)
    before = recorded(about, ranks.processes)
    choose(config["launch"]["threads"], before and min(before, cores())).use()
    saved = evaluation_config(folder, overrides)
    merged = saved | {group: config[group] for group in ELSEWHERE}
    if not any(top_of(override) == "paths" for override in overrides):
        # Where its sister runs are, and the data that they share.
        cache = saved["paths"]["cache"]
        merged["paths"] = {
            "outputs": str(folder.resolve().parents[1]),
            "cache": cache if Path(cache).is_dir() else config["paths"]["cache"],
        }
    needs = plan_prerequisites(merged, about["choices"], ("metric",))
    dataset = open_data(merged, ranks, folder)
    facts = facts_of(dataset)
    require_vocabulary(folder, facts, None, REMEDY)
    system = build_system(without_pretrained(merged, "system"), facts, ranks)
    dataset = usable_by(system, dataset, ranks)
    build(without_pretrained(merged, "metric")["metric"], facts, "metric")  # before what it needs
    train_missing(needs, ranks, interrupt, folder.name)
    scorer = built(with_paths(merged, needs)["metric"], facts, "metric")
    state = load_export(folder)
    for name, module in system.export_modules().items():
        module.load_state_dict(state["export"][name])
    say(f"scoring {folder} at {state['images']} images")
    result = scorer(system.eval(), dataset, ranks)
    if ranks.main:
        path = _new_file(folder / "evaluations")
        write_scores(path, int(state["images"]), result)
        show(format_table(result.scores, result.protocol, result.skipped))
        show(f"scores: {path}")
        outputs = Path(merged["paths"]["outputs"])
        log_evaluation(merged["tracker"], outputs, folder, path, merged["metric"])


def _new_file(folder: Path) -> Path:
    """Named by the time; two of one second differ."""
    folder.mkdir(exist_ok=True)
    stem = time.strftime("%Y%m%d-%H%M%S")
    number, path = 1, folder / f"{stem}.json"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path
