"""Every file of conf/ composes, passes the check and can be planned; mistakes get a line each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from experiments.config.compose import CONF, choices, compose, plain
from experiments.config.judging import SEES
from experiments.config.override import checked_compose
from experiments.config.target import targets_in
from experiments.run.prerequisite import plan
from experiments.terminal.error import UserError
from experiments.usage import usage


def options(group: str) -> list[str]:
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def pairs(first: str, second: str) -> list[Any]:
    """Every option of two groups with every other; most of them are slow tests. The others have
    every option once."""
    one, two = options(first), options(second)
    return [
        pytest.param(a, b, marks=() if row % len(two) == column else pytest.mark.slow)
        for row, a in enumerate(one)
        for column, b in enumerate(two)
    ]


def problems(*overrides: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        checked_compose(list(overrides))
    return str(caught.value).splitlines()


@cache
def planned(*overrides: str) -> str:
    """The folder of the run that a command line makes."""
    cfg = checked_compose(list(overrides))
    return str(plan(plain(cfg), choices(cfg), list(overrides)).folder)


@pytest.mark.parametrize(("model", "data"), pairs("model", "data"))
def test_every_recipe_on_every_data_set(model: str, data: str) -> None:
    assert planned(f"model={model}", f"data={data}").startswith(f"outputs/{model}-{data}/")


@pytest.mark.slow  # `test_experiments.py` looks at each
@pytest.mark.parametrize("experiment", options("experiment"))
def test_every_experiment(experiment: str) -> None:
    assert planned(f"experiment={experiment}") != planned()


@pytest.mark.parametrize(("model", "debug"), pairs("model", "debug"))
def test_every_preset_for_debugging(model: str, debug: str) -> None:
    command = [f"model={model}", "data=stamps"]
    short, long = (checked_compose([*command, *more]) for more in ([f"debug={debug}"], []))
    assert short.trainer.images < long.trainer.images / 100


@pytest.mark.parametrize("part", ["encoder/image", "encoder/text", "metric/extractor", "tracker"])
def test_every_part(part: str) -> None:
    for option in options(part):
        checked_compose([f"{part}={option}"])


def test_the_headline_differs_by_its_stages_alone() -> None:
    three, four = (plain(checked_compose([f"model={m}"])) for m in ("attngan", "attngan_4stage"))
    differ = {key for key in three if three[key] != four[key]}
    assert differ == {"generator", "discriminator", "system"}
    ours = three["generator"] | {"resolutions": four["generator"]["resolutions"]}
    assert ours == four["generator"]
    cub = checked_compose(["data=cub"])
    assert cub.generator.resolutions == [64, 128, 256, 512]


@pytest.mark.parametrize(
    ("override", "line"),
    [
        ("modle=attngan", "modle: no such key; did you mean model?"),
        ("model=attngn", "model=attngn: no such model; did you mean attngan?"),
        ("encoder/image=cn", "encoder/image=cn: no such image; did you mean cnn?"),
        ("trainer.precision=fp8", "trainer.precision=fp8: choose one of auto, fp32, bf16, fp16"),
        ("trainer.imagez=3", "trainer.imagez: trainer has no such key; did you mean images?"),
        (
            "loss.damsm.weigth=3",
            "loss.damsm.weigth: loss.damsm has no such key; did you mean weight?",
        ),
        (
            "generator.norm=grup",
            "generator.norm=grup: choose one of batch, group; did you mean group?",
        ),
        ("optim.generator.lr=fast", "optim.generator.lr=fast: must be a number"),
        (
            "trainer.batch=1",
            "trainer.batch=1: one picture has no batch statistics and no wrong caption; "
            "use at least 2",
        ),
        ("trainer.batch=0", "trainer.batch=0: must be at least 1"),
        ("launch.threads=0", "launch.threads=0: must be at least 1"),
        ("task=trane", "task=trane: did you mean train?"),
        ("seed=-1", "seed=-1: must be a whole number from 0"),
        ("num_samples=0", "num_samples=0: must be a whole number from 1"),
        (
            "data.speech.captions=many",
            "data.speech.captions=many: must be null or a whole number from 1",
        ),
        ("data.speech.captions=0", "data.speech.captions=0: must be null or a whole number from 1"),
        ("data.speech.seconds=-3", "data.speech.seconds=-3: must be a number from 0.1"),
        ("data.speech.unheard=maybe", "data.speech.unheard=maybe: must be true or false"),
        ("data.speech.voice=[1]", "data.speech.voice=[1]: must be a text, or a list of them"),
        ("data.speech.voice=''", "data.speech.voice: is empty; give it a value"),
        ("data.speech.language=null", "data.speech.language=None: must be a text"),
        (
            "+data.speech.voic=x",
            "data.speech.voic: data.speech has no such key; did you mean voice?",
        ),
        ("samples=3", "samples: no such key; did you mean num_samples?"),
        ("sample=3", "sample=3: no such sample; there are: default"),
        ("sample.steps=1", "sample.steps=1: must be at least 2"),
        ("sample.between=words", "sample.between=words: choose one of null, sentence, noise"),
        ("seed=0,1", "seed=0,1: says several values; add -m for one run of each"),
        ("seed", "seed: not of the form key=value; write seed=VALUE"),
        ("metric=null", "metric=null: write ~metric to leave it out"),
        (
            "system.encoder.dim=3",
            "system.encoder.dim: system.encoder is made of encoder; set encoder.dim",
        ),
        (
            "launch.num_processes=3",
            "trainer.batch=16: must be a multiple of launch.num_processes x trainer.accumulate = 3",
        ),
        ("trainer.ema_ramp=-0.1", "trainer.ema_ramp=-0.1: must be at least 0"),
        (
            "encoder.pretrained.model=dams",
            "encoder.pretrained.model=dams: no such model; did you mean damsm?",
        ),
    ],
)
def test_a_mistake_gets_its_line(override: str, line: str) -> None:
    assert problems(override) == [line]


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        (
            "optim.generator.warmup=9",
            ["optim.generator.warmup: not set so far; write +optim.generator.warmup=9 to add it"],
        ),
        ("generator.stagez=3", ["generator.stagez: generator has no such key", "resolutions"]),
        ("+unknown.x=1", ["unknown.x: no such key", "trainer"]),
        ("++unknown=1", ["unknown: no such key"]),
        ("+generator.foo=1", ["generator.foo: AttnGANGenerator takes no such argument"]),
        ("+trainer.bach=1", ["trainer.bach: trainer has no such key; did you mean batch?"]),
        ("trainer.batch=7.5", ["trainer.batch=7.5", "a whole number"]),
        ("generator.resolutions=8", ["generator.resolutions"]),
        ("~trainer", ["trainer: every run needs it whole", "batch"]),
        ("~loss.kl", ["system.kl", "loss.kl"]),
        ("~generator", ["generator"]),
        ("data.root=/nowhere", ["data.root: data has no such key"]),
        ("generator._target_=os.system", ["generator._target_=os.system: only experiments."]),
        ("generator._target_=experiments.nothing.At", ["there is no such class"]),
        ("hydra.foo=1", ["hydra.foo"]),
        ("data.preset.images=3", ["data.preset.images"]),
    ],
)
def test_a_mistake_is_named_with_what_there_is(override: str, parts: list[str]) -> None:
    (line,) = problems(override)
    assert all(part in line for part in parts), line


def test_all_mistakes_at_once() -> None:
    found = problems(
        "modle=x", "trainer.precision=fp8", "+y.z=1", "generator.stagez=3", "model=gann"
    )
    assert len(found) == 5


@pytest.mark.parametrize(
    ("model", "line"),
    [
        ("attngan", "listens, and this run reads its captions"),
        ("speech_to_image", "hears other frames than the run"),
        ("s2igan", None),
    ],
)
def test_who_scores_hears_the_frames_of_the_run(model: str, line: str | None) -> None:
    overrides = [f"model={model}", "encoder@metric.independent=damsm_speech_pretrained"]
    if line is None:
        checked_compose(overrides)
        return
    with pytest.raises(UserError, match=f"^metric.independent.text.frontend: {line}"):
        checked_compose(overrides)


def test_a_recogniser_is_given_sound_and_hears_frames_of_its_own() -> None:
    cfg = plain(checked_compose(["experiment=plumage_spoken_picture"]))
    own, judge = cfg["system"]["excerpt"], cfg["metric"]["recogniser"]
    assert own["of"] == "speech" and own["frontend"] != judge["text"]["frontend"]
    assert judge["pretrained"]["overrides"] == ["encoder=speech_recogniser"]


def test_no_score_of_projected_gan_sees_by_its_network() -> None:
    asked = ["experiment=plumage_projected"]
    config = plain(checked_compose(asked))
    assert SEES in targets_in(config["discriminator"]) and config["metric"]["extractor"] is None
    assert SEES not in [*targets_in(config["encoder"]), *targets_in(config["metric"])]
    other = ["metric/extractor=huggingface", "metric.extractor.name=DIR"]
    assert checked_compose([*asked, *other]).metric.extractor.name == "DIR"
    (line,) = problems(*asked, "encoder/image=efficientnet_lite0")
    assert line.startswith("encoder.image: ") and line.endswith("as encoder/image=part_cnn")


def test_a_key_of_one_recipe_is_unknown_to_another() -> None:
    checked_compose(["model=damsm", "loss.damsm.gamma3=5"])
    assert problems("model=damsm", "generator.width=3") == [
        "generator.width: model=damsm has no generator"
    ]
    assert "No match in the defaults list" in problems("model=damsm", "generator=attngan_3stage")[0]


def test_a_given_folder_must_be_a_run(tmp_path: Path) -> None:
    cfg = checked_compose([f"encoder.pretrained={tmp_path}"])
    with pytest.raises(UserError, match=f"encoder.pretrained={tmp_path}: is not the folder of a"):
        plan(plain(cfg), choices(cfg), [])


@pytest.mark.parametrize("model", ["stackgan_stage1", "stackgan_v2", "attngan"])
def test_a_discriminator_is_as_wide_as_what_it_is_told(model: str) -> None:
    for condition in ("sentence", "mu"):
        config = plain(compose([f"model={model}", f"system.condition={condition}"]))
        of = config["encoder"]["dim"], config["generator"]["condition_dim"]
        assert config["discriminator"]["text_dim"] == of[condition == "mu"]


def test_the_page_of_help_names_all_that_can_be_chosen() -> None:
    page = usage()
    for group in ("model", "data", "experiment", "debug", "encoder/image", "tracker"):
        assert all(option in page for option in options(group)), group
    assert "* attngan_4stage" in page and "* plumage" in page and "schema" not in page
    assert max(map(len, page.splitlines())) <= 120
