"""Zip archives that other people made, unpacked so that nothing lands outside of their folder."""

from __future__ import annotations

import errno
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from experiments.file.name import is_name, shown
from experiments.file.whole import aside
from experiments.terminal.error import UserError, as_user_error
from experiments.terminal.line import number_of

MAX_BYTES = 100_000_000_000  # unpacked; COCO 2014 has 20 billion
MAX_FILES = 1_000_000
MAX_RATIO = 200  # unpacked to packed; text shrinks to a tenth, pictures hardly
BLOCK = 1 << 20
IGNORED = ("__MACOSX", ".DS_Store")


def unpack_beside(archive: Path, max_bytes: int = MAX_BYTES) -> Path:
    """Unpack `x.zip` to the folder `x` beside it, whole or not at all, and return the folder.

    A folder that is there is left as it is. Where all members lie in a folder `x` of their own,
    that one is left out. Raises `UserError` for an archive that is broken, encrypted or larger than
    the bounds, and for one with a link, with two members of one name or with a member that leads
    out of the folder.
    """
    folder = archive.with_suffix("")
    if folder.is_dir():
        return folder
    try:
        with aside(folder, alone=True) as partial, zipfile.ZipFile(archive) as content:
            partial.mkdir()
            for member, parts in _members(archive, content, max_bytes):
                target = partial.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                with content.open(member) as source, target.open("xb") as file:
                    shutil.copyfileobj(source, file, BLOCK)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise _refused(archive, "two of its members have one name") from None
    except UserError:
        raise
    except OSError as error:
        machine = None if error.errno == errno.ENAMETOOLONG else as_user_error(error)
        raise machine or _refused(archive, f"of this: {error.strerror}") from None
    except Exception as error:  # whatever a broken archive leads the decoders to
        raise UserError(
            f"{archive}: no archive that can be read ({type(error).__name__}); delete it to fetch "
            "it again"
        ) from None
    return folder


def _members(
    archive: Path, content: zipfile.ZipFile, max_bytes: int
) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """The files of an archive and the parts of their paths in the folder of its name.

    No more is ever written of a member than the size that is counted here.
    """
    members = [member for member in content.infolist() if not member.is_dir()]
    paths = [safe_parts(member.filename) for member in members]
    for member, parts in zip(members, paths, strict=True):
        if parts is None:
            raise _refused(archive, f"{shown(member.filename)} leads out of its folder")
        if stat.S_ISLNK(member.external_attr >> 16):
            raise _refused(archive, f"{shown(member.filename)} is a link")
        if member.flag_bits & 1:
            raise _refused(archive, f"{shown(member.filename)} is encrypted")
    size = sum(member.file_size for member in members)
    if size > max_bytes or size > MAX_RATIO * archive.stat().st_size or len(members) > MAX_FILES:
        raise _refused(
            archive,
            f"{number_of(len(members), 'file')} of {size} bytes: more than it should hold",
        )
    named = [
        (member, parts)
        for member, parts in zip(members, paths, strict=True)
        if parts and not any(part in IGNORED for part in parts)
    ]
    if all(len(parts) > 1 and parts[0] == archive.stem for _, parts in named):
        return [(member, parts[1:]) for member, parts in named]
    return named


def safe_parts(name: str) -> tuple[str, ...] | None:
    """The parts of a relative path with `/`, or None for one that could lead elsewhere."""
    parts = PurePosixPath(name).parts
    bad = not parts or parts[0] == "/" or ".." in parts or not is_name(name)
    return None if bad or "\\" in name else parts


def _refused(archive: Path, reason: str) -> UserError:
    return UserError(f"{archive}: refused, because {reason}; fetch it from its source")
