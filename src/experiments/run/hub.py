"""An export on the Hugging Face Hub, fetched into the Hub's own cache: `hf://owner/name@revision`.

Only the files that an export has are fetched, and nothing of them is trusted: they are read as any
other export is (`run/exported.py`).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

from experiments.run.folder import CONFIG, EXPORT, FACTS, MODEL, RUN, SCORES, is_export
from experiments.terminal.error import UserError, one_line

PREFIX = "hf://"
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
HERE = "; nor is there a folder of this name here"
FILES = (EXPORT, MODEL, CONFIG, FACTS, RUN, SCORES, "README.md", "captions.json", "samples/*")


class Place(NamedTuple):
    """A repository, and a branch, tag or commit of it; None: its main branch."""

    repository: str
    revision: str | None = None

    def __str__(self) -> str:
        return f"{PREFIX}{self.repository}" + (f"@{self.revision}" if self.revision else "")


def on_hub(text: str) -> Place | None:
    """The place on the Hub that a text names, None where it names a folder here: one that is there,
    or that would lie in one that is. Raises `UserError` for `hf://` before no owner/name."""
    head, _, revision = text.removeprefix(PREFIX).partition("@")
    named = REPOSITORY.fullmatch(head) is not None
    if text.startswith(PREFIX):
        if not named:
            raise UserError(f"{text}: must be hf://owner/name, or hf://owner/name@revision")
        return Place(head, revision or None)
    here = Path(text).exists() or Path(head).parent.exists()
    return Place(head, revision or None) if named and not here else None


def fetched(place: Place, **options: Any) -> Path:
    """The folder of the cache with the export. `options`: of `huggingface_hub.snapshot_download`.

    Raises `UserError` where it is not to be had, and where it is no export.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = snapshot_download(
            place.repository, revision=place.revision, allow_patterns=list(FILES), **options
        )
    except Exception as error:  # each version of the client has others
        raise UserError(f"{place}: {_reason(error, place)}") from None
    if not is_export(Path(folder)):
        raise UserError(f"{place}: holds no export of Birdsong (it has no {EXPORT})")
    return Path(folder)


def _reason(error: Exception, place: Place) -> str:
    name = type(error).__name__
    status = getattr(getattr(error, "response", None), "status_code", None)
    if name == "GatedRepoError":
        return "asks for an agreement on its page first; then run `hf auth login`"
    if name == "RevisionNotFoundError":
        return "the repository has no such revision"
    if name == "RepositoryNotFoundError" or status in (401, 404):
        return f"there is no such repository, or your token may not see it (`hf auth login`){HERE}"
    if name in ("LocalEntryNotFoundError", "OfflineModeIsEnabled"):
        return f"the Hub cannot be reached, and its cache has it not; try with a network{HERE}"
    if name == "HFValidationError":
        return "is no name that the Hub has"
    return f"the hub answered {status}" if status else f"could not be fetched ({one_line(error)})"
