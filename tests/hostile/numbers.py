"""Numbers and ids that cannot be: as lines `id value` of a list, and as values in JSON."""

from __future__ import annotations

import random
from collections.abc import Callable

# Each changes the lines of a list at one place.
Edit = Callable[[list[bytes], int, random.Random], list[bytes]]


def _value(*values: bytes) -> Edit:
    """The id at the place, with one of the values."""

    def edit(lines: list[bytes], place: int, draw: random.Random) -> list[bytes]:
        number = lines[place].split()[0]
        return [*lines[:place], number + b" " + draw.choice(values), *lines[place + 1 :]]

    return edit


def _line(*changed: bytes) -> Edit:
    """One of these lines at the place."""
    return lambda lines, place, draw: [*lines[:place], draw.choice(changed), *lines[place + 1 :]]


def _repeated(lines: list[bytes], place: int, draw: random.Random) -> list[bytes]:
    return [*lines, lines[place]]


def _contradicted(lines: list[bytes], place: int, draw: random.Random) -> list[bytes]:
    other = lines[(place + 1) % len(lines)].split(maxsplit=1)[-1]
    return [*lines, lines[place].split()[0] + b" " + other]


HUGE = b"9" * 5000
LINES: dict[str, Edit] = {
    "negative": _value(b"-5.0 -5.0 10.0 10.0", b"-1"),
    "outside of the picture": _value(b"1000.0 1000.0 5.0 5.0", b"1000"),
    "larger than the picture": _value(b"0 0 5000 5000"),
    "without area": _value(b"2 2 0 0", b"2 2 0.5 9"),
    "not a number": _value(b"nan nan nan nan", b"NaN"),
    "infinite": _value(b"inf 0 1 1", b"-inf 0 1 1", b"1e999 0 1 1"),
    "huge": _value(b"1e300 1 1 1", HUGE, b"1 1 " + HUGE + b" 1"),
    "words": _value(b"left top wide high", b"x", b"0x10 1 1 1", b"1_0 1 1 1"),
    "other digits": _value("٣ ٣ ٣ ٣".encode(), "²".encode()),
    "too few": _value(b"1 2 3"),
    "too many": _value(b"1 2 3 4 5 6"),
    "no value": _value(b""),
    "no id": _line(b"", b"x", b"1,2,3,4,5", b"\0"),
    "another id": _line(b"999999 1.0 1.0 5.0 5.0", b"-1 1 1 5 5", HUGE + b" 1 1 5 5"),
    "left out": lambda lines, place, draw: [*lines[:place], *lines[place + 1 :]],
    "twice": _repeated,
    "twice and different": _contradicted,
    "NUL": _value(b"1\0 1 5 5"),
    "not UTF-8": _value(b"\xff\xfe 1 5 5"),
    "a mark of UTF-8 before": lambda lines, place, draw: [b"\xef\xbb\xbf" + lines[0], *lines[1:]],
    "a line of 1 MB": _value(b"1 " * 500_000),
    "a path out of the root": _value(b"../../../secret.jpg", b"/etc/passwd"),
    "all left out": lambda lines, place, draw: [],
    "shuffled": lambda lines, place, draw: draw.sample(lines, len(lines)),
}

# Raw JSON in place of a number or a name.
VALUES: dict[str, bytes] = {
    "negative": b"-1",
    "a half": b"0.5",
    "infinite": b"1e999",
    "not a number": b"NaN",
    "huge": b"1" + b"0" * 300,
    "too huge": HUGE,
    "true": b"true",
    "null": b"null",
    "text": b'"seven"',
    "number as text": b'"7"',
    "empty text": b'""',
    "NUL": b'"\\u0000"',
    "half a pair": b'"\\ud83d"',
    "breaks of lines": b'"a\\nb\\u2028c\\u001b[31m"',
    "1 MB": b'"' + b"x" * 1_000_000 + b'"',
    "list": b"[1, [2, [3]]]",
    "object": b'{"a": {"b": 1}}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "deep within bounds": b"[" * 900 + b"]" * 900,
    "path": b'"../../../secret.jpg"',
    "absolute path": b'"/etc/passwd"',
}
