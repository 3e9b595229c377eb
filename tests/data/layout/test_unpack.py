"""Archives: what is unpacked where, and what must never be."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from experiments.data.layout.unpack import safe_parts, unpack_beside
from experiments.terminal.error import UserError


def pack(path: Path, members: dict[str, str], how: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def contents(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


@pytest.mark.parametrize("prefix", ["", "text/"])
def test_members_lie_in_one_folder_of_the_archives_name(tmp_path: Path, prefix: str) -> None:
    members = {"001.A/one.txt": "a", "002.B/zwei ä.txt": "b", "top.txt": "c"}
    archive = pack(tmp_path / "text.zip", {prefix + name: c for name, c in members.items()})
    assert unpack_beside(archive) == tmp_path / "text"
    assert contents(tmp_path / "text") == members
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text", "text.zip"]


def test_what_archivers_add_is_left_out(tmp_path: Path) -> None:
    members = {
        "text/a.txt": "a",
        "__MACOSX/text/._a.txt": "x",
        "text/.DS_Store": "x",
        "text/b/": "",
    }
    unpack_beside(pack(tmp_path / "text.zip", members))
    assert contents(tmp_path / "text") == {"a.txt": "a"}


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    archive = pack(tmp_path / "text.zip", {"a.txt": "new"})
    (tmp_path / "text").mkdir()
    (tmp_path / "text/a.txt").write_text("mine")
    unpack_beside(archive)
    assert contents(tmp_path / "text") == {"a.txt": "mine"}


def test_goes_on_after_an_unpacking_that_was_killed(tmp_path: Path) -> None:
    archive = pack(tmp_path / "text.zip", {"a.txt": "whole", "b.txt": "b"})
    partial = tmp_path / "text.partial"
    partial.mkdir()
    (partial / "a.txt").write_text("wh")
    unpack_beside(archive)
    assert contents(tmp_path / "text") == {"a.txt": "whole", "b.txt": "b"}
    assert not partial.exists()


def hostile(path: Path, kind: str) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.txt", "good")
        if kind == "link":
            archive.writestr(link, "/etc")
        elif kind == "bomb":
            archive.writestr("zeros", bytes(20_000_000))
        elif kind == "twice":
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("good.txt", "another")
        elif kind == "file and folder":
            archive.writestr("good.txt/inner", "another")
        elif kind == "long name":
            archive.writestr("x" * 300, "another")
        else:
            archive.writestr(kind, "evil")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("../evil.txt", "'../evil.txt' leads out"),
        ("a/../../evil.txt", "leads out"),
        ("/evil.txt", "leads out"),
        ("..\\evil.txt", "leads out"),
        ("a\nb", "leads out"),
        ("link", "'link' is a link"),
        ("bomb", "2 files of 20000004 bytes: more than it should hold"),
        ("twice", "two of its members have one name"),
        ("file and folder", "two of its members have one name"),
        ("long name", "File name too long"),
    ],
)
def test_a_hostile_archive_is_refused_whole(tmp_path: Path, kind: str, reason: str) -> None:
    archive = tmp_path / "inner" / "text.zip"
    archive.parent.mkdir()
    hostile(archive, kind)
    with pytest.raises(UserError) as caught:
        unpack_beside(archive)
    message = str(caught.value)
    assert message.startswith(f"{archive}: refused, because") and reason in message
    assert "\n" not in message
    assert not (archive.parent / "text").exists() and not list(tmp_path.rglob("evil*"))


def test_bounds_hold_before_anything_is_written(tmp_path: Path) -> None:
    archive = pack(tmp_path / "x.zip", {"a": "12345", "b": "67890"}, zipfile.ZIP_STORED)
    with pytest.raises(UserError, match="2 files of 10 bytes"):
        unpack_beside(archive, max_bytes=9)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]
    assert contents(unpack_beside(archive, max_bytes=10)) == {"a": "12345", "b": "67890"}


def test_a_size_that_lies_writes_no_more_than_it_said(tmp_path: Path) -> None:
    """Ten million bytes that the directory calls ten: a bomb that hides from the count."""
    archive = pack(tmp_path / "x.zip", {"a": "0" * 10_000_000})
    raw = bytearray(archive.read_bytes())
    true, false = (10_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little")
    assert raw.count(true) == 2  # in the member's header and in the directory
    archive.write_bytes(raw.replace(true, false))
    with pytest.raises(UserError, match=r"x\.zip: no archive that can be read \(BadZipFile\)"):
        unpack_beside(archive)
    assert not (tmp_path / "x").exists()
    assert sum(p.stat().st_size for p in tmp_path.rglob("a")) <= 10


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no more", b"<html>not found</html>"])
def test_a_broken_archive_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "text.zip").write_bytes(content)
    with pytest.raises(UserError, match=r"text\.zip: no archive that can be read .*delete it"):
        unpack_beside(tmp_path / "text.zip")


def test_a_damaged_or_encrypted_member_is_told(tmp_path: Path) -> None:
    whole = pack(tmp_path / "a.zip", {"a": "0123456789" * 50}, zipfile.ZIP_STORED).read_bytes()
    (tmp_path / "a.zip").write_bytes(whole.replace(b"01234", b"01x34", 1))
    with pytest.raises(UserError, match="BadZipFile"):
        unpack_beside(tmp_path / "a.zip")
    flag = whole.index(b"PK\x01\x02") + 8  # of the directory's entry
    (tmp_path / "b.zip").write_bytes(whole[:flag] + b"\x01" + whole[flag + 1 :])
    with pytest.raises(UserError, match="'a' is encrypted"):
        unpack_beside(tmp_path / "b.zip")


def test_safe_parts() -> None:
    assert safe_parts("a/./b ü/c.jpg") == ("a", "b ü", "c.jpg")
    assert safe_parts("10:30.jpg") == ("10:30.jpg",)
    assert [safe_parts(name) for name in ("", ".", "/", "..", "a/..", "\\x", "a\0")] == [None] * 7
