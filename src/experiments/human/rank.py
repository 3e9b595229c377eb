"""`task=human_rank`: the mean rank, or the mean mark, of each run from what people saved; of what
they preferred in task=app, the wins of each pair (`win.py`).

A table on the terminal; human_rank.json and human_rank.md beside the key of the page.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from experiments.file.whole import write_json, write_text
from experiments.human.agreement import interval, kendall_w, preferred
from experiments.human.answers import RESULT, Collected
from experiments.human.key import RANK, Key
from experiments.human.mark import marked, told
from experiments.human.preference import Preferences
from experiments.human.request import answers_of
from experiments.human.table import as_markdown, as_text
from experiments.human.win import write_wins
from experiments.terminal.line import say, show


def write(config: Mapping[str, Any]) -> Path:
    """Average what people gave; returns the JSON file. Raises `UserError` where nothing can be."""
    collected = answers_of(config)
    if isinstance(collected, Preferences):
        return write_wins(collected, float(config["report"]["confidence"]))
    for line in collected.refused:
        say(f"left out: {line}")
    result = result_of(collected, float(config["report"]["confidence"]))
    path = collected.folder / RESULT
    write_json(path, result)
    write_text(path.with_suffix(".md"), as_markdown(result))
    show(as_text(result))
    show(f"results: {path} and {path.with_suffix('.md').name}")
    return path


def result_of(collected: Collected, confidence: float) -> dict[str, Any]:
    """Everything that the answers say, by question, the best run first."""
    key, answers = collected.key, collected.answers
    values = np.array([_by_run(one.given, key.codes) for one in answers], float)
    people, captions = values.shape[:2]
    places = np.array([_by_place(one.given, key.codes) for one in answers], float).mean((0, 1))
    answered = ranked if key.form == RANK else marked
    return {
        "page": key.page,
        "form": key.form,
        "participants": people,
        "captions": captions,
        "pictures": len(key.seeds),
        "confidence": confidence,
        "interval_over": _over(people, captions),
        "questions": [
            {"question": question}
            | answered(values[:, :, number], key, confidence)
            | {"mean_by_place": places[number].tolist()}
            for number, question in enumerate(key.questions)
        ],
        "seconds": statistics.median(seconds for a in answers for seconds in a.seconds),
        "people": [
            {"participant": a.participant, "seconds": statistics.median(a.seconds)} for a in answers
        ],
        "left_out": collected.refused,
    }


def ranked(ranks: np.ndarray, key: Key, confidence: float) -> dict[str, Any]:
    """What ranks (people, captions, runs) say."""
    people, captions, runs = ranks.shape
    best = np.argsort(ranks.mean((0, 1)), kind="stable")
    ranks = ranks[..., best]
    firsts, wins = ranks == 1, preferred(ranks)
    spread = interval(ranks, confidence, 1, runs)
    wins_spread = interval(wins, confidence, 0, 1)
    for end in wins_spread or ():
        np.fill_diagonal(end, 0.5)  # a run beside itself, by definition
    agreement = [kendall_w(ranks[:, number]) for number in range(captions)]
    return {
        "runs": [
            told(key, run)
            | {
                "mean_rank": float(ranks[..., place].mean()),
                "interval": None if spread is None else [float(end[place]) for end in spread],
                "first": float(firsts[..., place].mean()),
            }
            for place, run in enumerate(best)
        ],
        "preferred": wins.mean((0, 1)).tolist(),
        "preferred_interval": None if wins_spread is None else np.stack(wins_spread, -1).tolist(),
        "kendall_w": float(np.mean(agreement)) if people > 1 else None,
        "kendall_w_chance": 1 / people if people > 1 else None,
        "by_caption": [
            {
                "caption": text,
                "mean_rank": ranks[:, number].mean(0).tolist(),
                "first": firsts[:, number].mean(0).tolist(),
                "kendall_w": agreement[number] if people > 1 else None,
            }
            for number, text in enumerate(key.captions)
        ],
    }


def _by_run(
    given: list[list[dict[str, int]]], codes: list[dict[str, int]]
) -> list[list[list[int]]]:
    """What one person gave, by caption, question and run."""
    return [
        [[value for _, value in sorted((runs[c], v) for c, v in one.items())] for one in asked]
        for asked, runs in zip(given, codes, strict=True)
    ]


def _by_place(
    given: list[list[dict[str, int]]], codes: list[dict[str, int]]
) -> list[list[list[int]]]:
    """The same by caption, question and place on the screen: its means are alike where people look
    at pictures and not at places."""
    return [
        [[one[code] for code in runs] for one in asked]
        for asked, runs in zip(given, codes, strict=True)
    ]


def _over(people: int, captions: int) -> str:
    """What the intervals count as drawn at random."""
    if people > 1 and captions > 1:
        return "participants and captions"
    if captions > 1:
        return "captions alone, since there is one participant"
    return "participants alone, since there is one caption" if people > 1 else "nothing"
