"""N + M images equal N, stop, resume, M: kills and damage are those of `faults/`."""

from __future__ import annotations

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint
from experiments.run.stats import StatsFile

QUICK = ["~metric", "trainer.sample_every=1000"]  # nothing but training
LONG = [*QUICK, "trainer.images=32", "trainer.checkpoint_every=4", "trainer.keep=8"]


def state(outputs: Path, images: int) -> dict[str, Any]:
    (path,) = outputs.glob(f"attngan_4stage-plumage/*/checkpoints/images-{images:010d}.safetensors")
    found = checkpoint.read(path)
    for origin in found["elsewhere"]["origins"]:
        del origin["run"]  # some were built on a run that lies in other outputs
    return found


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, torch.Tensor):
        return left.dtype == right.dtype and torch.equal(left, right)
    return bool(left == right)


def logged(outputs: Path) -> list[int]:
    (path,) = outputs.glob("attngan_4stage-plumage/*/stats.jsonl")
    return [line["images"] for line in StatsFile.read(path)]


@pytest.fixture(scope="module")
def straight(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 32 images that nothing disturbed."""
    outputs = tmp_path_factory.mktemp("straight")
    (damsm,) = (trained / "damsm-plumage").iterdir()
    commands.ok(*LONG, f"encoder.pretrained={damsm}", outputs=outputs)
    return outputs


@pytest.fixture
def damsm(outputs: Path) -> str:
    (folder,) = (outputs / "damsm-plumage").iterdir()
    return f"encoder.pretrained={folder}"


def test_threads_stay_as_the_run_began(commands: Any, outputs: Path, damsm: str) -> None:
    """Another number rounds otherwise."""
    whole, parted = outputs / "whole", outputs / "parted"
    own = [*LONG, damsm, "launch.threads=null"]
    two, three = {"OMP_NUM_THREADS": "2"}, {"OMP_NUM_THREADS": "3"}
    commands.ok(*own, "trainer.images=16", outputs=whole, env=two)
    first = commands.ok(*own, "trainer.images=8", outputs=parted, env=two)
    assert "2 threads (OMP_NUM_THREADS)" in first.text
    again = commands.ok(*own, "trainer.images=16", outputs=parted, env=three)
    assert "from 8 images" in again.text and "2 threads (as it began)" in again.text
    assert equal(state(whole, 16), state(parted, 16))


def test_stop_at_half_and_go_on(commands: Any, outputs: Path, straight: Path) -> None:
    half = commands.ok(*LONG, "trainer.images=16", outputs=outputs)
    assert "scores:   none" in half.text
    more = commands.ok(*LONG, outputs=outputs)
    assert "from 16 images to 32 images" in more.text
    assert equal(state(outputs, 32), state(straight, 32))
    assert logged(outputs) == logged(straight) == list(range(4, 36, 4))
    again = commands.ok(*LONG, outputs=outputs)
    assert "is finished; raise trainer.images to train on" in again.text


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_saves_and_leaves(
    commands: Any, damsm: str, outputs: Path, straight: Path, kind: signal.Signals
) -> None:
    command = [*LONG, damsm, "trainer.checkpoint_every=1000"]
    job = commands.start(*command, outputs=outputs)
    job.until(lambda: any(outputs.glob("attngan*/*/stats.jsonl")))
    job.send(kind)
    assert job.wait() == 128 + kind
    assert f"{kind.name}: saving and leaving" in job.text
    assert "the same command goes on from there" in job.text.splitlines()[-1]
    assert "Traceback" not in job.text
    (left,) = outputs.glob("attngan*/*/checkpoints/*.safetensors")
    assert 0 < int(left.stem.partition("-")[2]) < 32
    commands.ok(*command, outputs=outputs)
    assert equal(state(outputs, 32), state(straight, 32))
    assert logged(outputs) == logged(straight)


@pytest.mark.slow
def test_a_full_disk_costs_no_checkpoint(
    commands: Any, damsm: str, outputs: Path, straight: Path
) -> None:
    commands.ok(*LONG, damsm, "trainer.images=8", outputs=outputs)
    full = commands.run(*LONG, damsm, outputs=outputs, file_size=1_000_000)
    assert full.wait() == 2
    (line,) = full.errors
    assert "(File too large); make room and run the same command again" in line
    assert "Traceback" not in full.text
    names = sorted(path.name for path in outputs.glob("attngan*/*/checkpoints/*"))
    assert names == ["images-0000000004.safetensors", "images-0000000008.safetensors"]
    commands.ok(*LONG, damsm, outputs=outputs)
    assert equal(state(outputs, 32), state(straight, 32))


@pytest.mark.slow
def test_with_every_option_at_once(commands: Any, damsm: str, outputs: Path) -> None:
    command = [*LONG, "trainer.images=16", "trainer.accumulate=2", "trainer.channels_last=true"]
    command += ["trainer.precision=bf16", "trainer.ema_halflife=null", "model=attngan"]
    command += ["data.preset.last_resolution=32", "system.generator_steps=2"]
    commands.ok(*command, damsm, outputs=outputs)
    (straight,) = outputs.glob("attngan-plumage/*/checkpoints/images-0000000016.safetensors")
    whole = checkpoint.read(straight)
    shutil.rmtree(straight.parents[1])
    commands.ok(*command, damsm, "trainer.images=8", outputs=outputs)
    more = commands.ok(*command, damsm, outputs=outputs)
    assert "from 8 images to 16 images" in more.text and "bfloat16" in more.text
    assert equal(checkpoint.read(straight), whole)


@pytest.mark.slow
def test_compiled_networks_train_alike_and_share_their_checkpoints(
    commands: Any, damsm: str, outputs: Path, straight: Path
) -> None:
    job = commands.start(*LONG, "trainer.images=16", "trainer.compile=true", damsm, outputs=outputs)
    assert job.wait(400) == 0, job.text
    compiled, plain = state(outputs, 16), state(straight, 16)
    assert compiled["system"].keys() == plain["system"].keys()
    distances = torch.cat(
        [
            (compiled["system"][name] - value).abs().flatten()
            for name, value in plain["system"].items()
            if value.is_floating_point()
        ]
    )
    # Adam moves a weight whose gradient is nothing but rounding by its rate, either way.
    assert (distances > 1e-4).double().mean() < 1e-3 and distances.max() < 2 * 4 * 4e-4


def test_other_data_are_refused(commands: Any, damsm: str, outputs: Path) -> None:
    commands.ok(*LONG, damsm, "trainer.images=8", outputs=outputs)
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    (run / "facts.json").write_text("{")  # is written anew
    commands.ok(*LONG, damsm, "trainer.images=12", outputs=outputs)
    state = checkpoint.load_newest(run)
    assert (
        state is not None and state["data"] == json.loads((run / "facts.json").read_text())["data"]
    )
    checkpoint.save(run, state | {"data": "others"}, keep=9)
    job = commands.run(*LONG, damsm, outputs=outputs)
    assert job.wait() == 2
    (line,) = job.errors
    assert f"{run}: was trained on other data than there are now" in line


@pytest.mark.parametrize("place", ["/dev/null/runs", "/sys/runs"])
def test_a_place_that_cannot_be_written_to(
    commands: Any, damsm: str, tmp_path: Path, place: str
) -> None:
    job = commands.run(*LONG, damsm, outputs=Path(place))
    assert job.wait() == 2
    (line,) = job.errors
    assert place in line and "paths.outputs" in line


def test_what_is_damaged_in_a_finished_run_is_mended_by_its_command(
    commands: Any, tmp_path: Path
) -> None:
    command = ["model=damsm", "~metric"]
    commands.ok(*command, outputs=tmp_path)
    (run,) = (tmp_path / "damsm-plumage").iterdir()
    names = ("run.json", "facts.json", "config.yaml")
    before = {name: (run / name).read_bytes() for name in names}
    for name in names:
        (run / name).write_bytes(before[name][:20])
    assert "is finished" not in commands.ok(*command, outputs=tmp_path).text
    assert {name: (run / name).read_bytes() for name in names} == before
    assert "is finished" in commands.ok(*command, outputs=tmp_path).text
