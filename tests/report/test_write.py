from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from experiments.report.member import Member, members_of
from experiments.report.origin import warnings_of
from experiments.report.place import NothingToReport
from experiments.report.record import arms_of, read
from experiments.report.write import write_report
from experiments.terminal.error import UserError

COLOUR, FRECHET = "attribute_accuracy/colour", "frechet/classifier"
SCRIPT = "<script>alert(1)</script>"


class Page(HTMLParser):
    """Tags, and what is to be read."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.source = path.read_text()
        self.feed(self.source)
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "path", "circle"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            assert self.open.pop() == tag, f"{tag} closes another tag"

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)


def study(runs: Any) -> list[Member]:
    """Two arms of three seeds, one of which failed and one was never started."""
    members = []
    for weight, base in (("0", 0.1), ("5", 0.4)):
        for seed in range(3):
            colour = base + (0.01 * seed if weight == "0" else (0.0, 0.011, 0.019)[seed])
            values = {COLOUR: colour, FRECHET: 100 + seed, f"{COLOUR}/real": 0.99}
            stats = [
                {"images": n, "generator/loss": 1 / n, "seconds": 2.0, "images_per_second": 5.0}
                for n in (10, 20)
            ]
            members.append(
                runs.member(f"{weight}-{seed}", {"w": weight}, seed, scores=values, stats=stats)
            )
    failed = runs.make("failed", reached=50, stats=[{"images": 50, "generator/loss": 9.0}])
    reason = "loss.damsm.weight=9: the loss is not finite"
    members.append(Member(failed, {"w": "9"}, 0, "python run.py w=9", failure=reason))
    never = runs.place / "attngan-plumage" / "never"
    members.append(Member(never, {"w": "9"}, 1, "python run.py w=9 seed=1"))
    return members


@pytest.fixture
def report(runs: Any, tmp_path: Path) -> Path:
    return write_report(study(runs), tmp_path / "report", "weights", "Which weight is best?")


def test_the_page_answers_and_tells_what_is_missing(report: Path) -> None:
    text = Page(report).text

    assert "Which weight is best?" in text
    assert "6 of 8 runs finished; 1 failed, 1 not started: reasons below." in text
    assert "w 5 instead of 0: better in colours right +30.0 points; no difference" in text
    assert "3 pairs" in text
    assert "w 9, seed 0 : loss.damsm.weight=9: the loss is not finite (after 50 of 100" in text
    assert "w 9, seed 1 : was not started" in text
    assert "python run.py w=9 seed=1" in text
    assert "11.0 ± 0.6" in text and "41.0 ± 0.6" in text


def test_the_page_needs_nothing_from_elsewhere(report: Path) -> None:
    page = Page(report)

    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed"), tag
        for name in ("src", "href", "action", "data"):
            value = attributes.get(name)
            assert value is None or value.startswith(("#", "data:image/")), value
    assert not re.search(r"url\(|@import|https?://|//[a-z]", page.source.replace("// An", ""))
    assert page.open == []


def test_the_table_has_a_row_for_each_run(report: Path) -> None:
    with report.with_suffix(".csv").open() as file:
        rows = list(csv.DictReader(file))

    assert [row["state"] for row in rows] == [*["finished"] * 6, "failed", "missing"]
    assert [row["w"] for row in rows] == [*"000555", "9", "9"]
    assert [row[COLOUR] for row in rows[3:]] == ["0.4", "0.411", "0.419", "", ""]
    assert rows[0][f"{COLOUR}/real"] == "0.99" and rows[0]["images"] == "100"
    assert float(rows[0]["images_per_second"]) == 5 and float(rows[0]["seconds"]) == 4
    assert rows[6]["reason"].startswith("loss.damsm.weight=9: the loss is not finite")
    assert rows[7]["folder"].endswith("attngan-plumage/never")


def test_the_markdown_has_the_question_the_answers_and_the_scores(report: Path) -> None:
    text = report.with_suffix(".md").read_text()

    assert text.startswith("# weights\n\nWhich weight is best?\n\n6 of 8 runs finished")
    assert "| w 0 | 3 of 3 | 11.0 ± 0.6 % | 101.0 ± 0.6 |" in text
    assert "| w 9 | 0 of 2 | – | – |" in text
    assert "| real pictures |  | 99.0 % | – |" in text
    assert (
        "| w 5 instead of 0 | colours right | +30.0 points | +29.8 to +30.2 | 3 pairs | better |"
        in text
    )
    assert "- colours right: w 5 is best (41.0 %), before w 0 (11.0 %)." in text


def test_what_comes_from_files_is_escaped(runs: Any, tmp_path: Path) -> None:
    hostile = f'{SCRIPT}"><img src=x onerror=alert(1)>|`*'
    folder = runs.make(
        "a",
        scores={f"frechet/{hostile}": 1.0, COLOUR: 0.5},
        stats=[{"images": n, f"{hostile}/loss": float(n)} for n in (10, 20)],
        protocol={"n_real": hostile, "n_fake": hostile, "split": hostile},
    )
    (folder / "samples").mkdir()
    (folder / "samples" / "captions.json").write_text(json.dumps({"captions": [hostile]}))
    (folder / "git.json").write_text(json.dumps({"commit": hostile, "diff_stat": [hostile]}))
    (folder / "environment.json").write_text(json.dumps({"packages": {hostile: hostile}}))
    members = [
        Member(folder, {hostile: hostile}, 0, hostile, finished=True),
        Member(tmp_path / "b", {hostile: "other"}, 0, hostile, failure=hostile),
    ]

    page = Page(write_report(members, tmp_path / "report", hostile, hostile))

    assert [tag for tag, _ in page.tags].count("script") == 1
    assert not any(tag == "img" for tag, _ in page.tags)
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert SCRIPT in page.text
    markdown = (tmp_path / "report" / "report.md").read_text()
    assert "&lt;script" in markdown and "<script" not in markdown


def test_runs_of_which_nothing_is_there_still_make_a_report(tmp_path: Path) -> None:
    members = [Member(tmp_path / name, {"w": name}, 0, "python run.py") for name in "ab"]

    text = Page(write_report(members, tmp_path / "report", "nothing")).text

    assert "0 of 2 runs finished; 2 not started: reasons below." in text
    assert "No run is scored yet" in text and "These runs draw no pictures." in text


def test_one_run_alone(runs: Any, tmp_path: Path) -> None:
    members = members_of([runs.make("a", scores={COLOUR: 0.5})])

    text = Page(write_report(members, tmp_path / "report", "one")).text

    assert "1 run, finished." in text and "One arm alone" in text
    assert " 50.0 % " in text


def test_arms_of_one_seed_are_compared_with_care(runs: Any, tmp_path: Path) -> None:
    members = [
        runs.member(w, {"w": w}, scores={COLOUR: value}) for w, value in (("0", 0.1), ("5", 0.9))
    ]

    text = Page(write_report(members, tmp_path / "report", "two")).text

    assert "+80.0 points" in text and "too few to tell" in text
    assert "w 5 is best" not in text


def test_damaged_files_are_told_and_stop_nothing(runs: Any, tmp_path: Path) -> None:
    member = runs.member("a", {}, scores={COLOUR: 0.5})
    (member.folder / "scores.json").write_text("{")
    (member.folder / "config.yaml").write_text("a: [")
    (member.folder / "score_samples.npz").write_text("no")
    (member.folder / "stats.jsonl").write_bytes(b'{"images": "x"}\n\xff\xfe\n')

    text = Page(write_report([member], tmp_path / "report", "damaged")).text

    assert "scores.json: is damaged (cannot be read" in text
    assert "config.yaml: is damaged" in text
    assert "score_samples.npz: is damaged" in text


def test_other_measures_and_lengths_are_warned_of(runs: Any, tmp_path: Path) -> None:
    members = [
        runs.member("a", {"w": "0"}, scores={COLOUR: 0.1}, protocol={"n_fake": 64}),
        runs.member("b", {"w": "5"}, scores={COLOUR: 0.1}, protocol={"n_fake": 500}, reached=200),
    ]

    text = Page(write_report(members, tmp_path / "report", "differently")).text

    assert "colours right was not measured alike" in text and "n_fake 64" in text
    assert "100 images: w 0; 200 images: w 5." in text


def test_many_warnings_are_folded_and_say_what_differs_alone(runs: Any, tmp_path: Path) -> None:
    """Twelve arms, each measured in a way of its own: what a folder of mixed runs holds."""
    names = [f"frechet/{number}" for number in range(9)]
    members = [
        runs.member(
            f"run{number}",
            {"w": f"{number}"},
            scores=dict.fromkeys(names, 1.0),
            protocol={"n_real": 100, "n_fake": 64 + number, "split": "test"},
            reached=100 + number,
        )
        for number in range(12)
    ]

    text = Page(write_report(members, tmp_path / "report", "mixed")).text

    warned = warnings_of(arms_of([read(member) for member in members]))
    assert len(warned) == 2 and sum(len(line.split()) for line in warned) < 90
    assert "5 other scores were not measured alike" in warned[0] and "8 more ways" in warned[0]
    assert "n_fake 64" in warned[0] and "n_real" not in warned[0]
    folded = "2 warnings: what does not compare, or could not be read"
    assert (
        text.index(folded) < text.index("5 other scores")
        and '<details class="warning">' in Page(tmp_path / "report" / "report.html").source
    )
    assert "- Runs were scored after" in (tmp_path / "report" / "report.md").read_text()


def test_trials_say_that_they_are(runs: Any, tmp_path: Path) -> None:
    members = [runs.member(name, {"w": name}, scores={COLOUR: 0.1}) for name in "ab"]
    for member, presets in zip(members, ("tiny", None), strict=True):
        about = json.loads((member.folder / "run.json").read_text())
        about["choices"]["debug"] = presets
        (member.folder / "run.json").write_text(json.dumps(about))

    some = Page(write_report(members, tmp_path / "both", "both")).text
    one = Page(write_report(members[:1], tmp_path / "one", "one")).text

    told = "(debug=tiny): too small and too short for their scores to mean anything."
    assert f"1 run of trial {told}" in some and f"These are trials {told}" in one


def test_a_page_with_runs_is_not_replaced_by_one_without(report: Path, runs: Any) -> None:
    before, never = report.read_text(), runs.place / "attngan-plumage" / "never"

    with pytest.raises(NothingToReport, match=r"stays: it shows 6 finished runs") as refused:
        write_report([Member(never, {"w": "9"}, 1, "python run.py")], report.parent, "weights")

    assert report.read_text() == before and refused.value.code == 1


def test_no_home_folder_is_told(runs: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    members = members_of(
        [runs.make("a", scores={COLOUR: 0.5}), tmp_path / "outputs/attngan-plumage/a"]
    )

    place = write_report(members, tmp_path / "report", "home").parent

    for file in place.iterdir():
        assert str(tmp_path) not in file.read_text(), file


def test_no_runs_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no runs to compare"):
        write_report([], tmp_path, "none")


def test_the_two_families_of_what_people_call_fid_are_no_one_report(
    runs: Any, tmp_path: Path
) -> None:
    scores = ("frechet/inception", "frechet/torchvision_2018")
    members = [
        runs.member(str(number), {"w": str(number)}, scores={name: 20.0})
        for number, name in enumerate(scores)
    ]
    with pytest.raises(UserError, match=r"has frechet/inception and .* frechet/torchvision_2018"):
        write_report(members, tmp_path / "report", "Both")
    for one in members:  # each has a report of its own
        write_report([one], tmp_path / "report" / one.folder.name, "One")


def test_scores_above_those_of_real_pictures_are_told(runs: Any, tmp_path: Path) -> None:
    scores = {"r_precision/damsm": 0.65, "r_precision/damsm/real": 0.23}
    members = [
        runs.member(
            f"{w}-{value}",
            {"w": w},
            scores=scores | {"r_precision/damsm": value},
            protocol={"n_real": 500, "n_fake": 500, "split": "test", "crop": "none"},
        )
        for w, value in (("0", 0.65), ("5", 0.2))
    ]
    page = write_report(members, tmp_path / "report", "Above")
    text = page.with_suffix(".md").read_text()
    assert "- R-precision (damsm): higher than of real pictures (w 0). Such a judge" in text
