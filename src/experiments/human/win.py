"""How often each run was preferred to each other at the page of task=app, with intervals.

A choice among several runs is a win over each of the others; between those that were not chosen it
says nothing. Where nobody was preferred it is a draw, which counts for neither.

Intervals are Wilson's (1927) of a share: with n wins and losses, share p and the normal quantile z,

    (p + z²/2n ± z sqrt(p(1 - p)/n + z²/4n²)) / (1 + z²/n)

which hold for few choices as well (Brown, Cai and DasGupta 2001). They take choices as independent:
who gave them is not known, and many of one person say less about others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from statistics import NormalDist
from typing import Any

from experiments.file.markdown import plain, table
from experiments.file.whole import write_json, write_text
from experiments.human.answers import RESULT
from experiments.human.preference import Preference, Preferences
from experiments.terminal.line import aligned, number_of, say, show

FORM = "preference"


def write_wins(given: Preferences, confidence: float) -> Path:
    """human_rank.json and human_rank.md beside the preferences, and a table on the terminal."""
    for line in given.refused:
        say(f"left out: {line}")
    result = wins_of(given, confidence)
    path = given.folder / RESULT
    write_json(path, result)
    write_text(path.with_suffix(".md"), _as_markdown(result))
    show("\n".join(_as_text(result)))
    show(f"results: {path} and {path.with_suffix('.md').name}")
    return path


def wins_of(given: Preferences, confidence: float) -> dict[str, Any]:
    """Everything that the choices say; runs by the share of choices that fell on them."""
    lines = given.lines
    names = {run: name for one in lines for run, name in zip(one.runs, one.names, strict=True)}
    runs = [_told(run, name, lines, confidence) for run, name in names.items()]
    runs.sort(key=lambda run: -run["share"])
    order = [run["run"] for run in runs]
    pairs = [_pair(one, other, lines, confidence) for one, other in combinations(order, 2)]
    return {
        "form": FORM,
        "choices": len(lines),
        "captions": len({one.caption for one in lines}),
        "nobody": sum(one.choice is None for one in lines),
        "hidden": {
            "alone": given.hidden,
            "yes": sum(one.hidden is True for one in lines),
            "no": sum(one.hidden is False for one in lines),
            "unknown": sum(one.hidden is None for one in lines),
        },
        "confidence": confidence,
        "runs": runs,
        "pairs": [pair for pair in pairs if pair["together"]],
        "first_place": _first(lines),
        "left_out": given.refused,
    }


def wilson(wins: int, count: int, confidence: float) -> tuple[float, float] | None:
    """(low, high) of a share of `count`; None where there are none."""
    if count == 0:
        return None
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = wins / count
    middle = share + z * z / (2 * count)
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    low, high = ((middle + side * half) / (1 + z * z / count) for side in (-1, 1))
    return max(0.0, low), min(1.0, high)


def _told(run: str, name: str, lines: list[Preference], confidence: float) -> dict[str, Any]:
    """One run over all: how often it was shown, and chosen."""
    shown = [one for one in lines if run in one.runs]
    chosen = sum(one.choice == run for one in shown)
    chance = sum(1 / len(one.runs) for one in shown) / len(shown)
    return {
        "run": run,
        "name": name,
        "shown": len(shown),
        "chosen": chosen,
        "share": chosen / len(shown),
        "interval": wilson(chosen, len(shown), confidence),
        "chance": chance,
    }


def _pair(one: str, other: str, lines: list[Preference], confidence: float) -> dict[str, Any]:
    together = [line for line in lines if one in line.runs and other in line.runs]
    wins = sum(line.choice == one for line in together)
    losses = sum(line.choice == other for line in together)
    return {
        "run": one,
        "other": other,
        "together": len(together),
        "wins": wins,
        "losses": losses,
        "share": wins / (wins + losses) if wins + losses else None,
        "interval": wilson(wins, wins + losses, confidence),
    }


def _first(lines: list[Preference]) -> dict[str, float] | None:
    """How often the first place of the screen was chosen, beside chance; None without choices."""
    chosen = [one for one in lines if one.choice is not None]
    if not chosen:
        return None
    return {
        "share": sum(one.choice == one.runs[0] for one in chosen) / len(chosen),
        "chance": sum(1 / len(one.runs) for one in chosen) / len(chosen),
    }


def _as_text(result: Mapping[str, Any]) -> list[str]:
    return [
        _heading(result),
        "",
        *aligned(_runs(result)),
        "",
        "row preferred over column",
        *aligned(_pairs(result)),
        "",
        *_notes(result),
    ]


def _as_markdown(result: Mapping[str, Any]) -> str:
    lines = ["# Human preferences", "", plain(_heading(result)), "", *table(_runs(result)), ""]
    lines += ["How often one run was preferred to another:", "", *table(_pairs(result)), ""]
    lines += [f"- {plain(note)}" for note in _notes(result)]
    if result["left_out"]:
        lines += ["", "Left out:", "", *(f"- {plain(line)}" for line in result["left_out"])]
    return "\n".join([*lines, ""])


def _heading(result: Mapping[str, Any]) -> str:
    choices, captions = (
        number_of(result["choices"], "choice"),
        number_of(result["captions"], "caption"),
    )
    return f"{choices} of {captions}"


def _runs(result: Mapping[str, Any]) -> list[list[str]]:
    share = f"{100 * result['confidence']:g} % interval"
    rows = [["run", "model", "shown", "chosen", "share", share, "chance"]]
    for run in result["runs"]:
        counts = [str(run["shown"]), str(run["chosen"]), _percent(run["share"])]
        between = _between(run["interval"])
        rows.append([run["run"], run["name"], *counts, between, _percent(run["chance"])])
    return rows


def _pairs(result: Mapping[str, Any]) -> list[list[str]]:
    share = f"{100 * result['confidence']:g} % interval"
    rows = [["run", "over", "wins", "losses", "neither", "share", share]]
    for pair in result["pairs"]:
        neither = pair["together"] - pair["wins"] - pair["losses"]
        counts = [str(pair["wins"]), str(pair["losses"]), str(neither)]
        told = "-" if pair["share"] is None else _percent(pair["share"])
        rows.append([pair["run"], pair["other"], *counts, told, _between(pair["interval"])])
    return rows


def _notes(result: Mapping[str, Any]) -> list[str]:
    notes = ["two runs differ where the interval of their pair leaves out 50 %"]
    notes.append("choices count as independent; many of one person say less about others")
    notes.append(_blindness(result["hidden"]))
    if result["nobody"]:
        notes.append(f"nobody was preferred: {result['nobody']}, which counts for no run")
    if first := result["first_place"]:
        told = f"{_percent(first['share'])}, by chance {_percent(first['chance'])}"
        notes.append(f"the first place on the screen was chosen in {told}")
    return notes


def _blindness(hidden: Mapping[str, Any]) -> str:
    """How many of the choices were given without knowing which run is which."""
    if not (hidden["no"] or hidden["unknown"]):
        return "the names of runs were hidden for all of them"
    parts = [f"hidden for {hidden['yes']}", f"shown for {hidden['no']}"]
    if hidden["unknown"]:
        parts.append(f"of {hidden['unknown']} that is not known")
    alone = "; human.hidden=true counts the first alone" if hidden["yes"] else ""
    return f"the names of runs were {', '.join(parts)}{alone}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def _between(interval: tuple[float, float] | None) -> str:
    return (
        "-" if interval is None else "{:.0f} to {:.0f} %".format(*(100 * end for end in interval))
    )
