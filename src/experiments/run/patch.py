"""What a working tree has that its commit has not, as a patch: changes, and sources that git does
not hold so far."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SOURCES = (".py", ".yaml", ".yml", ".toml", ".j2")  # of files that git does not hold
LARGEST = 200_000  # bytes of one of these
MOST = 2_000_000  # letters of a patch
NO_GIT = (OSError, subprocess.SubprocessError, UnicodeDecodeError)  # or no repository, no commit


def patch_of(source: Path) -> tuple[str, list[str]]:
    """The patch of the repository that holds `source`, and what is left out of it, a line each:
    files that are too large, and what is beyond `MOST`. Never raises; without git it is empty."""
    try:
        top = Path(git(source, "rev-parse", "--show-toplevel").rstrip("\n"))
        text = git(top, "diff", "HEAD", "--no-ext-diff", "--no-textconv")
        others = git(top, "ls-files", "--others", "--exclude-standard", "-z").split("\0")
    except NO_GIT:
        return "", []
    left_out = []
    for name in sorted(filter(None, others)):
        if not name.endswith(SOURCES):
            continue
        added = _added(top / name, name)
        if added is None or len(text) + len(added) > MOST:
            left_out.append(f"{name}: too large, or cannot be read")
        else:
            text += added
    if len(text) > MOST:
        left_out.insert(0, f"{len(text) - MOST:,} letters beyond the first {MOST:,}")
    return text[:MOST], left_out


def _added(path: Path, name: str) -> str | None:
    """A new file as git would show it; None for one that is no source."""
    try:
        if path.is_symlink() or path.stat().st_size > LARGEST:
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    head = f"diff --git a/{name} b/{name}\nnew file mode 100644\n"
    lines = text.split("\n")
    whole = lines[-1] == ""
    lines = lines[:-1] if whole else lines
    if not lines:
        return head
    rows = "".join(f"+{line}\n" for line in lines)
    end = "" if whole else "\\ No newline at end of file\n"
    return f"{head}--- /dev/null\n+++ b/{name}\n@@ -0,0 +1,{len(lines)} @@\n{rows}{end}"


def git(source: Path, *arguments: str) -> str:
    """What git says of the repository of a folder. Raises one of `NO_GIT`."""
    # A hook or a rebase sets GIT_DIR and friends, which would answer for another repository.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        ["git", "-C", str(source), *arguments],
        env=kept | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace" if arguments[0] == "diff" else "strict",
        check=True,
        timeout=20,
    ).stdout
