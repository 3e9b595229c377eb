"""Weights & Biases for `experiments.tracker.tracker`, over Accelerate's tracker.

Online when the user is logged in, else offline without a question. wandb is imported when a run
starts, not before.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.terminal.error import one_line
from experiments.terminal.secret import scrub
from experiments.tracker.agent import agent_project, agent_run, without_agent
from experiments.tracker.guard import (
    COLUMNS,
    HEARD,
    SAMPLES,
    Rows,
    Sounds,
    accelerate_state,
    bounded,
    picture_keys,
)
from experiments.tracker.memory import Memory

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

INIT_TIMEOUT = 30.0  # s, of a server that has answered; W&B's own are 90
FINISH_TIMEOUT = 60.0  # s; W&B itself would wait for the last upload for ever


class WandB:
    """Weights & Biases. The run id is ours, or that which an agent gave the run once, so a resumed
    run continues its own charts."""

    name = "wandb"
    remembers = True

    def __init__(
        self,
        folder: Path,
        project: str,
        run_id: str,
        name: str,
        group: str | None,
        job_type: str | None,
        tags: Sequence[str],
        config: dict[str, Any],
        mode: str,
        entity: str | None = None,
        agent: bool = True,
        finish_timeout: float = FINISH_TIMEOUT,
    ) -> None:
        """agent: where an agent started this process, whether its run is this one."""
        import wandb
        from accelerate.tracking import WandBTracker

        accelerate_state()
        folder.mkdir(parents=True, exist_ok=True)
        self._staging = folder / "wandb" / "data"
        settings: dict[str, Any] = {
            "silent": True,
            "console": "off",
            "init_timeout": INIT_TIMEOUT,
            "host": "",
            # The command line, the folder and the machine; `environment.json` has what may be told.
            "x_disable_meta": True,
        }
        logger = logging.getLogger("wandb")  # writes `debug.log` beside the run
        if _private not in logger.filters:
            logger.addFilter(_private)
        if "finish_timeout" in wandb.Settings.model_fields:
            settings["finish_timeout"] = finish_timeout
        theirs = agent_run()
        if theirs:
            wandb.teardown()  # W&B reads the agent's variables once, at its first run
            project = agent_project() or project
        self._memory = Memory(folder, "wandb", run_id, theirs if agent else None)
        run_id = self._memory.id

        def tracker(mode: str) -> WandBTracker:
            opened = WandBTracker(
                project,
                entity=entity,
                id=run_id,
                resume="allow",
                dir=str(folder),
                name=name,
                group=group,
                job_type=job_type,
                tags=list(tags) or None,  # else those of WANDB_TAGS would not count
                config=config,
                mode=mode,
                settings=wandb.Settings(**settings),
                reinit="finish_previous",
            )
            opened.start()
            return opened

        with contextlib.nullcontext() if agent else without_agent():
            try:
                self._tracker = tracker(mode)
            except Exception as error:
                if mode == "offline":
                    raise
                log.warning("W&B cannot be reached, so it logs offline: %s", one_line(error))
                bounded(wandb.teardown, 5)  # the service still holds the id of the attempt
                self._tracker = tracker("offline")
        self._run = self._tracker.run
        if not self._run.offline and self._run.url:
            self._memory.about["url"] = str(self._run.url)
        self._memory.save()
        self._run.define_metric("images")
        self._run.define_metric("*", step_metric="images")
        if self._run.offline:
            log.info("W&B offline: wandb sync %s", folder / "wandb")
        else:
            log.info("W&B: %s", self._run.url)

    def log(self, values: Mapping[str, Any], images: int) -> None:
        new = self._memory.new(values, images)
        if new:
            self._tracker.log({name: values[name] for name in new} | {"images": images})
            self._memory.add(new, images)

    def log_pictures(
        self, name: str, pictures: Sequence[Image], captions: Sequence[str], images: int
    ) -> None:
        import wandb

        shown = [
            wandb.Image(picture, caption=caption or None)
            for picture, caption in zip(pictures, captions, strict=True)
        ]
        # W&B draws a list at the size of its first picture.
        same = len({picture.size for picture in pictures}) == 1
        logged = (
            {name: shown} if same else dict(zip(picture_keys(name, len(shown)), shown, strict=True))
        )
        self.log(logged, images)

    def log_sounds(
        self, name: str, captions: Sequence[str], sounds: Sequence[Path], images: int
    ) -> None:
        import wandb

        shown = [
            wandb.Audio(path, caption=caption or None)
            for caption, path in zip(captions, sounds, strict=True)
        ]
        self.log({name: shown}, images)

    def log_clips(
        self, name: str, captions: Sequence[str], clips: Sequence[Path], images: int
    ) -> None:
        import wandb

        shown = [
            wandb.Video(path, caption=caption or None, format="gif")
            for caption, path in zip(captions, clips, strict=True)
        ]
        self.log({name: shown}, images)

    def log_samples(self, samples: Rows, images: int, sounds: Sounds = ()) -> None:
        import wandb

        columns: list[str | int] = list(COLUMNS)
        rows: list[list[Any]] = [
            [images, caption, wandb.Image(drawn), wandb.Image(real)]
            for caption, drawn, real in samples
        ]
        if any(sounds):
            columns.append(HEARD)
            for row, path in zip(rows, sounds, strict=True):
                row.append(None if path is None else wandb.Audio(path))
        with self._staged():
            self.log({SAMPLES: wandb.Table(columns=columns, data=rows)}, images)

    def log_artifact(
        self, name: str, kind: str, file: Path, aliases: Sequence[str], about: dict[str, Any]
    ) -> None:
        import wandb

        artifact = wandb.Artifact(name, type=kind, metadata=about)
        # The file stays where it is and as it is: a copy of it would be one too many.
        artifact.add_file(str(file), policy="immutable", skip_cache=True)
        with self._staged():
            self._run.log_artifact(artifact, aliases=["latest", *aliases])

    def use_artifact(self, name: str, kind: str) -> None:
        if self._run.offline:
            log.info("W&B offline: that %s was used is in the configuration alone", name)
            return
        try:
            self._run.use_artifact(name, type=kind)
        except Exception as error:  # it was trained without artifacts, or elsewhere
            log.warning("W&B has no artifact %s for the lineage: %s", name, one_line(error))

    @contextlib.contextmanager
    def _staged(self) -> Iterator[None]:
        """Files that wait for their upload lie with the run, unless the user has a place for them:
        an offline run is synced whole, or moved away with them."""
        chosen = "WANDB_DATA_DIR" in os.environ
        if not chosen:
            os.environ["WANDB_DATA_DIR"] = str(self._staging.resolve())
        try:
            yield
        finally:
            if not chosen:
                del os.environ["WANDB_DATA_DIR"]

    def summary(self, values: dict[str, Any]) -> None:
        self._run.summary.update(values)

    def finish(self) -> None:
        self._tracker.finish()
        self._memory.close()

    def abandon(self) -> None:
        # Else a dead service would also take the next run of this process with it.
        import wandb

        wandb.teardown()


def _private(record: logging.LogRecord) -> bool:
    """A line of W&B's own log, without secrets and the home folder."""
    record.msg, record.args = scrub(record.getMessage()), ()
    return True
