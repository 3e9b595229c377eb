"""Standard output and error on which nothing depends: a message that cannot be written is let go.

A reader leaves (`| head`), `tee` dies of the same Ctrl-C, a terminal is closed, a disk is full, an
encoding has no sign for what is said. None of it may stop, unsave or fail what a process does, and
its exit code is that of what was done. Everything that is written passes here, whoever writes it:
lines, bars, tables, warnings, tracebacks, other libraries, and what Python flushes at its end.
"""

from __future__ import annotations

import codecs
import io
import os
import select
import sys
from typing import Any

# Bars of other libraries, which make one line of all their states where no terminal shows them.
BARS = ("TQDM_DISABLE", "HF_HUB_DISABLE_PROGRESS_BARS", "HF_DATASETS_DISABLE_PROGRESS_BARS")
PLAIN = "birdsong.plain"  # how signs are written that an encoding does not have
LIKE = dict(zip("“”„«»‘’‚–—×", '"""""\'\'\'--x', strict=True))
LIKE |= {"±": "+-", "→": "->", "…": "...", "≤": "<=", "≥": ">="}


class _Lasting(io.FileIO):
    """An open file of this process; writing to it raises nothing."""

    def write(self, data: Any, /) -> int:
        while True:
            try:
                written = super().write(data)
            except OSError:
                return memoryview(data).nbytes
            if written is not None:
                return written
            # Somebody who shares it has made it return at once; as usual it waits for its reader.
            select.select([], [self.fileno()], [])


def settle() -> None:
    """Have what this process writes from here on never raise. Called first, once in a process.

    What is no file of the system's (a notebook, a test that listens) stays as it is.
    """
    codecs.register_error(PLAIN, _plain)
    if not (sys.stderr is not None and sys.stderr.isatty()):
        for name in BARS:
            os.environ.setdefault(name, "1")
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:  # closed, and the next file that is opened would be written to as output
            os.open(os.devnull, os.O_RDWR)
    for number, name in ((1, "stdout"), (2, "stderr")):
        stream = getattr(sys, name)
        if stream is not None and not _is_file(stream, number):
            continue
        if stream is not None:
            stream.flush()
        lasting = io.TextIOWrapper(
            io.BufferedWriter(_Lasting(number, "w", closefd=False)),
            encoding="utf-8" if stream is None else stream.encoding,
            errors=PLAIN,
            line_buffering=number == 2 or (stream is not None and stream.line_buffering),
        )
        setattr(sys, name, lasting)
        setattr(sys, f"__{name}__", lasting)


def write(name: str, text: str) -> None:
    """Write a whole text to "stdout" or "stderr", whatever these are by now, and raise nothing."""
    stream = getattr(sys, name)
    try:
        stream.write(text)
        stream.flush()
    except UnicodeError:
        codecs.register_error(PLAIN, _plain)
        known = text.encode(stream.encoding or "ascii", PLAIN).decode(stream.encoding or "ascii")
        try:
            stream.write(known)
            stream.flush()
        except (OSError, ValueError):
            return
    except RuntimeError:  # a signal came while this very stream was written to
        data = text.encode(getattr(stream, "encoding", None) or "utf-8", "backslashreplace")
        try:
            os.write({"stdout": 1, "stderr": 2}[name], data)
        except OSError:
            return
    except (AttributeError, OSError, ValueError):  # none, gone, closed
        return


def _is_file(stream: Any, number: int) -> bool:
    """Whether it writes to that file, and can raise."""
    if not isinstance(stream, io.TextIOWrapper):
        return False
    if isinstance(getattr(stream.buffer, "raw", None), _Lasting):
        return False
    try:
        return stream.fileno() == number
    except (OSError, ValueError):
        return False


def _plain(error: UnicodeError) -> tuple[str, int]:
    """What looks alike, or else the number of a sign."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    signs = error.object[error.start : error.end]
    return "".join(LIKE.get(sign) or ascii(sign)[1:-1] for sign in signs), error.end
