"""What people and programs leave where captions should be: lines of bytes for one picture."""

from __future__ import annotations

import random
from collections.abc import Callable

Lines = Callable[[random.Random], list[bytes]]
GOOD = b"a bird of two words"


def _among(*bad: bytes) -> Lines:
    """The bad lines between two good ones."""
    return lambda draw: [GOOD, *bad, GOOD + b" more"]


def _alone(*bad: bytes) -> Lines:
    return lambda draw: [*bad]


CASES: dict[str, Lines] = {
    "NUL": _among(b"a\0bird"),
    "NULs alone": _alone(b"\0\0\0"),
    "Latin-1": _among("un café".encode("latin-1")),
    "Latin-1 alone": _alone("café".encode("latin-1")),
    "UTF-16": _alone("a bird".encode("utf-16")),
    "UTF-16 without mark": _alone("a bird".encode("utf-16-le")),
    "UTF-32": _alone("a bird".encode("utf-32")),
    "mark of UTF-8": _alone(b"\xef\xbb\xbfa bird"),
    "marks in the middle": _among(b"a \xef\xbb\xbf bird", b"\xef\xbb\xbf"),
    "overlong UTF-8": _among(b"a \xc0\xaf bird"),
    "half a pair": _among("a \ud83d bird".encode("utf-8", "surrogatepass")),
    "nothing": _alone(),
    "empty line": _among(b""),
    "empty alone": _alone(b""),
    "white space": _alone(b" \t  ", b"\xc2\xa0\xe3\x80\x80", b"\r", b"\x0b\x0c"),
    "white space among": _among(b" \t  "),
    "marks only": _among(b"... !!! ---"),
    "eleven": lambda draw: [b"caption %d" % k for k in range(11)],
    "one": _alone(GOOD),
    "the same twice": _alone(GOOD, GOOD),
    "a million words": lambda draw: [b"bird " * 1_000_000],
    "a million different words": lambda draw: [b" ".join(b"%d" % k for k in range(300_000))],
    "a word of a million letters": lambda draw: [GOOD, b"a" * 1_000_000],
    "a line of 64 MB": lambda draw: [GOOD, b"ab " * 21_000_000],
    "spaces of 1 MB": lambda draw: [b"a" + b" " * 1_000_000 + b"bird"],
    "100 000 lines": lambda draw: [*[b"a"] * 100_000, b"b"],
    "100 000 empty lines": lambda draw: [*[b""] * 100_000, b"b"],
    "from right to left": _among(
        "a \u202ebird\u202c \u200f\u05e6\u05d9\u05e4\u05d5\u05e8".encode()
    ),
    "emoji": _among("a 🐦 bird 👨‍👩‍👧 🏳️‍🌈".encode()),
    "emoji alone": _alone("🐦🐦🐦".encode()),
    "Chinese": _alone("一只红色的鸟".encode()),
    "combining marks": _among(b"bird" + "\u0301".encode() * 500),
    "controls": _among(b"\x1b[31mred\x07 bird\x08\x7f\x1b]0;title\x07"),
    "breaks of lines": _among("one\u2028two\u2029three\x85four\x1cfive".encode()),
    "carriage returns": _among(b"one\rtwo"),
    "noise": lambda draw: [draw.randbytes(draw.randrange(1, 400)) for _ in range(4)],
    "a page": _among(b"<script>alert(1)</script> bird"),
    "a formula": _among(b"=cmd|' /C calc'!A0 bird"),
    "a template": _among(b"${oc.env:HOME} {{7*7}} %s %n bird"),
    "a path": _among(b"../../etc/passwd bird"),
    "JSON": _among(b'{"file_name": "x"} bird'),
    "quotes": _among(b"a \"bird\" 'x' `y` \\ bird"),
    "marks of the vocabulary": _among(b"<end> <unk> [PAD] [CLS] bird"),
}
