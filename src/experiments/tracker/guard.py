"""trackio and TensorBoard for `experiments.tracker.tracker`, and what keeps any backend from harm.

Both go through Accelerate's tracker of that name; nothing heavy is imported before they start.
"""

from __future__ import annotations

import contextlib
import io
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

log = logging.getLogger(__name__)

SAMPLES = "samples_table"
COLUMNS = ("images", "caption", "drawn", "real")
HEARD = "heard"  # one more, where captions are heard
Rows = Sequence[tuple[str, "Image", "Image"]]  # caption, drawn, real
Sounds = Sequence[Path | None]  # a file of each of some records, or nothing


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


def accelerate_state() -> None:
    """Accelerate's trackers log through its state; a run has one, a script may not."""
    from accelerate.state import PartialState

    if not PartialState._shared_state:
        PartialState()


def picture_keys(name: str, count: int) -> list[str]:
    """One key per picture; a single one keeps the plain name."""
    return [name] if count == 1 else [f"{name}/{index}" for index in range(count)]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Turn what a tracker prints to stdout into debug lines: the terminal is for the run."""
    spoken = io.StringIO()
    with contextlib.redirect_stdout(spoken):
        yield
    for line in spoken.getvalue().splitlines():
        log.debug("tracker: %s", line)
