"""The model card: what it says, what it does not make up, and that it costs no run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from experiments.config.compose import CONF
from experiments.data.source import SOURCES, source_of
from experiments.export.card import card_of, write_card
from experiments.export.title import MODELS
from experiments.terminal.error import UserError

PROTOCOL = {
    "n_real": 1155,
    "n_fake": 500,
    "split": "test",
    "crop": "central 64 of 76 px",
    "resize": {"efficientnet_lite0": "96 bilinear"},
    "weights": {"efficientnet_lite0": "dc6198d271f7"},
    "seed": 7,
    "captions_per_image": 1,
}
SCORES = {
    "frechet/efficientnet_lite0": 1234.5,
    "frechet/efficientnet_lite0/real": 99.0,
    "r_precision/damsm": 0.25,
    "r_precision/damsm/std": 0.01,
    "r_precision/damsm/chance": 0.01,
    "kernel/efficientnet_lite0": None,
}


def change(run: Path, name: str, **content: Any) -> None:
    path = run / name
    if path.suffix == ".yaml":
        path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | content))
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | content))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What is read of a finished run of gan_cls on Oxford-102."""
    folder = tmp_path / "gan_cls-oxford102" / "494bf2671e"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "images-0000000400.safetensors").touch()
    (folder / "samples").mkdir()
    for images in (200, 400):
        (folder / "samples" / f"images-{images:010d}.png").touch()
    root = "/home/marianne/flowers"
    config = {
        "trainer": {"images": 400, "batch": 8, "precision": "auto", "ema_halflife": 4000},
        "launch": {"num_processes": 1},
        "data": {"name": "oxford102", "root": root, "max_words": 18, "reader": {"root": root}},
        "system": {
            "encoder": {"_target_": "experiments.encoder.damsm.DAMSM"},
            "generator": {"resolutions": [32, 64]},
        },
        "seed": 5,
    }
    about = {
        "id": "494bf2671e",
        "choices": {"model": "gan_cls", "data": "oxford102", "encoder": "damsm_pretrained"},
        "overrides": ["model=gan_cls", "data=oxford102", f"data.root={root}", "seed=5"],
        "built_on": {
            "encoder": "/home/marianne/outputs/damsm-oxford102/0123456789",
            "metric.classifier": "outputs/classifier-oxford102/9876543210",
        },
        "machine": {"processes": 2, "device": "cuda", "precision": "bfloat16"},
    }
    counts = {
        "kept": {"train": 7034, "test": 1155},
        "classes": {"train": 82, "test": 20},
        "captions": 81890,
        "dropped": 3,
    }
    facts = {"data": "a3b1402c585b7899", "words": ["<end>", "a", "<unk>"], "data_counts": counts}
    content = {"images": 400, "scores": SCORES, "protocol": PROTOCOL, "skipped": {"x": "no /w/y"}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    for name, value in (("run", about), ("facts", facts), ("scores", content)):
        (folder / f"{name}.json").write_text(json.dumps(value))
    lines = [
        {"images": 200, "seconds": 4000.0, "images_per_second": 0.05, "peak_memory": 3 * 2**20},
        {"images": 400, "seconds": 4000.0, "images_per_second": 0.05, "peak_memory": 5 * 2**20},
    ]
    (folder / "stats.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    git = {"commit": "6f21581", "dirty": False}
    (folder / "git.json").write_text(json.dumps(git))
    (folder / "git-2.json").write_text(json.dumps(git | {"commit": "abc1234", "dirty": True}))
    return folder


def test_the_front_matter_is_what_the_hub_reads(run: Path) -> None:
    data = ModelCard(card_of(run)).data
    assert (data.license, data.license_name) == ("other", "unknown")
    assert data.tags == ["birdsong", "gan_cls", "oxford102", "text-to-image", "gan"]
    assert data.datasets == ["oxford102"] and data.metrics == ["frechet", "r_precision"]
    found = {result.metric_type: result.metric_value for result in data.eval_results}
    assert found == {"frechet/efficientnet_lite0": 1234.5, "r_precision/damsm": 0.25}
    assert {result.dataset_split for result in data.eval_results} == {"test"}


def test_what_it_says(run: Path) -> None:
    text = card_of(run)
    for part in (
        "GAN-CLS: captions to pictures of 32 and 64 px (Reed et al. 2016, ICML, https://arxiv",
        "](samples/images-0000000400.png)",
        "After 400 images: of each caption the real picture first, and then what was drawn",
        "| split `train` | 7,034 images of 82 classes, to train on |",
        "| split `test` | 1,155 images of 20 classes, to test on |",
        "| captions | 81,890, of both splits |",
        "| dropped | 3 records that could not be used |",
        "| licence | unknown; ask its authors.",
        "python run.py model=gan_cls data=oxford102 data.root=DIR seed=5\n",
        "| images seen | 400 of 400 |",
        "| seed | 5 |",
        "| precision | bfloat16 |",
        "| processes | 2 |",
        "| training time | 2 h 13 min, 0.1 images/s;",
        "| peak memory | 5 MiB of one process |",
        "500 generated against 1155 real images of split test, crop central 64 of 76 px, 1 cap",
        "efficientnet_lite0: input 96 bilinear, weights dc6198d271f7",
        "- `encoder` (weights): `damsm-oxford102/0123456789`",
        "- `metric.classifier` (scores): `classifier-oxford102/9876543210`",
        "- code at commit `abc1234`, with changes that were not committed",
        "- code: MIT",
        "- weights: unknown; ask whoever trained the model",
    ):
        assert part in text, part
    assert "marianne" not in text and "/home" not in text and "/w/" not in text


def test_captions_are_not_counted_where_there_are_none(run: Path) -> None:
    facts = json.loads((run / "facts.json").read_text())
    facts["data_counts"]["captions"] = 0
    (run / "facts.json").write_text(json.dumps(facts))
    scores = json.loads((run / "scores.json").read_text())
    scores["protocol"]["captions_per_image"] = 0
    (run / "scores.json").write_text(json.dumps(scores))
    text = card_of(run)
    assert "| captions |" not in text and "captions an image" not in text
    assert "central 64 of 76 px, seed " in text


def test_what_is_not_known_is_not_made_up(run: Path) -> None:
    for name in ("scores.json", "stats.jsonl", "git.json", "git-2.json"):
        (run / name).unlink()
    change(run, "facts.json", data_counts=None)
    change(run, "run.json", machine=None, built_on={}, choices={"model": "mine", "data": "mine"})
    change(run, "config.yaml", data={"name": "/home/marianne/cats", "max_words": 18})
    text = card_of(run, images=200)
    for part in (
        "# mine-mine 494bf2671e",
        "| counts | unknown: this run did not record them |",
        "| licence | unknown; ask whoever trained the model |",
        "| images seen | 200 of 400 |",
        "It was not trained to its end: 200 of 400 images.",
        "| device | unknown |",
        "None were measured.",
        "Nobody has measured how good it is.",
        "Nothing: it was trained from the start.",
        "- code: commit unknown",
    ):
        assert part in text, part
    assert "training time" not in text and "marianne" not in text
    assert ModelCard(text).data.eval_results is None


def test_scores_and_the_sheet_of_another_state_are_not_those_of_these_weights(run: Path) -> None:
    text = card_of(run, images=200)
    assert ModelCard(text).data.eval_results is None and "model-index" not in text
    assert "0.25" not in text and "1234.5" not in text
    assert "those after 200 images; the run was scored after 400." in text
    assert "](samples/images-0000000200.png)" in text and "images-0000000400" not in text
    text = card_of(run, images=300)
    assert "](samples/" not in text, "it drew nothing then"
    assert card_of(run, images=400) == card_of(run)


def test_licences(run: Path) -> None:
    for licence, found in (
        ("CC-BY-4.0", ("cc-by-4.0", None)),
        ("My Own 1.0", ("other", "my-own-1.0")),
    ):
        text = card_of(run, licence=licence)
        data = ModelCard(text).data
        assert (data.license, data.license_name) == found
        assert f"- weights: {licence}\n" in text
    change(run, "config.yaml", export={"licence": "mit"})
    assert ModelCard(card_of(run)).data.license == "mit"


def test_an_encoder_shows_scores_of_real_pictures(run: Path) -> None:
    change(run, "config.yaml", system={"encoder": {"_target_": "experiments.encoder.damsm.DAMSM"}})
    change(run, "run.json", choices={"model": "damsm", "data": "oxford102"})
    scores = {"r_precision/damsm/real": 0.5, "r_precision/damsm/chance": 0.01}
    change(run, "scores.json", scores=scores)
    text = card_of(run)
    (result,) = ModelCard(text).data.eval_results
    assert (result.metric_type, result.metric_value) == ("r_precision/damsm", 0.5)
    assert "It draws nothing" in text and "text-to-image" not in text


HEARING = {
    "frontend": {"class": "LogMel", "rate": 22050, "bins": 40},
    "voices": {"train": ["espeak/f1", "espeak/m1", "flite/slt"], "test": ["espeak/f2"]},
    "versions": {"espeak/f1": "espeak-ng 1.52", "espeak/m1": "espeak-ng 1.52"},
    "language": "en",
    "seconds": 10.0,
    "heard": {"captions": 24000},
}


def test_one_that_hears_says_what_and_whom(run: Path) -> None:
    assert "## What it hears" not in card_of(run)
    change(run, "facts.json", reads="speech", speech=HEARING)
    names = ["speech-000003.wav", None]
    (run / "samples" / "captions.json").write_text(
        json.dumps({"captions": ["a *red* bird", "a blue bird"], "sounds": names})
    )
    (run / "samples" / "speech-000003.wav").touch()
    text = card_of(run)
    data = ModelCard(text).data
    assert data.pipeline_tag is None and "speech-to-image" in data.tags
    for part in (
        ": spoken captions to pictures",
        "| front-end | `LogMel`: rate 22050, bins 40 |",
        "| language | en |",
        "| voices of split `train` | 3 voices (`espeak/f1`, `espeak/m1`, `flite/slt`), to train",
        "| voices of split `test` | 1 voice (`espeak/f2`), to test on |",
        "| spoken by | machines: espeak-ng 1.52. No person was recorded |",
        "| captions that are heard | 24,000, of both splits |",
        "- voices: eSpeak NG, GPL-3.0-or-later; Flite, under its own licence like BSD",
        "- It hears synthetic voices; how well it understands people, nobody has measured.",
        '<audio controls preload="none" src="samples/speech-000003.wav"></audio>',
        "a \\*red\\* bird",
    ):
        assert part in text, part
    assert "a blue bird" not in text and "It reads" not in text


def test_one_that_speaks_names_the_voices_that_it_learned_from(run: Path) -> None:
    assert "Whose speech it learned" not in card_of(run)
    spoken = {key: value for key, value in HEARING.items() if key != "heard"} | {"seconds": 4.096}
    change(run, "facts.json", spoken=spoken, makes=[[["picture"], "sound"]])
    text = card_of(run)
    for part in (
        "## Whose speech it learned",
        "| voices of split `train` | 3 voices (`espeak/f1`, `espeak/m1`, `flite/slt`), to train",
        "| voices of split `test` | 1 voice (`espeak/f2`), to test on |",
        "| spoken by | machines: espeak-ng 1.52. No person was recorded |",
        "| longest | 4.096 s; the rest is not heard |",
        "- voices of what it learned to say: eSpeak NG, GPL-3.0-or-later; Flite, under its own",
    ):
        assert part in text, part
    assert "## What it hears" not in text and "speech-to-image" not in text
    assert ModelCard(text).data.language == "en"
    change(
        run, "config.yaml", data={"name": "stamps", "max_words": 18, "speech": {"language": "pt"}}
    )
    change(run, "facts.json", spoken=spoken | {"voices": "recordings"})
    text = card_of(run)
    assert "| voices | recordings of the data set |" in text and "No person was rec" not in text
    assert "- recordings of what it learned to say: GPL-2, says the package" in text
    assert ModelCard(text).data.language == "pt"


def test_every_model_has_words() -> None:
    assert {path.stem for path in (CONF / "model").glob("*.yaml")} == set(MODELS)
    words = [title for title, _ in MODELS.values()]
    assert len(words) == len(set(words)), "two are described in the same words"


def test_recordings_are_under_the_terms_of_the_data(run: Path) -> None:
    change(run, "facts.json", reads="speech", speech=HEARING | {"voices": "recordings"})
    text = card_of(run)
    assert "| voices | recordings of the data set |" in text
    assert "- recordings: unknown; ask whoever recorded them" in text
    assert "No person was recorded" not in text
    speech = {"language": "pt_BR"}
    change(run, "config.yaml", data={"name": "stamps", "max_words": 18, "speech": speech})
    assert ModelCard(card_of(run)).data.language == "pt"
    assert "- recordings: GPL-2, says the package" in card_of(run)


def test_a_sound_elsewhere_is_no_sound_of_the_run(run: Path) -> None:
    content = {"captions": ["a"], "sounds": ["../../secret.wav"]}
    (run / "samples" / "captions.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"captions\.json.*sounds"):
        card_of(run)


def test_hostile_text_stays_in_its_block(run: Path) -> None:
    hostile = "```\n# Hello\n<script>"
    change(run, "run.json", overrides=["model=gan_cls", f"loss.note={hostile}"])
    text = card_of(run)
    assert "````sh\npython run.py model=gan_cls 'loss.note=```\n# Hello\n<script>'\n````" in text


def test_a_hostile_address_is_no_markup_and_stays_in_its_cell(run: Path) -> None:
    root = "hf://owner/a|b<img src=x>\r\n\r\n# Hello"
    change(run, "config.yaml", data={"name": "folder", "root": root, "max_words": 18})
    text = card_of(run)
    _, body = text.removeprefix("---\n").split("---\n", 1)
    assert "| https://huggingface.co/datasets/owner/a\\|b&lt;img src=x&gt; # Hello |" in body
    assert "<img" not in body and "\n# Hello" not in body
    assert ModelCard(text).data.datasets == ["owner/a|b<img src=x>\r\n\r\n# Hello"]


def test_it_is_written_once_for_each_training(run: Path) -> None:
    path = write_card(run)
    assert path == run / "card.md" and path.read_text() == card_of(run)
    path.write_text("mine")
    write_card(run)
    assert path.read_text() == "mine", "it is as new as the run"
    later = path.stat().st_mtime + 10
    os.utime(run / "run.json", (later, later))
    write_card(run)
    assert path.read_text() == card_of(run)
    assert not list(run.glob(".*"))


def test_no_run_is_lost_by_it(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "facts.json").write_text("{")
    assert write_card(run) is None
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{run / 'card.md'}: could not be written (UserError: ")
    assert line.endswith("; the run is whole without")
    assert not (run / "card.md").exists()


def test_every_data_set_has_a_source() -> None:
    names = {path.stem for path in (Path(__file__).parents[2] / "conf" / "data").glob("*.yaml")}
    assert names - {"folder", "clips", "hub"} == set(SOURCES)
    hub = source_of({"name": "folder", "root": "hf://owner/name@v1/train"})
    assert hub.origin == "https://huggingface.co/datasets/owner/name" in hub.licence
