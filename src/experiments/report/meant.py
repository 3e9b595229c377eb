"""What a command without runs probably meant: runs of the same settings, made with other words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from experiments.config.key import key_of
from experiments.report.member import DAMAGED
from experiments.run import folder as files
from experiments.run.identity import decides
from experiments.study.job import Study
from experiments.terminal.line import number_of

MANY = 6  # words from which on a run is simply another one
Words = tuple[tuple[str, ...], tuple[str, ...]]  # said of the runs alone, asked for alone


def meant(outputs: Path, study: Study) -> str | None:
    """How the runs of a study that are there differ from those that are asked for, as a line; None
    where there are none of its settings."""
    made = [_words(about.get("overrides") or []) for about in _runs(outputs)]
    jobs = [_words(job.overrides) for job in study.jobs]
    varied = [key for key in study.varied or list(study.jobs[0].settings) if key != "seed"]
    found: Counter[Words] = Counter()
    for words in made:
        near = [_apart(words, job) for job in jobs if _alike(words, job, varied)]
        if near and len(sum(best := min(near, key=_count), ())) <= MANY:
            found[best] += 1
    if not found:
        return None
    (more, less), count = min(found.items(), key=lambda item: (_count(item[0]), -item[1]))
    told = [f"with {' '.join(more)}"] if more else []
    told += [f"without {' '.join(less)}"] if less else []
    one = count == 1
    return (
        f"{number_of(count, 'run')} of such settings {'is' if one else 'are'} there, made "
        f"{' and '.join(told) or 'with the same words under another folder'}: "
        "say here what was said there"
    )


def _runs(outputs: Path) -> Iterator[Mapping[str, Any]]:
    for path in sorted(outputs.glob(f"*/*/{files.RUN}")):
        try:
            yield files.run_about(path.parent)
        except DAMAGED:
            continue


def _words(overrides: Sequence[Any]) -> dict[str, str]:
    """Overrides that are a part of what a run is, by their keys."""
    found = {key_of(str(item)): str(item) for item in overrides}
    return {key: item for key, item in found.items() if decides(key)}


def _alike(words: Mapping[str, str], job: Mapping[str, str], varied: Sequence[str]) -> bool:
    return all(words.get(key) == job.get(key) for key in varied)


def _apart(words: Mapping[str, str], job: Mapping[str, str]) -> Words:
    seedless = [{k: v for k, v in side.items() if k != "seed"} for side in (words, job)]
    more = tuple(item for key, item in seedless[0].items() if seedless[1].get(key) != item)
    less = tuple(item for key, item in seedless[1].items() if seedless[0].get(key) != item)
    return more, less


def _count(words: Words) -> int:
    return len(words[0]) + len(words[1])
