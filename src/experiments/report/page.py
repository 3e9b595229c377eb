"""`report.html`: one file that needs nothing else, neither network nor other files."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image

from experiments.clip.gif import gif_of
from experiments.metric import meaning as scores
from experiments.report import answers as told
from experiments.report.answers import Answers
from experiments.report.compare import Contrast
from experiments.report.curve import chart, grouped, lines_of, terms_of
from experiments.report.origin import (
    by_text,
    code_of,
    differing,
    machine_of,
    protocols,
    shared,
    warnings_of,
)
from experiments.report.pictures import Drawn, encoded
from experiments.report.record import Arm
from experiments.report.style import drawn_as, looks_of, rules
from experiments.report.table import costs_of, score_tables, total_of
from experiments.terminal.secret import scrub


@dataclass(frozen=True)
class Pictures:
    """What arms drew: captions, and by the place of an arm what it drew for them; `sounds`: a wav
    of each caption, where some of them hear."""

    captions: Sequence[str]
    drawn: Mapping[int, Drawn]
    note: str | None = None
    sounds: Sequence[bytes] = ()


def render(
    title: str,
    question: str | None,
    state: Sequence[str],
    arms: Sequence[Arm],
    answers: Answers,
    pictures: Pictures,
    confidence: float,
) -> str:
    """The page. Everything that comes from files is escaped."""
    records = [record for arm in arms for record in arm.records]
    factors = [part.factor for part in answers.factors]
    looks, legends = looks_of(arms, factors)
    known = dict.fromkeys(name for record in records for name in record.result)
    environment = Environment(
        loader=PackageLoader("experiments.report", "template"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script, style = (_source(environment, name) for name in ("page.js", "page.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template("page.html.j2").render(
        title=title,
        question=question,
        state=state,
        arms=arms,
        answers=answers,
        told=told,
        scores=scores,
        pictures=pictures,
        grids=_grids(arms, pictures),
        undrawn=_undrawn(arms, pictures),
        confidence=f"{100 * confidence:g} %",
        caution=told.caution(answers, confidence),
        warnings=warnings_of(arms),
        tables=score_tables(arms, answers, scores.in_order(known)),
        notes=notes,
        protocols=protocols(arms),
        skipped=_skipped(arms),
        curves=_curves(arms, scores.in_order(known)),
        legends=legends,
        drawn_as=drawn_as,
        costs=costs_of(arms),
        total=total_of(records),
        settings=differing(arms),
        code=by_text(arms, code_of),
        machines=by_text(arms, machine_of),
        scrub=scrub,
        unfinished=[(arm, run) for arm in arms for run in arm.records if not run.member.finished],
        uri=uri,
        sounds=[uri(content, "audio/wav") for content in pictures.sounds],
        css=Markup(style + rules(looks)),
        script=Markup(script),
        script_hash=digest,
    )


def _source(environment: Environment, name: str) -> str:
    """A file of the package as it is."""
    assert environment.loader is not None
    return environment.loader.get_source(environment, name)[0]


def notes(rows: Sequence[Contrast]) -> list[str]:
    """What has to be known of some differences, each once."""
    return list(dict.fromkeys(item.difference.note for item in rows if item.difference.note))


def _skipped(arms: Sequence[Arm]) -> list[str]:
    found: dict[str, None] = {}
    for arm in arms:
        for record in arm.records:
            for name, reason in record.skipped.items():
                found[f"{scores.title(name)}: {reason}"] = None
    return list(found)


def _undrawn(arms: Sequence[Arm], pictures: Pictures) -> list[tuple[str, str]]:
    """Why pictures are missing, each reason once with the arms."""
    reasons: dict[str, list[str]] = {}
    for arm in arms:
        if arm.index in pictures.drawn and (reason := pictures.drawn[arm.index].reason):
            reasons.setdefault(reason, []).append(arm.name)
    return shared(reasons, len(arms))


@dataclass(frozen=True)
class Grid:
    """One stage of the arms that have it: pictures as data, a row for each arm."""

    side: int
    last: bool
    rows: list[tuple[Arm, list[str]]]


def _grids(arms: Sequence[Arm], pictures: Pictures) -> list[Grid]:
    """The last stage of every arm, then the other stages from large to small."""
    found = {arm.index: pictures.drawn.get(arm.index, Drawn()) for arm in arms}
    last = [(arm, found[arm.index]) for arm in arms if found[arm.index].stages]
    if not last:
        return []
    rows = [(arm, _shown(of)) for arm, of in last]
    grids = [Grid(max(of.sides[-1] for _, of in last), True, rows)]
    for side in sorted({side for _, of in last for side in of.sides[:-1]}, reverse=True):
        rows = [
            (arm, _uris(of.stages[of.sides.index(side)]))
            for arm, of in last
            if side in of.sides[:-1]
        ]
        grids.append(Grid(side, False, rows))
    return grids


def _shown(of: Drawn) -> list[str]:
    """What stands in the cells of an arm: clips play."""
    if of.clips is None:
        return _uris(of.stages[-1])
    return [uri(gif_of(frames, of.pace), "image/gif") for frames in of.clips]


def _uris(pixels: np.ndarray) -> list[str]:
    return [uri(encoded(Image.fromarray(picture))) for picture in pixels]


def uri(content: bytes, kind: str = "image/webp") -> str:
    """A file as text that a page holds."""
    return f"data:{kind};base64," + base64.b64encode(content).decode()


def _curves(
    arms: Sequence[Arm], names: Sequence[str]
) -> list[tuple[str, list[tuple[str, Markup]]]]:
    groups = []
    for group, terms in grouped(terms_of(arms), names).items():
        charts = []
        for term in terms:
            lines = lines_of(term, arms)
            if lines:
                label = scores.title(term) if term in names else term
                label += ", %" if term.startswith(scores.SHARES) else ""
                charts.append((label, chart(term, lines)))
        if charts:
            groups.append((group, charts))
    return groups
