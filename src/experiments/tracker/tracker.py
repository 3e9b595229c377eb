"""Trackers of a run: Weights & Biases, trackio and TensorBoard, through Accelerate's trackers.

The files in the run folder are the truth; a tracker is a view of them. So whatever a tracker does
(raise, hang, vanish), the run goes on: the backend is disabled with one line in the log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from experiments.config.option import TRACKERS
from experiments.run.portable import portable
from experiments.terminal.error import UserError, one_line
from experiments.terminal.package import installing
from experiments.tracker.agent import agent_project, agent_run
from experiments.tracker.guard import Rows, Sounds, bounded, quiet
from experiments.tracker.knock import opened_mode
from experiments.tracker.place import PROJECT, entity_of, named, project_of
from experiments.tracker.tensorboard import TensorBoard
from experiments.tracker.trackio import Trackio
from experiments.tracker.wandb import FINISH_TIMEOUT, WandB

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

MODES = ("auto", "online", "offline", "disabled")
UPLOAD_TIMEOUT = 900.0  # s; for weights, which are larger than all else


class Backend(Protocol):
    """What `Tracker` asks of one service; every method may raise."""

    name: str
    remembers: bool  # what it was told in processes before, so that it is not told twice

    def log(self, values: dict[str, float], images: int) -> None: ...

    def log_pictures(
        self, name: str, pictures: Sequence[Image], captions: Sequence[str], images: int
    ) -> None: ...

    def log_sounds(
        self, name: str, captions: Sequence[str], sounds: Sequence[Path], images: int
    ) -> None: ...

    def log_clips(
        self, name: str, captions: Sequence[str], clips: Sequence[Path], images: int
    ) -> None: ...

    def log_samples(self, samples: Rows, images: int, sounds: Sounds = ()) -> None: ...

    def log_artifact(
        self, name: str, kind: str, file: Path, aliases: Sequence[str], about: dict[str, Any]
    ) -> None: ...

    def use_artifact(self, name: str, kind: str) -> None: ...

    def summary(self, values: dict[str, Any]) -> None: ...

    def finish(self) -> None: ...

    def abandon(self) -> None: ...


class Tracker:
    """Every chosen backend behind one set of calls that never raise.

    `Tracker([])` does nothing: what ranks other than the main process hold.
    """

    def __init__(self, backends: Sequence[Backend], finish_timeout: float = FINISH_TIMEOUT) -> None:
        self.backends, self.finish_timeout = list(backends), finish_timeout

    def log(self, values: Mapping[str, float], images: int) -> None:
        """Scalars at a number of images seen, the x-axis of every chart."""
        plain = {name: float(value) for name, value in values.items()}
        self._each("log", lambda backend: backend.log(plain, images))

    def catch_up(self, lines: Sequence[Mapping[str, float]]) -> None:
        """Lines of `stats.jsonl`: a service that lost some of them, since a run was killed, gets
        those."""

        def tell(backend: Backend) -> None:
            for line in lines if backend.remembers else ():
                values = {name: float(value) for name, value in line.items() if name != "images"}
                backend.log(values, int(line["images"]))

        self._each("catch up", tell)

    def log_pictures(
        self,
        name: str,
        pictures: Sequence[Image],
        images: int,
        captions: Sequence[str] | None = None,
    ) -> None:
        """PIL pictures of any size, each with its caption."""
        captions = [""] * len(pictures) if captions is None else list(captions)
        assert len(captions) == len(pictures), "one caption per picture"
        self._each(
            "log pictures", lambda backend: backend.log_pictures(name, pictures, captions, images)
        )

    def log_sounds(self, name: str, captions: Sequence[str], sounds: Sounds, images: int) -> None:
        """Files of sound, wav of 16 bits, each with its caption; those that are there."""
        there = [
            (text, path) for text, path in zip(captions, sounds, strict=False) if path is not None
        ]
        if there:
            texts, paths = [text for text, _ in there], [path for _, path in there]
            self._each("log sounds", lambda b: b.log_sounds(name, texts, paths, images))

    def log_clips(
        self, name: str, captions: Sequence[str], clips: Sequence[Path], images: int
    ) -> None:
        """Files of clips, GIFs, each with its caption."""
        if clips:
            self._each("log clips", lambda b: b.log_clips(name, captions, clips, images))

    def log_samples(self, samples: Rows, images: int, sounds: Sounds = ()) -> None:
        """A table: (caption, drawn, real) of PIL pictures, a row each, with what was heard."""
        self._each("log samples", lambda backend: backend.log_samples(samples, images, sounds))

    def log_artifact(
        self,
        name: str,
        kind: str,
        file: Path,
        aliases: Sequence[str] = (),
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """A file that this run made, as a version of what has that name and kind."""
        told = dict(about or {})
        self._each("log the artifact", lambda b: b.log_artifact(name, kind, file, aliases, told))

    def use_artifact(self, name: str, kind: str) -> None:
        """What another run made and this one builds on, as "name:alias"."""
        self._each("use the artifact", lambda backend: backend.use_artifact(name, kind))

    def summary(self, values: Mapping[str, Any]) -> None:
        """Final scores, one value per name, as tables of runs show them."""
        self._each("write the summary", lambda backend: backend.summary(dict(values)))

    def finish(self, timeout: float | None = None) -> None:
        """Flush and close; gives each backend `timeout` seconds. A second call does nothing."""
        patience = self.finish_timeout + 10 if timeout is None else timeout

        def close(backend: Backend) -> None:
            with quiet():
                error = bounded(backend.finish, patience)
            if error is not None:
                raise error

        self._each("finish", close)
        self.backends.clear()

    def _each(self, what: str, call: Callable[[Backend], None]) -> None:
        for backend in list(self.backends):
            try:
                call(backend)
            except Exception as error:
                self.backends.remove(backend)
                log.warning(
                    "tracker %s could not %s and is off for the rest of this run: %s",
                    backend.name,
                    what,
                    one_line(error),
                )
                bounded(backend.abandon, 5)


def start(
    backend: str | Sequence[str],
    folder: str | Path,
    project: str | None,
    run_id: str,
    name: str,
    group: str | None = None,
    job_type: str | None = None,
    tags: Sequence[str] = (),
    config: Mapping[str, Any] | None = None,
    mode: str = "auto",
    *,
    entity: str | None = None,
    choices: Mapping[str, str] | None = None,
    trackio_dir: str | Path | None = None,
    images: int = 0,
    agent: bool = True,
    artifacts: bool = False,
) -> Tracker:
    """Start the chosen backends; call it on the main process only.

    backend: one of `TRACKERS` or a list of them. folder: the run folder. project: None for what
    was said to W&B itself, else `birdsong`; entity: of W&B alone, the same. mode: of W&B alone;
    "auto" is what the user said to W&B itself, else online when logged in, else offline. choices:
    group -> option of Hydra, logged as `choices/<group>`. trackio_dir: where all runs share one
    dashboard.
    images: where a resumed run goes on, so that TensorBoard hides what was logged beyond.
    agent: whether this run is that of a W&B agent, if one started this process. artifacts: whether
    files will be uploaded, which takes its time at the end.

    Raises UserError for an unknown backend or mode, a package that is not installed, or
    mode="online" without a login. A service that fails to start is disabled with a line in the log.
    """
    chosen = named(backend)
    for one in chosen:
        if one not in TRACKERS:
            raise UserError(f"tracker.backend={one}: choose from {', '.join(TRACKERS)}")
    if mode not in MODES:
        raise UserError(f"tracker.mode={mode}: choose from {', '.join(MODES)}")
    for one in chosen:
        if find_spec(one) is None:
            raise UserError(f"tracker.backend={one}: {one} is not installed; run {installing(one)}")
    folder = Path(folder)
    settings: dict[str, Any] = portable(config or {})
    settings |= {f"choices/{name}": option for name, option in (choices or {}).items()}
    settings |= {"run_id": run_id}
    patience = UPLOAD_TIMEOUT if artifacts else FINISH_TIMEOUT

    def open_wandb() -> Backend | None:
        decided = opened_mode(mode)
        if decided == "disabled":
            return None
        # A sweep decides where its runs are.
        place = (agent_run() and agent_project()) or project_of(project)
        about = (folder, place, run_id, name, group, job_type, tags, settings, decided)
        owner = (agent_run() and os.environ.get("WANDB_ENTITY")) or entity_of(entity)
        return WandB(*about, owner, agent=agent, finish_timeout=patience)

    def open_trackio() -> Backend:
        shared = folder / "trackio" if trackio_dir is None else Path(trackio_dir)
        return Trackio(shared, project or PROJECT, run_id, name, group, settings, folder)

    openers: dict[str, Callable[[], Backend | None]] = {
        "wandb": open_wandb,
        "trackio": open_trackio,
        "tensorboard": lambda: TensorBoard(folder, settings, images),
    }
    started = []
    for one in chosen:
        try:
            opened = openers[one]()
        except UserError:
            raise
        except Exception as error:
            log.warning("tracker %s did not start and stays off: %s", one, one_line(error))
        else:
            if opened is not None:
                started.append(opened)
    return Tracker(started, patience)
