"""A study in W&B: a report that compares its arms, and a saved workspace to go on looking.

Both need the extra `report` and a login. They show what W&B has of the group; the page of
`task=report` is made of the run folders and has the statistics.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from experiments.config.outside import is_group
from experiments.terminal.error import UserError, reason_of
from experiments.terminal.package import installing
from experiments.tracker.guard import SAMPLES
from experiments.tracker.login import wandb_mode

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2 import Report
    from wandb_workspaces.workspaces import Workspace

PREREQUISITE = "prerequisite"  # the tag of runs that a study trained for its arms
WIDTH, HEIGHT = 12, 8  # of a panel; a report is 24 wide


def publish(
    project: str,
    group: str,
    title: str,
    question: str | None,
    factors: Mapping[str, Sequence[str]] | Sequence[str],
    scores: Sequence[str],
    entity: str | None = None,
    mode: str | None = None,
) -> str:
    """Publish a report of a group of runs and a workspace with the same panels; the report's URL.

    factors: the keys that vary, as in the configuration (`loss.damsm.weight`). scores: names of
    scores, the most important one first. Without an entity, the user's own. mode: what was decided
    for W&B (`wandb_mode`), where the caller has asked.

    Raises `UserError` where nobody is logged in, W&B logs offline, or the extra is missing. Nothing
    is published then.
    """
    if (mode or wandb_mode("auto")) != "online":
        raise UserError(
            "a W&B report needs W&B online; run `wandb login`, sync the runs, try again"
        )
    _require()
    import wandb

    try:
        entity = entity or os.environ.get("WANDB_ENTITY") or wandb.Api().default_entity
        made = report(project, group, title, question, list(factors), scores, str(entity))
        made.save()
        workspace(project, group, title, list(factors), scores, str(entity)).save()
    except Exception as error:
        raise UserError(f"W&B did not take the report of {group}: {reason_of(error)}") from error
    return str(made.url)


def report(
    project: str,
    group: str,
    title: str,
    question: str | None,
    factors: Sequence[str],
    scores: Sequence[str],
    entity: str,
) -> Report:
    """The report, not yet published: for each score its curve over images and its bars, by arm."""
    _require()
    import wandb_workspaces.reports.v2 as w

    runs = w.Runset(  # of the project of the report, which it is not told: it would look it up
        name=group,
        filters=_arms(group),
        groupby=[f"config.{_key(factor)}" for factor in factors],
        order=[w.OrderBy(w.SummaryMetric(score), ascending=False) for score in scores[:1]],
    )
    panels: list[Any] = []
    for row, score in enumerate(scores):
        left, right = _places(w, row)
        curve = w.LinePlot(title=score, x="images", y=[score], layout=left)
        panels += [curve, w.BarPlot(title=score, metrics=[w.SummaryMetric(score)], layout=right)]
    left, right = _places(w, len(scores))
    if scores:
        columns: list[Any] = [*(w.Config(_key(f)) for f in factors), w.SummaryMetric(scores[0])]
        plot = [w.ParallelCoordinatesPlotColumn(column) for column in columns]
        panels += [
            w.ParallelCoordinatesPlot(columns=plot, title="settings", layout=left),
            w.ParameterImportancePlot(with_respect_to=scores[0], layout=right),
        ]
    left, right = _places(w, len(scores) + 1)
    panels += [
        w.MediaBrowser(title="samples", media_keys=["samples"], layout=left),
        w.RunComparer(diff_only=True, layout=right),
    ]
    varied = ", ".join(f"`{factor}`" for factor in factors) or "nothing"
    blocks: list[Any] = [
        w.P(question or title),
        w.MarkdownBlock(
            f"Runs of the group `{group}`, by what varies: {varied}. Seeds of an arm are averaged. "
            f"The table `{SAMPLES}` of each run has its pictures beside real ones."
        ),
        w.PanelGrid(runsets=[runs], panels=panels),
    ]
    return w.Report(
        project=project, entity=entity, title=title, description=question or "", blocks=blocks
    )


def workspace(
    project: str, group: str, title: str, factors: Sequence[str], scores: Sequence[str], entity: str
) -> Workspace:
    """The saved view of the project with the arms of the group, not yet saved."""
    _require()
    import wandb_workspaces.reports.v2 as w
    import wandb_workspaces.workspaces as ws

    curves: list[Any] = [w.LinePlot(title=score, x="images", y=[score]) for score in scores]
    bars: list[Any] = [w.BarPlot(title=score, metrics=[w.SummaryMetric(score)]) for score in scores]
    sections = [
        ws.Section(name="scores over images", panels=curves, is_open=True),
        ws.Section(name="scores at the end", panels=bars, is_open=True),
        ws.Section(name="pictures", panels=[w.MediaBrowser(media_keys=["samples"])], is_open=True),
    ]
    return ws.Workspace(
        entity=entity,
        project=project,
        name=title,
        sections=sections,
        settings=ws.WorkspaceSettings(x_axis="images"),
        runset_settings=ws.RunsetSettings(
            filters=_arms(group), groupby=[ws.Config(_key(factor)) for factor in factors]
        ),
    )


def _key(factor: str) -> str:
    """Where W&B has it: values as they stand in the configuration, options as `choices/<group>`."""
    return f"choices/{factor}" if is_group(factor) else factor


def _places(w: Any, row: int) -> tuple[Any, Any]:
    return tuple(w.Layout(x=x, y=row * HEIGHT, w=WIDTH, h=HEIGHT) for x in (0, WIDTH))  # type: ignore[return-value]


def _arms(group: str) -> str:
    """The filter of the runs of a group that are arms of it."""
    return f"Metric('Group') == {group!r} and Tags() not in [{PREREQUISITE!r}]"


def _require() -> None:
    from importlib.util import find_spec

    if find_spec("wandb_workspaces") is None:
        raise UserError(
            f"W&B reports need the package wandb-workspaces; run {installing('wandb-workspaces')}"
        )
