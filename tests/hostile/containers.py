"""Files of metadata that lie, swell or want to run something: content in place of a good one's."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Make = Callable[[bytes, random.Random], bytes]  # of the good content
DEPTH = 10_000


def _whole(content: bytes) -> Make:
    return lambda good, draw: content


def _truncated(good: bytes, draw: random.Random) -> bytes:
    return good[: draw.randrange(len(good))]


def _flipped(good: bytes, draw: random.Random) -> bytes:
    changed = bytearray(good)
    for _ in range(draw.randrange(1, 20)):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _spliced(good: bytes, draw: random.Random) -> bytes:
    """Some bytes of it moved elsewhere."""
    a, b = sorted(draw.randrange(len(good)) for _ in range(2))
    place = draw.randrange(len(good))
    return good[:place] + good[a : min(b, a + 400)] + good[place:]


BYTES: dict[str, Make] = {
    "empty": _whole(b""),
    "truncated": _truncated,
    "flipped bits": _flipped,
    "spliced": _spliced,
    "zeros": _whole(bytes(10_000)),
    "noise": lambda good, draw: draw.randbytes(5000),
    "UTF-16": lambda good, draw: good.decode("latin-1").encode("utf-16"),
    "mark of UTF-8": lambda good, draw: b"\xef\xbb\xbf" + good,
    "other ends of lines": lambda good, draw: good.replace(b"\n", b"\r\n"),
    "old ends of lines": lambda good, draw: good.replace(b"\n", b"\r"),
    "a page": _whole(b"<!DOCTYPE html><html><body>Sign in</body></html>"),
    "twice": lambda good, draw: good + good,
    "NULs between": lambda good, draw: good.replace(b" ", b"\0"),
    "ten million empty lines": lambda good, draw: b"\n" * 10_000_000 + good,
    "one line of 10 MB": _whole(b"x" * 10_000_000),
}


# ---- JSON

JSON: dict[str, Make] = {
    "null": _whole(b"null"),
    "a number": _whole(b"7"),
    "a list": _whole(b"[1, 2]"),
    "no lists": _whole(b'{"images": {}, "annotations": 7}'),
    "empty lists": _whole(b'{"images": [], "annotations": []}'),
    "lists of nothing": _whole(b'{"images": [null, 7, [], "x"], "annotations": [null, {}]}'),
    "deep": _whole(b"[" * DEPTH + b"]" * DEPTH),
    "deep objects": _whole(b'{"a":' * DEPTH + b"1" + b"}" * DEPTH),
    "deep in a list": _whole(
        b'{"images": [%s], "annotations": []}' % (b"[" * DEPTH + b"]" * DEPTH)
    ),
    "a huge number": _whole(b'{"images": [' + b"9" * 100_000 + b'], "annotations": []}'),
    "not a number": _whole(b'{"images": [NaN, Infinity], "annotations": [-Infinity]}'),
    "two objects": lambda good, draw: good + b"{}",
    "keys twice": lambda good, draw: good.replace(
        b'"annotations"', b'"images": [], "annotations"', 1
    ),
    "a comma too many": lambda good, draw: good.replace(b"]", b",]", 1),
    "single quotes": lambda good, draw: good.replace(b'"', b"'"),
    "a text of 64 MB": lambda good, draw: good.replace(b"bird", b"ab " * 21_000_000, 1),
    "a name of 64 MB": lambda good, draw: good.replace(b"COCO_", b"x" * 64_000_000, 1),
    "ids that collide": lambda good, draw: (
        b'{"images": ['
        + b",".join(b'{"id": %d, "file_name": "x"}' % (k * (2**61 - 1)) for k in range(60_000))
        + b'], "annotations": []}'
    ),
}


# ---- lines of JSON and CSV


def _row(row: bytes) -> Make:
    """The rows, with another in the middle."""

    def make(good: bytes, draw: random.Random) -> bytes:
        lines = good.splitlines()
        place = draw.randrange(1, len(lines))
        return b"\n".join([*lines[:place], row, *lines[place:]])

    return make


ROWS: dict[str, Make] = {
    name: _row(row)
    for name, row in {
        "no JSON": b"not json",
        "deep": b'{"file_name": ' + b"[" * DEPTH + b"]" * DEPTH + b"}",
        "keys twice": b'{"file_name": "a.png", "file_name": "kind0/bird 0.png", "text": "x"}',
        "no name": b'{"text": "x"}',
        "name is a list": b'{"file_name": ["kind0/bird 0.png"], "text": "x"}',
        "name of 1 MB": b'{"file_name": "' + b"x" * 1_000_000 + b'.png", "text": "x"}',
        "name out of the root": b'{"file_name": "../../secret.png", "text": "topsecret"}',
        "absolute name": b'{"file_name": "/etc/passwd.png", "text": "x"}',
        "name of another machine": b'{"file_name": "C:\\\\x\\\\y.png", "text": "x"}',
        "name with NUL": b'{"file_name": "a\\u0000.png", "text": "x"}',
        "name with a break": b'{"file_name": "a\\nb\\u001b[2J.png", "text": "x"}',
        "picture of a folder": b'{"file_name": "kind0", "text": "x"}',
        "split of a list": b'{"file_name": "kind0/bird 0.png", "text": "x", "split": [["a"]]}',
        "split deep": b'{"file_name": "kind0/bird 0.png", "text": "x", "split": %s}'
        % (b"[" * 900 + b"]" * 900),
        "split unknown": b'{"file_name": "kind0/bird 0.png", "text": "x", "split": "\\u001b"}',
        "label huge": b'{"file_name": "kind0/bird 0.png", "text": "x", "label": 1%s}'
        % (b"0" * 4000),
        "label too huge": b'{"file_name": "kind0/bird 0.png", "text": "x", "label": %s}'
        % (b"9" * 5000),
        "captions of many kinds": b'{"file_name": "kind0/bird 0.png", "text": ["x", 7, null]}',
        "a million captions": b'{"file_name": "kind0/bird 0.png", "text": [%s""]}'
        % (b'"a",' * 1_000_000),
        "not UTF-8": b'{"file_name": "kind0/bird 0.png", "text": "caf\xe9"}',
    }.items()
}

CSV: dict[str, Make] = {
    "no header": lambda good, draw: good.split(b"\n", 1)[1],
    "semicolons": lambda good, draw: good.replace(b",", b";"),
    "columns twice": lambda good, draw: good.replace(b"file_name,text", b"file_name,text,text", 1),
    "a hundred thousand columns": lambda good, draw: (
        b"file_name,text"
        + b"".join(b",c%d" % k for k in range(100_000))
        + b"\n"
        + b"a.png,x\n" * 20_000
    ),
    "a quote without end": _row(b'kind0/bird 0.png,"x'),
    "a quote in the middle": _row(b'kind0/bird 0.png,x"y"z'),
    "NUL": _row(b"kind0/bird 0.png,a\0b"),
    "a field of 1 MB": _row(b"kind0/bird 0.png," + b"x" * 1_000_000),
    "too few fields": _row(b"kind0/bird 0.png"),
    "too many fields": _row(b"kind0/bird 0.png,x,y,z"),
    "name out of the root": _row(b"../../secret.png,topsecret"),
    "absolute name": _row(b"/etc/passwd.png,x"),
    "not UTF-8": _row(b"kind0/bird 0.png,caf\xe9"),
    "lines in a field": _row(b'kind0/bird 0.png,"one\ntwo"'),
}


# ---- pickles


class Runs:
    """What runs a function where it is unpickled."""

    def __init__(self, function: Callable[..., object], *arguments: object) -> None:
        self.reduced = function, arguments

    def __reduce__(self) -> Any:
        return self.reduced


def sentinel() -> Path:
    """The folder that hostile pickles make; nobody else does."""
    return Path(f"/tmp/made-by-a-hostile-pickle-{os.getuid()}")


def _doubled(inner: bytes, times: int, double: bytes = b"2\x86") -> bytes:
    """Two to the power of `times` paths through so many shared tuples."""
    return b"\x80\x02" + inner + double * times


ARRAY = b"cnumpy.core.numeric\n_frombuffer\n"
BYTE = b"cnumpy\ndtype\nU\x02u1\x85R"
PICKLES: dict[str, Make] = {
    "os.mkdir": lambda good, draw: pickle.dumps(Runs(os.mkdir, str(sentinel())), draw.randrange(6)),
    "eval": lambda good, draw: pickle.dumps(
        ["x", Runs(eval, f"__import__('os').mkdir({str(sentinel())!r})")], draw.randrange(2, 6)
    ),
    "os.system": lambda good, draw: f"cos\nsystem\n(S'mkdir {sentinel()}'\ntR.".encode(),
    "a name of two lines": _whole(b"\x80\x04\x8c\x05a\nb\x1bc\x8c\x03d\re\x93."),
    "a name of 10 MB": _whole(
        b"\x80\x04\x8d" + struct.pack("<Q", 10_000_000) + b"a" * 10_000_000 + b"\x8c\x01b\x93."
    ),
    "getattr": lambda good, draw: pickle.dumps(Runs(getattr, "x", "upper"), 2),
    "numpy.load": _whole(b"cnumpy\nload\n(S'/etc/passwd'\ntR."),
    "objects in an array": lambda good, draw: pickle.dumps(np.array([{}, []], object), 2),
    "records in an array": lambda good, draw: pickle.dumps(np.zeros(3, "i4,f8"), 2),
    "a date": lambda good, draw: pickle.dumps(np.array(["2020-01-01"], "M8[D]"), 2),
    "a persistent name": _whole(b"Pname\n."),
    "an extension": _whole(b"\x82\x01."),
    "a set": lambda good, draw: pickle.dumps({"a", "b"}, 4),
    "10^12 bytes": _whole(
        b"\x80\x02"
        + ARRAY
        + b"(\x8a\x06"
        + (10**12).to_bytes(6, "little")
        + BYTE
        + b"\x8a\x06"
        + (10**12).to_bytes(6, "little")
        + b"\x85U\x01CtR."
    ),
    "10^9 bytes": _whole(
        b"\x80\x02" + ARRAY + b"(J\0\xca\x9a;" + BYTE + b"J\0\xca\x9a;\x85U\x01CtR."
    ),
    "bytes of 5 GB": _whole(b"\x80\x05\x96" + struct.pack("<Q", 5 * 10**9) + b"abc."),
    "20 million marks": _whole(b"\x80\x02" + b"(" * 20_000_000 + b"."),
    "20 million names": _whole(b"\x80\x04N" + b"\x94" * 20_000_000 + b"."),
    "a text of 2 GB": _whole(b"X\xff\xff\xff\x7fabc."),
    "a number of 2 GB": _whole(b"\x8b\xff\xff\xff\x7fabc."),
    "an index of 2^32": _whole(b"\x80\x02Nr\xff\xff\xff\xff."),
    "a number of 5000 digits": _whole(b"I" + b"9" * 5000 + b"\n."),
    "one array a thousand times": _whole(
        b"\x80\x02X"
        + struct.pack("<I", 1_000_000)
        + b"b" * 1_000_000
        + b"q\2"
        + BYTE
        + b"q\3("
        + (ARRAY + b"(h\2h\3J@B\x0f\0\x85U\x01CtR") * 1000
        + b"l."
    ),
    "one text encoded a thousand times": _whole(
        b"\x80\x02X"
        + struct.pack("<I", 1_000_000)
        + b"b" * 1_000_000
        + b"q\2("
        + b"c_codecs\nencode\nh\2\x85R" * 1000
        + b"l."
    ),
    "lists in lists": _whole(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."),
    "a list in itself": _whole(b"\x80\x02]q\0h\0a."),
    "2^60 lists": _whole(
        b"\x80\x02]q\0" + b"".join(b"0](h%ch%ceq%c" % (k, k, k + 1) for k in range(60)) + b"."
    ),
    "2^60 tuples": _whole(_doubled(b")", 60) + b"."),
    "2^60 tuples as a key": _whole(b"\x80\x02}" + b")" + b"2\x86" * 60 + b"K\1s."),
    "2^60 tuples in a set": _whole(b"\x80\x04\x8f(" + b")" + b"2\x86" * 60 + b"\x90."),
    "2^60 tuples as a type": _whole(b"\x80\x02cnumpy\ndtype\n)" + b"2\x86" * 60 + b"\x85R."),
    "2^60 tuples as an encoding": _whole(
        b"\x80\x02c_codecs\nencode\nX\1\0\0\0a)" + b"2\x86" * 60 + b"\x86R."
    ),
    "keys that collide": _whole(
        b"\x80\x02}("
        + b"".join(
            b"\x8a\x0b" + (k * (2**61 - 1)).to_bytes(11, "little") + b"N" for k in range(60_000)
        )
        + b"u."
    ),
    "20 million lists": _whole(b"\x80\x02(" + b"]" * 20_000_000 + b"l."),
    "null": _whole(pickle.dumps(None, 2)),
    "a number": _whole(pickle.dumps(7, 2)),
    "a dictionary": _whole(pickle.dumps({"a": 1}, 2)),
    "names of numbers": _whole(pickle.dumps([1, 2.5, None], 2)),
    "names out of the root": _whole(pickle.dumps(["../../secret", "/etc/passwd", "a\0b", ""], 2)),
    "the same name 100 000 times": _whole(b"\x80\x02](U\x01aq\1" + b"h\1" * 100_000 + b"e."),
    "a name of 1 MB": _whole(pickle.dumps(["x" * 1_000_000], 2)),
    "half a pair": _whole(pickle.dumps(["\ud83d"], 2)),
    "huge classes": _whole(pickle.dumps([10**5000, -1, True, 2**70], 2)),
    "classes that are none": _whole(pickle.dumps([None, "x", 1.5, [1]], 2)),
    "captions of nothing": _whole(pickle.dumps([[], [], {}, {}], 2)),
    "words of 1 MB": _whole(
        pickle.dumps(
            [[[1] * 1000] * 600, [[1] * 1000] * 600, {0: "<end>", 1: "w" * 1_000_000}, {}], 2
        )
    ),
    "words with half a pair": _whole(
        pickle.dumps([[[1]] * 600, [[1]] * 600, {0: "<end>", 1: "\ud83d"}, {}], 2)
    ),
    "an end that is none": _whole(pickle.dumps([[], [], {0: "\n" * 100_000, 1: "a"}, {}], 2)),
}


# ---- archives


def archive(draw: random.Random, kind: str) -> bytes:
    """A zip of this kind; see `ARCHIVES`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("good.txt", "good")
        ARCHIVES[kind](packed, draw)
    return LIES.get(kind, lambda raw: raw)(file.getvalue())


def _named(*names: str) -> Callable[[zipfile.ZipFile, random.Random], None]:
    def add(packed: zipfile.ZipFile, draw: random.Random) -> None:
        for name in names:
            packed.writestr(name, "evil topsecret")

    return add


def _special(mode: int) -> Callable[[zipfile.ZipFile, random.Random], None]:
    def add(packed: zipfile.ZipFile, draw: random.Random) -> None:
        member = zipfile.ZipInfo("special")
        member.external_attr = (mode | 0o777) << 16
        packed.writestr(member, "/etc/passwd")

    return add


def _zeros(count: int) -> Callable[[zipfile.ZipFile, random.Random], None]:
    return lambda packed, draw: packed.writestr("zeros", bytes(count))


def _empty(packed: zipfile.ZipFile, draw: random.Random) -> None:
    pass


ARCHIVES: dict[str, Callable[[zipfile.ZipFile, random.Random], None]] = {
    "..": _named("../evil.txt"),
    ".. within": _named("a/../../evil.txt"),
    "absolute": _named("/tmp/evil.txt"),
    "backslashes": _named("..\\evil.txt"),
    "a break in a name": _named("evil\n\x1b[2J.txt"),
    "a name of 300 letters": _named("x" * 300),
    "a path of 5000 letters": _named("x/" * 2500 + "y"),
    "file and folder": _named("good.txt/inner"),
    "a folder of its own name": _named("text/a.txt"),
    "unicode": _named("Bäume/鳥 \u00a0.txt", "emoji 👨‍👩‍👧.txt"),
    "link": _special(0o120000),
    "device": _special(0o020000),
    "pipe": _special(0o010000),
    "bomb": _zeros(50_000_000),
    "a size that lies": _zeros(50_000_000),
    "a sum that lies": _empty,
    "encrypted": _empty,
    "truncated": _empty,
    "a method of nobody": _empty,
    "3 000 empty files": _named(*map(str, range(3000))),
    "noise": _empty,
    "empty": _empty,
}


def _replaced(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(old, new)


def _flags(raw: bytes) -> bytes:
    """Bit 0 of the flags in each directory entry and header: encrypted."""
    changed = bytearray(raw)
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        at = changed.find(mark)
        changed[at + place] |= 1
    return bytes(changed)


def _method(raw: bytes) -> bytes:
    changed = bytearray(raw)
    changed[changed.find(b"PK\1\2") + 10] = changed[8] = 77
    return bytes(changed)


LIES: dict[str, Callable[[bytes], bytes]] = {
    "a size that lies": _replaced(struct.pack("<I", 50_000_000), struct.pack("<I", 9)),
    "a sum that lies": lambda raw: raw[:14] + b"\1\2\3\4" + raw[18:],
    "encrypted": _flags,
    "truncated": lambda raw: raw[:-30],
    "a method of nobody": _method,
    "noise": lambda raw: b"PK\3\4" + bytes(range(256)) * 4,
    "empty": lambda raw: b"",
}


# ---- arrays


def npy(header: bytes, data: bytes = b"") -> bytes:
    """An array file with this header, whatever its data are."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def _header(descr: str, shape: str) -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def _saved(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


ARRAYS: dict[str, Make] = {
    **{name: BYTES[name] for name in ("empty", "truncated", "zeros", "noise", "a page")},
    "objects": lambda good, draw: _saved(
        np.array([Runs(os.mkdir, str(sentinel())), 1], dtype=object)
    ),
    "a pickle": lambda good, draw: pickle.dumps(Runs(os.mkdir, str(sentinel()))),
    "10^12 rows": _whole(npy(_header("'|u1'", f"({10**12}, 8, 8, 3)"))),
    "10^30 rows": _whole(npy(_header("'|u1'", f"({10**30}, 8, 8, 3)"))),
    "10^9 rows of nothing": _whole(npy(_header("'|u1'", f"({10**9}, 0)"))),
    "negative rows": _whole(npy(_header("'|u1'", "(-1, 8, 8, 3)"))),
    "another shape": lambda good, draw: _saved(np.zeros((2, 8, 8, 3), np.uint8)),
    "another type": lambda good, draw: _saved(np.zeros((120, 8, 8, 3), np.float32)),
    "names": lambda good, draw: _saved(np.array(["a", "b"])),
    "one number": lambda good, draw: _saved(np.array(7)),
    "a header that runs": _whole(npy(_header("__import__('os').getcwd()", "(1,)"))),
    "a header without end": _whole(npy(b"(" * 9000)),
    "a header of signs": _whole(npy(b"-" * 9000 + b"1")),
    "a version of nobody": _whole(b"\x93NUMPY\x09\x00" + bytes(100)),
    "an archive": lambda good, draw: archive(draw, ".."),
    "JSON": _whole(json.dumps([1, 2]).encode()),
}
