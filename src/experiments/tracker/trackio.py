"""Runs in trackio."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.terminal.error import one_line
from experiments.tracker.memory import Memory

if TYPE_CHECKING:
    from PIL.Image import Image
from experiments.tracker.guard import (
    COLUMNS,
    SAMPLES,
    Rows,
    Sounds,
    accelerate_state,
    log,
    picture_keys,
    quiet,
)


class Trackio:
    """trackio: one SQLite dashboard for all runs below `folder`."""

    name = "trackio"
    remembers = True

    def __init__(
        self,
        folder: Path,
        project: str,
        run_id: str,
        name: str,
        group: str | None,
        config: dict[str, Any],
        run_folder: Path | None = None,
    ) -> None:
        """run_folder: where it is remembered what was logged."""
        self._memory = Memory(run_folder or folder, "trackio", run_id)
        # trackio reads this once, on its first import in a process; a user's own choice stands.
        if "trackio" not in sys.modules:
            os.environ.setdefault("TRACKIO_DIR", str(folder.resolve()))
        from accelerate.tracking import TrackioTracker

        accelerate_state()
        with quiet():
            self._tracker = TrackioTracker(
                project,
                name=name if self._memory.id in name else f"{name}-{self._memory.id}",
                group=group,
                config=config,
                resume="allow",
                embed=False,
            )
            self._tracker.start()
        self._images = 0
        self._memory.about["project"] = project
        self._memory.save()
        with contextlib.suppress(Exception):
            # We close the run ourselves; trackio's exit hook would close it again, loudly.
            import trackio

            trackio.context_vars.current_run.set(None)

    def log(self, values: Mapping[str, Any], images: int) -> None:
        self._images = images
        new = self._memory.new(values, images)
        if new:
            self._tracker.log({name: values[name] for name in new}, step=images)
            self._memory.add(new, images)

    def log_pictures(
        self, name: str, pictures: Sequence[Image], captions: Sequence[str], images: int
    ) -> None:
        import trackio

        shown = {
            key: trackio.Image(picture, caption=caption or None)
            for key, picture, caption in zip(
                picture_keys(name, len(pictures)), pictures, captions, strict=True
            )
        }
        self.log(shown, images)

    def log_sounds(
        self, name: str, captions: Sequence[str], sounds: Sequence[Path], images: int
    ) -> None:
        import trackio

        keys = picture_keys(name, len(sounds))
        shown = {
            key: trackio.Audio(path, caption=caption or None)
            for key, caption, path in zip(keys, captions, sounds, strict=True)
        }
        self.log(shown, images)

    def log_clips(
        self, name: str, captions: Sequence[str], clips: Sequence[Path], images: int
    ) -> None:
        import trackio

        keys = picture_keys(name, len(clips))
        shown = {
            key: trackio.Video(path, caption=caption or None, format="gif")
            for key, caption, path in zip(keys, captions, clips, strict=True)
        }
        self.log(shown, images)

    def log_samples(self, samples: Rows, images: int, sounds: Sounds = ()) -> None:
        """trackio's tables show pictures and play nothing: `log_sounds` has the sounds."""
        import trackio

        rows = [
            [images, caption, trackio.Image(drawn), trackio.Image(real)]
            for caption, drawn, real in samples
        ]
        self.log({SAMPLES: trackio.Table(columns=list(COLUMNS), data=rows)}, images)

    def log_artifact(
        self, name: str, kind: str, file: Path, aliases: Sequence[str], about: dict[str, Any]
    ) -> None:
        import trackio

        artifact = trackio.Artifact(name=name, type=kind, metadata=about)
        artifact.add_file(file)
        self._tracker.run.log_artifact(artifact, aliases=list(aliases))

    def use_artifact(self, name: str, kind: str) -> None:
        try:
            self._tracker.run.use_artifact(name, type=kind)
        except Exception as error:  # it was trained without artifacts
            log.warning("trackio has no artifact %s for the lineage: %s", name, one_line(error))

    def summary(self, values: dict[str, Any]) -> None:
        shown = {f"summary/{name}": value for name, value in values.items()}
        self._tracker.log(shown, step=self._images)

    def finish(self) -> None:
        self._tracker.finish()
        self._memory.close()

    def abandon(self) -> None:
        pass
