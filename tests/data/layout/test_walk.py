"""Links: what lies below a folder is there once, and what is not followed is counted and named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.data.layout.walk import BACK, LOST, OUTSIDE, found_below, require_followed, told
from experiments.terminal.error import UserError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """root/ with a class of its own and one in a hidden store; a disk/ beside it."""
    for path in ("root/red/1.png", "root/.store/green/2.png", "disk/grey/3.png"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).touch()
    return tmp_path / "root"


def hidden(entry: os.DirEntry[str]) -> str:
    return "hidden" if entry.name[0] == "." else ""


def test_a_link_inside_the_root_is_followed(tree: Path) -> None:
    (tree / "green").symlink_to(".store/green")
    found = found_below(tree, False, hidden)
    assert sorted(found.files) == ["green/2.png", "red/1.png"]
    assert found.not_read == {"hidden": 1}
    require_followed(tree, found, None)


def test_a_link_out_of_the_root_is_followed_where_the_owner_says_so(tree: Path) -> None:
    (tree / "grey").symlink_to("../disk/grey")
    found = found_below(tree, False, hidden)
    assert found.files == ["red/1.png"] and found.links == {OUTSIDE: ["grey"]}
    assert told(found.not_read) == "; not read: 1 link out of the root, 1 hidden"
    with pytest.raises(UserError, match=r"root has 1 link out .*\(grey\); data.follow_links=true"):
        require_followed(tree, found, None)
    require_followed(tree, found, False)
    followed = found_below(tree, True, hidden)
    assert sorted(followed.files) == ["grey/3.png", "red/1.png"]
    require_followed(tree, followed, True)


def test_what_a_link_leads_to_is_there_once(tree: Path) -> None:
    """A split made of links must not have the same picture to train on and to test on."""
    (tree / "all/a").mkdir(parents=True)
    (tree / "all/a/4.png").touch()
    (tree / "train").symlink_to("all/a")
    (tree / "again").symlink_to("all/a")
    found = found_below(tree, False, hidden)
    assert sorted(found.files) == ["again/4.png", "red/1.png"]


def test_links_that_go_round_come_to_an_end(tree: Path) -> None:
    (tree / "red/up").symlink_to("..")
    (tree / "blue").mkdir()
    (tree / "blue/5.png").touch()
    (tree / "blue/other").symlink_to("../red")
    (tree / "red/other").symlink_to("../blue")
    (tree / "self").symlink_to("self")
    found = found_below(tree, False, hidden)
    assert sorted(Path(name).name for name in found.files) == ["1.png", "5.png"]
    assert found.links[BACK] and set(found.links[BACK]) <= {"red/up", "blue/other/up"}
    assert found.links[LOST] == ["self"]


def test_many_links_between_folders_take_no_longer_than_the_folders(tmp_path: Path) -> None:
    """Each of twelve folders has links to all others: ways through them would be 12! many."""
    for number in range(12):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "x.png").touch()
        for other in range(12):
            (tmp_path / str(number) / f"to{other}").symlink_to(f"../{other}")
    assert len(found_below(tmp_path, False).files) == 12


def test_a_disk_that_is_not_mounted_is_no_empty_class(tree: Path) -> None:
    (tree / "test").symlink_to("/nowhere/test")
    for follow in (None, True):
        found = found_below(tree, bool(follow))
        with pytest.raises(
            UserError, match=r"1 link to nowhere.*\(test\); mount.*data\.follow_links=false"
        ):
            require_followed(tree, found, follow)
    (tree / "lost.png").symlink_to("/nowhere/lost.png")  # a picture, counted when it is opened
    assert "lost.png" in found_below(tree, True).files


def test_the_order_is_that_of_fingerprints_from_before(tree: Path) -> None:
    (tree / "b.png").touch()
    (tree / "z").mkdir()
    (tree / "z/1.png").touch()
    theirs = []
    for folder, folders, names in os.walk(tree):
        folders.sort()
        theirs += [(Path(folder) / name).relative_to(tree).as_posix() for name in sorted(names)]
    assert found_below(tree, False).files == theirs
