"""`task=human_rank`: the mean rank of each run from what people saved.

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
from experiments.human.request import answers_of
from experiments.human.table import as_markdown, as_text
from experiments.terminal.line import say, show


def write(config: Mapping[str, Any]) -> Path:
    """Average the ranks; returns the JSON file. Raises `UserError` where none can be used."""
    collected = answers_of(config)
    for line in collected.refused:
        say(f"left out: {line}")
    result = ranked(collected, float(config["report"]["confidence"]))
    path = collected.folder / RESULT
    write_json(path, result)
    write_text(path.with_suffix(".md"), as_markdown(result))
    show(as_text(result))
    show(f"results: {path} and {path.with_suffix('.md').name}")
    return path


def ranked(collected: Collected, confidence: float) -> dict[str, Any]:
    """Everything that the ranks say, the best run first."""
    key, answers = collected.key, collected.answers
    ranks = np.array([_by_run(a.ranks, key.codes) for a in answers], float)
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
        "page": key.page,
        "question": key.question,
        "participants": people,
        "captions": captions,
        "pictures": len(key.seeds),
        "confidence": confidence,
        "interval_over": _over(people, captions),
        "runs": [
            {
                "name": key.runs[run].name,
                "folder": str(key.runs[run].folder),
                "images": key.runs[run].images,
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
        "mean_rank_by_place": _by_place(answers, key.codes),
        "seconds": statistics.median(seconds for a in answers for seconds in a.seconds),
        "by_caption": [
            {
                "caption": text,
                "mean_rank": ranks[:, number].mean(0).tolist(),
                "first": firsts[:, number].mean(0).tolist(),
                "kendall_w": agreement[number] if people > 1 else None,
            }
            for number, text in enumerate(key.captions)
        ],
        "people": [
            {"participant": a.participant, "seconds": statistics.median(a.seconds)} for a in answers
        ],
        "left_out": collected.refused,
    }


def _by_run(ranks: list[dict[str, int]], codes: list[dict[str, int]]) -> list[list[int]]:
    """Ranks of one person by caption and run."""
    return [
        [rank for _, rank in sorted((runs[code], rank) for code, rank in given.items())]
        for given, runs in zip(ranks, codes, strict=True)
    ]


def _by_place(answers: list[Any], codes: list[dict[str, int]]) -> list[float]:
    """The mean rank of whatever stood first on the screen, second, and so on: all alike where
    people look at pictures and not at places."""
    found = [
        [[row[code] for code in runs] for row, runs in zip(a.ranks, codes, strict=True)]
        for a in answers
    ]
    return np.mean(found, axis=(0, 1)).tolist()


def _over(people: int, captions: int) -> str:
    """What the intervals count as drawn at random."""
    if people > 1 and captions > 1:
        return "participants and captions"
    if captions > 1:
        return "captions alone, since there is one participant"
    return "participants alone, since there is one caption" if people > 1 else "nothing"
