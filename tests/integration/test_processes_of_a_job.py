"""Two processes arrive at the weights of one, resume, and stop together."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.run import checkpoint
from tests.integration.rounding import assert_near

GROUP = ["generator.norm=group", "discriminator.norm=group"]  # no statistics over the batch
QUICK = ["~metric", "trainer.sample_every=1000", "trainer.images=12", "trainer.checkpoint_every=4"]
TWO = "launch.num_processes=2"


def weights(outputs: Path, model: str = "attngan_4stage", images: int = 12) -> dict[str, Any]:
    (path,) = outputs.glob(f"{model}-plumage/*/checkpoints/images-{images:010d}.safetensors")
    return dict(checkpoint.read(path))


def flat(node: Any, path: str = "") -> dict[str, torch.Tensor]:
    if isinstance(node, torch.Tensor):
        return {path: node}
    pairs = (
        node.items()
        if isinstance(node, dict)
        else enumerate(node if isinstance(node, list) else [])
    )
    return {k: v for key, value in pairs for k, v in flat(value, f"{path}/{key}").items()}


@pytest.fixture(scope="module")
def two(commands: Any, trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images with two processes."""
    outputs = tmp_path_factory.mktemp("two")
    (damsm,) = (trained / "damsm-plumage").iterdir()
    job = commands.ok(*QUICK, *GROUP, TWO, f"encoder.pretrained={damsm}", outputs=outputs)
    assert "2 x cpu" in job.text
    assert job.text.count("12/12 images (100%)") == 1, "the first process speaks alone"
    return outputs


def test_two_processes_arrive_where_one_does(commands: Any, outputs: Path, two: Path) -> None:
    commands.ok(*QUICK, *GROUP, outputs=outputs)
    ours, theirs = flat(weights(two)), flat(weights(outputs))
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        if value.is_floating_point():
            assert_near(ours[name], value, name)


RUN = Path(__file__).parents[2] / "run.py"
TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
ACCELERATE = ["accelerate.commands.launch", "--config_file"]
FILE = """
compute_environment: LOCAL_MACHINE
distributed_type: {kind}
num_machines: 1
num_processes: 2
machine_rank: 0
main_process_port: 0
mixed_precision: bf16
use_cpu: {cpu}
"""


def started(command: list[str], commands: Any, outputs: Path, *arguments: str) -> str:
    """What `run.py` says, started by another program than itself, once it has ended well."""
    whole = [sys.executable, "-m", *command, str(RUN)]
    whole += [*commands.settings(outputs), "launch.device=cpu", *QUICK, *GROUP, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}
    ended = subprocess.run(
        whole, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


@pytest.mark.slow
def test_accelerate_without_gpus_starts_one_process_and_we_say_so(
    commands: Any, outputs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "accelerate.yaml"
    file.write_text(FILE.format(kind="MULTI_CPU", cpu="true"))
    said = started([*ACCELERATE, str(file)], commands, outputs, "trainer.images=4")
    assert "accelerate launch: it was to start several processes" in said and "1 x cpu" in said
    line = "trainer.precision=fp32: it is float32 here; the mixed precision of accelerate launch"
    assert line in said


@pytest.mark.slow
@pytest.mark.parametrize("launcher", ["torchrun", "accelerate"])
def test_started_by_another_launcher_and_gone_on_with_ours(
    launcher: str, commands: Any, outputs: Path, two: Path, tmp_path: Path
) -> None:
    """They make one folder and one tracked run, and it is the same run."""
    file = tmp_path / "accelerate.yaml"
    file.write_text(FILE.format(kind="MULTI_GPU", cpu="false"))  # which starts torchrun
    command = TORCHRUN if launcher == "torchrun" else [*ACCELERATE, str(file)]
    said = started(command, commands, outputs, "trainer.images=8", "tracker=wandb")
    assert "2 x cpu" in said and ("(bf16) is not used" in said) == (launcher == "accelerate")
    (run,) = (outputs / "attngan_4stage-plumage").iterdir()
    assert len(list((run / "wandb").glob("offline-run-*"))) == 1
    commands.ok(*QUICK, *GROUP, TWO, outputs=outputs)
    ours, theirs = flat(weights(outputs)), flat(weights(two))
    assert all(torch.equal(ours[name], value) for name, value in theirs.items())


@pytest.mark.slow
def test_a_machine_whose_name_nobody_knows(commands: Any, outputs: Path) -> None:
    """Where processes meet does not depend on it, nor on what another launcher has left."""
    alone = ["unshare", "--uts", "--map-root-user"]
    if subprocess.run([*alone, "hostname", "nowhere.invalid"], check=False).returncode != 0:
        pytest.skip("needs a namespace of its own")
    script = 'hostname nowhere.invalid && exec "$@"'
    whole = [*alone, "sh", "-c", script, "sh", sys.executable, str(RUN), "model=damsm", TWO]
    environment = os.environ | {"MASTER_ADDR": "nowhere.invalid", "MASTER_PORT": "1"}
    ended = subprocess.run(
        [*whole, *commands.settings(outputs), "trainer.images=8", "seed=5"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0 and "2 x cpu" in ended.stderr, ended.stderr


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_gpus_arrive_where_one_does(commands: Any, outputs: Path, tmp_path: Path) -> None:
    """Two of them, or one in a group of its own, as torchrun starts it."""
    count = min(2, torch.cuda.device_count())
    torchrun = [*TORCHRUN[:-1], str(count)]
    said = started(torchrun, commands, outputs, "launch.device=cuda", "launch.bucket_mb=1")
    assert f"{count} x cuda" in said
    shutil.copytree(outputs, tmp_path / "one")
    shutil.rmtree(tmp_path / "one" / "attngan_4stage-plumage")
    commands.ok(*QUICK, *GROUP, "launch.device=cuda", outputs=tmp_path / "one")
    ours, theirs = flat(weights(outputs)), flat(weights(tmp_path / "one"))
    for name, value in theirs.items():
        if value.is_floating_point():
            torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.slow
def test_refused_then_killed_then_stopped(
    commands: Any, outputs: Path, wait_for_end: list[Any]
) -> None:
    command = [*QUICK, *GROUP, TWO, "trainer.images=40000", "launch.comm_hook=fp16"]
    first = commands.start(*command, outputs=outputs)
    wait_for_end.append(first)
    first.until(lambda: any(outputs.glob("attngan*/*/checkpoints/images-*.safetensors")))

    (about,) = outputs.glob("attngan*/*/run.json")
    machine = json.loads(about.read_text())["machine"]
    assert (machine["processes"], machine["comm_hook"]) == (2, "fp16")

    # Two more processes are told that the run is held: one line, and none of their tracebacks.
    second = commands.run(*command, outputs=outputs)
    assert second.wait() == 2
    (line,) = second.text.splitlines()
    assert "is being trained by process" in line

    # Killing the launcher kills its processes, so that the folder is free at once.
    first.send(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    third = commands.start(*command, outputs=outputs)
    wait_for_end.append(third)
    third.until(lambda: "parameters:" in third.text)
    assert "from the start" not in third.text

    # A signal is for all of them: they save, and nobody prints a traceback.
    third.send(signal.SIGTERM)
    assert third.wait() == 128 + signal.SIGTERM
    assert "SIGTERM: saving and leaving" in third.text
    assert "the same command goes on from there" in third.text.splitlines()[-1]
    assert "Traceback" not in third.text and "elastic" not in third.text
