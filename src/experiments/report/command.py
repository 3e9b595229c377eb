"""`task=report`: of a study, of several values of a command line, of folders, or of all runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.metric.meaning import headlines
from experiments.report.meant import meant
from experiments.report.member import (
    Member,
    command_of,
    failure,
    finished,
    members_of,
    readable,
    score_names,
)
from experiments.report.place import ALL, NothingToReport, place_of
from experiments.run import folder as files
from experiments.run.change import tell_changes_of
from experiments.run.portable import portable
from experiments.run.prerequisite import plan
from experiments.run.same import named_by_place
from experiments.run.state import run_named
from experiments.study.job import Study
from experiments.terminal.error import UserError
from experiments.terminal.line import are, folded, number_of, say, show

SEARCHED = (
    "Trials of a search: it chose their values by their scores and gave some up early, so the best "
    "of them looks better than it is."
)


def report(overrides: list[str], study: Study | None = None) -> None:
    """Write the report that a command line asks for, and say where it is. `study`: the one that it
    names, or what its several values are. Raises `NothingToReport` where no run has begun, or where
    a page with finished runs would be replaced by one without."""
    question = None
    if study is not None:
        config, members, by_place = _members_of_study(study)
        question, title = study.question, study.title
        outputs = Path(config["paths"]["outputs"])
        if not any((member.folder / files.CONFIG).is_file() for member in members):
            raise NothingToReport(_none_of(study, len(members), outputs))
        place = place_of(outputs, members, overrides, study, by_place)
    else:
        config = plain(checked_compose(overrides))
        outputs, run = Path(config["paths"]["outputs"]), config["run"]
        given = [run] if isinstance(run, str) else run or []
        folders = [run_named(item, outputs) for item in given]
        title = (
            number_of(len(folders), "run") if folders else f"All runs in {portable(str(outputs))}"
        )
        everything = not folders
        if everything:
            there = sorted(path.parent for path in outputs.glob(f"*/*/{files.RUN}"))
            folders, lines = readable(there)
            for line in folded(lines):
                say(line)
        if not folders:
            raise NothingToReport(
                f"paths.outputs={outputs}: no run is there; python run.py makes one"
            )
        members = members_of(folders)
        place = place_of(outputs, members, overrides, None)
        if everything:
            place = place.with_name(ALL)
    confidence = config["report"]["confidence"]
    if not 0 < float(confidence) < 1:
        raise UserError(f"report.confidence={confidence}: must lie between 0 and 1, as 0.95")
    from experiments.report.write import write_report

    notes = [SEARCHED] if study is not None and study.search else []
    anew = "trained again with fresh=true, or as variant=NAME, they are of this code"
    tell_changes_of([member.folder for member in members], "they are shown as they are", anew)
    page = write_report(members, place, title, question, config["report"], notes)
    done = sum(member.finished for member in members)
    say(f"{title}: {done} of {number_of(len(members), 'run')} {are(len(members))} finished")
    show(f"report:   {page}")
    show(f"tables:   {page.with_suffix('.md')}, {page.with_suffix('.csv')}")
    if study is not None:
        _publish(config["tracker"], title, question, members)


def _members_of_study(study: Study) -> tuple[dict[str, Any], list[Member], bool]:
    """The configuration of the first job; a member for each, whether it has run or not; whether
    one has no other name for its data than their root."""
    members, first, by_place = [], None, False
    varied = study.varied or list(study.jobs[0].settings)
    for job in study.jobs:
        cfg = checked_compose(job.overrides)
        config = plain(cfg)
        first, by_place = first or config, by_place or named_by_place(config)
        run = plan(config, choices(cfg), job.overrides)
        members.append(
            Member(
                folder=run.folder,
                settings={key: job.settings[key] for key in varied if key != "seed"},
                seed=int(config["seed"]),
                command=command_of(job.overrides),
                failure=failure(run.folder),
                finished=finished(run.folder, run.config),
            )
        )
    assert first is not None, "a study has a job"
    return first, members, by_place


def _publish(
    tracker: dict[str, Any], title: str, question: str | None, members: list[Member]
) -> None:
    """The same comparison as a report in W&B, where its runs are tracked online."""
    from experiments.tracker.login import wandb_mode
    from experiments.tracker.place import backends_of, entity_of, project_of

    if "wandb" not in backends_of(tracker) or (mode := wandb_mode(tracker["mode"])) != "online":
        return
    from experiments.report.wandb import publish

    known = {name for member in members for name in score_names(member.folder)}
    group, factors = tracker["group"] or title, list(members[0].settings)
    try:
        about = (group, title, question, factors, headlines(known))
        entity = entity_of(tracker.get("entity"))
        url = publish(project_of(tracker["project"]), *about, entity=entity, mode=mode)
    except UserError as error:
        say(str(error))
    else:
        show(f"W&B:      {url}")


def _none_of(study: Study, count: int, outputs: Path) -> str:
    """That no run of a study has begun, and what was probably meant."""
    none = f"none of its {count} runs" if count > 1 else "its one run"
    line = f"{study.title}: {none} has begun in {outputs}, so there is nothing to report"
    hint = meant(outputs, study)
    return f"{line}; {hint}" if hint else f"{line}; the same command without task=report trains"
