"""One target under atheris, in a process of its own: `python -m tests.fuzz.worker NAME OPTIONS`.

The options are libFuzzer's. Half of the files are made by libFuzzer, which follows what each
reaches in the code, and half by the changes of `mutate.py`, which know what JSON is.
"""

from __future__ import annotations

import os
import random
import sys

import atheris

with atheris.instrument_imports(include=["experiments", "safetensors", "json", "csv", "zipfile"]):
    from tests.fuzz.registry import TARGETS

from tests.fuzz.mutate import mutated


def main(arguments: list[str]) -> None:
    """Fuzz until the options' end, or until a defect."""
    program, name, *options = arguments
    target = TARGETS[name]
    seeds = tuple(target.seeds())
    os.environ["RANK"] = "1"  # lines for the user are not printed

    def change(content: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.5:
            return mutated(content, draw, seeds)[:most]
        return bytes(atheris.Mutate(content, most))

    atheris.Setup([program, *options], target.run, custom_mutator=change)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
