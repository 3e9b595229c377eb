"""trackio and TensorBoard for `experiments.tracking`, and what keeps any backend from harm.

Both go through Accelerate's tracker of that name; nothing heavy is imported before they start.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.tracking_memory import Memory

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

SAMPLES = "samples_table"
COLUMNS = ("images", "caption", "drawn", "real")
Rows = Sequence[tuple[str, "Image", "Image"]]  # caption, drawn, real


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
                name=name if run_id in name else f"{name}-{run_id}",
                group=group,
                config=config,
                resume="allow",
                embed=False,
            )
            self._tracker.start()
        self._images = 0
        self._memory.save()
        with contextlib.suppress(Exception):
            # We close the run ourselves; trackio's exit hook would close it again, loudly.
            import trackio

            trackio.context_vars.current_run.set(None)

    def log(self, values: dict[str, float], images: int) -> None:
        self._log(values, images)

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
        self._log(shown, images)

    def log_samples(self, samples: Rows, images: int) -> None:
        import trackio

        rows = [
            [images, caption, trackio.Image(drawn), trackio.Image(real)]
            for caption, drawn, real in samples
        ]
        self._log({SAMPLES: trackio.Table(columns=list(COLUMNS), data=rows)}, images)

    def _log(self, values: Mapping[str, Any], images: int) -> None:
        self._images = images
        new = self._memory.new(values, images)
        if new:
            self._tracker.log({name: values[name] for name in new}, step=images)
            self._memory.add(new, images)

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


class TensorBoard:
    """TensorBoard event files in `<run folder>/tensorboard`."""

    name = "tensorboard"
    remembers = False

    def __init__(self, folder: Path, config: dict[str, Any], images: int = 0) -> None:
        from accelerate.tracking import TensorBoardTracker

        accelerate_state()
        purge = {"purge_step": images + 1} if images else {}
        self._tracker = TensorBoardTracker("tensorboard", str(folder), **purge)
        self._tracker.start()
        self._config, self._images = config, images
        text = json.dumps(config, indent=2, default=str)
        self._tracker.writer.add_text("config", f"```json\n{text}\n```", images)

    def log(self, values: dict[str, float], images: int) -> None:
        self._images = images
        self._tracker.log(values, step=images)

    def log_pictures(
        self, name: str, pictures: Sequence[Image], captions: Sequence[str], images: int
    ) -> None:
        writer = self._tracker.writer
        keys = picture_keys(name, len(pictures))
        for key, picture in zip(keys, pictures, strict=True):
            pixels = np.asarray(picture.convert("RGB"))
            writer.add_image(key, pixels, images, dataformats="HWC")
        if any(captions):
            lines = [f"- `{key}` {caption}" for key, caption in zip(keys, captions, strict=True)]
            writer.add_text(f"{name}/captions", "\n".join(lines), images)
        writer.flush()

    def log_samples(self, samples: Rows, images: int) -> None:
        """TensorBoard has no tables; the sheet of samples shows the same."""

    def log_artifact(
        self, name: str, kind: str, file: Path, aliases: Sequence[str], about: dict[str, Any]
    ) -> None:
        """TensorBoard has no artifacts; `docs/tracking.md` says so."""

    def use_artifact(self, name: str, kind: str) -> None:
        """See `log_artifact`."""

    def summary(self, values: dict[str, Any]) -> None:
        scores = {name: value for name, value in values.items() if isinstance(value, (int, float))}
        self._tracker.writer.add_hparams(
            dict(_flat(self._config)), scores, run_name=".", global_step=self._images
        )
        self._tracker.writer.flush()

    def finish(self) -> None:
        self._tracker.finish()

    def abandon(self) -> None:
        pass


def bounded(call: Callable[[], None], seconds: float) -> Exception | None:
    """Run `call` in a thread of its own; what it raised, TimeoutError if it is not done in time."""
    errors: list[Exception] = []

    def guarded() -> None:
        try:
            call()
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return TimeoutError(f"no answer in {seconds:g} s")
    return errors[0] if errors else None


def one_line(error: BaseException) -> str:
    """The kind of an error and the first line of what it says."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def accelerate_state() -> None:
    """Accelerate's trackers log through its state; a run has one, a script may not."""
    from accelerate.state import PartialState

    if not PartialState._shared_state:
        PartialState()


def picture_keys(name: str, count: int) -> list[str]:
    """One key per picture; a single one keeps the plain name."""
    return [name] if count == 1 else [f"{name}/{index}" for index in range(count)]


def _flat(config: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            plain = isinstance(value, (bool, int, float, str))
            yield prefix + str(name), value if plain else json.dumps(value, default=str)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Turn what a tracker prints to stdout into debug lines: the terminal is for the run."""
    spoken = io.StringIO()
    with contextlib.redirect_stdout(spoken):
        yield
    for line in spoken.getvalue().splitlines():
        log.debug("tracker: %s", line)
