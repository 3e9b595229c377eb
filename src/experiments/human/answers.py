"""The files that people save at the end of a page: not trusted, read up to a bound, validated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.file.bounded import read_bounded
from experiments.file.kind import is_number, is_whole
from experiments.file.parse import parse_json
from experiments.human.key import KEY, PAGE_ID, RANK, Key, read_key
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of

FORMAT = "human study 2"
RANKING = "human ranking 1"  # of pages that ranked by one question: `ranks` in place of `given`
RESULT = "human_rank.json"
LIMIT = 2_000_000  # bytes of one person's answers
SUFFIXES = (".json", ".jsonl")  # of a page, and of preferences that task=app wrote
NAME = 40  # characters of a participant's code
LONGEST = 1e7  # seconds that somebody may look at one caption


@dataclass(frozen=True)
class Answers:
    """Of one person. `given`: for each caption and question, code of a picture -> its rank from 1,
    the best, or its mark; `seconds`: for each caption."""

    file: Path
    page: str
    participant: str
    saved: datetime
    given: list[list[dict[str, int]]]
    seconds: list[float]


@dataclass(frozen=True)
class Collected:
    """The answers to one page, by participant; `refused`: a line for each file left out."""

    key: Key
    folder: Path
    answers: list[Answers]
    refused: list[str]


def answer_files(given: Any) -> list[Path]:
    """The files that `answers` names: files, folders and patterns. Raises `UserError`."""
    items = [str(item) for item in (given if isinstance(given, list) else [given or ""])]
    items = [part for item in items for part in _parts(item)]
    if not items:
        raise UserError(
            "answers: task=human_rank needs what people saved: answers=FOLDER, "
            "answers=anna.json,ben.json, or answers=preferences.jsonl of task=app"
        )
    found: list[Path] = []
    for item in items:
        path = Path(item).expanduser()
        if path.is_dir():
            inside = sorted(file for file in path.glob("*.json*") if file.suffix in SUFFIXES)
            inside = [file for file in inside if file.is_file() and file.name not in (KEY, RESULT)]
            if not inside:
                raise UserError(f"answers={item}: the folder holds no .json that a person saved")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            matches = _matches(path)
            matches = [m for m in matches if m.is_file() and m.name not in (KEY, RESULT)]
            if not matches:
                raise UserError(f"answers={item}: there is no such file")
            found += matches
    return list({path.resolve(): path for path in found}.values())


def _matches(pattern: Path) -> list[Path]:
    root = Path(pattern.anchor)
    try:
        return sorted(root.glob(str(pattern.relative_to(root))))
    except ValueError:  # no pattern
        return []


def _parts(item: str) -> list[str]:
    """The names in `a.json,b.json`; a name that has a comma of its own stays whole."""
    if Path(item).expanduser().exists():
        return [item] if item else []
    return [part.strip() for part in item.split(",") if part.strip()]


def collect(paths: list[Path], pages: Path) -> Collected:
    """The answers that can be used. `pages`: where pages and their keys lie, beside the folders of
    the answers themselves. Raises `UserError` where none can, or where they are of several pages.
    """
    read: list[Answers] = []
    refused: list[str] = []
    keys: dict[str, tuple[Key, Path]] = {}
    for path in paths:
        try:
            content = _content(path)
            page = _page(content, path)
            if page not in keys:
                keys[page] = _find_key(page, path, pages)
            read.append(_answers(content, keys[page][0], path))
        except UserError as error:
            refused.append(str(error))
    if len({answers.page for answers in read}) > 1:
        told = ", ".join(f"{a.file} of {a.page}" for a in {a.page: a for a in read}.values())
        raise UserError(f"answers: are of several pages ({told}); name those of one page")
    kept = list(_once(read, refused))
    if not kept:
        raise UserError("\n".join(refused))
    key, folder = keys[kept[0].page]
    return Collected(key, folder, sorted(kept, key=lambda a: a.participant), refused)


def _once(read: list[Answers], refused: list[str]) -> Iterator[Answers]:
    """Of each participant what was saved last, and no copy under another code."""
    newest = sorted(read, key=lambda answers: answers.saved, reverse=True)
    people: dict[str, Path] = {}
    given: dict[str, Path] = {}
    for answers in newest:
        same = json.dumps([answers.given, answers.seconds], sort_keys=True)
        if answers.participant in people:
            other = people[answers.participant]
            refused.append(
                f"{answers.file}: participant {answers.participant!r} is also in {other}, saved "
                "later, which counts"
            )
        elif same in given:
            refused.append(
                f"{answers.file}: has the answers and the seconds of {given[same]}; a copy is not "
                "counted"
            )
        else:
            people[answers.participant] = given[same] = answers.file
            yield answers


def _find_key(page: str, path: Path, pages: Path) -> tuple[Key, Path]:
    for folder in (path.parent, path.parent.parent, pages / page):
        if (folder / KEY).is_file():
            key = read_key(folder / KEY)
            if key.page == page:
                return key, folder
    raise UserError(
        f"{path}: answers page {page}, which has no {KEY} beside the file nor in {pages / page}"
    )


def _content(path: Path) -> Mapping[str, Any]:
    """The object in a file. Nothing of it is used before it was validated."""
    try:
        content = parse_json(read_bounded(path, LIMIT), _pairs, strict=True)
    except ValueError as error:
        detail = f" ({error})" if isinstance(error, _Twice) else ""
        raise UserError(f"{path}: is no JSON that the page saved{detail}") from None
    if not isinstance(content, dict) or content.get("format") not in (FORMAT, RANKING):
        raise UserError(f"{path}: was not saved by a page of task=human_study")
    return content


class _Twice(ValueError):
    pass


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice("a name appears twice")
    return found


def _page(content: Mapping[str, Any], path: Path) -> str:
    page = content.get("page")
    if not isinstance(page, str) or not PAGE_ID.fullmatch(page):
        raise UserError(f"{path}: names no page")
    return page


def _answers(content: Mapping[str, Any], key: Key, path: Path) -> Answers:
    person, rows = content.get("participant"), content.get("answers")
    if not isinstance(person, str) or not person.strip() or not person.isprintable():
        raise UserError(f"{path}: names no participant")
    if len(person) > NAME:
        raise UserError(f"{path}: the participant's code is longer than {NAME} characters")
    try:
        saved = datetime.fromisoformat(content["saved"])
    except (KeyError, TypeError, ValueError):
        saved = None
    if saved is None or saved.tzinfo is None:
        raise UserError(f"{path}: does not say when it was saved")
    if not isinstance(rows, list) or len(rows) != len(key.codes):
        count = len(rows) if isinstance(rows, list) else 0
        raise UserError(f"{path}: answers {number_of(count, 'caption')} of {len(key.codes)}")
    old = content["format"] == RANKING
    given, seconds = [], []
    for number, (row, codes) in enumerate(zip(rows, key.codes, strict=True), 1):
        if old and isinstance(row, dict):
            row = row | {"given": [row.get("ranks")]}
        problem = _fault(row, number, codes, key)
        if problem:
            raise UserError(f"{path}: caption {number}: {problem}")
        given.append([{code: int(one[code]) for code in codes} for one in row["given"]])
        seconds.append(float(row["seconds"]))
    return Answers(path, key.page, person.strip(), saved, given, seconds)


def _fault(row: Any, number: int, codes: Mapping[str, int], key: Key) -> str:
    """Why the answer to one caption cannot be used; empty where it can."""
    if not isinstance(row, dict) or not is_whole(row.get("caption")):
        return "is no answer"
    if row["caption"] != number:
        return "the answer is of another caption"
    given: Any = row.get("given")
    seconds: Any = row.get("seconds")
    if not isinstance(given, list) or len(given) != len(key.questions):
        return f"answers other questions than the {len(key.questions)} of the page"
    problems = [_wrong(one, codes, key) for one in given]
    if any(problems):
        return next(filter(None, problems))
    if not is_number(seconds) or not 0 <= seconds <= LONGEST:
        return "the seconds are no time"
    return ""


def _wrong(given: Any, codes: Mapping[str, int], key: Key) -> str:
    """What is wrong with the ranks, or the marks, that answer one question."""
    ranks = key.form == RANK
    what, least, most = ("ranks", 1, len(codes)) if ranks else ("marks", 0, key.most)
    if not isinstance(given, dict) or given.keys() != codes.keys():
        return f"{what} other pictures than those of the page"
    if not all(is_whole(value) and least <= value <= most for value in given.values()):
        return f"{what} must be whole numbers from {least} to {most}"
    if ranks and len(set(given.values())) < len(codes):
        return "two pictures have one rank"
    return ""
