"""What looks like a key is told from what does not, and a command that holds one is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from experiments.terminal.error import UserError
from experiments.terminal.secret import (
    REMOVED,
    in_environment,
    require_none,
    without_home,
    without_secrets,
)

WANDB = "5ca1ab1e" * 5
HUB = "hf_" + "AbCdEfGhIj" * 3


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {
        "HOME": "/home/marianne",
        "WANDB_API_KEY": WANDB,
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCY",
        "DATABASE_URL": "postgres://reader:correct-horse@host/db",
        "PGPASSWORD": "short",
        "CUDA_TOKENIZER": "not-a-secret",
    }.items():
        monkeypatch.setenv(name, text)


def test_the_environment() -> None:
    found = in_environment()
    assert {WANDB, "wJalrXUtnFEMI/K7MDENG+bPxRfiCY", "correct-horse"} <= set(found)
    assert not {"short", "not-a-secret"} & set(found)
    assert found == sorted(found, key=len, reverse=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"key {WANDB}.", f"key {REMOVED}."),
        (f"[{HUB},b]", f"[{REMOVED},b]"),
        ("https://marianne:pass@host/x", f"https://{REMOVED}@host/x"),
        ("sk-proj-0123456789abcdefXYZ", REMOVED),
        ("ghp_0123456789abcdefghij", REMOVED),
        ("AKIAIOSFODNN7EXAMPLE", REMOVED),
        ("a key correct-horse", f"a key {REMOVED}"),
        ("hf_hub and sk-learn, task-specific-heads-of-birds", None),
        ("https://arxiv.org/abs/1711.10485 user@host", None),
        ("hf://owner/name@main", None),
        ("0123456789" * 4, None),  # a commit
    ],
)
def test_a_text_without_secrets(text: str, expected: str | None) -> None:
    assert without_secrets(text) == (text if expected is None else expected)


def test_the_home_folder() -> None:
    given = "/home/marianne/x: (/home/marianne) /home/marianne-2/x"
    assert without_home(given) == "~/x: (~) /home/marianne-2/x"


@pytest.mark.parametrize(
    "override",
    [
        f"tracker.project={WANDB}",
        f"tracker.project={'0123456789' * 4}",
        f"tracker.tags=[a,{HUB}]",
        f"+{HUB}=1",
        "+data.token=anything",
        "+data.aws_secret_access_key='anything'",
        "data.root=https://marianne:pass@host/birds",
        "tracker.name=correct-horse",
    ],
)
def test_a_command_with_a_secret_is_refused_and_not_repeated(override: str) -> None:
    with pytest.raises(UserError, match="looks like a key or a password") as refused:
        require_none(["model=damsm", override, "seed=1"])
    line = str(refused.value)
    for secret in (WANDB, HUB, "0123456789" * 4, "anything", "pass@", "correct-horse"):
        assert secret not in line
    assert "\n" not in line


def test_a_command_without_one_is_not() -> None:
    commit = "0123456789" * 4
    require_none(
        [
            "model=damsm",
            f"data.root=/cache/snapshots/{commit}",
            f"encoder.pretrained=outputs/{commit}/x",
            "+data.token=null",
            "text=a token of love at 10:30, by user@host",
            "data.preset.lr=1e-3",
            f"tracker.name={commit[:12]}",
            f"tracker.tags=[{commit * 2}]",
        ]
    )


def test_the_command_line_names_the_key_alone(tmp_path: Path) -> None:
    line = [sys.executable, str(Path(__file__).parents[2] / "run.py")]
    line += [f"tracker.project={HUB}", f"paths.outputs={tmp_path / 'outputs'}"]
    told = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 2 and told.stdout == ""
    assert told.stderr.startswith("error: tracker.project: ") and told.stderr.count("\n") == 1
    assert HUB not in told.stderr
    assert list(tmp_path.iterdir()) == []
