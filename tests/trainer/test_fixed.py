"""What a run took from another run and never trains is kept by reference; all else is kept whole,
and what is read back is what was there, bit for bit."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from experiments.encoder.damsm import DAMSM
from experiments.file import tensor as tensor_file
from experiments.run import checkpoint
from experiments.run.fresh import set_aside
from experiments.run.reference import ELSEWHERE, Origin, complete, named, referenced
from experiments.run.weight import load_export, load_pretrained
from experiments.system.attngan import AttnGAN
from experiments.system.base import Phase
from experiments.terminal.error import UserError
from experiments.trainer.fixed import Fixed
from experiments.trainer.loop import resume, step
from experiments.trainer.training import Training

DAMSM_RUN = "damsm-birds/0011223344"
GAN_RUN = "attngan-birds/5566778899"


@pytest.fixture
def outputs(tmp_path: Path, make_encoder: Callable[..., DAMSM]) -> Path:
    """With the run of an encoder."""
    place = tmp_path / "outputs"
    run = place / DAMSM_RUN
    run.mkdir(parents=True)
    (run / "facts.json").write_text("{}")
    (run / "run.json").write_text(about({}))
    checkpoint.save_weights(run, 10, {"encoder": make_encoder(1).state_dict()})
    return place


@pytest.fixture
def begin(
    make_attngan: Callable[..., AttnGAN], make_training: Callable[..., Training]
) -> Callable[[Path], Training]:
    """AttnGAN on the encoder of outputs, as it stands there."""

    def made(outputs: Path, **options: Any) -> Training:
        system = make_attngan()
        weights = outputs / DAMSM_RUN / "weights" / "images-0000000010.safetensors"
        load_pretrained(system.encoder, {"pretrained": str(weights)}, {}, "encoder")
        training = make_training(system, **options)
        run = outputs / GAN_RUN
        run.mkdir(parents=True, exist_ok=True)
        (run / "run.json").write_text(about({"encoder": str(outputs / DAMSM_RUN)}))
        object.__setattr__(training.run, "folder", run)
        return training

    return made


def about(built_on: dict[str, str]) -> str:
    content = {"id": "0", "choices": {}, "overrides": [], "built_on": built_on}
    return json.dumps(content)


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, Tensor):
        return torch.equal(left, right)
    return bool(left == right)


def trained(training: Training, steps: int) -> Training:
    numerics = resume(training)
    for _ in range(steps):
        step(training, numerics, training.batches.at(training.images))
    return training


def save(training: Training) -> Path:
    path = checkpoint.save(training.run.folder, training.state() | {"numerics": {}}, keep=2)
    checkpoint.save_weights(training.run.folder, training.images, **training.exported())
    return path


def test_a_checkpoint_does_not_repeat_the_encoder(
    outputs: Path, begin: Callable[..., Training]
) -> None:
    training = trained(begin(outputs), 2)
    state = checkpoint.read(save(training))
    assert not [name for name, _ in named(state["system"]) if name.startswith("encoder.")]
    assert state["export"]["encoder"] == {} and state["export"]["generator"]
    assert state[ELSEWHERE]["origins"] == [
        {
            "at": "encoder",
            "run": f"../../{DAMSM_RUN}",
            "file": "weights/images-0000000010.safetensors",
            "group": "encoder",
        }
    ]
    whole = load_export(training.run.folder)["export"]
    averaged = {group: dict(state) for group, state in training.ema.state_dict().items()}
    assert equal(whole, averaged) and whole["encoder"]


def test_a_run_resumes_to_the_bit(outputs: Path, begin: Callable[..., Training]) -> None:
    straight = copy.deepcopy(trained(begin(outputs), 4).state())
    first = trained(begin(outputs), 2)
    save(first)
    again = begin(outputs)
    shutil.rmtree(again.run.folder / "weights")
    going = trained(again, 2)
    assert going.images == straight["images"]
    for part in ("system", "export", "optimisers"):
        assert equal(going.state()[part], straight[part]), part
    assert going.state()[ELSEWHERE] == straight[ELSEWHERE]


def test_what_holds_everything_loads_as_before(
    outputs: Path, begin: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint of format 2, from before, beside an encoder that has changed since."""
    training = trained(begin(outputs), 2)
    whole = training.state()
    whole |= {"system": dict(training.system.state_dict()), "export": training.ema.state_dict()}
    del whole[ELSEWHERE]
    monkeypatch.setattr(tensor_file, "FORMAT", 2)
    checkpoint.save(training.run.folder, whole, keep=1)
    monkeypatch.undo()
    again = begin(outputs)
    with torch.no_grad():
        again.system.encoder.region_head.weight.add_(1)
    again.load(checkpoint.load_newest(again.run.folder) or {})
    assert equal(dict(again.system.state_dict()), whole["system"])


@pytest.mark.parametrize("way", ["all of it", "the run alone"])
def test_outputs_may_be_moved(
    outputs: Path, begin: Callable[..., Training], tmp_path: Path, way: str
) -> None:
    training = trained(begin(outputs), 1)
    save(training)
    kept = load_export(outputs / GAN_RUN)["export"]
    other = tmp_path / "elsewhere" / "runs"
    if way == "all of it":
        other.parent.mkdir()
        outputs.rename(other)
    else:  # it finds what it was built on where run.json says that it was
        shutil.copytree(outputs / GAN_RUN, other / GAN_RUN)
    assert equal(load_export(other / GAN_RUN)["export"], kept)


def test_what_is_not_there_is_told(outputs: Path, begin: Callable[..., Training]) -> None:
    training = trained(begin(outputs), 1)
    save(training)
    run = outputs / GAN_RUN
    (outputs / DAMSM_RUN).rename(outputs / "away")
    with pytest.raises(UserError) as caught:
        load_export(run)
    assert str(caught.value) == (
        f"run={run}: its encoder is kept in the run that it was built on, ../../{DAMSM_RUN}/"
        "weights/images-0000000010.safetensors from there, which is not there; bring that run back"
    )
    words = {"encoder.text.embedding.weight"}
    with pytest.raises(UserError):
        load_export(run, wanted=words.__contains__)
    drawn = load_export(run, wanted=lambda name: not name.startswith("encoder."))
    assert drawn["export"]["generator"] and not drawn["export"]["encoder"]


def test_other_weights_are_refused(
    outputs: Path, begin: Callable[..., Training], make_encoder: Callable[..., DAMSM]
) -> None:
    training = trained(begin(outputs), 1)
    save(training)
    run, damsm = outputs / GAN_RUN, outputs / DAMSM_RUN
    file = checkpoint.save_weights(damsm, 10, {"encoder": make_encoder(2).state_dict()})
    with pytest.raises(UserError) as caught:
        load_export(run)
    line = str(caught.value)
    assert line.startswith(f"{file}: has another encoder.") and "\n" not in line
    remedy = f"bring back the file as it was, or train {run.name} anew"
    assert line.endswith(f"than run={run} was trained with; {remedy}")
    with pytest.raises(UserError, match="has another encoder"):  # and it does not train on
        resume(begin(outputs))


def test_who_is_needed_by_whom(outputs: Path, begin: Callable[..., Training]) -> None:
    assert referenced(outputs) == {}
    training = trained(begin(outputs), 1)
    save(training)
    needed = {(outputs / DAMSM_RUN).resolve(): [(outputs / GAN_RUN).resolve()]}
    assert referenced(outputs) == needed
    old = outputs / "attngan-birds" / "0000000000"  # it holds everything and needs nobody
    old.mkdir()
    (old / "run.json").write_text(about({"encoder": str(outputs / DAMSM_RUN)}))
    checkpoint.save_weights(old, 10, training.ema.state_dict())
    assert referenced(outputs) == needed


def trained_anew(outputs: Path, encoder: DAMSM) -> Path:
    """As `fresh=true` on the run of the encoder does; where the old one is."""
    run = outputs / DAMSM_RUN
    place = set_aside(run)
    assert place is not None
    for name in ("facts.json", "run.json"):
        shutil.copy(place / name, run)
    checkpoint.save_weights(run, 10, {"encoder": encoder.state_dict()})
    return place


def test_a_run_reads_what_it_was_built_on_also_after_that_was_trained_anew(
    outputs: Path, begin: Callable[..., Training], make_encoder: Callable[..., DAMSM]
) -> None:
    save(trained(begin(outputs), 2))
    run = outputs / GAN_RUN
    kept = load_export(run)["export"]
    place = trained_anew(outputs, make_encoder(2))
    assert equal(load_export(run)["export"], kept)
    assert referenced(outputs) == {place.resolve(): [run.resolve()]}, "not the new one"
    trained_anew(outputs, make_encoder(3))  # and once more
    assert equal(load_export(run)["export"], kept)
    file = outputs / DAMSM_RUN / "weights" / "images-0000000010.safetensors"
    file.write_bytes(b"damaged")
    assert equal(load_export(run)["export"], kept)
    checkpoint.save_weights(file.parents[1], 10, {"encoder": make_encoder(4).state_dict()})
    going = trained(begin(outputs), 2)  # it trains on, with the encoder that it began with
    assert equal(dict(going.system.encoder.state_dict()), kept["encoder"])


def test_what_was_moved_aside_is_read_from_anywhere(
    outputs: Path,
    begin: Callable[..., Training],
    make_encoder: Callable[..., DAMSM],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    save(trained(begin(outputs), 1))
    run = outputs / GAN_RUN
    kept = load_export(run)["export"]
    file = run / "run.json"  # as a command writes it that was given in this folder
    file.write_text(about({"encoder": f"outputs/{DAMSM_RUN}"}))
    place = set_aside(run)
    assert place is not None
    monkeypatch.chdir(tmp_path.parent)
    assert equal(load_export(place)["export"], kept)
    older = trained_anew(outputs, make_encoder(2))
    assert equal(load_export(place)["export"], kept)
    assert referenced(outputs) == {older.resolve(): [place.resolve()]}


class Part(nn.Module):
    def __init__(self, file: Path) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
        self.head = nn.Linear(2, 2)
        self.came_from = Origin(file, "generator")


class Turns:
    """What a turn of a phase tells of what it trains."""

    def __init__(self, *modules: nn.Module) -> None:
        phase = Phase("phase", modules, lambda *_: {})
        self.trained = [p for p in phase.parameters() if p.requires_grad]


def kept(system: nn.Module, fixed: Fixed, place: Path) -> set[str]:
    return set(dict(named(fixed.without(place, system=system.state_dict())["system"])))


def test_what_one_phase_freezes_and_another_trains_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "run" / "weights" / "images-0000000010.safetensors"
    system = nn.ModuleDict({"part": Part(file), "own": nn.Linear(2, 2)})
    system["own"].requires_grad_(False)  # drawn here: nobody else has it
    turns: Any = [Turns(system["own"]), Turns(system["part"].head)]
    fixed = Fixed(system, turns)
    own = {"own.weight", "own.bias", "part.head.weight", "part.head.bias"}
    assert kept(system, fixed, tmp_path) == own
    # A frozen module that somebody puts into training mode: its running statistics change.
    system["part"].body.train()(torch.randn(4, 2))
    statistics = {f"part.body.1.{n}" for n in ("running_mean", "running_var")}
    assert kept(system, fixed, tmp_path) == own | statistics | {"part.body.1.num_batches_tracked"}


def test_weights_of_a_package(tmp_path: Path) -> None:
    """They are what the networks are built with; who has none asks the package."""

    class Trunk(nn.Linear):
        package = "trunk"

    system = nn.ModuleDict({"image": Trunk(2, 2), "head": nn.Linear(2, 2)})
    state = Fixed(system, []).without(tmp_path, system=system.state_dict())
    assert set(state["system"]) == {"head.weight", "head.bias"}
    assert state[ELSEWHERE]["origins"] == [{"at": "image", "package": "trunk"}]
    ours = dict(system.state_dict())
    assert equal(complete(state, "system", tmp_path, ours), ours)
    carried: dict[str, dict[str, Tensor]] = {"trunk": system["image"].state_dict()}
    assert equal(complete(state, "system", tmp_path, None, packages=carried.__getitem__), ours)
    other = {"trunk": {name: tensor + 1 for name, tensor in carried["trunk"].items()}}
    with pytest.raises(UserError, match=r"image\.weight is not what the package trunk carries"):
        complete(state, "system", tmp_path, None, packages=other.__getitem__)


@pytest.mark.parametrize(
    "change",
    [
        {"origins": [{"at": "image"}]},
        {"origins": "none"},
        {"origins": []},
        {"system": {"image.weight": [0]}},
        {"system": {"image.weight": ["0", "0"]}},
        {"system": [1]},
    ],
)
def test_a_state_that_somebody_made_up(tmp_path: Path, change: dict[str, Any]) -> None:
    kept = {
        "origins": [{"at": "image", "package": "trunk"}],
        "system": {"image.weight": [0, "0"]},
    }
    with pytest.raises(UserError, match="is told in a way that nobody wrote here"):
        complete({"system": {}, ELSEWHERE: kept | change}, "system", tmp_path)
