"""Chen 2017: both directions train, resume bit for bit, go on in two processes and are asked; what
they are told trains itself."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from PIL import Image

from experiments import load
from experiments.human.key import REAL, read_key
from experiments.run import checkpoint
from tests.integration.test_resume import equal

QUICK = ["data=plumage_song", "~metric", "trainer.sample_every=1000"]
# By player, told of a classifier; told of an autoencoder.
RECIPES = {
    "cross_modal_s2i": (["system.mismatch=pose"], "classifier"),
    "cross_modal_i2s": (["encoder=picture_autoencoder_pretrained"], "autoencoder"),
}


def train(commands: Any, outputs: Path, *arguments: str, ranks: int = 1) -> str:
    # Of the usual settings all but the trunk, which is the recipe's own here.
    given = [word for word in commands.settings(outputs) if not word.startswith("encoder/")]
    job = commands.ok(*given, *QUICK, *arguments, outputs=None, ranks=ranks)
    return str(job.text)


def state(outputs: Path, model: str) -> dict[str, Any]:
    (path,) = outputs.glob(f"{model}-plumage_song/*/checkpoints/images-0000000016.safetensors")
    found = checkpoint.read(path)
    del found["elsewhere"]  # what they were told is a run of the same outputs
    return found


def asked_of_people(
    commands: Any, outputs: Path, *arguments: str
) -> tuple[list[dict[str, Any]], list[dict[str, dict[str, str]]]]:
    """What stands above each question of a page of task=human_study, and by run what it made."""
    commands.ok("task=human_study", "human.captions=2", *arguments, outputs=outputs)
    (folder,) = (outputs / "human").iterdir()
    key = read_key(folder / "key.json")
    (found,) = re.findall(r'id="content">(.*)</script>', (folder / "index.html").read_text())
    rows = json.loads(found)["captions"]
    made = [
        {key.runs[codes[one["code"]]].name: one["shown"][0] for one in row["pictures"]}
        for row, codes in zip(rows, key.codes, strict=True)
    ]
    return rows, made


def played(shown: dict[str, str]) -> tuple[np.ndarray, int]:
    """The sound of a page, as a browser has it."""
    head, _, data = shown["sound"].partition(",")
    assert head == "data:audio/wav;base64" and "image" not in shown
    return soundfile.read(io.BytesIO(base64.b64decode(data)))


def ask_people(commands: Any, outputs: Path, runs: list[Path], sings: bool) -> None:
    """They rank what two runs made, and give marks to what one made beside the real ones."""
    several = f"run=[{','.join(map(str, runs))}]"
    by_form = {
        "rank": asked_of_people(commands, outputs / "rank", several),
        "rate": asked_of_people(commands, outputs / "rate", f"run={runs[0]}", "human.form=rate"),
    }
    for form, (rows, made) in by_form.items():
        assert len(rows) == 2 and not any("text" in row for row in rows)
        names = {str(run) if form == "rank" else f"{run.parent.name}/{run.name}" for run in runs}
        assert all(one.keys() == names | ({REAL} if form == "rate" else set()) for one in made)
        sounds = [shown for one in made for shown in one.values()]
        sounds, pictures = (sounds, rows) if sings else (rows, sounds)
        assert all("image" in one and "sound" not in one for one in pictures)
        for wave, rate in map(played, sounds):
            assert rate == 16000 and np.abs(wave).max() == pytest.approx(0.9, abs=1e-3)
            assert len(wave) == 65536 if sings else 0.5 < len(wave) / rate < 4
        assert len({shown["sound"] for shown in sounds}) == len(sounds), "none is another"


@pytest.mark.parametrize("model", list(RECIPES))
def test_a_direction(commands: Any, tmp_path: Path, model: str) -> None:
    options, told = RECIPES[model]
    recipe = [f"model={model}", *options]
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    first = train(commands, straight, *recipe)
    assert f"encoder needs {told}-plumage_song: training it first" in first
    # The same encoder: only the run itself begins anew.
    (encoder,) = (straight / f"{told}-plumage_song").iterdir()
    recipe.append(f"encoder.pretrained={encoder}")
    train(commands, stopped, *recipe, "trainer.images=8")
    assert "from 8 images to 16 images" in train(commands, stopped, *recipe)
    assert equal(state(straight, model), state(stopped, model))
    two = train(commands, stopped, *recipe, "trainer.images=24", ranks=2)
    assert "from 16 images to 24 images" in two and "2 x cpu" in two
    made = load(next((straight / f"{model}-plumage_song").iterdir()))
    if model == "cross_modal_s2i":
        song = np.sin(np.arange(16000) * 0.3).astype(np.float32), 16000
        pictures = made.sample(sound=[song, song])
        assert [picture.size for picture in pictures] == [(64, 64)] * 2
        assert pictures[0] != pictures[1], "another seed"
    else:
        ((heard, rate),) = made.sing([Image.new("RGB", (80, 80), "red")])
        assert rate == 16000 and heard.shape == (65536,) and np.isfinite(heard).all()
    runs = [next((place / f"{model}-plumage_song").iterdir()) for place in (straight, stopped)]
    ask_people(commands, tmp_path, runs, sings=model == "cross_modal_i2s")


def test_what_a_recogniser_hears_is_scored_against_the_picture(
    commands: Any, tmp_path: Path
) -> None:
    """It trains itself first; its card and its scores speak of no captions that anybody reads."""
    pytest.importorskip("espeakng_loader")
    given = [word for word in commands.settings(tmp_path) if not word.startswith("encoder/")]
    quick = ["trainer.images=8", "trainer.sample_every=1000", "data.limit=20"]
    job = commands.ok(*given, "experiment=plumage_spoken_picture", *quick, outputs=None)
    assert "metric.recogniser needs hearing-plumage: training it first" in job.text
    assert "captions an image" not in job.text
    (run,) = (tmp_path / "cross_modal_i2s-plumage").iterdir()
    scores = json.loads((run / "scores.json").read_text())["scores"]
    assert {"says/speech_recogniser", "says/speech_recogniser/real"} <= scores.keys()
    heard = {name for name in scores if name.startswith("attribute_accuracy/heard_")}
    assert any(name.endswith("/chance") for name in heard)
    card = (run / "card.md").read_text()
    assert "captions an image" not in card
    assert "## Whose speech it learned" in card and "class score" not in card
    voices = json.loads((run / "facts.json").read_text())["spoken"]["voices"]
    assert voices["train"] and f"(`{voices['test'][0]}`" in card
    rows, made = asked_of_people(commands, tmp_path, f"run={run}", "human.form=rate")
    assert all("image" in row and "text" not in row for row in rows)
    (spoken, rate), (said, again) = (played(shown) for _, shown in sorted(made[0].items()))
    assert rate == again == 16000 and len(spoken) == len(said), "neither tells which is real"
    assert np.abs(spoken).max() == pytest.approx(0.9, abs=1e-3)
