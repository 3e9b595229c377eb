"""Files that people saved, or others made: what is counted, and the line for what is not."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.human.answers import LIMIT, RANKING, answer_files, collect
from experiments.human.key import KEY, RATE, Key, write_key
from experiments.terminal.error import UserError

from .conftest import make_answers, make_key

RANKS = [[1, 2, 3], [2, 1, 3], [3, 1, 2], [1, 3, 2]]


def refused(path: Path) -> str:
    """The line for a file that is the only one."""
    with pytest.raises(UserError) as caught:
        collect([path], path.parents[1])
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{path}: ")
    return line.removeprefix(f"{path}: ")


def test_answers_are_read(save: Callable[..., Path], folder: Path, key: Key) -> None:
    path = save("a.json", RANKS, "  ada ")
    found = collect([path], folder.parent)
    assert found.key == key and found.folder == folder and found.refused == []
    (answers,) = found.answers
    assert answers.participant == "ada" and answers.seconds == [2.5, 5, 7.5, 10]
    by_run = [
        [row[code] for code, _ in sorted(codes.items(), key=lambda item: item[1])]
        for (row,), codes in zip(answers.given, key.codes, strict=True)
    ]
    assert by_run == RANKS


def rows(change: Callable[[list], Any]) -> Callable[[dict], dict]:
    """A change of the rows alone."""

    def spoil(content: dict) -> dict:
        change(content["answers"])
        return content

    return spoil


def first(row: list) -> str:
    return next(iter(row[0]["given"][0]))


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (lambda c: c | {"format": "other"}, "was not saved by a page of task=human_study"),
        (lambda c: [c], "was not saved by a page of task=human_study"),
        (lambda c: c | {"page": "../../secret"}, "names no page"),
        (lambda c: c | {"page": 7}, "names no page"),
        (lambda c: c | {"page": "0123456789"}, "answers page 0123456789, which has no key.json"),
        (lambda c: c | {"participant": " "}, "names no participant"),
        (lambda c: c | {"participant": "a\nb"}, "names no participant"),
        (lambda c: c | {"participant": "a" * 41}, "longer than 40 characters"),
        (lambda c: c | {"saved": "yesterday"}, "does not say when it was saved"),
        (lambda c: c | {"saved": "2026-01-02T03:04:05"}, "does not say when it was saved"),
        (lambda c: c | {"answers": {}}, "answers 0 captions of 4"),
        (rows(lambda r: r.pop()), "answers 3 captions of 4"),
        (rows(lambda r: r.append(r[0])), "answers 5 captions of 4"),
        (rows(lambda r: r.reverse()), "caption 1: the answer is of another caption"),
        (rows(lambda r: r.__setitem__(1, r[0])), "caption 2: the answer is of another caption"),
        (rows(lambda r: r.__setitem__(0, None)), "caption 1: is no answer"),
        (rows(lambda r: r[0].update(caption=10**400)), "is no JSON that the page saved"),
        (rows(lambda r: r[0].update(given=[[1, 2, 3]])), "caption 1: ranks other pictures"),
        (rows(lambda r: r[0]["given"][0].popitem()), "caption 1: ranks other pictures"),
        (rows(lambda r: r[0]["given"][0].update(more=4)), "caption 1: ranks other pictures"),
        (
            rows(lambda r: r[0]["given"][0].update({first(r): 4})),
            "must be whole numbers from 1 to 3",
        ),
        (
            rows(lambda r: r[0]["given"][0].update({first(r): 0})),
            "must be whole numbers from 1 to 3",
        ),
        (rows(lambda r: r[0]["given"][0].update({first(r): 1.5})), "must be whole numbers"),
        (rows(lambda r: r[0]["given"][0].update({first(r): True})), "must be whole numbers"),
        (rows(lambda r: r[0]["given"][0].update({first(r): "1"})), "must be whole numbers"),
        (
            rows(lambda r: r[0]["given"][0].update(dict.fromkeys(r[0]["given"][0], 1))),
            "have one rank",
        ),
        (
            rows(lambda r: r[0]["given"].append({})),
            "caption 1: answers other questions than the 1 of",
        ),
        (rows(lambda r: r[0].pop("given")), "caption 1: answers other questions than the 1 of"),
        (rows(lambda r: r[3].update(seconds=-1)), "caption 4: the seconds are no time"),
        (rows(lambda r: r[3].update(seconds=1e8)), "caption 4: the seconds are no time"),
        (rows(lambda r: r[3].update(seconds=10**400)), "is no JSON that the page saved"),
        (rows(lambda r: r[3].pop("seconds")), "caption 4: the seconds are no time"),
    ],
)
def test_hostile_answers(key: Key, folder: Path, spoil: Callable[[dict], Any], line: str) -> None:
    path = folder / "a.json"
    path.write_text(json.dumps(spoil(make_answers(key, RANKS))))
    assert line in refused(path)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 200_000,
        '{"format": "human study 2", "page": NaN}',
        '{"seconds": ' + "9" * 5000 + "}",
        "\udcff",
    ],
)
def test_no_json(folder: Path, text: str) -> None:
    path = folder / "a.json"
    path.write_text(text, errors="surrogateescape")
    assert refused(path) == "is no JSON that the page saved"


def test_a_picture_that_is_ranked_twice(key: Key, folder: Path) -> None:
    text = json.dumps(make_answers(key, RANKS))
    code = next(iter(key.codes[0]))
    (folder / "a.json").write_text(text.replace(f'"{code}":', f'"{code}": 2, "{code}":'))
    assert refused(folder / "a.json") == "is no JSON that the page saved (a name appears twice)"


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    path = folder / "a.json"
    with path.open("wb") as file:
        file.truncate(LIMIT + 1)
    assert "larger than" in refused(path)


def test_infinite_seconds(key: Key, folder: Path) -> None:
    text = json.dumps(make_answers(key, RANKS)).replace('"seconds": 2.5', '"seconds": 1e999')
    (folder / "a.json").write_text(text)
    assert refused(folder / "a.json") == "caption 1: the seconds are no time"


def test_good_answers_count_beside_bad_ones(save: Callable[..., Path], folder: Path) -> None:
    (folder / "bad.json").write_text("{")
    paths = [save("a.json", RANKS, "b"), folder / "bad.json", save("c.json", RANKS[::-1], "a")]
    found = collect(paths, folder.parent)
    assert [answers.participant for answers in found.answers] == ["a", "b"]
    assert found.refused == [f"{folder / 'bad.json'}: is no JSON that the page saved"]


def test_of_a_participant_the_last_answers_count(save: Callable[..., Path], folder: Path) -> None:
    later = save("a.json", RANKS, saved="2026-01-02T05:00:00+01:00")
    earlier = save("b.json", RANKS[::-1], saved="2026-01-02T03:59:59Z")
    found = collect([earlier, later], folder.parent)
    assert [answers.file for answers in found.answers] == [later]
    (line,) = found.refused
    assert line == f"{earlier}: participant 'ada' is also in {later}, saved later, which counts"


def test_a_copy_under_another_code(save: Callable[..., Path], folder: Path) -> None:
    paths = [save("a.json", RANKS, "ada"), save("b.json", RANKS, "ben")]
    found = collect(paths, folder.parent)
    assert len(found.answers) == 1
    assert "a copy is not counted" in found.refused[0]


def test_the_key_is_found_with_the_pages(save: Callable[..., Path], tmp_path: Path) -> None:
    path = save("a.json", RANKS)
    elsewhere = tmp_path / "mail" / "a.json"
    elsewhere.parent.mkdir()
    shutil.move(path, elsewhere)
    write_key(make_key(page="ffffffffff"), elsewhere.parent)  # of another page: passed over
    assert collect([elsewhere], path.parents[1]).folder == path.parent
    assert "which has no key.json beside the file" in refused(elsewhere)


def test_answers_to_two_pages(save: Callable[..., Path], folder: Path) -> None:
    other = make_key(page="ffffffffff")
    place = folder.parent / other.page
    place.mkdir()
    write_key(other, place)
    path = place / "b.json"
    path.write_text(json.dumps(make_answers(other, RANKS, "ben")))
    with pytest.raises(UserError, match=r"are of several pages .*; name those of one page"):
        collect([save("a.json", RANKS), path], folder.parent)


def test_files_folders_and_patterns(
    save: Callable[..., Path], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [save(name, RANKS) for name in ("a.json", "b.json", "c, d.json")]
    (folder / "human_rank.json").write_text("{}")
    os.mkfifo(folder / "pipe.json")  # reading it would wait for ever
    assert answer_files(str(folder)) == paths
    assert answer_files(f"{folder}/*.json") == paths
    assert answer_files(f"{paths[0]},{paths[1]}") == paths[:2]
    assert answer_files([str(paths[1]), str(folder), str(paths[1])]) == [paths[1], *paths[::2]]
    assert answer_files(str(paths[2])) == paths[2:]
    monkeypatch.chdir(folder)
    assert answer_files("?.json") == [Path("a.json"), Path("b.json")]
    for given, line in (
        (None, "answers: task=human_rank needs what people saved"),
        ([], "answers: task=human_rank needs what people saved"),
        ("nobody.json", "answers=nobody.json: there is no such file"),
        (f"a.json,{folder}/x*.json", "x*.json: there is no such file"),
        ("pipe.json", "answers=pipe.json: there is no such file"),
    ):
        with pytest.raises(UserError) as caught:
            answer_files(given)
        assert line in str(caught.value)


def test_a_folder_without_answers(folder: Path) -> None:
    assert (folder / KEY).exists()
    with pytest.raises(UserError, match=r"the folder holds no \.json that a person saved"):
        answer_files(str(folder))


def test_answers_of_a_page_that_ranked_by_one_question(key: Key, folder: Path) -> None:
    """Pages that were handed out before save `ranks`, and their keys say `question`."""
    content = make_answers(key, RANKS, format=RANKING)
    for row in content["answers"]:
        (row["ranks"],) = row.pop("given")
    (folder / "a.json").write_text(json.dumps(content))
    old = json.loads((folder / KEY).read_text())
    (question,) = old.pop("questions")
    del old["form"], old["most"]
    (folder / KEY).write_text(json.dumps(old | {"question": question}))
    found = collect([folder / "a.json"], folder.parent)
    assert found.key == key and found.refused == []
    assert found.answers[0].given == [row["given"] for row in make_answers(key, RANKS)["answers"]]


def test_marks_within_the_scale(folder: Path) -> None:
    key = make_key(form=RATE, questions=["How real?", "How fit?"])
    write_key(key, folder)
    content = make_answers(key, [[0, 3, 3]] * 4)
    for row in content["answers"]:
        row["given"].append(dict.fromkeys(row["given"][0], 1))
    path = folder / "a.json"
    path.write_text(json.dumps(content))
    (answers,) = collect([path], folder.parent).answers
    assert sorted(answers.given[0][0].values()) == [0, 3, 3]
    assert set(answers.given[3][1].values()) == {1}
    for wrong in (4, -1, 1.5, True, "1", None):
        spoilt = json.loads(json.dumps(content))
        spoilt["answers"][0]["given"][1][first(content["answers"])] = wrong
        path.write_text(json.dumps(spoilt))
        assert refused(path) == "caption 1: marks must be whole numbers from 0 to 3"
