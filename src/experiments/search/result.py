"""What a search has found, for the terminal."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from experiments.metric.meaning import shown, title
from experiments.search.request import Search
from experiments.search.store import Store
from experiments.search.trial import COMPLETE, FAILED, LOST, PRUNED, RUNNING, Tried
from experiments.study.job import short
from experiments.terminal.line import aligned, near, number_of

BEST, ENOUGH = 10, 10  # trials that are listed; complete ones that importance can be read from


def show_result(store: Store) -> tuple[str, list[str]]:
    """The best trials as a table with what to do next, and a line for each that failed."""
    search, trials = store.search, store.tried()
    ranked = sorted((t for t in trials if t.state == COMPLETE), key=store.order)
    lines = [counts(search, trials)]
    if ranked:
        lines += ["", *table(search, ranked[:BEST])]
        weights = importance(store) if len(ranked) >= ENOUGH else {}
        if weights:
            said = ", ".join(f"{name(search, key)} {share:.2f}" for key, share in weights.items())
            lines += ["", f"share of each in what differs (PED-ANOVA): {said}"]
        lines += ["", f"best again: {search.command(ranked[0].settings)}"]
    lines += [f"all trials: {near(store.folder / 'trials.csv')}"]
    failed = [f"trial {t.place}: {t.reason}" for t in trials if t.state == FAILED]
    return "\n".join(lines), failed


def counts(search: Search, trials: Sequence[Tried]) -> str:
    """How many trials there are, in words."""
    said = []
    for state, words in (
        (COMPLETE, "complete"),
        (PRUNED, "given up early"),
        (FAILED, "failed"),
        (RUNNING, "still running in another process"),
        (LOST, "left unfinished: the same command goes on with what is"),
    ):
        number = [trial.state for trial in trials].count(state)
        said += [f"{number} {words}"] if number else []
    return (
        f"{search.title}: {len(trials)} of {number_of(search.trials, 'trial')}: {', '.join(said)}"
    )


def table(search: Search, trials: Sequence[Tried]) -> list[str]:
    """A row for each trial, its columns in line."""
    keys = list(search.space)
    rows = [["trial", title(search.score), *(name(search, key) for key in keys), "run"]]
    for t in trials:
        values = [t.settings[key] for key in keys]
        rows.append([str(t.place), shown(search.score, t.score), *values, t.folder])
    lines = aligned(rows)
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]


def name(search: Search, key: str) -> str:
    """A key as short as it can be among the others."""
    names = [short(other) for other in search.space]
    return short(key) if names.count(short(key)) == 1 else key


def importance(store: Store) -> dict[str, float]:
    """What part of the differences between good trials and others is due to each key, the largest
    first; nothing where that cannot be said (Watanabe et al. 2023)."""
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = get_param_importances(store.study, evaluator=PedAnovaImportanceEvaluator())
        except (RuntimeError, ValueError, ZeroDivisionError, ImportError):
            return {}
    return dict(found) if sum(found.values()) > 0 else {}
