"""No command line reaches a traceback before training: a sample of `python -m tests.conf`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conf.combinations import GROUPS, draw, options
from tests.conf.rehearsal import Outcome, rehearse
from tests.conf.surroundings import data_roots, runs

SEEDS = range(100_000, 100_012)
# Found by it; each was a traceback, or was taken without a word.
KNOWN = {
    "encoder.pretrained=true": "encoder.pretrained=true: is not the folder of a run",
    "report=[8,16]": "report=8: no such report; there are: default",
    "data.reader=null": "data.reader: must have a class, _target_",
    "data.margin=abc": "data.margin=abc: must be a number from 1",
    "data.margin=0.5": "data.margin=0.5: must be a number from 1",
    "data.flip=perhaps": "data.flip=perhaps: must be true or false",
    "~paths": "paths: is missing; every run has one",
    "paths=null": "paths: is missing; every run has one",
    "~data.max_words": "data.max_words: is missing; every run has one",
    "~optim.generator": "optim.generator: is missing; the system trains it, and optim has "
    "discriminator",
    "optim=adam_style": "optim.discriminator: is missing; the system trains it, and optim has "
    "style",
    "optim.generator.betas=[0.5,2]": "optim.generator: betas=[0.5, 2]: must be two numbers from 0 "
    "to below 1",
    "+optim.generator.decay_images=0": "optim.generator: decay_images=0: must be at least 1",
    "loss.kl.weight=nan": "loss.kl.weight=nan: must be a finite number",
    "loss.kl._target_=experiments.loss.colour.ColourLoss": "system.kl._target_="
    "experiments.loss.colour.ColourLoss: must be KLLoss",
    "generator._target_=experiments.terminal.error.UserError": "generator._target_="
    "experiments.terminal.error.UserError: only experiments.generator.* can stand here",
    "generator._target_=null": "generator._target_=null: must be a class",
    "+loss.nothing=1": "loss.nothing: loss has no such key; did you mean wrong?",
    "+data.xyzzy=1": "data.xyzzy: data has no such key; there are: ",
    "paths.outputs=''": "paths.outputs: is empty; it must be a folder",
    'tracker.project="a\x00b"': "tracker.project: holds a NUL character",
    "hydra.runtime.choices.model=gan": "hydra.runtime.choices.model: decides nothing here; of "
    "Hydra's own keys set hydra/launcher, hydra.launcher.* and hydra.verbose",
    "hydra.launcher._target_=os.system": "hydra.launcher._target_: cannot be changed; "
    "hydra/launcher=NAME chooses a launcher",
    "encoder.pretrained.overrides=['nothing=1']": "encoder.pretrained: nothing: no such key",
    "encoder.pretrained.overrides=3": "encoder.pretrained.overrides=3: must be a list of "
    "overrides, as [seed=1]",
    "data.preset.images.damsm=few": "encoder.pretrained: trainer.images: ",
    "--experimental-rerun=x": "--experimental-rerun: the same command goes on where it stopped",
    f"seed={2**70}": f"seed={2**70}: must be a whole number from 0",
    f"encoder.pretrained={'x' * 300}": "File name too long; give it a shorter name",
}


def test_a_way_to_say_values_that_a_study_cannot_list_has_its_line() -> None:
    outcome = rehearse(["-m", "seed=interval(0,1)"])
    assert outcome.state == "refused" and "list the values, as a,b" in outcome.lines[0]


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return data_roots(tmp_path_factory.mktemp("roots"))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("group", [group for group in GROUPS if options(group)])
def test_every_file_passes_or_gets_a_line(group: str) -> None:
    for option in options(group):
        check(rehearse([f"{group}={option}", "debug=tiny"]))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drawn_command_line_passes_or_gets_a_line(
    seed: int, places: Path, roots: dict[str, Path]
) -> None:
    check(rehearse(draw(seed, places, roots)))


@pytest.mark.parametrize("word", KNOWN)
def test_what_was_found_has_its_line(word: str) -> None:
    outcome = rehearse([word])
    assert outcome.state == "refused", outcome.lines
    assert any(KNOWN[word] in line for line in outcome.lines), outcome.lines


def test_what_fits_passes() -> None:
    for words in (["model=damsm"], ["data=stamps", "--cfg", "job"], ["debug=tiny", "model=gan"]):
        outcome = rehearse(words)
        assert outcome.state in ("passed", "refused"), outcome.lines
    assert rehearse(["model=gan_cls", "debug=tiny"]).state == "passed"


def test_a_seed_says_the_same_command_line(places: Path) -> None:
    assert draw(7, places) == draw(7, places) != draw(8, places)


def check(outcome: Outcome) -> None:
    assert outcome.state != "traceback", "\n".join(outcome.lines)
