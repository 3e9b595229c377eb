"""What two processes do together is what one does alone, at the same batch."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from experiments.data.store.dataset import Dataset

ROOT = Path(__file__).parents[2]
# One process alone, then two together; all are forked from one that has loaded torch.
SCRIPT = """
import json, os, runpy, sys
from pathlib import Path
from types import SimpleNamespace
import torch
torch.set_num_threads(1)
from experiments.encoder.classifier import Classifier
from experiments.encoder.cnn import CNN
from experiments.metric import ClassScore, FrechetDistance, Given, KernelDistance
from experiments.metric.accuracy import AccuracyScores
from experiments.metric.extractor import NetworkExtractor
from experiments.metric.generation import GenerationScores
from experiments.metric.picture_retrieval import MeanAveragePrecision, Recall
from experiments.metric.retrieval import RetrievalScores
from experiments.metric.rows import looked_at
from experiments.metric.zero_shot import ZeroShotScores
from experiments.optim.adam import Adam
from experiments.machine.rank import Ranks

class Descent(Adam):
    def build(self, parameters):
        return torch.optim.SGD(list(parameters), lr=self.lr)

from benchmarks.part.processes import average_by_hand
from experiments.terminal.error import UserError
from experiments.loss.damsm import DAMSMLoss
from experiments.loss.gradient_penalty import GradientPenalty
from experiments.system.damsm import DAMSMTraining

def flat(node, path=""):
    if isinstance(node, (dict, list, tuple)):
        pairs = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in pairs:
            yield from flat(value, f"{path}/{key}")
    else:
        yield path, node

tiny = runpy.run_path(sys.argv[1])
cache = Path(sys.argv[2])

def together(processes):
    children = []
    for environment in processes:
        if (child := os.fork()) == 0:
            os.environ |= environment
            return
        children.append(child)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    if any(codes):
        os._exit(1)

def alone_then_together():
    for processes in json.loads(sys.argv[3]):
        together(processes)
        if "RANK" in os.environ:
            return
        for file in cache.rglob("scores/*"):  # the next look for themselves
            file.unlink()
    os._exit(0)

alone_then_together()
folder = Path(os.environ["FOLDER"])
birds = tiny["open_birds"](cache)
settings = {"discriminator": Descent(0.1), "generator": Descent(0.1)}
training = tiny["tiny_training"](birds, folder, tiny["tiny_attngan"](birds), settings)
ranks, values = training.ranks, []
for _ in range(3):
    training.step(training.batches.at(training.images))
    training.advance()
    values.append(training.stats.read(ranks.mean))
weights = {k: v.clone() for k, v in training.system.state_dict().items()}

torch.manual_seed(0)
sizes = {name: len(values) for name, values in birds.attribute_values.items()}
scorer = GenerationScores(
    NetworkExtractor(Classifier(CNN((4, 8), (2, 2), global_width=6), sizes), "tiny"),
    classifier=Classifier(CNN((4, 8), (2, 2), global_width=6), sizes),
    samples=15,
    candidates=5,
    splits=3,
)
results = [scorer(training.system.eval(), birds, ranks) for _ in range(2)]
scores = [result.scores for result in results]
assert scores[0] == scores[1]
classifying = SimpleNamespace(encoder=scorer.classifier, resolutions=[16], trained_on="train")
embedding = SimpleNamespace(encoder=training.system.encoder, resolutions=[16], trained_on="train")
one = AccuracyScores(samples=1)(classifying, birds, ranks).scores
other_scores = {
    **{f"one/{name}": value for name, value in one.items()},
    **AccuracyScores(samples=7)(classifying, birds, ranks).scores,
    **RetrievalScores(11, 4, stated=70, retrieval=True)(embedding, birds, ranks).scores,
    **ZeroShotScores(captions=3, retrieval=True)(embedding, birds, ranks).scores,
}

def after_steps(make, by_hand, **trainer):  # all that a checkpoint holds
    torch.manual_seed(1)
    made = tiny["tiny_training"](birds, folder, make(), **trainer)
    if by_hand and made.ranks.processes > 1:
        average_by_hand(made)
    for _ in range(4):
        made.step(made.batches.at(made.images))
        made.advance()
    return dict(flat(made.state()))

attngan, others = tiny["tiny_attngan"], tiny["tiny_text_to_image"]
bits = {
    "attngan": (lambda: attngan(birds, norm="batch", generator_steps=2), {}),
    "stackgan_v2": (lambda: others(birds, "stackgan_v2"), {"accumulate": 2}),
    "damsm": (lambda: DAMSMTraining(tiny["tiny_encoder"](birds), DAMSMLoss(), 16).train(), {}),
    "penalty": (
        lambda: others(birds, "gan_cls", gradient_penalty=GradientPenalty(1.0, interval=2)),
        {"accumulate": 2},
    ),
    "untrained": (lambda: attngan(birds, damsm=0.0, kl=0.0, adversarial=0.0), {}),
}
same = {}
for name, (make, trainer) in bits.items() if ranks.processes > 1 else ():
    ours, plain = (after_steps(make, by_hand, **trainer) for by_hand in (False, True))
    same[name] = ours.keys() == plain.keys() and all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b
        for a, b in ((ours[key], plain[key]) for key in ours)
    )

released = tiny["tiny_training"](birds, folder, attngan(birds, mismatch="roll_released"), settings)
released.step(released.batches.at(0))  # one of the batch has no wrong pair: a process has fewer

led = {"augment_probability": "adaptive", "augment_target": -0.99, "augment_images": 64}
moved = tiny["tiny_training"](birds, folder, others(birds, "gan_cls", augment=["blit"], **led))
for _ in range(5):
    moved.step(moved.batches.at(moved.images))
    moved.advance()

travelled = {}
for hook in (None, "fp16"):
    layer = torch.nn.Linear(2, 1, bias=False)
    prepared = Ranks("cpu", hook).prepare(layer)
    prepared(torch.tensor([[1.0 + 2 * ranks.rank, 1.0 + 2**-12]])).sum().backward()
    travelled[hook] = layer.weight.grad
try:
    Ranks("cpu", "bf16")
except UserError as refused:
    travelled["bf16"] = str(refused)

def rows(places):
    numbers = torch.from_numpy(places)
    return {"rows": (numbers[:, None] * torch.arange(1, 17)).double().sin(), "numbers": numbers}

direct = {}
for dim in (4, 7, 10, 16):
    metrics = [FrechetDistance(Given(dim)), KernelDistance(Given(dim)), ClassScore(Given(dim), 4)]
    retrieval = MeanAveragePrecision(), Recall([1, 5])
    for part in looked_at(13, 3, ranks, rows):  # three batches of one process, two of another
        features, numbers = part["rows"][:, :dim], part["numbers"]
        for metric in retrieval:
            metric.update(features, numbers % 3, numbers, of="queries")
            metric.update(features + 0.3, numbers % 3, numbers)
        for metric in metrics[:2]:
            metric.update(features, real=True)
            metric.update(features + 0.3, real=False)
        metrics[2].update(features)
    found = [metrics[0].compute(), *metrics[1].compute(), *metrics[2].compute()]
    found += [*retrieval[0].compute().values, *(x.mean for x in retrieval[1].compute().values())]
    direct[dim] = [each.item() for each in found]

batch = tiny["tiny_training"](birds, folder, tiny["tiny_attngan"](birds, norm="batch"), settings)
for _ in range(2):
    batch.step(batch.batches.at(batch.images))
    batch.advance()
own = [x.clone() for x in batch.system.generator.buffers() if x.is_floating_point()]
averaged = [x.clone() for x in batch.ema.averaged["generator"].buffers() if x.is_floating_point()]
batch.average_buffers()
torch.save(
    {
        "weights": weights,
        "values": values,
        "scores": scores[0],
        "same": same,
        "released": {k: v.clone() for k, v in released.system.state_dict().items()},
        "travelled": travelled,
        "led": moved.system.pipe.state_dict(),
        "others": other_scores,
        "direct": direct,
        "columns": results[0].samples.columns,
        "own": own + averaged,
        "mean": [
            x.clone()
            for module in (batch.system.generator, batch.ema.averaged["generator"])
            for x in module.buffers()
            if x.is_floating_point()
        ],
    },
    folder.with_name(f"{folder.name}-{ranks.rank}.pt"),
)
"""


@pytest.fixture(scope="module")
def found(
    birds: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Of one process, and of each of two."""
    folder, cache = tmp_path_factory.mktemp("ranks"), birds.folder.parents[1]
    asked = [surroundings(1, folder / "one"), surroundings(2, folder / "two")]
    conftest = Path(__file__).parents[1] / "conftest.py"
    command = [sys.executable, "-c", SCRIPT, str(conftest), str(cache), json.dumps(asked)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    one, *two = (
        torch.load(folder / f"{name}.pt", weights_only=False)
        for name in ("one-0", "two-0", "two-1")
    )
    return one, two


def surroundings(processes: int, folder: Path) -> list[dict[str, str]]:
    """What a launcher tells each of so many processes, which meet at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    count = {"WORLD_SIZE": str(processes), "LOCAL_WORLD_SIZE": str(processes)}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "FOLDER": str(folder)}
    ranks = map(str, range(processes))
    return [{"RANK": rank, "LOCAL_RANK": rank} | count | place for rank in ranks]


def test_weights_and_losses_are_the_same(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    one, two = found
    for rank in two:
        # After one step 2e-7 suffices; every step multiplies what rounding left.
        torch.testing.assert_close(rank["weights"], one["weights"], rtol=1e-4, atol=5e-5)
    for mine, theirs in zip(one["values"], two[0]["values"], strict=True):
        assert theirs == pytest.approx(mine, rel=1e-3, abs=1e-5)


def test_pairs_of_which_a_process_has_fewer_count_as_in_one(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    one, two = found
    for rank in two:
        torch.testing.assert_close(rank["released"], one["released"], rtol=1e-4, atol=5e-6)


def test_gradients_that_travel_during_the_backward_pass_are_those_averaged_after_it(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    """To the bit, of weights, moments, the average and statistics; also of a loss that is made of
    gradients, in parts of a batch, and where a phase has nothing to train on."""
    for rank in found[1]:
        assert rank["same"] and all(rank["same"].values()), rank["same"]


def test_how_often_pictures_are_changed_is_the_same_everywhere(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    """Led by what all processes saw: 4 x 8 of 64 images after four steps, and r_t of a fifth."""
    one, two = found
    assert one["led"]["probability"] == 0.5 and one["led"]["rows"] == 8
    for rank in two:
        assert rank["led"].keys() == one["led"].keys()
        assert all(torch.equal(value, one["led"][name]) for name, value in rank["led"].items())


@pytest.mark.parametrize("hook", [None, "fp16"])
def test_gradients_may_travel_in_half_the_bytes(
    hook: str | None, found: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    first, second = (rank["travelled"][hook] for rank in found[1])
    mean = torch.tensor([[2.0, 1.0 + 2**-12]])
    assert torch.equal(first, second) and torch.equal(first, mean) == (hook is None)
    torch.testing.assert_close(first, mean, rtol=2**-8, atol=0)
    assert "launch.comm_hook=bf16: needs GPUs" in found[1][0]["travelled"]["bf16"]


def test_scores_are_the_same(found: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
    """15 pictures do not share equally, of one the second process has none."""
    one, two = found
    assert two[0]["scores"] == two[1]["scores"]
    assert two[0]["scores"] == pytest.approx(one["scores"], rel=1e-2, abs=1e-5)
    assert two[0]["others"] == two[1]["others"] == pytest.approx(one["others"], rel=1e-6)
    for name, column in one["columns"].items():
        np.testing.assert_array_equal(two[0]["columns"][name], column)
        np.testing.assert_array_equal(two[1]["columns"][name], column)


def test_metrics_gather_batches_of_unequal_number(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    """Features that are few on one process, on all of them, and together."""
    one, two = found
    for dim, values in one["direct"].items():
        assert two[0]["direct"][dim] == two[1]["direct"][dim]
        assert two[0]["direct"][dim] == pytest.approx(values, rel=1e-7, abs=1e-12)


def test_running_statistics_become_the_mean(
    found: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    _, two = found
    triples = zip(two[0]["own"], two[1]["own"], two[0]["mean"], two[1]["mean"], strict=True)
    for first, second, mean, other in triples:
        torch.testing.assert_close(mean, (first + second) / 2)
        assert torch.equal(mean, other)
    assert any(not torch.equal(a, b) for a, b in zip(two[0]["own"], two[1]["own"], strict=True))
