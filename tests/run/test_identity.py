"""The folder of a run is a function of what can change its result, and of nothing else."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.run.identity import ADDED, WITHOUT_EFFECT, run_id
from experiments.run.identity import identity as deciding
from experiments.run.lock import run_lock
from experiments.run.prerequisite import Run, plan
from experiments.terminal.error import UserError
from experiments.terminal.interrupt import Stopped, leaving
from tests.conf.leaves import mutated, planned

SCRIPT = """
import sys
from experiments.config.override import checked_compose
from experiments.config.compose import choices, plain
from experiments.run.prerequisite import plan
cfg = checked_compose(sys.argv[1:])
print(plan(plain(cfg), choices(cfg), []).id)
"""


@cache
def identity(*overrides: str) -> str:
    cfg = checked_compose(list(overrides))
    return plan(plain(cfg), choices(cfg), list(overrides)).id


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_another_process_says_the_same(seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", SCRIPT, "trainer.batch=8", "seed=3"]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == identity("seed=3", "trainer.batch=8")


def test_the_order_of_keys_says_nothing() -> None:
    one = {"seed": 1, "trainer": {"batch": 4, "precision": "fp32"}, "data": {"name": "x"}}
    other = {"data": {"name": "x"}, "trainer": {"precision": "fp32", "batch": 4}, "seed": 1}
    assert run_id(one, {"a": "1", "b": "2"}) == run_id(other, {"b": "2", "a": "1"})


@pytest.mark.parametrize("model", ["attngan", "dfgan", "r3gan", "tgans_c", "wav2pix"])
def test_schedules_stand_in_every_optimiser_and_are_in_the_id_where_they_are_set(
    model: str,
) -> None:
    """Without a `+`. Runs from before had no such keys."""
    schedule = {"lr_end": 1e-5, "beta2_end": 0.5, "cosine_images": 1000}
    words = [f"optim.discriminator.{key}={value}" for key, value in schedule.items()]
    config = plain(checked_compose([f"model={model}", *words]))
    judge, drawer = config["optim"]["discriminator"], config["optim"]["generator"]
    assert schedule.items() <= judge.items()
    assert all(drawer[key] is None for key in schedule)

    def without(phase: str) -> dict[str, Any]:
        kept = {k: v for k, v in config["optim"][phase].items() if k not in schedule}
        return config | {"optim": config["optim"] | {phase: kept}}

    assert run_id(without("generator"), {}) == run_id(config, {})
    assert run_id(without("discriminator"), {}) != run_id(config, {})


@pytest.mark.parametrize("key", ["trainer.sharpness", "generator.gate", "attention"])
def test_a_key_that_is_added_leaves_ids_alone_until_it_is_used(key: str) -> None:
    """`system` repeats the groups that it is made of, and a key may be a whole group."""
    before = {"trainer": {"batch": 4}, "generator": {"width": 8}}
    *above, name = key.split(".")

    def now(value: object) -> dict[str, object]:
        config: dict[str, dict[str, object]] = {k: dict(v) for k, v in before.items()}
        (config[above[0]] if above else config)[name] = value  # type: ignore[assignment]
        return config | {"system": {"generator": config["generator"]}}

    old = before | {"system": {"generator": before["generator"]}}
    added = ADDED | {key: 0.5}
    assert deciding(now(0.5), {}, added) == deciding(old, {}, added)
    assert deciding(now(0.7), {}, added) != deciding(old, {}, added)


@pytest.mark.parametrize(
    "override",
    [
        "seed=1",
        "loss.damsm.weight=7",
        "optim.generator.lr=1e-3",
        "generator.width=17",
        "trainer.batch=32",
        "trainer.precision=fp32",
        "trainer.ema_halflife=null",
        "data.reader.species=190",
        "data.preset.images.damsm=400",  # how long what it builds on is trained
        "encoder/image=cnn",  # what it builds on
        'encoder.pretrained.overrides=["seed=5"]',
        "system.generator_steps=2",
        "model=attngan",
    ],
)
def test_what_changes_the_result_changes_the_run(override: str) -> None:
    assert identity(override) != identity()


@pytest.mark.parametrize(
    "override",
    [
        "trainer.images=123456",
        "trainer.log_every=7",
        "trainer.keep=9",
        "trainer.sample_captions=1",
        "data.preset.every.checkpoint=77",
        "launch.num_processes=2",
        "launch.threads=1",
        "tracker=none",
        "tracker.group=mine",
        "paths.outputs=/elsewhere",
        "metric.samples=17",
        "metric.independent=null",
        "~metric",
        "num_samples=9",
        "sample.between=noise",
        "text=word",
    ],
)
def test_what_does_not_change_the_result_does_not_change_the_run(override: str) -> None:
    assert identity(override) == identity()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["optim.generator.lr=5e-4"], ["optim.generator.lr=0.0005"]),
        (["loss.damsm.weight=7"], ["loss.damsm.weight=7.0"]),
        (["loss.kl.weight=0"], ["loss.kl.weight=-0.0"]),
        (["data.margin=1"], ["data.margin=1.0"]),
        (
            ["model=gan", "loss.interpolation.weight=1"],
            ["model=gan", "loss.interpolation.weight=1.0"],
        ),
        (["optim.generator.betas=[0,0.9]"], ["optim.generator.betas=[0.0,0.9]"]),
        (["trainer.precision=fp32"], ["trainer.precision='fp32'"]),
        (["seed=3", "trainer.batch=8"], ["trainer.batch=8", "++seed=3"]),
        (["data=stamps", "model=damsm"], ["model=damsm", "data=stamps"]),
        (["loss.damsm.weight=5.0"], []),
        (["generator=attngan_4stage"], []),
        (["trainer.ema_halflife=4000"], ["data.preset.ema_halflife=4000"]),
    ],
)
def test_ways_to_say_the_same_are_one_run(one: list[str], other: list[str]) -> None:
    assert identity(*one) == identity(*other)


@pytest.mark.parametrize(
    "override",
    [
        "data.speech.voice=flite/slt",
        "data.speech.unheard=false",
        "data.speech.captions=1",
        "data.speech.language=fr",
        "data.speech.seconds=5",
    ],
)
def test_how_captions_are_heard_is_in_the_id_of_runs_that_listen_alone(override: str) -> None:
    assert identity("model=hearing", override) != identity("model=hearing")
    assert identity("model=damsm", override) == identity("model=damsm")
    front_end = "encoder.text.frontend.hop=200"
    assert identity("model=damsm_speech", front_end) != identity("model=damsm_speech")


def test_distortion_and_what_is_stated_are_in_the_id_where_there_are_any() -> None:
    """Runs from before had neither."""
    for model, there in (("damsm", set[str]()), ("damsm_speech", {"distortion", "stated"})):
        system = plain(checked_compose([f"model={model}"]))["system"]
        assert {"distortion", "stated"} <= system.keys()
        kept = deciding({"system": system}, {})["system"].keys()
        assert {"distortion", "stated"} & kept == there


def test_what_looks_alike_is_not_the_same() -> None:
    assert run_id({"seed": 1}, {}) != run_id({"seed": True}, {}) != run_id({"seed": "1"}, {})
    assert run_id({"a": None}, {}) != run_id({"a": "null"}, {})
    assert run_id({"a": [1, 2]}, {}) != run_id({"a": [2, 1]}, {})


def test_every_key_of_a_recipe_is_in_the_id_or_has_a_reason() -> None:
    """`python -m tests.conf` does it for all recipes."""
    found = mutated(["attngan_4stage", "style_encoder"], ["plumage"])
    own = mutated(["damsm"], ["cub"])
    assert found.wrong == own.wrong == []
    assert found.other > 150 and found.same > 150
    assert found.keys | own.keys == set(WITHOUT_EFFECT)
    assert all(len(reason.split()) > 2 for reason in WITHOUT_EFFECT.values())


@pytest.mark.parametrize("model", ["attngan", "damsm", "style_encoder"])
def test_a_new_key_is_in_the_id_until_someone_gives_a_reason(model: str) -> None:
    run = planned(f"model={model}")
    for group in ("trainer", "data", "encoder", "optim", "loss", "system"):
        config = run.config | {group: run.config[group] | {"new": 1}}
        assert run_id(config, {}) != run_id(run.config, {})
    assert run_id(run.config | {"new": 1}, {}) != run_id(run.config, {})


def test_what_a_run_builds_on_is_in_its_id_by_name() -> None:
    own = planned("model=attngan")
    longer = planned("model=attngan", "encoder.pretrained.overrides=['optim.embedding.clip=0.5']")
    judged = planned("model=attngan", "metric.independent.pretrained.overrides=['seed=9']")
    assert longer.id != own.id == judged.id


def test_a_judge_that_chooses_clips_is_in_the_id_by_name_and_judges_all_of_them() -> None:
    words = ["model=gan_cls_3d", "data=digits", "data.train_share=0.5", "data/filter=judged"]
    own = planned(*words)
    longer = planned(*words, "data.filter.classifier.pretrained.overrides=['seed=5']")
    assert own.id != longer.id != planned(*words[:-1]).id
    judge, encoder = own.prerequisites["data.filter.classifier"], own.prerequisites["encoder"]
    assert isinstance(judge, Run) and isinstance(encoder, Run)
    assert judge.id == planned("model=classifier", "encoder=video_classifier", "data=digits").id
    assert encoder.prerequisites["data.filter.classifier"].id == judge.id, "on the same clips"


def test_where_the_data_lie_says_nothing() -> None:
    assert identity("data=cub", "data.root=/a") == identity("data=cub", "data.root=/b")


def test_a_classifier_whose_rate_ends_with_it_is_another_run_when_longer() -> None:
    assert identity("model=classifier") != identity("model=classifier", "trainer.images=96000")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    with (
        run_lock(tmp_path),
        pytest.raises(UserError, match=f"is being trained by process {os.getpid()}"),
        run_lock(tmp_path),
    ):
        raise AssertionError("two hold it")
    with run_lock(tmp_path):
        pass
    asks = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM))
    with run_lock(tmp_path), pytest.raises(Stopped), leaving():
        asks.start()
        with run_lock(tmp_path, wait=True):  # until it is asked to leave
            raise AssertionError("two hold it")


def test_a_store_of_other_pictures_or_of_another_order_is_another_run() -> None:
    """`null` is pixels where there is room for them."""
    ids = {
        store: run_id({"seed": 0, "data": {"name": "x", "store": store}}, {})
        for store in (None, "pixels", "encoded", "stream")
    }
    before = run_id({"seed": 0, "data": {"name": "x"}}, {})
    assert ids[None] == ids["pixels"] == before
    assert len(set(ids.values())) == 3
