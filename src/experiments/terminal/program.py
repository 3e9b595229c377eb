"""How this program was started, for those who are told to start it again."""

from __future__ import annotations

import sys
from pathlib import Path


def called() -> str:
    """`python run.py`, `python -m experiments` or `birdsong`."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.name == "experiments.__main__":
        return "python -m experiments"
    return "birdsong" if Path(sys.argv[0]).name == "birdsong" else "python run.py"


def help_line() -> str:
    """Where all options are told, as the end of a line."""
    return f"{called()} --help says what there is"
