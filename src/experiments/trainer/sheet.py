"""Sheets of a run: what was made of the shown records, a row for each."""

from __future__ import annotations

from collections.abc import Sequence

from PIL.Image import Image
from torch import Tensor

from experiments.data.view.base import Pixels, View
from experiments.sample.picture import beside, stage_grid

TALL = 6  # captions from which on a sheet is cut in two


def sheet_of(
    stages: Sequence[Pixels],
    captions: Sequence[str],
    real: Pixels | None = None,
    given: Sequence[Pixels] = (),
    titles: Sequence[str] | None = None,
) -> Image:
    """One row for each record. Many rows of pictures stand in two halves, side by side; strips,
    which have titles, are wide enough alone."""
    half = len(captions) if titles or len(captions) < TALL else -(-len(captions) // 2)
    parts = [slice(first, first + half) for first in range(0, len(captions), half)]
    return beside(
        [
            stage_grid(
                [stage[part] for stage in stages],
                captions[part],
                None if real is None else real[part],
                given=[pixels[part] for pixels in given],
                titles=titles,
            )
            for part in parts
        ]
    )


def shown(view: View, stages: Sequence[Tensor]) -> list[Pixels]:
    """How the rows of each stage look on a sheet; nothing where they cannot be shown."""
    found = [view.pictures(stage) for stage in stages]
    return [] if any(images is None for images in found) else found  # type: ignore[return-value]
