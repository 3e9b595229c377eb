"""The parts of a report that are no page: `report.csv`, a row for each run, and `report.md`."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from experiments.file.markdown import plain, table
from experiments.metric import meaning as scores
from experiments.report.answers import Answers, best_told, caution, change, counted, interval
from experiments.report.origin import warnings_of
from experiments.report.record import Arm, Record
from experiments.report.statistics import summary
from experiments.terminal.secret import scrub

COSTS = ("images_per_second", "seconds", "peak_memory", "energy")


def csv_text(records: Sequence[Record]) -> str:
    """One row for each run: settings, seed, state, every score, cost, folder."""
    settings = list(dict.fromkeys(key for record in records for key in record.member.settings))
    names = sorted({name for record in records for name in record.scores})
    file = io.StringIO()
    sheet = csv.writer(file, lineterminator="\n")
    sheet.writerow([*settings, "seed", "state", "images", *names, *COSTS, "folder", "reason"])
    for record in records:
        cost = [getattr(record.cost, key, None) for key in COSTS]
        sheet.writerow(
            [
                *(record.member.settings.get(key, "") for key in settings),
                record.seed,
                record.state,
                record.images or "",
                *(_exact(record.scores.get(name)) for name in names),
                *(_exact(value) for value in cost),
                scrub(str(record.folder)),
                scrub(record.reason),
            ]
        )
    return file.getvalue()


def _exact(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def markdown_text(
    title: str,
    question: str | None,
    state: Sequence[str],
    arms: Sequence[Arm],
    answers: Answers,
    confidence: float,
) -> str:
    """Question, state, answers and tables, for a lab book or an issue."""
    lines = [f"# {plain(title)}", ""]
    if question:
        lines += [plain(question), ""]
    lines += [*(f"{plain(item)}  " for item in state), "", "## Answers", ""]
    lines += [f"- {plain(told)}" for told in best_told(answers)]
    for part in answers.factors:
        lines += [f"- {plain(sentence)}" for sentence in part.sentences]
        if not part.columns:
            lines.append(f"- {plain(part.factor.name)}: no two finished runs differ in this alone.")
    if (note := caution(answers, confidence)) is not None:
        lines += ["", note]
    lines += ["", "## Scores", "", "Mean ± standard error over seeds.", ""]
    rows = [["arm", "seeds", *(scores.title(name) for name in answers.names)]]
    for arm in arms:
        cells = [_mean(arm, name) for name in answers.names]
        rows.append([arm.name, f"{arm.finished} of {len(arm.records)}", *cells])
    rows += [[word, "", *cells] for word, cells in besides(arms, answers.names)]
    lines += table(rows)
    if answers.factors:
        rows = [
            ["what varies", "score", "difference", f"{100 * confidence:g} % interval", "of", ""]
        ]
        for part in answers.factors:
            for column in part.columns:
                for item in column:
                    what = f"{part.factor.name} {item.right} instead of {item.left}"
                    told = [change(item), interval(item) or "–", counted(item), item.verdict]
                    rows.append([what, scores.title(item.score), *told])
        lines += ["", "## Differences", "", *table(rows)]
    if warnings := warnings_of(arms):
        lines += ["", "## Warnings", "", *(f"- {plain(line)}" for line in warnings)]
    return "\n".join(lines) + "\n"


def _mean(arm: Arm, name: str) -> str:
    values = arm.values(name)
    if not values:
        return "–"
    found = summary(values)
    return scores.shown(name, found.mean, found.error)


def besides(arms: Sequence[Arm], names: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Scores of real pictures, and of chance, where a run has any."""
    words = (("/real", "real pictures"), ("/chance", "chance"))
    rows = [(word, [_beside(arms, name + suffix) for name in names]) for suffix, word in words]
    return [(word, cells) for word, cells in rows if set(cells) != {"–"}]


def _beside(arms: Sequence[Arm], name: str) -> str:
    """One value where all runs have the same."""
    values = [value for arm in arms for value in arm.values(name)]
    told = list(dict.fromkeys(scores.shown(name, value) for value in sorted(values)))
    return "–" if not told else told[0] if len(told) == 1 else f"{told[0]} to {told[-1]}"
