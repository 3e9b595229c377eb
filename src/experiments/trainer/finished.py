"""What a finished run has to show: its scores, and where everything is."""

from __future__ import annotations

from pathlib import Path

from experiments.export.card import write_card
from experiments.metric.protocol import Protocol
from experiments.metric.table import format_table
from experiments.run.folder import SCORES, run_config, run_facts, run_scores
from experiments.run.prerequisite import Run
from experiments.terminal.error import UserError
from experiments.terminal.line import say, show
from experiments.terminal.secret import scrub
from experiments.tracker.look import looks

HEADLINES = (
    "r_precision",
    "/mean",
    "/colour",
    "zero_shot",
    "_at_50/",
)  # scores of encoders that one line has room for


def _made_by(folder: Path) -> str:
    """What the samples of a run are: the pictures of one that makes nothing are its data's."""
    try:
        made = {str(made) for _, made in run_facts(folder).get("makes") or []}
    except UserError:  # damaged: its scores are there all the same
        made = set()
    return f"{made.pop()}s" if len(made) == 1 else "samples" if made else "pictures"


def show_scores(run: Run, brief: bool = False) -> None:
    """The scores of a finished run as a table, and where everything is; one line with `brief`.

    Its model card is written where it is missing or older than the run.
    """
    write_card(run.folder)
    content = run_scores(run.folder)
    if brief:
        known = content["scores"] if content else {}
        chosen = {k: v for k, v in known.items() if k.endswith("/real")}
        headlines = {k: v for k, v in chosen.items() if any(part in k for part in HEADLINES)}
        scores = ", ".join(f"{name} {value:.3f}" for name, value in headlines.items())
        say(f"{run.name} is trained{': ' if scores else ''}{scores}")
        return
    if content:
        show(format_table(content["scores"], Protocol(**content["protocol"]), content["skipped"]))
        show(f"scores:   {run.folder / SCORES}")
        if run_config(run.folder).get("metric") != scrub(run.config.get("metric")):
            show(
                "note:     the metric was another one than this command's; "
                f"`task=evaluate run={run.folder}` with these settings scores again"
            )
    else:
        show("scores:   none, since there is no metric")
    show(f"{f'{_made_by(run.folder)}:':<10}{run.folder / 'samples'}")
    first, *others = looks(run.folder)
    show("\n          ".join([f"tracked:  {first}", *others]))
