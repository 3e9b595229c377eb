"""Who makes an environment: uv, or pip where it has settings of its own or uv fails."""

from __future__ import annotations

from pathlib import Path

import pytest

import install


def test_settings_that_only_pip_obeys() -> None:
    listed = """:env:.default-timeout='180'
:env:.find-links='/opt/wheels'
global.extra-index-url='https://a/simple https://b/simple'
install.no_binary='x'
global.progress-bar='off'
"""
    assert install.settings(listed) == ["extra-index-url", "find-links", "no-binary"]
    assert install.settings("global.timeout='3'\n") == []
    assert install.settings("") == []


@pytest.mark.parametrize(
    ("arguments", "configured", "fails", "expected"),
    [
        ([], "", "", ["pip install uv", "uv pip install"]),
        (["--torch", "cpu"], "", "", ["pip install uv", "uv pip install --torch-backend cpu"]),
        ([], "global.index-url='https://a'\n", "", ["pip install -e"]),
        (["--installer", "pip"], "", "", ["pip install -e"]),
        (["--installer", "uv"], "global.index-url='https://a'\n", "", ["pip install uv", "uv pip"]),
        ([], "", "install uv", ["pip install uv", "pip install -e"]),
        ([], "", "-m uv", ["pip install uv", "uv pip install", "pip install -e"]),
    ],
)
def test_who_installs(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    configured: str,
    fails: str,
    expected: list[str],
) -> None:
    """By the commands, which themselves need a network and minutes."""
    done: list[str] = []

    def run(command: list[str]) -> int:
        line = " ".join(map(str, command))
        done.append(line)
        return int(bool(fails) and fails in line)

    monkeypatch.setattr(install, "run", run)
    monkeypatch.setattr(install, "output", lambda c: configured if c[-1] == "list" else "2.0+cpu")
    monkeypatch.setattr(install, "environment_of", lambda folder: tmp_path)  # is there
    assert install.main([str(tmp_path), *arguments]) == 0
    assert len(done) == len(expected)
    for line, words in zip(done, expected, strict=True):
        assert all(word in line.split() for word in words.split()), line


def test_where_both_fail_the_last_line_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(install, "run", lambda command: 1)
    monkeypatch.setattr(install, "output", lambda command: "")
    monkeypatch.setattr(install, "environment_of", lambda folder: tmp_path)
    assert install.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: pip could not install")
