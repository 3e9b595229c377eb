"""Judges and a model that come with Birdsong: whom they judge, and what scores say of them."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.config.build import build
from experiments.config.compose import choices, plain
from experiments.config.override import checked_compose
from experiments.data.reader.plumage import Plumage
from experiments.data.record import Record
from experiments.data.text.vocabulary import Vocabulary
from experiments.file.digest import sha256
from experiments.run import shipped_model as models
from experiments.run.exported import read_export, require_whole
from experiments.run.folder import EXPORT, MODEL, run_config, run_facts
from experiments.run.prerequisite import Run, plan, with_paths
from experiments.run.shipped import JUDGES, SHIPPED, judged_by, tell_shipped
from experiments.run.state import named
from experiments.run.weight import load_pretrained
from experiments.terminal.error import UserError

CLASSIFIER, INDEPENDENT = JUDGES / "plumage/classifier", JUDGES / "plumage/independent"
MATCHING = JUDGES / "plumage/damsm"
TEN_MEGABYTES = 10 * 2**20


def needs(*overrides: str) -> dict[str, Run | Path]:
    cfg = checked_compose(list(overrides))
    return plan(plain(cfg), choices(cfg), list(overrides)).prerequisites


def loaded(folder: Path, path: str, **facts: Any) -> Any:
    """The network of a judge as a score gets it."""
    node = run_config(folder)["encoder"] | {"pretrained": str(folder / MODEL)}
    return build(node, run_facts(folder) | facts, path, load_pretrained).eval()


def of_run(need: Run | Path) -> Run:
    assert isinstance(need, Run)
    return need


@pytest.mark.parametrize("experiment", ["quickstart", "plumage_cpu"])
def test_a_run_on_plumage_trains_no_judge(experiment: str) -> None:
    found = needs(f"experiment={experiment}")
    assert found["metric.classifier"] == CLASSIFIER and found["metric.independent"] == INDEPENDENT
    if experiment == "plumage_cpu":
        assert of_run(found["encoder"]).because == ""  # it is asked for the one that comes along


def test_the_quickstart_trains_no_damsm_unless_it_is_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for seed in (0, 3):
        assert needs("experiment=quickstart", f"seed={seed}")["encoder"] == MATCHING
    tell_shipped({"encoder": MATCHING})
    assert "encoder.pretrained.shipped=false makes your own" in capsys.readouterr().err
    own = needs("experiment=quickstart", "encoder.pretrained.shipped=false")["encoder"]
    assert of_run(own).config["trainer"]["images"] == 60_000
    why = of_run(needs("experiment=quickstart", "encoder.dim=128")["encoder"]).because
    assert why == (
        "the damsm that comes with Birdsong has encoder.text.dim=256, and 128 is asked for"
    )


def test_one_s_own_is_asked_for_by_a_word_and_judges_change_no_id() -> None:
    words = ["metric.classifier=train", "metric.independent=train"]
    cfg = checked_compose(["experiment=quickstart", *words])
    own = plan(plain(cfg), choices(cfg), ["experiment=quickstart"])
    found = [of_run(own.prerequisites[f"metric.{name}"]) for name in ("classifier", "independent")]
    assert [run.because for run in found] == ["", ""]
    cfg = checked_compose(["experiment=quickstart"])
    assert own.id == plan(plain(cfg), choices(cfg), ["experiment=quickstart"]).id


@pytest.mark.parametrize(
    ("override", "path", "line"),
    [
        ("data.reader.seed=3", "classifier", "knows other birds"),
        ("data.reader.test_species=40", "independent", "knows other birds"),
        ("data.margin=1.2", "classifier", "has data.margin=1.0, and 1.2 is asked for"),
        ("encoder/image@metric.classifier.image=cnn", "classifier", "has encoder.image._target_="),
        (
            "metric.classifier.pretrained.overrides=['optim.classifier.lr=1e-3']",
            "classifier",
            "was not trained with optim.classifier.lr=1e-3",
        ),
    ],
)
def test_a_judge_of_something_else_is_trained_and_says_why(
    override: str, path: str, line: str
) -> None:
    found = of_run(needs("experiment=quickstart", override)[f"metric.{path}"])
    assert " that comes with Birdsong " in found.because and line in found.because


def test_fewer_pictures_of_the_same_birds_are_judged_by_the_same() -> None:
    words = ["data.reader.images_per_species=3", "data.train_share=0.5", "data.reader.captions=2"]
    assert needs("experiment=quickstart", *words)["metric.independent"] == INDEPENDENT


def test_data_of_which_nobody_has_judges_train_them_without_a_word() -> None:
    assert of_run(needs("model=gan_cls", "data=stamps")["metric.independent"]).because == ""


@pytest.mark.parametrize("folder", [CLASSIFIER, INDEPENDENT, MATCHING])
def test_what_comes_along_is_as_it_was_exported(folder: Path) -> None:
    require_whole(folder)
    assert sum(path.stat().st_size for path in folder.rglob("*")) < TEN_MEGABYTES / 2
    assert {path.suffix for path in folder.iterdir()} <= {".json", ".md", ".safetensors", ".yaml"}


def test_the_classifier_reads_colours_of_species_it_never_saw() -> None:
    network, reader = loaded(CLASSIFIER, "metric.classifier"), Plumage()
    records = [each for each in reader.read() if isinstance(each, Record) and each.split == "test"]
    records = records[::100]
    pictures = torch.stack([torch.from_numpy(reader.image(r, 64)) for r in records])
    with torch.inference_mode():
        read = network(pictures.permute(0, 3, 1, 2).float() / 127.5 - 1)
    values = reader.attribute_values()
    right = [
        values[name][int(read[name][row].argmax())] == record.attributes[name]
        for row, record in enumerate(records)
        for name in reader.colour_attributes()
    ]
    assert len(right) == 160 and sum(right) / len(right) > 0.95


def test_the_independent_encoder_leaves_out_what_a_package_holds_and_reads_fewer_words() -> None:
    held = read_export(INDEPENDENT)
    assert not any(name.startswith("image.") for name in held["export"]["encoder"])
    words = run_facts(INDEPENDENT)["words"]
    few = [word for word in words if word not in ("purple", "meadow")]
    all_of_them = loaded(INDEPENDENT, "metric.independent")
    other = Vocabulary(few, "unicode").hash
    facts = {"words": few, "vocabulary_size": len(few), "vocabulary_hash": other}
    fewer = loaded(INDEPENDENT, "metric.independent", **facts)
    caption = ["a", "small", "red", "bird"]
    with torch.inference_mode():
        ours, theirs = (
            network.encode_text(torch.tensor([[of.index(w) for w in caption]]), torch.tensor([4]))
            for network, of in ((all_of_them, words), (fewer, few))
        )
    assert torch.equal(ours[0], theirs[0]) and torch.equal(ours[1], theirs[1])
    unknown = {"words": ["<end>", "gull", "<unk>"], "vocabulary_size": 3, "vocabulary_hash": "0"}
    with pytest.raises(UserError, match="was trained with another vocabulary"):
        loaded(INDEPENDENT, "metric.independent", **unknown)


def test_an_export_leaves_out_nothing_but_what_packages_hold(tmp_path: Path) -> None:
    copy = shutil.copytree(INDEPENDENT, tmp_path / "copy")
    about = json.loads((copy / EXPORT).read_text())
    about["elsewhere"]["origins"] = [{"at": "encoder", "run": "..", "file": "x", "group": "x"}]
    (copy / EXPORT).write_text(json.dumps(about))
    with pytest.raises(UserError, match="may leave out what packages hold, and nothing else"):
        read_export(copy)


def test_a_protocol_says_which_judge_it_was() -> None:
    network = loaded(CLASSIFIER, "metric.classifier")
    said = judged_by({"classifier": network, "independent": None})
    digest = sha256(CLASSIFIER / MODEL)
    assert said == {"classifier is": f"what comes with Birdsong, sha256 {digest}"}


def test_a_node_gets_the_file_of_a_judge() -> None:
    cfg = plain(checked_compose(["experiment=quickstart"]))
    filled = with_paths(cfg, {"metric.classifier": CLASSIFIER})
    assert filled["metric"]["classifier"]["pretrained"] == str(CLASSIFIER / MODEL)


def test_a_model_that_comes_along_is_named_and_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "MODELS", JUDGES / "plumage")  # any export
    place = named("classifier", tmp_path).folder
    assert place == tmp_path / "classifier" and (place / MODEL).is_file()
    (place / "drawn").mkdir()
    (place / EXPORT).write_text("{}")  # of another version
    assert named("classifier", tmp_path).folder == place and (place / "drawn").is_dir()
    require_whole(place)
    assert named("nobody", tmp_path).folder == Path("nobody")
    (tmp_path / "independent").mkdir()
    with pytest.raises(UserError, match="where something else is; move that away"):
        named("independent", tmp_path)


def test_the_one_that_comes_along_is_small_and_whole() -> None:
    folder = SHIPPED / "model/plumage"
    require_whole(folder)
    assert sum(path.stat().st_size for path in folder.rglob("*")) < TEN_MEGABYTES


def test_an_installation_has_all_of_it() -> None:
    root = SHIPPED.parent
    about = tomllib.loads((root.parents[1] / "pyproject.toml").read_text())
    patterns = about["tool"]["setuptools"]["package-data"]["experiments"]
    taken = {path for pattern in patterns for path in root.glob(pattern)}
    assert {path for path in SHIPPED.rglob("*") if path.is_file()} <= taken
