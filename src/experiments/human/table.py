"""What people ranked, as a table of plain text and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.file.markdown import plain, table
from experiments.terminal.line import in_columns

FEW = 3  # participants up to which the width of the interval wants an explanation


def as_text(result: Mapping[str, Any]) -> str:
    """Mean ranks, preferences and agreement for a terminal."""
    lines = [_heading(result), "", *in_columns(_means(result)), "", "row preferred over column, %"]
    lines += [*in_columns(_preferences(result)), "", *_notes(result)]
    return "\n".join(lines)


def as_markdown(result: Mapping[str, Any]) -> str:
    """The same, and every caption."""
    lines = ["# Human ranking", "", plain(_heading(result)), ""]
    lines += [f"Question: {plain(result['question'])}", ""]
    lines += [*table(_means(result)), "", "How often the run of the row was preferred to that of "]
    lines[-1] += "the column, in per cent:"
    lines += ["", *table(_preferences(result)), ""]
    lines += [f"- {plain(note)}" for note in _notes(result)]
    lines += ["", "Mean ranks by caption:", "", *table(_captions(result)), ""]
    if result["left_out"]:
        lines += ["Left out:", "", *(f"- {plain(line)}" for line in result["left_out"]), ""]
    return "\n".join(lines)


def _heading(result: Mapping[str, Any]) -> str:
    people, captions, several = result["participants"], result["captions"], result["pictures"]
    line = f"page {result['page']}: {_count(people, 'participant')}, {_count(captions, 'caption')}"
    return line + (f", {several} pictures of each by every run" if several > 1 else "")


def _means(result: Mapping[str, Any]) -> list[list[str]]:
    share = f"{100 * result['confidence']:g} % interval"
    rows = [["", "run", "mean rank", share, "ranked first", "trained on"]]
    for number, run in enumerate(result["runs"], 1):
        between = "-" if run["interval"] is None else "{:.2f} to {:.2f}".format(*run["interval"])
        first, images = f"{100 * run['first']:.0f} %", f"{run['images']:,} images"
        rows.append([str(number), run["name"], f"{run['mean_rank']:.2f}", between, first, images])
    return rows


def _preferences(result: Mapping[str, Any]) -> list[list[str]]:
    spread = result["preferred_interval"]
    rows = [["", "run", *(str(number) for number in range(1, len(result["runs"]) + 1))]]
    for number, run in enumerate(result["runs"]):
        cells = []
        for other, share in enumerate(result["preferred"][number]):
            cell = f"{100 * share:.0f}"
            if spread is not None:
                cell += " ({:.0f} to {:.0f})".format(*(100 * end for end in spread[number][other]))
            cells.append("-" if other == number else cell)
        rows.append([str(number + 1), run["name"], *cells])
    return rows


def _captions(result: Mapping[str, Any]) -> list[list[str]]:
    numbers = [str(number) for number in range(1, len(result["runs"]) + 1)]
    rows = [["caption", *numbers, "Kendall's W"]]
    for entry in result["by_caption"]:
        agreement = "-" if entry["kendall_w"] is None else f"{entry['kendall_w']:.2f}"
        rows.append([entry["caption"], *(f"{mean:.2f}" for mean in entry["mean_rank"]), agreement])
    return rows


def _notes(result: Mapping[str, Any]) -> list[str]:
    runs, people = len(result["runs"]), result["participants"]
    notes = [f"ranks go from 1, the best, to {runs}; by chance a run has {(runs + 1) / 2:g}"]
    if result["interval_over"] == "nothing":
        notes.append("one participant and one caption: no interval")
    else:
        notes.append(f"intervals are over {result['interval_over']}")
    if 1 < people <= FEW:
        notes.append("so few participants hardly show how much people differ: hence wide intervals")
    if result["kendall_w"] is None:
        notes.append("agreement: needs two participants or more")
    else:
        notes.append(
            f"agreement: Kendall's W {result['kendall_w']:.2f}, the mean over captions; 1 where "
            f"all rank alike, {result['kendall_w_chance']:.2f} by chance"
        )
    places = ", ".join(f"{mean:.2f}" for mean in result["mean_rank_by_place"])
    notes.append(f"mean rank by place on the screen, from the left: {places}")
    notes.append(f"median time for a caption: {result['seconds']:.0f} s")
    return notes


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
