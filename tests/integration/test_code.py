"""A run is its code, too: what is said where it is found, and how to begin anew."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import experiments
from experiments.run import checkpoint
from experiments.run.lock import run_lock
from tests.integration.test_resume import equal

QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=8"]
# The fingerprints of this process are those of files in another place, which tests edit.
ELSEWHERE = """
from pathlib import Path
from experiments.run import code
code._home = {{"experiments": Path({place!r})}}.get
"""
WIDER = """
from torch import nn
import experiments.generator.attngan as module
made = module.AttnGANGenerator.__init__
def init(self, *arguments, **named):
    made(self, *arguments, **named)
    self.more = nn.Linear(2, 2)
module.AttnGANGenerator.__init__ = init
"""

# Another encoder of the same shapes.
OTHER = """
import experiments.encoder.bilstm as module
made = module.BiLSTM.forward
def forward(self, tokens, lengths):
    return tuple(1.5 * features for features in made(self, tokens, lengths))
module.BiLSTM.forward = forward
"""


class Edited:
    """A copy of this project's sources, and command lines whose code is that of the copy."""

    def __init__(self, commands: Any, place: Path, outputs: Path) -> None:
        self.commands, self.place, self.outputs = commands, place, outputs
        shutil.copytree(
            Path(experiments.__file__).parent, place, ignore=shutil.ignore_patterns("__pycache__")
        )

    def edit(self, name: str, text: str = "\nNEW = 1\n") -> None:
        with (self.place / name).open("a") as file:
            file.write(text)

    def run(self, *arguments: str, before: str = "", code: int = 0, **rest: Any) -> list[str]:
        """The lines that it says."""
        here = ELSEWHERE.format(place=str(self.place)) + before
        job = self.commands.start(*arguments, outputs=self.outputs, before=here, **rest)
        assert job.wait() == code, job.text
        assert "Traceback" not in job.text
        return list(job.text.splitlines())

    @property
    def run_folder(self) -> Path:
        (folder,) = (self.outputs / "attngan_4stage-plumage").iterdir()
        return folder


@pytest.fixture
def edited(commands: Any, outputs: Path, tmp_path: Path) -> Edited:
    return Edited(commands, tmp_path / "copy" / "experiments", outputs)


@pytest.fixture(scope="module")
def quick(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs with the run of QUICK. Not to be written to."""
    outputs = tmp_path_factory.mktemp("quick") / "outputs"
    for group in ("damsm-plumage", "classifier-plumage"):
        shutil.copytree(trained / group, outputs / group)
    Edited(commands, outputs.parent / "copy" / "experiments", outputs).run(*QUICK)
    return outputs


@pytest.fixture
def begun(commands: Any, quick: Path, tmp_path: Path) -> Edited:
    """In whose outputs QUICK is done already."""
    outputs = shutil.copytree(quick, tmp_path / "outputs")
    return Edited(commands, tmp_path / "copy" / "experiments", outputs)


def told(lines: list[str], folder: Path | str = "") -> list[str]:
    return [line for line in lines if " changed since" in line and str(folder) in line]


def versions(folder: Path) -> list[int]:
    return [v["images"] for v in json.loads((folder / "code.json").read_text())["versions"]]


def test_a_finished_run_and_what_it_builds_on(begun: Edited) -> None:
    run = begun.run_folder
    begun.edit("generator/block.py", "\n# a comment\n")
    assert told(begun.run(*QUICK)) == []
    begun.edit("generator/block.py")
    (line,) = told(begun.run(*QUICK))
    assert line.startswith(f"{run}: generator/block.py changed since it was trained; ")
    assert "finished result is kept; fresh=true begins anew, variant=NAME" in line
    begun.edit("loss/damsm.py")  # of the encoder's run as well
    lines = begun.run(*QUICK)
    (line,) = told(lines, begun.outputs / "damsm-plumage")
    assert "its finished weights are taken; encoder.pretrained.overrides=[variant=NAME]" in line
    assert len(told(lines, run)) == 1 and len(told(lines)) == 2
    (run / "code.json").unlink()  # of a run from before this was recorded
    assert told(begun.run(*QUICK), run) == []


def test_a_run_that_goes_on_says_so_and_keeps_all_its_code(begun: Edited) -> None:
    begun.edit("generator/block.py")
    lines = begun.run(*QUICK, "trainer.images=16")
    (line,) = told(lines, begun.run_folder)
    assert "it goes on with the new code from 8 images; fresh=true begins anew" in line
    assert versions(begun.run_folder) == [0, 8]
    assert told(begun.run(*QUICK, "trainer.images=16")) == [], "it is of this code by now"
    report = begun.run("task=report", f"run={begun.run_folder}")
    assert told(report) == []
    page = next((begun.outputs / "report").rglob("report.html")).read_text()
    assert "trained under 2 codes: from 0 images and from 8 images" in page


def test_shapes_that_changed_are_one_line(begun: Edited) -> None:
    begun.edit("generator/attngan.py")
    lines = begun.run(*QUICK, "trainer.images=16", before=WIDER, code=2)
    (line,) = [line for line in lines if line.startswith("error: ")]
    assert f"{begun.run_folder}: its checkpoint of 8 images does not fit the networks" in line
    assert "generator/attngan.py changed" in line and "fresh=true" in line
    assert versions(begun.run_folder) == [0], "nothing was trained with it"
    sampled = begun.run(
        "task=sample", f"run={begun.run_folder}", "text=a red bird", before=WIDER, code=2
    )
    assert told(sampled) and any(line.startswith("error: run=") for line in sampled)


def test_whoever_reads_it_is_told_once_on_all_processes(begun: Edited) -> None:
    begun.edit("generator/block.py")
    for arguments in (
        ["task=sample", "text=a red bird", "num_samples=1", f"run={begun.run_folder.name}"],
        ["task=export", f"run={begun.run_folder.name[:6]}"],
        ["task=report", f"run={begun.run_folder.name}"],
    ):
        (line,) = told(begun.run(*arguments))
        assert "generator/block.py" in line and str(begun.run_folder) in line
    lines = begun.run(*QUICK, "trainer.images=16", ranks=2)
    assert len(told(lines, begun.run_folder)) == 1, lines


def test_a_study_says_it_once_for_all_its_arms(edited: Edited) -> None:
    arms = ["-m", *QUICK, "model=attngan", "seed=0,1"]
    edited.run(*arms)
    edited.edit("generator/block.py")
    lines = edited.run(*arms)
    (line,) = told(lines)
    assert line.startswith("2 of 2 runs (") and "finished results are kept" in line
    assert len(told(edited.run(*arms, "task=report"))) == 1


def test_fresh_begins_anew_and_the_old_one_stays(begun: Edited) -> None:
    run = begun.run_folder
    begun.edit("generator/block.py")
    mark = run / "drawn"
    mark.mkdir()
    with run_lock(run):
        lines = begun.run(*QUICK, "fresh=true", code=2)
        assert any("is being trained by" in line for line in lines) and mark.is_dir()
    lines = begun.run(*QUICK, "fresh=true")
    (before,) = (run.parent / "before").iterdir()
    assert f"fresh: what {run} held is in {before}" in lines and told(lines) == []
    assert (before / "drawn").is_dir() and not mark.exists()
    assert any("from the start" in line for line in lines) and versions(run) == [0]
    assert "fresh=true" not in " ".join(json.loads((run / "run.json").read_text())["overrides"])
    assert told(begun.run(*QUICK)) == [], "the same command finds it"
    assert len(list((begun.outputs / "damsm-plumage").iterdir())) == 1
    report = begun.run("task=report")
    assert any("All runs" in line and "of 3 runs" in line for line in report), report
    lines = begun.run("task=sample", f"run={before}", "text=a bird", "num_samples=1")
    assert any("1 picture in" in line for line in lines), "it can be read where it is"


def test_fresh_goes_on_where_the_same_command_was_interrupted(edited: Edited) -> None:
    edited.run(*QUICK, "trainer.images=16", "trainer.checkpoint_every=8")
    run = edited.run_folder
    again = [*QUICK, "trainer.images=16", "trainer.checkpoint_every=8", "fresh=true"]
    edited.run(*again)
    weights = checkpoint.read(run / "weights" / "images-0000000016.safetensors")
    (run / "weights" / "images-0000000016.safetensors").unlink()  # as after an interruption
    (run / "checkpoints" / "images-0000000016.safetensors").unlink()
    lines = edited.run(*again)
    assert any(line.startswith(f"fresh: {run} goes on, as this command began it") for line in lines)
    assert any("from 8 images to 16" in line for line in lines)
    assert len(list((run.parent / "before").iterdir())) == 1
    assert equal(checkpoint.read(run / "weights" / "images-0000000016.safetensors"), weights)
    (run / "weights" / "images-0000000016.safetensors").unlink()
    lines = edited.run(*again, "tracker.tags=[other]")
    assert any(line.startswith("fresh: what ") for line in lines), "another command"
    lines = edited.run(*again, "tracker.tags=[other]")
    assert any(line.startswith("fresh: what ") for line in lines), "it was finished"


def test_what_was_built_on_a_run_that_begins_anew_draws_as_before(edited: Edited) -> None:
    edited.run(*QUICK)
    run = edited.run_folder
    (damsm,) = (edited.outputs / "damsm-plumage").iterdir()

    def drawn() -> bytes:
        edited.run("task=sample", f"run={run}", "text=a bird", "num_samples=1")
        (picture,) = (run / "drawn").rglob("seed-0.png")
        content = picture.read_bytes()
        shutil.rmtree(run / "drawn")
        return content

    before = drawn()
    about = json.loads((damsm / "run.json").read_text())
    edited.edit("encoder/bilstm.py")
    lines = edited.run(*about["overrides"], "fresh=true", before=OTHER)
    (aside,) = (damsm.parent / "before").iterdir()
    place = damsm.parent / "before"
    name = f"{run.parent.name}/{run.name}"
    told_of = f"1 run is built on {damsm} ({name}) and will read its old weights from {place}"
    assert f"fresh: {told_of}" in lines
    old, new = (
        checkpoint.read(next((folder / "weights").iterdir()))["export"]["encoder"]
        for folder in (aside, damsm)
    )
    assert not equal(old, new)
    assert drawn() == before
    edited.run("task=export", f"run={run}")
    edited.run("task=clean", "clean.remove=true")
    assert aside.is_dir() and drawn() == before


@pytest.mark.slow
def test_fresh_in_a_study_that_was_interrupted_keeps_what_it_finished(edited: Edited) -> None:
    arms = ["-m", *QUICK, "model=attngan", "seed=0,1", "fresh=true"]
    edited.run(*arms)
    _, second = sorted((edited.outputs / "attngan-plumage").iterdir())
    (second / "weights" / "images-0000000008.safetensors").unlink()
    lines = edited.run(*arms)
    assert any("is finished" in line and line.startswith("job ") for line in lines)
    assert not any(line.startswith("fresh: what ") for line in lines)
    assert any(line.startswith(f"fresh: {second} goes on") for line in lines)


@pytest.mark.slow
def test_fresh_in_a_study_begins_begins_each_arm_anew(edited: Edited) -> None:
    arms = ["-m", *QUICK, "model=attngan", "seed=0,1", "fresh=true"]
    edited.run(*arms)
    lines = edited.run(*arms)
    assert sum(line.startswith("fresh: what ") for line in lines) == 2
    lines = edited.run("-m", *QUICK, "model=attngan", "trainer.keep=1,2", "fresh=true", code=2)
    assert any("jobs 1 and 2 of sweep" in line and "are one run" in line for line in lines)
    lines = edited.run("task=sample", "run=abc", "fresh=true", code=2)
    assert "error: fresh: task=sample trains nothing; leave it away" in lines


def test_a_variant_is_a_run_beside_it(begun: Edited) -> None:
    begun.run(*QUICK, "variant=wider skip (2)")
    runs = list((begun.outputs / "attngan_4stage-plumage").iterdir())
    assert len(runs) == 2 and len(list((begun.outputs / "damsm-plumage").iterdir())) == 1
    begun.run("task=report", "run=" + ",".join(path.name for path in runs))
    page = next((begun.outputs / "report").rglob("report.md")).read_text()
    assert "wider skip (2)" in page
    lines = begun.run(*QUICK, "variant=wider skip (2)")
    assert any("is finished" in line for line in lines)


def test_earlier_states_are_scored_and_exported(edited: Edited) -> None:
    """The newest stays the newest; another state has places of its own."""
    own = ["metric.independent=null", "trainer.evaluate_every=16"]
    edited.run(*own)
    run = edited.run_folder
    edited.run("task=evaluate", f"run={run.name}@8")
    (scores,) = (run / "evaluations").iterdir()
    assert json.loads(scores.read_text())["images"] == 8
    edited.run("task=export", f"run={run}@8")
    edited.run("task=export", f"run={run}")
    told_of = [
        json.loads((run / name / "export.json").read_text()) for name in ("export@8", "export")
    ]
    assert [(about["images"], about["finished"]) for about in told_of] == [(8, False), (16, True)]
    lines = edited.run("task=evaluate", f"run={run}@7", code=2)
    assert any(line.endswith("has no such state; there are: @8, @16") for line in lines)


def test_the_best_state_is_chosen_on_held_out_classes(edited: Edited) -> None:
    """And a run that is stopped half way chooses and trains as one that is not."""
    score = "attribute_accuracy/colour"
    own = ["metric.independent=null", "trainer.evaluate_every=8", f"trainer.keep_best={score}"]
    lines = edited.run(*own, "trainer.images=24")
    (line,) = [line for line in lines if line.startswith(f"best {score}")]
    run = edited.run_folder
    about = json.loads((run / "best.json").read_text())
    (held,) = [line for line in lines if "held out to choose by" in line]
    assert f"{about['held_out']['records']} of {about['held_out']['of']} training" in held
    assert f"at {about['images']:,} images" in line and len(about["held_out"]["classes"]) == 1
    assert [at for at, _ in about["history"]] == [0, 8, 16, 24]
    edited.run("task=sample", f"run={run.name}@best", "text=a red bird", "num_samples=1")
    assert list((run / "drawn@best").rglob("seed-0.png"))
    shutil.move(run, edited.outputs / "straight")
    for images in (16, 24):
        edited.run(*own, f"trainer.images={images}")
    straight = edited.outputs / "straight"
    assert (run / "best.json").read_bytes() == (straight / "best.json").read_bytes()
    best = f"best/images-{about['images']:010d}.safetensors"
    for name in (best, "checkpoints/images-0000000024.safetensors"):
        assert equal(checkpoint.read(run / name), checkpoint.read(straight / name)), name
    lines = edited.run(*own[:2], "trainer.keep_best=attribute_acuracy/colour", code=2)
    assert any(line.endswith(f"did you mean {score}?") for line in lines), lines


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["trainer.keep_best=frechet/classifier/real"], "did you mean frechet/classifier?"),
        (["trainer.keep_best=odd/name"], "nobody can say which way it is better"),
        (["trainer.keep_best=frechet/classifier", "data.limit=2"], "too few to hold a share out"),
    ],
)
def test_no_prerequisite_is_trained_for_a_mistake(
    edited: Edited, words: list[str], told: str
) -> None:
    before = set(edited.outputs.rglob("run.json"))
    lines = edited.run("metric.independent=null", *words, code=2)
    assert any(told in line for line in lines), lines
    assert set(edited.outputs.rglob("run.json")) == before


def test_a_stop_in_the_first_scores_leaves_as_in_training(edited: Edited) -> None:
    """Before any step: the folder is that of a run, and the same command begins there."""
    asks = """
import os, signal
from experiments.trainer.best import Best
look = Best.look
def stopped(self, *rest):
    os.kill(os.getpid(), signal.SIGTERM)
    look(self, *rest)
Best.look = stopped
"""
    own = ["metric.independent=null", "trainer.keep_best=attribute_accuracy/colour"]
    lines = edited.run(*own, before=asks, code=143)
    run = edited.run_folder
    assert any(line.startswith(f"saved in {run}") for line in lines), lines
    assert (run / "run.json").is_file() and not (run / "best").exists()
    edited.run(*own)
    assert json.loads((run / "best.json").read_text())["history"][0][0] == 0


@pytest.mark.slow
def test_code_that_is_edited_for_real(tmp_path: Path) -> None:
    """A copy of the project, edited between two commands of processes of their own."""
    root = Path(experiments.__file__).parents[2]
    for name in ("src", "conf", "sweeps"):
        shutil.copytree(
            root / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    shutil.copy(root / "run.py", tmp_path)
    data = [
        f"data.reader.{key}" for key in ("species=12", "test_species=4", "images_per_species=3")
    ]
    command = ["model=damsm", "debug=tiny", *data, "tracker=none", "encoder/image=part_cnn"]
    command += ["data.preset.damsm_decay_to_zero=false"]  # a longer run is the same run then

    def run(*more: str, code: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "run.py", *command, "~metric", *more],
            cwd=tmp_path,
            env={
                "PATH": "/usr/bin:/bin",
                "PYTHONPATH": str(tmp_path / "src"),
                "HOME": str(tmp_path),
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stderr

    assert " changed since" not in run()
    file = tmp_path / "src" / "experiments" / "encoder" / "part.py"
    text = file.read_text()
    file.write_text(text + "\nNEW = 1\n")
    assert "encoder/part.py changed since it was trained; its finished result is kept" in run()
    two = run("trainer.images=32", "launch.num_processes=2")
    assert two.count("it goes on with the new code from 16 images") == 1
    file.write_text(text.replace("kernel // 2, bias=False", "kernel // 2, bias=True"))
    refused = run("trainer.images=48", code=2)
    (line,) = [line for line in refused.splitlines() if line.startswith("error: ")]
    assert "does not fit the networks that the code makes now" in line and "encoder/part.py" in line
    lines = run("fresh=true").splitlines()
    assert any(line.startswith("fresh: what ") for line in lines)
    assert " changed since" not in run()
