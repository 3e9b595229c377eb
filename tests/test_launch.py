"""From the words of a command line to jobs."""

from __future__ import annotations

import errno

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from experiments.errors import UserError, as_user_error
from experiments.launch import _jobs, _parse, _quoted


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
    override = OverridesParser.create().parse_override(_quoted(f"text={text}"))
    assert override.key_or_group == "text" and override.value() == text


def test_what_is_quoted_already_or_a_list_stays() -> None:
    for argument in ('text="a, b"', "text='a, b'", "text=[a bird, another]", "seed=1", "text"):
        assert _quoted(argument) == argument


@pytest.mark.parametrize("path", ["~/birds", "/my data (1)/birds, all", "../a=b", "/plain/path"])
def test_a_path_needs_no_quotes(path: str) -> None:
    override = OverridesParser.create().parse_override(_quoted(f"data.root={path}"))
    assert override.value() == path


def test_paths_of_a_sweep_stay_apart() -> None:
    assert _quoted("encoder.pretrained=/a/b,/c/d") == "encoder.pretrained=/a/b,/c/d"


def test_jobs_of_a_multirun() -> None:
    def jobs_of(*arguments: str) -> tuple[list[list[str]], str]:
        return _jobs(_parse(list(arguments)))

    jobs, varied = jobs_of("-m", "model=damsm", "seed=0,1", "trainer.batch=8,16")
    assert len(jobs) == 4 and varied == "seed trainer.batch"
    assert jobs[0] == ["model=damsm", "seed=0", "trainer.batch=8"]
    assert _jobs(_parse(["seed=1", "--cfg", "job", "model=damsm"])) == (
        [["seed=1", "model=damsm"]],
        "",
    )


def test_an_unknown_flag_is_a_user_error() -> None:
    with pytest.raises(UserError, match="--fast"):
        _parse(["--fast"])


def test_a_full_disk_is_the_users_and_a_fault_is_ours() -> None:
    full = as_user_error(OSError(errno.ENOSPC, "No space left on device", "/runs/x"))
    assert full is not None and str(full).startswith("/runs/x: No space left on device; make room")
    assert as_user_error(FileNotFoundError(errno.ENOENT, "No such file")) is None
    assert as_user_error(ValueError("x")) is None
