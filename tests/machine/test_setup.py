"""The same command gives the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from experiments.data.store.dataset import Dataset
from experiments.machine.setup import STEPS_TO_COMPILE, compiles, make_deterministic, memory_format
from experiments.system.attngan import AttnGAN
from experiments.trainer.loop import resume
from experiments.trainer.training import Training

SCRIPT = """
import runpy, sys
from pathlib import Path
import torch
from experiments.trainer.assemble import compile_networks
from experiments.machine.setup import make_deterministic
from experiments.trainer.loop import resume
here, folder, cache, compiled, file = sys.argv[1:]
torch.set_num_threads(1)
make_deterministic(True)
tiny = runpy.run_path(f"{here}/conftest.py")
birds = tiny["open_birds"](Path(cache))
training = tiny["tiny_training"](birds, Path(folder), tiny["tiny_attngan"](birds, norm="batch"))
resume(training)
if compiled == "True":
    compile_networks(training.system)
for _ in range(4):
    training.step(training.batches.at(training.images))
    training.advance()
torch.save(training.system.state_dict(), file)
"""


@pytest.fixture
def deterministic() -> Iterator[None]:
    show, environment = warnings.showwarning, dict(os.environ)
    make_deterministic(True)
    yield
    make_deterministic(False)
    warnings.showwarning = show
    os.environ.clear()
    os.environ.update(environment)


def trained(folder: Path, birds: Dataset, compiled: bool = False) -> Any:
    """The weights after four steps in a process of its own."""
    folder.mkdir()
    here, cache, file = Path(__file__).parents[1], birds.folder.parents[1], folder / "weights.pt"
    given = [here, folder / "run", cache, compiled, file]
    command = [sys.executable, "-c", SCRIPT, *map(str, given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=550)
    assert done.returncode == 0, done.stderr
    return torch.load(file, weights_only=True)


def equal(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(v, second[k]) for k, v in first.items()
    )


@pytest.mark.slow
def test_two_processes_one_after_the_other_end_in_the_same_bits(
    birds: Dataset, tmp_path: Path
) -> None:
    first, second = (trained(tmp_path / str(n), birds) for n in range(2))
    assert equal(first, second)


@pytest.mark.slow
def test_compiled_networks_end_in_the_same_bits(birds: Dataset, tmp_path: Path) -> None:
    first, second = (trained(tmp_path / str(n), birds, compiled=True) for n in range(2))
    assert equal(first, second)


@pytest.mark.slow
@pytest.mark.usefixtures("deterministic")
def test_in_one_process_too_and_threads_change_no_more_than_rounding(
    make_attngan: Callable[..., AttnGAN], make_training: Callable[..., Training], tmp_path: Path
) -> None:
    before, found = torch.get_num_threads(), []
    try:
        for place, threads in enumerate([1, 1, 2, 2]):
            torch.set_num_threads(threads)
            training = make_training(make_attngan(norm="batch"))
            training.run = replace(training.run, folder=tmp_path / str(place))
            resume(training)
            for _ in range(2):
                training.step(training.batches.at(training.images))
                training.advance()
            found.append(training.system.state_dict())
    finally:
        torch.set_num_threads(before)
    assert equal(found[0], found[1]) and equal(found[2], found[3])
    for name, value in found[0].items():
        torch.testing.assert_close(found[2][name], value, rtol=1e-2, atol=1e-2, msg=name)


def test_the_compiler_is_loaded_and_told_where_networks_are_compiled() -> None:
    """It takes a second to load, which a run without it need not wait."""
    code = (
        "import sys\nfrom types import SimpleNamespace\n"
        "from experiments.trainer.assemble import compile_networks\n"
        "from experiments.machine.setup import make_deterministic\n"
        "make_deterministic(True)\n"
        "assert 'torch._inductor' not in sys.modules\n"
        "compile_networks(SimpleNamespace(compiled=lambda: []))\n"
        "assert sys.modules['torch._inductor.config'].deterministic\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("deterministic")
def test_an_operator_without_a_deterministic_form_gets_a_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert torch.are_deterministic_algorithms_enabled() and torch.backends.cudnn.deterministic
    assert not torch.utils.deterministic.fill_uninitialized_memory
    assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"
    with warnings.catch_warnings(record=True) as others:
        warnings.simplefilter("always")
        for _ in range(2):
            make_deterministic(True)
            torch.zeros(3).put_(torch.tensor([0]), torch.ones(1))  # which write comes last is open
        warnings.warn("another", stacklevel=1)
    assert [str(warning.message) for warning in others] == ["another"]
    said = capfd.readouterr().err
    line = "put_ has no deterministic form on this device: the same command may end in other bits"
    assert said.count(line) == 1 and "trainer.deterministic=false" in said


def test_layout_and_compilation_follow_the_device_and_the_length(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu, gpu = torch.device("cpu"), torch.device("cuda")
    assert memory_format(None, cpu) == memory_format(False, gpu) == torch.contiguous_format
    assert memory_format(None, gpu) == memory_format(True, cpu) == torch.channels_last
    assert compiles(True, 1, cpu) and not compiles(False, 10**9, gpu)
    monkeypatch.setenv("CXX", sys.executable)  # some program that is there
    assert not compiles(None, STEPS_TO_COMPILE, cpu)
    assert not compiles(None, STEPS_TO_COMPILE - 1, gpu)
    assert compiles(None, STEPS_TO_COMPILE, gpu) == (find_spec("triton") is not None)
    monkeypatch.setenv("CXX", "no-compiler")
    assert not compiles(None, STEPS_TO_COMPILE, gpu) and compiles(True, 1, gpu)


COMPILES = """
import torch
from experiments.terminal.error import as_user_error
try:
    torch.compile(lambda x: x.sin() + 1, fullgraph=True)(torch.ones(64))
except Exception as error:
    print(as_user_error(error))
"""


@pytest.mark.slow
def test_what_a_killed_compiler_left_is_named(tmp_path: Path) -> None:
    def said() -> str:
        return subprocess.run(
            [sys.executable, "-c", COMPILES],
            env={**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert said() == ""
    (made,) = tmp_path.rglob("*.main.so")
    made.write_bytes(b"")
    expected = f"{made}: a compiler that was killed left it unfinished; delete it, and run"
    assert said().startswith(expected)
    made.unlink()
    assert said() == ""
