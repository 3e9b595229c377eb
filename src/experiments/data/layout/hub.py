"""Data sets of the Hugging Face Hub whose files are those that people have on disk.

`hf://owner/name[@revision][/folder]` is fetched once, its zip archives are unpacked, and from then
on it is a local folder: `$HF_HOME/birdsong/...`, which may be deleted to fetch it again.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from pathlib import Path
from typing import NamedTuple

from experiments.data.layout.unpack import safe_parts, unpack_beside
from experiments.file.lock import locked
from experiments.file.name import plain, shown
from experiments.file.whole import write_text
from experiments.terminal.error import UserError, as_user_error
from experiments.terminal.line import number_of, say_once

SCHEME = "hf://"
NAME = re.compile(
    r"hf://(?:datasets/)?(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)"
    r"(?:@(?P<revision>[\w-][\w.-]*))?(?P<folder>(?:/[\w-][\w.-]*)*)/?"
)
COMMIT = re.compile(r"[0-9a-f]{40}")  # another revision may be another state tomorrow
FILES = "data"  # where a repository keeps its files that keeps them in a folder


class Copy(NamedTuple):
    """Of a data set of the hub. `commit`: which of its states it is; None where that is not
    known."""

    folder: Path
    commit: str | None


def fetched(name: str, remedy: str) -> Path:
    """The folder of a data set of the hub, which is fetched when it is not there.

    A copy that is there is used as it is and asks nothing of the network; a line says which state
    it is of, and how to have the newest. Raises `UserError` where
    the name is none or the files cannot be fetched, with `remedy`: how to get them without the hub.
    """
    top = copy_of(name, remedy).folder
    return top / FILES if (top / FILES).is_dir() else top


def copy_of(name: str, remedy: str, wanted: str | None = None) -> Copy:
    """The same, whole: with what stands beside the folder of the files, and the commit. The name
    may lack its scheme, and `wanted` be its revision instead."""
    match = NAME.fullmatch(SCHEME + name.removeprefix(SCHEME))
    if match is not None and match["revision"] and wanted:
        raise UserError(f"data.reader.revision={wanted}: {shown(name)} names one as well")
    if match is None:
        raise UserError(
            f"data.root={name}: must be hf://owner/name, and may go on with @revision and /folder"
        )
    repo, revision = match["repo"], match["revision"] or wanted or "main"
    inner = match["folder"].strip("/")
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser() / "birdsong"
    tree = home / "--".join(filter(None, [*repo.split("/"), revision, *inner.split("/")]))
    if not tree.is_dir():
        with locked(home / f".{tree.name}.lock"):
            if not tree.is_dir():  # another process may have been first
                partial = home / f".{tree.name}.partial"
                commit = _download(name, repo, revision, inner, partial, remedy)
                write_text(_commit_of(tree), commit)
                partial.rename(tree)
    known = None
    with contextlib.suppress(OSError):  # fetched before commits were kept
        known = _commit_of(tree).read_text(encoding="utf-8").strip() or None
    if not COMMIT.fullmatch(revision):
        say_once(
            f"{plain(name)}: commit {known or 'unknown'} of {revision}, from the copy in "
            f"{plain(tree)}; remove that folder to fetch the newest"
        )
    return Copy(tree / inner, known)


def _commit_of(tree: Path) -> Path:
    """The file that names the commit of a copy."""
    return tree.with_name(f"{tree.name}.commit")


def _download(name: str, repo: str, revision: str, inner: str, folder: Path, remedy: str) -> str:
    """Fetch all files of a data set or of one folder of it, and unpack its archives; goes on where
    it ended. Returns the commit."""
    otherwise = f"a local folder works as well: {remedy}"
    from huggingface_hub import HfApi, snapshot_download

    try:
        info = HfApi().dataset_info(repo, revision=revision, files_metadata=True)
        start = f"{inner}/" if inner else ""
        files = [file for file in info.siblings or [] if file.rfilename.startswith(start)]
        if any(safe_parts(file.rfilename) is None for file in files):
            raise UserError(f"data.root={name}: refused, because a file leads out of its folder")
        snapshot_download(
            repo,
            repo_type="dataset",
            revision=info.sha,
            local_dir=folder,
            allow_patterns=f"{inner}/*" if inner else None,
        )
    except UserError:
        raise
    except Exception as error:  # each version of the client has others
        raise as_user_error(error) or UserError(
            f"data.root={name}: cannot be fetched ({_reason(error)}); {otherwise}"
        ) from None
    # What the client returns without a network may be a part of it.
    sizes = {file.rfilename: file.size for file in files}
    lost = [file for file, size in sizes.items() if not _is_whole(folder / file, size)]
    if lost or not files:
        what = (
            f"{len(lost)} of {number_of(len(files), 'file')} are missing"
            if lost
            else "it has no such files"
        )
        raise UserError(
            f"data.root={name}: cannot be fetched ({what}); run the same command again, or else "
            f"{otherwise}"
        )
    archives = [folder / file for file in sizes if file.endswith(".zip")]
    for archive in archives:
        unpack_beside(archive)
    for archive in archives:
        archive.unlink()
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # of the client
    return str(info.sha or "")


def _is_whole(path: Path, size: int | None) -> bool:
    return path.is_file() and (size is None or path.stat().st_size == size)


def _reason(error: Exception) -> str:
    kind = type(error).__name__
    return {
        "OfflineModeIsEnabled": "HF_HUB_OFFLINE is set",
        "RepositoryNotFoundError": "there is none of this name, or it is not open to you",
        "GatedRepoError": "its owner asks for your consent on its page first",
        "RevisionNotFoundError": "there is no such revision",
    }.get(kind, f"no answer from the hub, {kind}")
