"""The errors that users meet; everything else that is raised is a fault of this project."""

from __future__ import annotations

import difflib
import errno
import os
import re

USER_ERROR, JOB_FAILED = 2, 1  # exit codes
ROOM = "make room and run the same command again"
PLACE = "choose another place with paths.outputs and paths.cache"
AGAIN = "look after it, then run the same command again"
LIMIT = "close other programs, or raise the limit (`ulimit -a`), and run the same command again"
# What a machine answers that works differently, or no more: by name, as systems have not all.
_REMEDIES = {
    ROOM: "ENOSPC EDQUOT EFBIG",
    PLACE: "EROFS EACCES EPERM ENOTDIR ENOTSUP EOPNOTSUPP ENOSYS ENODEV ENOLCK ETXTBSY",
    AGAIN: "EIO ESTALE ENXIO EREMOTEIO ENOTCONN ESHUTDOWN EHOSTDOWN EHOSTUNREACH ENETDOWN "
    "ENETUNREACH ETIMEDOUT ENOMEDIUM EUCLEAN EBUSY",
    LIMIT: "EMFILE ENFILE EAGAIN ENOMEM",
    "give it a shorter name": "ENAMETOOLONG",
    "it is a link to itself; name the folder that is meant": "ELOOP",
}
MACHINE = {
    getattr(errno, name): remedy
    for remedy, names in _REMEDIES.items()
    for name in names.split()
    if hasattr(errno, name)
}


CUT = "[...]"
LONGEST = 1000  # letters of a line, of which a foreign name may be most


# What gloo, NCCL and the store say on the processes that are left.
LOST = (
    *("Connection closed by peer", "Connection reset by peer", "remote process exited"),
    *("failed to recv, got 0 bytes", "Broken pipe"),
)
WRAPPED = re.compile(r"\(os error (\d+)\)")  # the system's, in an error of safetensors
REASON = 200
HALF = (
    "for 'Half'",
    "could not create a primitive",
)  # what torch and oneDNN do not compute in fp16
TORN = re.compile(r"(\S+\.so): (?:file too short|invalid ELF header)")  # what a linker says


class UserError(Exception):
    """One line for the user: the key or file, and the remedy. Printed without a traceback.

    It may quote what stands in a foreign file: as text it is lines that a terminal can be sent.
    `code`: what the command ends with.
    """

    code = USER_ERROR

    def __str__(self) -> str:
        return "\n".join(map(_short, printable(super().__str__()).split("\n")))


class PeerLost(UserError):
    """Another process of the same run is gone."""


class BadInput(ValueError):
    """One record of a data set cannot be used; it is dropped, counted and reported."""

    def __str__(self) -> str:
        return _short(printable(super().__str__()))


def printable(text: str) -> str:
    """The text with everything that a terminal would obey, or could not write, spelt out; ends of
    lines and tabs stay."""
    if text.isprintable():
        return text
    return "".join(
        sign if sign.isprintable() or sign in "\n\t" else ascii(sign)[1:-1] for sign in text
    )


def _short(line: str) -> str:
    if len(line) <= LONGEST:
        return line
    half = LONGEST // 2 - len(CUT)
    return f"{line[:half]}{CUT}{line[-half:]}"


def reason_of(error: BaseException) -> str:
    """What an error of the system or of another library says, in one line of at most `REASON`
    letters; the name of its class where it says nothing."""
    if isinstance(error, RecursionError):  # of the parser of a file
        return "nested too deep"
    if isinstance(error, MemoryError):  # it says nothing, or how many bytes of what
        return "asks for more memory than there is"
    text = str(error).partition("\nException raised from")[0]  # torch's C++, line by line
    number = WRAPPED.search(text)
    said = getattr(error, "strerror", None) or (os.strerror(int(number[1])) if number else text)
    return " ".join(said.split())[:REASON] or type(error).__name__


def one_line(error: BaseException) -> str:
    """As `reason_of`, after the name of its class."""
    name, reason = type(error).__name__, reason_of(error)
    return reason if reason == name else f"{name}: {reason}"


def as_user_error(error: BaseException) -> UserError | None:
    """A full or read-only disk is the user's to mend, a process that was killed to be started
    again; None for what is not of that kind."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":  # torch's
        return UserError(
            "out of memory; lower trainer.batch, or split it with trainer.accumulate=2, "
            "and run the same command again"
        )
    if type(error).__module__.startswith(("torch._dynamo", "torch._inductor")):
        if torn := TORN.search(str(error)):
            return UserError(
                f"{torn[1]}: a compiler that was killed left it unfinished; delete it, and run the "
                "same command again"
            )
        said = (line.strip() for line in str(error).splitlines())
        reason = next((line for line in said if line and not line.endswith("raised:")), "no reason")
        return UserError(
            f"the networks cannot be compiled here ({reason}); use trainer.compile=false, or "
            "sample.compile=false where pictures are drawn"
        )
    if told := _of_machine(error):
        return UserError(told)
    if isinstance(error, RuntimeError) and any(words in str(error) for words in HALF):
        reason = reason_of(error).partition(". ")[0]
        return UserError(
            f"an operator is not there in float16 on this machine ({reason}); use "
            "trainer.precision=fp32 or bf16 (a run of its own), or a GPU"
        )
    if isinstance(error, RuntimeError) and any(words in str(error) for words in LOST):
        return PeerLost(
            "another process of this run ended, which was killed or has said why; the same command "
            "goes on from the last checkpoint"
        )
    return None


def _of_machine(error: BaseException) -> str:
    """What the system answered, with the remedy; "" for an error of another kind."""
    text = str(error)
    number = (
        WRAPPED.search(text) if type(error).__name__ in ("OSError", "SafetensorError") else None
    )
    found = int(number[1]) if number else getattr(error, "errno", None)
    if found in MACHINE and (number or isinstance(error, OSError)):
        name = getattr(error, "filename", None)
        place = f"{name}: " if name else ""
        return f"{place}{reason_of(error)}; {MACHINE[found]}"
    if isinstance(error, FileNotFoundError) and "usable temporary directory" in text:
        return f"{reason_of(error)}; name a folder that can be written to with TMPDIR"
    if isinstance(error, RuntimeError) and "start new thread" in text:
        return f"{text}; {LIMIT}"
    if isinstance(error, RuntimeError) and "determine home directory" in text:
        return "~: this user has no home folder; write the path in full, or set HOME"
    return ""


def suggest(name: str, known: list[str]) -> str:
    """'; did you mean x?', or the list where nothing is near."""
    whole = [option for option in known if name in option.split("_")]
    near = whole if len(whole) == 1 else difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there are: {', '.join(sorted(known))}" if known else ""
