"""Broken files made of whole ones: a function of the seed, with and without a fuzzer."""

from __future__ import annotations

import json
import random
from typing import Any

SCRIPT = "<script>alert(7)</script>"
TOKENS = (
    *(
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\xed\xa0\x80",
        b"\r",
        b"\n",
        b"\x1b[2J",
        b"\xc3",
        b"'",
    ),
    *(b"NaN", b"-Infinity", b"1e999", b"-1", b"null", b"true", b"[]", b"{}", b'"', b"\\ud800"),
    *(
        b"9" * 25,
        b"1" + b"0" * 5000,
        b"-0.0",
        b"../",
        b"/etc/passwd",
        b"$(touch x)",
        b"${oc.env:HOME}",
    ),
    *(
        SCRIPT.encode(),
        b"`|*_[x](y)",
        b"!!python/object/apply:os.system [touch x]",
        b"&a [*a]",
        b"<<: *a",
    ),
    *(
        b"[" * 3000,
        b'{"a":' * 3000,
        b"- " * 500,
        b"!!timestamp x",
        b"!!int ''",
        b"? [a]\n: b\n",
        b"# ",
    ),
)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 0.5, float("nan"), float("inf")),
    *("", "x", "\n", "\0", "\ud800", "\x1b[2J", SCRIPT, "../../x", "a" * 5000, "1e999", "${x}"),
    *(
        [],
        {},
        [[]],
        [None],
        {"": None},
        {"x": {"y": []}},
        [1, "a"],
        "experiments.terminal.line.show",
    ),
)


def mutated(content: bytes, draw: random.Random, others: tuple[bytes, ...] = ()) -> bytes:
    """One to three changes of a file."""
    if draw.random() < 0.5:
        made = _of_values(content, draw)
        if made is not None:
            return made
    for _ in range(draw.randint(1, 3)):
        content = draw.choice(CHANGES)(content, draw, others)
    return content


def _truncated(content: bytes, draw: random.Random, _: Any) -> bytes:
    return content[: draw.randint(0, len(content))]


def _flipped(content: bytes, draw: random.Random, _: Any) -> bytes:
    made = bytearray(content)
    for _ in range(draw.randint(1, 8)):
        if made:
            made[draw.randrange(len(made))] ^= 1 << draw.randrange(8)
    return bytes(made)


def _inserted(content: bytes, draw: random.Random, _: Any) -> bytes:
    place = draw.randint(0, len(content))
    return content[:place] + draw.choice(TOKENS) + content[place:]


def _replaced(content: bytes, draw: random.Random, _: Any) -> bytes:
    place = draw.randint(0, len(content))
    token = draw.choice(TOKENS)
    return content[:place] + token + content[place + len(token) :]


def _cut(content: bytes, draw: random.Random, _: Any) -> bytes:
    first, last = sorted(draw.randint(0, len(content)) for _ in range(2))
    return content[:first] + content[last:]


def _repeated(content: bytes, draw: random.Random, _: Any) -> bytes:
    first = draw.randint(0, len(content))
    part = content[first : first + draw.randint(1, 64)]
    return content[:first] + part * draw.randint(2, 20) + content[first:]


def _number(content: bytes, draw: random.Random, _: Any) -> bytes:
    """Four or eight bytes as a number that is no size of anything."""
    width, place = draw.choice((2, 4, 8)), draw.randint(0, len(content))
    value = draw.choice(
        (0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)
    )
    number = value.to_bytes(width, draw.choice(("little", "big")))
    return content[:place] + number + content[place + width :]


def _spliced(content: bytes, draw: random.Random, others: tuple[bytes, ...]) -> bytes:
    other = draw.choice(others) if others else content
    return content[: draw.randint(0, len(content))] + other[draw.randint(0, len(other)) :]


CHANGES = (_truncated, _flipped, _inserted, _replaced, _cut, _repeated, _number, _spliced)


def _of_values(content: bytes, draw: random.Random) -> bytes | None:
    """A file of JSON, or of lines of JSON, with other values in it; None for any other file."""
    lines = content.split(b"\n")
    whole = _json(content)
    if whole is not None:
        return _dumped(_changed(whole, draw))
    row = draw.randrange(len(lines))
    value = _json(lines[row])
    if not isinstance(value, dict | list):
        return None
    lines[row] = _dumped(_changed(value, draw))
    return b"\n".join(lines)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def _changed(value: Any, draw: random.Random) -> Any:
    """One to three places of a value hold something else, or nothing."""
    for _ in range(draw.randint(1, 3)):
        places = list(_places(value, ()))
        place = draw.choice(places)
        value = _with(value, place, draw)
    return value


def _places(value: Any, path: tuple[Any, ...]) -> Any:
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from _places(item, (*path, key))


def _with(value: Any, place: tuple[Any, ...], draw: random.Random) -> Any:
    if not place:
        if isinstance(value, dict) and draw.random() < 0.7:
            return value | {draw.choice(("x", "", "\n", SCRIPT, *value)): draw.choice(VALUES)}
        return draw.choice(VALUES) if draw.random() < 0.2 else value
    key, *rest = place
    made: Any = dict(value) if isinstance(value, dict) else list(value)
    if not rest and draw.random() < 0.2:
        del made[key]
    elif not rest:
        made[key] = draw.choice(VALUES) if draw.random() < 0.9 else [made[key]]
    else:
        made[key] = _with(made[key], tuple(rest), draw)
    return made
