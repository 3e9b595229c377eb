"""What people ranked or marked, as a table of plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.file.markdown import plain, table
from experiments.human.key import RANK
from experiments.terminal.line import aligned, number_of

FEW = 3  # participants up to which the width of the interval wants an explanation


def as_text(result: Mapping[str, Any]) -> str:
    """Means, preferences and agreement for a terminal, question by question."""
    lines = [_heading(result)]
    for answered in result["questions"]:
        if len(result["questions"]) > 1:
            lines += ["", answered["question"]]
        lines += ["", *aligned(_means(result, answered)), ""]
        if result["form"] == RANK:
            lines += ["row preferred over column, %", *aligned(_preferences(answered)), ""]
        lines += _notes(result, answered)
    return "\n".join([*lines, _time(result)])


def as_markdown(result: Mapping[str, Any]) -> str:
    """The same, and every caption."""
    ranks = result["form"] == RANK
    lines = [f"# Human {'ranking' if ranks else 'marks'}", "", plain(_heading(result)), ""]
    for answered in result["questions"]:
        lines += [f"Question: {plain(answered['question'])}", ""]
        lines += [*table(_means(result, answered)), ""]
        if ranks:
            lines += ["How often the run of the row was preferred to that of the column, in per "]
            lines[-1] += "cent:"
            lines += ["", *table(_preferences(answered)), ""]
        lines += [f"- {plain(note)}" for note in _notes(result, answered)]
        lines += ["", f"Mean {'ranks' if ranks else 'marks'} by caption:", ""]
        lines += [*table(_captions(answered, ranks)), ""]
    lines += [plain(_time(result)), ""]
    if result["left_out"]:
        lines += ["Left out:", "", *(f"- {plain(line)}" for line in result["left_out"]), ""]
    return "\n".join(lines)


def _heading(result: Mapping[str, Any]) -> str:
    people, captions, several = result["participants"], result["captions"], result["pictures"]
    who, what = number_of(people, "participant"), number_of(captions, "caption")
    line = f"page {result['page']}: {who}, {what}"
    return line + (f", {several} pictures of each by every run" if several > 1 else "")


def _means(result: Mapping[str, Any], answered: Mapping[str, Any]) -> list[list[str]]:
    ranks = result["form"] == RANK
    share = f"{100 * result['confidence']:g} % interval"
    more = ["ranked first"] if ranks else [str(mark) for mark in range(answered["most"] + 1)]
    rows = [["", "run", "mean rank" if ranks else "mean mark", share, *more, "trained on"]]
    for number, run in enumerate(answered["runs"], 1):
        between = "-" if run["interval"] is None else "{:.2f} to {:.2f}".format(*run["interval"])
        mean = run["mean_rank"] if ranks else run["mean_mark"]
        shares = [run["first"]] if ranks else run["share"]
        images = "-" if run["folder"] is None else number_of(run["images"], "image", ",")
        told = [f"{100 * value:.0f} %" for value in shares]
        rows.append([str(number), run["name"], f"{mean:.2f}", between, *told, images])
    return rows


def _preferences(answered: Mapping[str, Any]) -> list[list[str]]:
    spread = answered["preferred_interval"]
    rows = [["", "run", *(str(number) for number in range(1, len(answered["runs"]) + 1))]]
    for number, run in enumerate(answered["runs"]):
        cells = []
        for other, share in enumerate(answered["preferred"][number]):
            cell = f"{100 * share:.0f}"
            if spread is not None:
                cell += " ({:.0f} to {:.0f})".format(*(100 * end for end in spread[number][other]))
            cells.append("-" if other == number else cell)
        rows.append([str(number + 1), run["name"], *cells])
    return rows


def _captions(answered: Mapping[str, Any], ranks: bool) -> list[list[str]]:
    numbers = [str(number) for number in range(1, len(answered["runs"]) + 1)]
    rows = [["caption", *numbers, *(["Kendall's W"] if ranks else [])]]
    for entry in answered["by_caption"]:
        means = entry["mean_rank"] if ranks else entry["mean_mark"]
        row = [entry["caption"], *(f"{mean:.2f}" for mean in means)]
        if ranks:
            row.append("-" if entry["kendall_w"] is None else f"{entry['kendall_w']:.2f}")
        rows.append(row)
    return rows


def _notes(result: Mapping[str, Any], answered: Mapping[str, Any]) -> list[str]:
    runs, people = len(answered["runs"]), result["participants"]
    ranks = result["form"] == RANK
    notes = [f"ranks go from 1, the best, to {runs}; by chance a run has {(runs + 1) / 2:g}"]
    if not ranks:
        notes = [
            f"marks go from 0 to {answered['most']}, the best; under each is how often it was given"
        ]
    if result["interval_over"] == "nothing":
        notes.append("one participant and one caption: no interval")
    else:
        notes.append(f"intervals are over {result['interval_over']}")
    if 1 < people <= FEW:
        notes.append("so few participants hardly show how much people differ: hence wide intervals")
    if people == 1:
        notes.append("agreement: needs two participants or more")
    elif ranks:
        notes.append(
            f"agreement: Kendall's W {answered['kendall_w']:.2f}, the mean over captions; 1 where "
            f"all rank alike, {answered['kendall_w_chance']:.2f} by chance"
        )
    elif answered["alpha"] is None:
        notes.append("agreement: all marks are the same")
    else:
        notes.append(
            f"agreement: Krippendorff's alpha {answered['alpha']:.2f}; 1 where all give the same "
            "marks, 0 by chance"
        )
    places = ", ".join(f"{mean:.2f}" for mean in answered["mean_by_place"])
    what = "rank" if ranks else "mark"
    notes.append(f"mean {what} by place on the screen, from the left: {places}")
    return notes


def _time(result: Mapping[str, Any]) -> str:
    return f"median time for a caption: {result['seconds']:.0f} s"
