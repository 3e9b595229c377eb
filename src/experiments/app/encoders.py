"""The encoders of pictures and captions that a run was built on, loaded to look for pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from experiments.app.about import ENCODER, INDEPENDENT
from experiments.app.refusal import Refused
from experiments.data.view.base import part_of
from experiments.data.view.picture import PICTURE, Pictures
from experiments.encoder.package import packaged
from experiments.run import folder as files
from experiments.run.state import Named
from experiments.run.weight import load_export
from experiments.sample.fitting import fitting
from experiments.sample.model import Model
from experiments.system.drawing import fill, names_in, on_paper
from experiments.terminal.error import UserError


@dataclass(frozen=True, eq=False)
class Encoders:
    """Both networks, and the model whose views read what they are given."""

    model: Model
    encoder: Any

    @property
    def name(self) -> str:
        """As scores call it."""
        return str(self.encoder.name)

    @property
    def kept(self) -> int:
        """The side at which it opens pictures."""
        return int(self.model.views[PICTURE].kept)  # type: ignore[attr-defined]

    @torch.inference_mode()
    def of_words(self, given: Any) -> Tensor:
        """(dim,) of a caption, or of a recording where it listens. Raises `UserError` for what says
        nothing to it."""
        tokens, lengths = self.model.encode([given])
        return self.encoder.encode_text(tokens, lengths)[1][0].float()  # type: ignore[no-any-return]

    @torch.inference_mode()
    def of_pictures(self, pictures: list[Any]) -> Tensor:
        """(N, dim) of Pillow's pictures."""
        read = part_of({PICTURE: self.model.views[PICTURE].read(pictures)}, Pictures)
        return self.encoder.encode_image(read.images[-1])[1].float()  # type: ignore[no-any-return]


def encoders_of(run: Named) -> Encoders:
    """The run's own encoders where they see pictures; else those of the run that it was built on.
    Raises `Refused` where none of them is here."""
    for place in _places(run):
        try:
            found = _loaded(place)
        except UserError:
            if place == run:
                raise
            continue
        if found is not None:
            return found
    raise Refused(
        f"{run.folder.name}: has no encoder of pictures and captions here; an export has one with "
        "export.parts=all"
    )


def _places(run: Named) -> Iterator[Named]:
    yield run
    built_on = files.run_about(run.folder).get("built_on") or {}
    for role in (ENCODER, INDEPENDENT):
        if role in built_on:
            place = Path(str(built_on[role])).expanduser()
            beside = run.folder.resolve().parents[1] / place.parent.name / place.name
            yield from (Named(each) for each in (place, beside) if (each / files.RUN).is_file())


def _loaded(run: Named) -> Encoders | None:
    place = run.folder
    with fitting(place):
        system: Any = on_paper(place)
    encoder = getattr(system, ENCODER, None)
    if encoder is None or not getattr(encoder, "sees_pictures", False):
        return None
    modules, prefix = {ENCODER: encoder}, f"{ENCODER}."
    state = load_export(
        place, run.at, wanted=lambda name: name.startswith(prefix), packages=packaged
    )
    there = {f"{ENCODER}.{name}" for name in state["export"].get(ENCODER, {})}
    if any(name not in there for name in names_in({ENCODER: encoder}) if ".carried." not in name):
        return None
    with fitting(place):
        fill(modules, state["export"])
        facts, config = files.run_facts(place), files.run_config(place)
        model = Model(system.eval(), facts, config, int(state["images"]))
    if PICTURE not in model.views:
        return None
    return Encoders(model, encoder.eval())
