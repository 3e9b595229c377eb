"""Where runs come from: in what their configurations differ, which code and packages made them, and
how the same scores were measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.config.key import flat
from experiments.metric import meaning as scores
from experiments.metric.caution import PLEASED, above_real
from experiments.metric.names import family_of
from experiments.report.compare import listed
from experiments.report.record import Arm, Record
from experiments.report.varied import ABSENT, text_of
from experiments.run.identity import identity
from experiments.terminal.error import UserError
from experiments.terminal.line import number_of
from experiments.terminal.secret import scrub

FEW = 4  # scores, or ways of measuring, that a warning names


@dataclass(frozen=True)
class Setting:
    """A value of the configuration that differs between arms. copies: other paths with the same."""

    path: str
    copies: tuple[str, ...]
    values: tuple[str, ...]


def differing(arms: Sequence[Arm]) -> list[Setting]:
    """What decides a result and is not the same in all arms, without seeds. Values that repeat each
    other are one line, under the shortest path outside `system`, which is made of the others."""
    known = [(arm, arm.first.config) for arm in arms]
    columns = [_deciding(config) if config else {} for _, config in known]
    paths = dict.fromkeys(path for column in columns for path in column)
    rows: dict[tuple[str, ...], list[str]] = {}
    there = [index for index, column in enumerate(columns) if column]
    for path in paths:
        values = tuple(
            text_of(column[path]) if path in column else ABSENT if column else ""
            for column in columns
        )
        if len({values[index] for index in there}) > 1:
            rows.setdefault(values, []).append(path)
    found = []
    for values, alike in rows.items():
        first, *copies = sorted(
            alike, key=lambda path: (path.startswith("system."), path.count("."), len(path), path)
        )
        found.append(Setting(first, tuple(copies), values))
    return sorted(found, key=lambda setting: setting.path)


def _deciding(config: Mapping[str, Any]) -> dict[str, Any]:
    found = flat(identity(config, {}))
    found.pop("seed", None)
    found.pop("prerequisites", None)
    trainer = config.get("trainer")
    if isinstance(trainer, dict):
        found["trainer.images"] = trainer.get("images")
    return found


def code_of(record: Record) -> str:
    """The commit that made a run, and whether more was changed."""
    commit = record.git.get("commit")
    if not commit:
        return "code of no known commit"
    changed = record.git.get("diff_stat")
    dirty = f", changed: {changed[-1]}" if isinstance(changed, list) and changed else ""
    if not dirty and record.git.get("dirty"):
        dirty = f", and {number_of(record.git.get('untracked'), 'file')} that git did not hold"
    return f"commit {str(commit)[:12]}{dirty}"


def edited_on_the_way(arms: Sequence[Arm]) -> list[str]:
    """A line for the runs that were trained under more than one code, since when each."""
    told: dict[str, list[str]] = {}
    for arm in arms:
        for record in arm.records:
            if len(record.codes) > 1:
                begun = (number_of(images, "image", ",") for images in record.codes)
                parts = " and ".join(f"from {images}" for images in begun)
                text = f"trained under {len(record.codes)} codes: {parts}"
                told.setdefault(text, []).append(arm.name)
    return [f"{who}: {text}." for text, who in shared(told, -1)]


def machine_of(record: Record) -> str:
    """Python, packages and processor of a run."""
    found = record.environment
    packages = found.get("packages")
    parts = [f"Python {found['python']}"] if found.get("python") else []
    if isinstance(packages, dict):
        parts += [f"{name} {version}" for name, version in packages.items() if version]
    cpu, gpus = found.get("cpu"), found.get("gpus")
    if isinstance(gpus, list) and gpus:
        parts.append(f"{len(gpus)} × {gpus[0]}")
    elif isinstance(cpu, dict) and cpu.get("model"):
        parts.append(f"{cpu['model']}, {number_of(cpu.get('count'), 'core')}")
    return ", ".join(map(str, parts)) or "not recorded"


def shared(told: Mapping[str, list[str]], everybody: int) -> list[tuple[str, str]]:
    """What was told, each with those of whom it is told; "all" where that is everybody."""
    rows = []
    for text, names in told.items():
        once = list(dict.fromkeys(names))
        some = ", ".join(once[:FEW]) + (f" and {len(once) - FEW} more" if len(once) > FEW else "")
        rows.append((text, "all" if len(names) == everybody else some))
    return rows


def by_text(arms: Sequence[Arm], tell: Any) -> list[tuple[str, str]]:
    """What `tell` says of the runs that exist, each text once with the arms it is true of."""
    told: dict[str, list[str]] = {}
    records = [(arm, run) for arm in arms for run in arm.records if run.state != "missing"]
    for arm, record in records:
        told.setdefault(tell(record), []).append(arm.name)
    return shared(told, len(records))


def warnings_of(arms: Sequence[Arm]) -> list[str]:
    """What a reader must know before comparing: what was not measured alike, and what could not be
    read."""
    records = [record for arm in arms for record in arm.records]
    known = dict.fromkeys(name for record in records for name in record.result)
    problems = [scrub(problem) for record in records for problem in record.problems]
    alike = measured_differently(arms, scores.in_order(known))
    return [*alike, *above_real_pictures(arms), *edited_on_the_way(arms), *problems]


def require_one_family(arms: Sequence[Arm]) -> None:
    """Raise `UserError` where some runs have the Fréchet distance of one family and some that of
    another: both are called FID, and in one table someone compares them."""
    found: dict[str, tuple[str, Record]] = {}
    for arm in arms:
        for record in arm.records:
            for name in record.result:
                if (family := family_of(name)) is not None:
                    found.setdefault(family, (name, record))
    if len(found) > 1:
        (first, one), (second, other) = (found[family] for family in sorted(found))
        raise UserError(
            f"report: {scrub(str(one.folder))} has {first} and {scrub(str(other.folder))} "
            f"{second}, which are no one score (docs/scores.md, families); name with run=[...] "
            "those that have the same"
        )


def above_real_pictures(arms: Sequence[Arm]) -> list[str]:
    """A line for each score that is higher than that of real pictures in some arms."""
    found: dict[str, dict[str, None]] = {}
    for arm in arms:
        for record in arm.records:
            counts = [int(record.protocol.get(key, 0)) for key in ("n_real", "n_fake")]
            for name in above_real(record.result, *counts):
                found.setdefault(name, {})[arm.name] = None
    told: dict[str, list[str]] = {}
    for name, names in found.items():
        rows = shared({"": list(names)}, len(arms))
        told.setdefault(rows[0][1], []).append(scores.title(name))
    return [
        f"{listed(titles)}: higher than of real pictures ({who}). {PLEASED}."
        for who, titles in told.items()
    ]


def measured_differently(arms: Sequence[Arm], names: Sequence[str]) -> list[str]:
    """A line for scores whose numbers do not compare, all that differ alike together, and one where
    runs saw different numbers of images."""
    found: dict[str, list[str]] = {}
    for name in names:
        told: dict[str, list[str]] = {}
        for arm in arms:
            for record in arm.records:
                if name in record.result:
                    told.setdefault(record.measured_as(name), []).append(arm.name)
        if len(told) > 1:
            found.setdefault(_ways(told), []).append(scores.title(name))
    lines = []
    for ways, titles in found.items():
        few = titles if len(titles) <= FEW else [*titles[:FEW], f"{len(titles) - FEW} other scores"]
        were = "was" if len(titles) == 1 else "were"
        lines.append(f"{listed(few)} {were} not measured alike, only equals compare. {ways}")
    seen: dict[str, list[str]] = {}
    for arm in arms:
        for record in arm.records:
            if record.result:
                seen.setdefault(number_of(record.images, "image", ","), []).append(arm.name)
    if len(seen) > 1:
        lines.append(f"Runs were scored after different numbers of images. {_listed_ways(seen)}.")
    return lines


def _ways(told: Mapping[str, list[str]]) -> str:
    """In what ways arms were measured, without what all have in common."""
    parts = [set(text.split(", ")) for text in told]
    common = set.intersection(*parts)
    short: dict[str, list[str]] = {}
    for text, who in told.items():
        own = ", ".join(part for part in text.split(", ") if part not in common)
        short.setdefault(own or "nothing recorded", []).extend(who)
    return _listed_ways(short)


def _listed_ways(told: Mapping[str, list[str]]) -> str:
    """Each way with its arms; of many ways those of most runs."""
    rows = sorted(told.items(), key=lambda item: -len(item[1]))
    more = [f"{len(rows) - FEW} more ways"] if len(rows) > FEW + 1 else []
    kept = dict(rows[:FEW] if more else rows)
    return "; ".join([*(f"{text}: {who}" for text, who in shared(kept, -1)), *more])


def protocols(arms: Sequence[Arm]) -> list[str]:
    """How scores were measured, in words, for the foot of the table."""
    told: dict[str, None] = {}
    for arm in arms:
        for record in arm.records:
            way = record.protocol
            if record.result and {"n_real", "n_fake", "split"} <= way.keys():
                made = f"{way['n_fake']} generated against " if way["n_fake"] else ""
                told[
                    f"{made}{way['n_real']} real pictures of split "
                    f"{way['split']}, crop {way.get('crop', 'unknown')}"
                ] = None
    return list(told)
