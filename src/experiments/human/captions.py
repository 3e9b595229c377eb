"""Captions of the test split for people to look at, found without preparing any data."""

from __future__ import annotations

import random
from functools import cache
from pathlib import Path

from experiments.data.store.table import read_table, table_exists
from experiments.run import folder as files
from experiments.terminal.error import UserError


def chosen(captions: list[str], count: int, seed: int) -> list[str]:
    """So many of them at random, as Zhang et al. (2017) took theirs; all, in their order, where
    there are no more."""
    if len(captions) <= count:
        return captions
    return random.Random(seed).sample(captions, count)


def captions_of_runs(runs: list[Path], prepared: Path) -> tuple[list[str], str]:
    """The test captions of the data that all runs have in common, and where they were found; else
    those that all runs sampled. `prepared`: the folder of prepared data, beside which the place
    where the runs found theirs is looked at.

    Raises `UserError` where the runs have no caption in common.
    """
    place = prepared_of(runs, prepared)
    if place is not None:
        return list(_test_captions(place)), "the test split"
    sampled = [dict.fromkeys(files.sample_captions(run) or []) for run in runs]
    common = [text for text in sampled[0] if all(text in other for other in sampled[1:])]
    if not common:
        raise UserError(
            "run: these runs sampled no caption in common, and their prepared data are not in "
            "paths.cache; name captions by text or sample.file=captions.txt"
        )
    return common, f"what the runs sampled ({files.CAPTIONS})"


def prepared_of(runs: list[Path], prepared: Path) -> Path | None:
    """The folder of the data that all runs have in common; None where they have none here."""
    data = {str(files.run_facts(run).get("data")) for run in runs}
    if len(data) > 1:
        return None
    (fingerprint,) = data
    asked = [files.run_config(run).get("paths") for run in runs]  # an export names no places
    places = [prepared, *(Path(paths["cache"]) for paths in asked if paths)]
    found = [
        folder
        for place in dict.fromkeys(places)
        for folder in sorted(place.glob(f"*/{fingerprint}"))
        if table_exists(folder)
    ]
    return found[0] if found else None


@cache
def _test_captions(folder: Path) -> tuple[str, ...]:
    records = [record for record in read_table(folder) if record.split == "test"]
    return tuple(dict.fromkeys(text for record in records for text in record.captions))
