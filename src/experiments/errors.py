"""The two errors that users meet; everything else that is raised is a fault of this project."""

from __future__ import annotations

import difflib
import errno

MACHINE = {
    errno.ENOSPC: "make room and run the same command again",
    errno.EDQUOT: "make room and run the same command again",
    errno.EFBIG: "make room and run the same command again",
    errno.EROFS: "choose another place with paths.outputs and paths.cache",
    errno.EACCES: "choose another place with paths.outputs and paths.cache",
    errno.EPERM: "choose another place with paths.outputs and paths.cache",
    errno.ENOTDIR: "choose another place with paths.outputs and paths.cache",
}


class UserError(Exception):
    """One line for the user: the key or file, and the remedy. Printed without a traceback."""


class BadInput(ValueError):
    """One record of a data set cannot be used; it is dropped, counted and reported."""


def as_user_error(error: BaseException) -> UserError | None:
    """A full or read-only disk is the user's to mend; None for what is not of that kind."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, OSError) and error.errno in MACHINE:
        place = f"{error.filename}: " if error.filename else ""
        return UserError(f"{place}{error.strerror}; {MACHINE[error.errno]}")
    return None


def suggest(name: str, known: list[str]) -> str:
    """'; did you mean x?', or the list where nothing is near."""
    whole = [option for option in known if name in option.split("_")]
    near = whole if len(whole) == 1 else difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""
