"""`task=evaluate`: score a trained run again, with other extractors or more samples."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments import checkpoint
from experiments.config import build, compose, plain
from experiments.execute import facts_of, open_data, train_with_prerequisites
from experiments.errors import UserError
from experiments.interrupt import Interrupt
from experiments.metric.table import format_table
from experiments.observe import write_scores
from experiments.prerequisite import Run, plan, with_paths
from experiments.ranks import Ranks
from experiments.sample import build_without_prerequisites
from experiments.terminal import say, show

ALLOWED = ("metric", "launch", "paths", "tracker", "task", "run", "hydra")


def evaluate_run(config: dict[str, Any], overrides: list[str], ranks: Ranks) -> None:
    """Score the run that `run=` names and write `evaluations/<time>.json` into its folder.

    The run decides everything but `metric` and `launch`; another override is a user error.
    """
    for override in overrides:
        group = override.lstrip("+~").partition("=")[0].partition(".")[0].partition("/")[0]
        if group not in ALLOWED:
            raise UserError(f"{override}: the run decides this; task=evaluate takes metric.* only")
    folder = Path(config["run"])
    saved = checkpoint.run_config(folder)
    chosen = saved["choices"]
    merged = _with_metric(saved["config"], chosen, [o for o in overrides if "metric" in o])
    merged["launch"], merged["paths"] = config["launch"], config["paths"]
    run = plan(merged, chosen)
    with Interrupt() as interrupt:
        for path, need in run.prerequisites.items():
            if path.startswith("metric") and isinstance(need, Run):
                train_with_prerequisites(need, ranks, interrupt, wanted_by=run.name)
    merged = with_paths(run)
    dataset = open_data(merged, ranks)
    facts = facts_of(dataset)
    system = build_without_prerequisites(merged, facts).to(ranks.device)
    state = checkpoint.load_newest(folder)
    if state is None:
        raise UserError(f"run={folder}: has no checkpoint yet; train it first")
    for name, module in system.export_modules().items():
        module.load_state_dict(state["export"][name])
    say(f"scoring {folder} at {state['images']} images")
    result = build(merged["metric"], facts)(system.eval(), dataset, ranks)
    if ranks.main:
        path = folder / "evaluations" / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
        path.parent.mkdir(exist_ok=True)
        write_scores(path, int(state["images"]), result)
        show(format_table(result.scores, result.protocol, result.skipped))
        show(f"scores: {path}")


def _with_metric(
    config: dict[str, Any], chosen: dict[str, str], overrides: list[str]
) -> dict[str, Any]:
    """The run's configuration, its metric composed anew where the command changes it."""
    cfg = compose([f"model={chosen['model']}", f"data={chosen['data']}", *overrides])
    OmegaConf.set_struct(cfg, False)
    cfg.data = config["data"]
    cfg.trainer.images = config["trainer"]["images"]
    fresh = plain(cfg)
    merged = dict(config)
    merged["metric"] = fresh["metric"]
    for group in ("encoder",):
        merged[group] = config[group]
    return merged
