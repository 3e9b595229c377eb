"""AttnGAN on the words of a text model, as commands: stopped, gone on with by two processes,
exported, and drawn with where the model is gone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.encoder.tiny_models import make_model
from tests.integration.test_recipes import QUICK, train_stop_and_go_on

pytest.importorskip("transformers", reason="needs the extra text")


@pytest.mark.slow
@pytest.mark.parametrize("trained", [False, True])
def test_attngan_on_a_text_model(commands: Any, tmp_path: Path, trained: bool) -> None:
    outputs, model = tmp_path / "outputs", make_model(tmp_path / "clip", "clip")
    text = ["encoder/text=huggingface", f"encoder.text.name={model}", "encoder.text.length=20"]
    recipe = ["model=attngan", *QUICK, *text, f"encoder.text.trained={str(trained).lower()}"]
    train_stop_and_go_on(commands, outputs, recipe)
    (run,) = (outputs / "attngan-plumage").iterdir()
    (damsm,) = {path for path in (outputs / "damsm-plumage").iterdir() if hugging(path)}
    facts = json.loads((run / "facts.json").read_text())
    assert (
        facts["text_model"]["digest"]
        == json.loads((damsm / "facts.json").read_text())["text_model"]["digest"]
    )
    export = tmp_path / "export"
    commands.ok("task=export", f"run={run}", f"export.folder={export}", outputs=None)
    model.rename(tmp_path / "gone")
    asked = ["text=a small red bird", "num_samples=2"]
    commands.ok("task=sample", f"run={export}", *asked, outputs=None)
    assert len(list(export.glob("drawn/*/seed-*.png"))) == 2
    assert list(export.glob("drawn/*/attention.png"))
    more = commands.run(*recipe, "trainer.images=32", outputs=outputs)
    assert more.wait() == 2 and "there is no such folder" in more.text


def hugging(run: Path) -> bool:
    return (run / "tokenizer.json").is_file()
