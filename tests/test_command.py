"""The words of a command line."""

from __future__ import annotations

import errno

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.command import listed, read
from experiments.config.spelling import spelt
from experiments.terminal.error import UserError, as_user_error


@pytest.mark.parametrize(
    "text",
    [
        "a small red bird",
        "a red bird, with black wings",
        'the "red" one: 100%, {really}',
        "a bird's wing",
        r"back\slash",
        r"at the end\\",
        r"before a quote\"",
        "3",
        "null",
        "",
    ],
)
def test_a_caption_needs_no_quotes(text: str) -> None:
    override = OverridesParser.create().parse_override(spelt([f"text={text}"])[0])
    assert override.key_or_group == "text" and override.value() == text


def test_what_is_quoted_already_or_a_list_stays() -> None:
    for argument in ('text="a, b"', "text='a, b'", "text=[a bird, another]", "seed=1", "text"):
        assert spelt([argument])[0] == argument


@pytest.mark.parametrize("path", ["~/birds", "/my data (1)/birds, all", "../a=b", "/plain/path"])
def test_a_path_needs_no_quotes(path: str) -> None:
    override = OverridesParser.create().parse_override(spelt([f"data.root={path}"])[0])
    assert override.value() == path


def test_paths_of_a_sweep_stay_apart() -> None:
    assert spelt(["encoder.pretrained=/a/b,/c/d"])[0] == "encoder.pretrained=/a/b,/c/d"


@pytest.mark.parametrize("task", ["report", "human_study"])
def test_runs_with_commas_are_a_list_where_a_task_reads_several(task: str) -> None:
    several = listed([f"task={task}", "run=outputs/a/1,outputs/b/2"])
    assert several == [f"task={task}", "run=[outputs/a/1,outputs/b/2]"]
    again = OverridesParser.create().parse_override(several[1])
    assert again.value() == ["outputs/a/1", "outputs/b/2"]
    strange = listed([f"task={task}", "run=/a (1),/b"])[1]
    assert OverridesParser.create().parse_override(strange).value() == ["/a (1)", "/b"]
    assert listed([f"task={task}", "run=[a,b]"])[1] == "run=[a,b]"
    assert listed(["task=evaluate", "run=a,b"])[1] == "run=a,b"
    assert listed(["task=human_rank", "answers=a.json,b.json"])[1] == "answers=[a.json,b.json]"


def test_an_unknown_flag_is_a_user_error() -> None:
    with pytest.raises(UserError, match="--fast"):
        read(["--fast"])
    with pytest.raises(UserError, match="chosen with -m study=NAME"):
        read(["--config-name=stages"])
    with pytest.raises(UserError, match=r"^--config-path: a study"):
        read(["--config-path=x"])


def test_a_full_disk_is_the_users_and_a_fault_is_ours() -> None:
    full = as_user_error(OSError(errno.ENOSPC, "No space left on device", "/runs/x"))
    assert full is not None and str(full).startswith("/runs/x: No space left on device; make room")
    assert as_user_error(FileNotFoundError(errno.ENOENT, "No such file")) is None
    assert as_user_error(ValueError("x")) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-sc"], "--shell-completion: say one of install, uninstall, query with one of bash, zsh"),
        (["-sc", "install=csh"], "--shell-completion: "),
        (["-sc", "install=bash", "query=bash"], "--shell-completion: "),
        (["--resolve"], "--resolve: computes what --cfg shows; add --cfg job"),
        (["-p", "trainer"], "--package: is a part of what --cfg shows; add --cfg job"),
    ],
)
def test_flags_that_say_nothing_alone_are_refused(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as caught:
        read(words)
    assert str(caught.value).startswith(told)
