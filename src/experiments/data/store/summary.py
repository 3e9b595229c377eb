"""What a data set has, and what of it could not be used: the line at the start of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.data.layout.walk import told
from experiments.data.record import Drop
from experiments.data.store.table import REPORT, example
from experiments.data.store.wording import told_words
from experiments.data.text.vocabulary import Vocabulary
from experiments.terminal.line import number_of


def count_drops(report: dict[str, Any], drops: Sequence[Drop]) -> None:
    """Records of the table that are left out all the same."""
    report["dropped"] += len(drops)
    reasons = Counter(report["reasons"]) + Counter(drop.reason for drop in drops)
    report["reasons"] = dict(reasons.most_common())
    bad = Counter(report.get("picture_reasons", {})) + Counter(drop.reason for drop in drops)
    report["picture_reasons"] = dict(bad.most_common())
    report["examples"] = [*report["examples"], *(example(drop) for drop in drops)]


def summary_of(
    report: dict[str, Any], size: int, vocabulary: Vocabulary | None, folder: Path
) -> str:
    """The line that is shown at the start of a run."""
    kept, classes, path = report["kept"], report["classes"], folder / REPORT
    part = report.get("train_share")
    of = f" of {part['of']}" if part else ""
    at = f" at {size} px" if size else ""
    by = f" by data.train_share={part['share']:g}" if part else ""
    line = (
        f"{report['name']}: {number_of(sum(kept.values()), 'image' if size else 'record')}{at} "
        f"({kept['train']}{of} to train on{by}, {kept['test']} to test on; "
        f"{classes['train']} and {number_of(classes['test'], 'class')})"
    )
    if vocabulary is not None:
        line += (
            f", {number_of(report['captions'], 'caption')}, {number_of(len(vocabulary), 'word')}"
        )
    if pictures := report.get("pictures"):
        line += f"; {pictures}"
    if beyond := report.get("beyond_limit"):  # not in reports of older versions
        line += f"; data.limit leaves {beyond} out"
    if sifted := report.get("filter"):
        told_why = ", ".join(f"{count} {why}" for why, count in sifted["reasons"].items())
        line += (
            f"; data.filter leaves out {told_why or 'none'} of {number_of(sifted['of'], 'clip')}"
        )
    if report["dropped"]:
        reason = next(iter(report["reasons"]))
        share = report["dropped"] / report["read"]
        line += f"; dropped {report['dropped']} ({share:.2%}), most often {reason!r}: see {path}"
    if report["captions_dropped"]:
        reason = next(iter(report["caption_reasons"]))
        line += f"; captions dropped: {report['captions_dropped']}, most often {reason!r}"
    return line + told_words(report.get("words", {})) + told(report.get("not_read", {}))
