"""`task=evaluate`: score a trained run again, with other extractors or more samples."""

from __future__ import annotations

import signal
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from experiments.config.build import build
from experiments.config.key import top_of
from experiments.machine.core import cores
from experiments.machine.rank import Ranks
from experiments.machine.thread import choose, recorded
from experiments.metric.table import format_table
from experiments.run import folder as files
from experiments.run.change import READ, tell_changes
from experiments.run.fact import facts_of, require_vocabulary
from experiments.run.named import ELSEWHERE, evaluation_config, run_of
from experiments.run.prerequisite import plan_prerequisites, with_paths
from experiments.run.pretrained import without_pretrained
from experiments.run.reference import named
from experiments.run.state import BEST, Named, images_at
from experiments.run.weight import load_export
from experiments.terminal.interrupt import Interrupt
from experiments.terminal.line import number_of, say, show
from experiments.tracker.artifact import log_evaluation
from experiments.trainer.assemble import build_system, built, open_data, usable_by
from experiments.trainer.execute import train_missing
from experiments.trainer.observer import write_scores
from experiments.trainer.scoring import of_weights

REMEDY = "give data.root of the captions that it was trained with"


def evaluate_run(config: dict[str, Any], overrides: list[str], ranks: Ranks) -> None:
    """Score the run that `run` names and write `evaluations/<time>.json` into its folder.

    The run decides everything but `metric` and where and how to run; another override is refused.
    Scores of encoders that are not there yet have these trained first.
    """
    run = run_of(config)
    folder = run.folder
    kept = "its weights are scored by the code as it is now"
    tell_changes(folder, kept, READ, images_at(run))
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
    merged["data"] = merged["data"] | {"filter": None}  # it is of what is trained on
    dataset = open_data(merged, ranks, folder)
    facts = facts_of(dataset)
    require_vocabulary(folder, facts, None, REMEDY)
    system = build_system(without_pretrained(merged, "system"), facts, ranks)
    dataset = usable_by(system, dataset, ranks)
    build(without_pretrained(merged, "metric")["metric"], facts, "metric")  # before what it needs
    train_missing(needs, ranks, folder.name)
    scorer = built(with_paths(merged, needs)["metric"], facts, "metric")
    modules = system.export_modules()
    have = dict(named({n: m.state_dict() for n, m in modules.items()}))
    state = load_export(folder, run.at, have)
    for name, module in modules.items():
        module.load_state_dict(state["export"][name])
    say(f"scoring {run} at {number_of(state['images'], 'image')}")
    # Several processes leave together, or one would wait for another that is gone.
    with nullcontext() if ranks.processes == 1 else Interrupt(_tell):
        result = scorer(system.eval(), dataset, ranks)
    result = of_weights(result, saved["trainer"].get("ema_halflife"), _state(run, saved))
    if ranks.main:
        path = _new_file(folder / "evaluations")
        write_scores(path, int(state["images"]), result)
        show(format_table(result.scores, result.protocol, result.skipped))
        show(f"scores: {path}")
        outputs = Path(merged["paths"]["outputs"])
        log_evaluation(merged["tracker"], outputs, folder, path, merged["metric"])


def _state(run: Named, saved: dict[str, Any]) -> str:
    """Which weights of a run are scored, and who chose them."""
    if run.at == BEST:
        return f"best by {saved['trainer'].get('keep_best')} of records held out of training"
    return "last" if run.at is None else f"{run.at}, as was asked for"


def _tell(number: int) -> None:
    say(f"{signal.Signals(number).name}: leaving without scores (again: at once)")


def _new_file(folder: Path) -> Path:
    """Named by the time; two of one second differ."""
    folder.mkdir(exist_ok=True)
    stem = time.strftime("%Y%m%d-%H%M%S")
    number, path = 1, folder / f"{stem}.json"
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}.json"
    return path
