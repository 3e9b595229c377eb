"""What a person sees move of a run: clips of the shown records as GIFs beside the samples, sheets
of what they are composed of, and a warning where they stand still, or where a mask shows one part
alone.

What a warning says follows from the statistics, so that a resumed run says it once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import Tensor

from experiments.clip.write import write_clip
from experiments.data.view.base import View
from experiments.data.view.picture import PICTURE
from experiments.metric.motion import motion_energy
from experiments.run.folder import LOOKED
from experiments.run.prerequisite import Run
from experiments.run.stats import StatsFile
from experiments.sample.picture import save_png
from experiments.sample.steps import three_columns
from experiments.system.base import Samples
from experiments.terminal.line import number_of, say, say_once
from experiments.tracker.tracker import Tracker
from experiments.trainer.sheet import sheet_of, shown

MOTION, MASK = f"{LOOKED}motion", f"{LOOKED}mask"
WHITE = 255.0  # grey levels
STILL = 0.05  # of the motion of real clips, below which made ones stand still
ONE = 0.01  # of a mask, at whose ends one of two parts is all that is shown


def written_clips(
    view: View, values: Tensor, rows: Sequence[int], folder: Path, name: str
) -> list[Path]:
    """A GIF of each of the values (B, ...), `<name>-<row of the split>.gif`; nothing where the disk
    has no room, which a line says."""
    assert view.pace is not None, f"{view.name} does not move"
    paths = [folder / f"{name}-{row:06d}.gif" for row in rows]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, frames in zip(paths, view.handed(values), strict=True):
            write_clip(frames, path, view.pace)
    except OSError as error:
        say_once(f"{folder}: clips cannot be written beside the pictures ({error})")
    return [path for path in paths if path.exists()]


class Motion:
    """Shows and watches what a system makes that moves, on the main process of one run."""

    def __init__(self, run: Run, tracker: Tracker, stats: StatsFile) -> None:
        self.run, self.tracker, self.stats = run, tracker, stats
        self.folder = run.folder / "samples"

    def real(self, view: View, values: Tensor, rows: Sequence[int], labels: Sequence[str]) -> None:
        """GIFs of the shown records themselves."""
        paths = written_clips(view, values, rows, self.folder, f"real-{view.name}")
        self.tracker.log_clips(f"real/{view.name}", labels, paths, 0)

    def look(
        self,
        images: int,
        view: View,
        made: Samples,
        real: Tensor,
        rows: Sequence[int],
        labels: Sequence[str],
        kind: str = "",
    ) -> None:
        """GIFs of what was made for the records `rows`, a sheet of what it is composed of, how much
        it moves, and warnings. `kind` stands in front of names."""
        name, values = f"{kind}images-{images:010d}", made.made[view.name][-1]
        paths = written_clips(view, values, rows, self.folder, name)
        self.tracker.log_clips(f"{kind}clips", labels, paths, images)
        named = made.named_of(view.name)
        if named:
            stages = shown(view, list(named.values()))
            sheet = sheet_of(stages, labels, titles=list(named))
            save_png(sheet, self.folder / f"parts-{name}.png")
            self.tracker.log_pictures(f"{kind}parts", [sheet], images, [number_of(images, "image")])
        if view.name != PICTURE and PICTURE in made.made:  # on the way to it
            strips = shown(view, [values])[0]
            sheet = three_columns(labels, made.made[PICTURE][-1], strips)
            save_png(sheet, self.folder / f"steps-{name}.png")
            self.tracker.log_pictures(f"{kind}steps", [sheet], images, [number_of(images, "image")])
        if kind:  # the first of what it makes is watched
            return
        found = measured(values, real, named.get("mask"))
        before = self._before(images)
        if not any(
            line["images"] == images and MOTION in line for line in self.stats.since(images)
        ):
            self.stats.append(images, found)
        self.tracker.log(found, images)
        problems = told(found)
        for problem, line in problems.items():
            if problem not in told(before):
                say(
                    f"{self.run.name}: {line} at {number_of(images, 'image')}; see "
                    f"{self.folder}/{name}-*.gif"
                )

    def _before(self, images: int) -> Mapping[str, float]:
        """What was measured last before so many images."""
        lines = [line for line in StatsFile.read(self.stats.path) if MOTION in line]
        return next((x for x in reversed(lines) if x["images"] < images), {})


def measured(made: Tensor, real: Tensor, mask: Tensor | None = None) -> dict[str, float]:
    """How much clips (B, C, T, H, W) in [-1, 1] move, as a share of the way from black to white
    between frames, beside real ones; and the mean of the masks (B, ...) from 0 to 1."""
    moves, really = motion(made), motion(real)
    found = {MOTION: moves, f"{MOTION}/real": really}
    if really:
        found[f"{MOTION}/ratio"] = moves / really
    if mask is not None:
        found[MASK] = float((mask.detach().float().mean() + 1) / 2)
    return found


def motion(clips: Tensor) -> float:
    """`motion_energy` of clips (B, C, T, H, W), as a share of the way from black to white."""
    return float(motion_energy(clips.detach()).mean() / WHITE)


def told(found: Mapping[str, float]) -> dict[str, str]:
    """What is wrong with what was measured, in words, by what it is."""
    lines = {}
    ratio, mask = found.get(f"{MOTION}/ratio"), found.get(MASK)
    if ratio is not None and ratio < STILL:
        lines["still"] = f"clips stand still: they move {ratio:.3f} times as much as real ones"
    if mask is not None and mask < ONE:
        lines["background"] = f"the mask is all 0 ({mask:.4f}): the background is all that is shown"
    if mask is not None and mask > 1 - ONE:
        lines["foreground"] = f"the mask is all 1 ({mask:.4f}): the foreground is all that is shown"
    return lines
