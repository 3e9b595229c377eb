"""What a class gets wrong that was just written is a line before data are opened."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.command import read
from experiments.config import outside
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.config.signature import forget
from experiments.terminal.error import UserError
from experiments.trainer.dry import _dry_run, is_untried, require_fit
from tests.lab import NET, write_lab
from tests.supply.lock import ROOT

OF_MINE = ["--config-dir=conf", "model=mine", "debug=tiny"]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], str]]:
    """What is said where a text in the module of a generator is another one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    write_lab(tmp_path, "drylab")

    def refusal(old: str, new: str) -> str:
        assert old in NET
        (tmp_path / "drylab" / "net.py").write_text(NET.replace(old, new))
        for name in ("drylab", "drylab.net"):
            sys.modules.pop(name, None)
        try:
            require_fit(plain(checked_compose(read(OF_MINE).overrides)))
        except UserError as error:
            return str(error)
        return ""

    yield refusal
    outside.begin()
    outside._reached.clear()
    forget()
    for name in ("drylab", "drylab.net", "drylab.mine"):
        sys.modules.pop(name, None)


def test_what_fits_says_nothing_and_what_does_not_says_who_and_why(
    told: Callable[[str, str], str],
) -> None:
    assert told("8", "8") == ""
    assert told("noise: Tensor, epsilon: Tensor,", "noise: Tensor,").startswith(
        "generator: drylab.net.Mine does not fit: Mine.forward() takes 3 positional arguments but "
        "4 were given (system/text_to_image.py:"
    )
    assert told("GeneratorOutput([self.layers(seed)])", "self.layers(seed)") == (
        "generator: drylab.net.Mine: forward must return a GeneratorOutput, not a Tensor"
    )
    assert told("3, 3, 1, 1), nn.Tanh", "3, 3, 2, 1), nn.Tanh") == (
        "generator: drylab.net.Mine: its pictures are 4 x 3 x 32 x 32 for a batch of 4, and its "
        "resolutions say 64 x 64"
    )
    assert "no attribute 'condition_dim'" in told("self.condition_dim =", "self.conditions =")
    wide = told("(-1, 4, 4)", "(-1, 2, 4)")
    assert wide.startswith("generator.layers.1: ") and "(drylab/net.py:" in wide


def test_the_five_steps_of_the_page_fit(told: Callable[[str, str], str], tmp_path: Path) -> None:
    """The files that docs/outside.md has a reader write, as they stand there."""
    page = (ROOT / "docs" / "outside.md").read_text()
    network, generator, model = re.findall(r"```(?:python|yaml)\n(.*?)```", page, re.S)
    for name, text in (("generator", generator), ("model", model)):
        file = tmp_path / "conf" / name / "mine.yaml"
        file.write_text(text.replace("mylab", "drylab"))
    (tmp_path / "drylab" / "mine.py").write_text(network)
    assert told("8", "8") == ""
    (tmp_path / "drylab" / "mine.py").write_text(network.replace("epsilon: Tensor, ", ""))
    sys.modules.pop("drylab.mine")
    shown = re.search(r"^    error: (generator: .*)\(", page, re.M)
    assert shown and told("8", "8").startswith(shown[1].replace("mylab", "drylab"))


@pytest.mark.parametrize("words", [[], ["model=damsm"], ["model=speech_teacher"]])
def test_ours_fit(words: list[str]) -> None:
    config = plain(checked_compose(words))
    _dry_run(config)
    assert not is_untried(config | {"system": {}})
