"""A model in Python, handed on and fetched with the Hub's own calls.

The Hub's client reads its environment when it is imported, so what speaks to a hub is a process of
its own.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from exported_run import make_run
from huggingface_hub import ModelHubMixin
from model_hub import COMMIT, TOKEN, serve

import experiments
from experiments import Model, UserError, load
from experiments.run.hub import Place, on_hub
from experiments.terminal.line import millions
from tests.forked import Forked

CAPTIONS = ["a red bird", "a blue wing"]


@pytest.mark.parametrize("name", ["from_pretrained", "save_pretrained", "push_to_hub"])
def test_the_signatures_are_those_of_the_hub(name: str) -> None:
    def parameters(kind: Any) -> list[tuple[str, Any, Any]]:
        found = inspect.signature(getattr(kind, name)).parameters.values()
        return [(one.name, one.kind, one.default) for one in found]

    assert parameters(Model) == parameters(ModelHubMixin)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("owner/name", Place("owner/name")),
        ("owner/name@v1.0", Place("owner/name", "v1.0")),
        ("hf://owner/name", Place("owner/name")),
        ("hf://owner/name@0a1b2c", Place("owner/name", "0a1b2c")),
        ("here/name", None),
        ("34f6266e81", None),
        ("34f6266e81@4000", None),
        ("outputs/gan-plumage/34f6266e81", None),
        ("/owner/name", None),
    ],
)
def test_what_names_a_place_on_the_hub(
    text: str, place: Place | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "here").mkdir()
    assert on_hub(text) == place


def test_a_folder_is_never_asked_of_the_hub(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    load(run).save_pretrained("owner/birds")
    assert load("owner/birds").hub is None
    with pytest.raises(UserError, match="revision=v1: owner/birds is a folder, which has none"):
        Model.from_pretrained("owner/birds", revision="v1")


def test_a_model_is_written_and_read(run: Path, tmp_path: Path, capfd: Any) -> None:
    model = load(run)
    card = {"license": "mit"}
    assert model.save_pretrained(tmp_path / "birds", model_card_kwargs=card) is None
    assert capfd.readouterr().out == ""
    assert "license: mit" in (tmp_path / "birds" / "README.md").read_text()
    again = Model.from_pretrained(tmp_path / "birds")
    again.save_pretrained(tmp_path / "copy")  # of an export
    (tmp_path / "copy" / "model.safetensors").write_bytes(b"older")
    (tmp_path / "copy" / "drawn").mkdir()
    again.save_pretrained(tmp_path / "copy")  # anew, as in a notebook
    (tmp_path / "copy" / "drawn").rmdir()  # it stays
    names = {path.name for path in (tmp_path / "birds").iterdir()}
    assert {path.name for path in (tmp_path / "copy").iterdir()} == names
    drawn = [m.sample(CAPTIONS, seed=3) for m in (model, again, load(tmp_path / "copy"))]
    pixels = [[picture.tobytes() for picture in pictures] for pictures in drawn]
    assert pixels[0] == pixels[1] == pixels[2]
    model.save_pretrained(tmp_path / "birds")  # anew
    assert "license: other" in (tmp_path / "birds" / "README.md").read_text()


def test_what_a_model_is(run: Path) -> None:
    model = load(run)
    assert model.to("cpu") is model
    assert repr(model) == (
        f"<Model gan_cls-cub 494bf2671e, 32 images, caption -> picture, "
        f"{millions(sum(p.numel() for p in model.system.parameters()))} parameters, cpu, "
        f"float32; {run}>"
    )
    assert experiments.Model is Model


def test_mistakes_are_one_line(run: Path, tmp_path: Path) -> None:
    model = load(run)
    copy, other = tmp_path / "copy", tmp_path / "birds"
    for folder in (copy, other):
        model.save_pretrained(folder)
    about = json.loads((other / "export.json").read_text())
    (other / "export.json").write_text(json.dumps(about | {"id": "0"}))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    wrong = {
        "load(5): must be a folder, the id of a run": lambda: load(5),  # type: ignore[arg-type]
        "load('')": lambda: load(""),
        "device=gpu: is no device; use cpu, or cuda": lambda: load(run, device="gpu"),
        "device=meta:0.5": lambda: model.to("meta:0.5"),
        "precision=fp8: choose one of": lambda: load(run, precision="fp8"),
        "devise: no such argument": lambda: Model.from_pretrained(run, devise="cpu"),
        "hf://birds: must be hf://owner/name": lambda: load("hf://birds"),
        "caption: give a list, as ['a red bird']": lambda: model.sample("a red bird"),
        "caption: give a list, an entry for each result; int": lambda: model.sample(3),  # type: ignore
        "seed='0': must be a whole number": lambda: model.sample(CAPTIONS, seed="0"),  # type: ignore
        "seed=-1": lambda: model.sample(CAPTIONS, seed=-1),
        "count=0: must be a whole number from 1 on": lambda: model.sample(count=0),
        "this run makes a picture of caption": lambda: model.sample(sound=["a.wav"]),
        "mine: is there and is no export": lambda: model.save_pretrained(tmp_path / "mine"),
        "config: an export has": lambda: model.save_pretrained(tmp_path / "x", config={}),
        "model_card_kwargs: tags": lambda: model.push_to_hub("a/b", model_card_kwargs={"tags": 1}),
        "repo_id='birds': must be owner/name": lambda: model.push_to_hub("birds"),
        "birds: is the export of another run (0)": lambda: load(copy).save_pretrained(other),
        "repo_id='x'": lambda: model.save_pretrained(tmp_path / "x", push_to_hub=True),
    }
    for told, call in wrong.items():
        with pytest.raises(UserError) as raised:
            call()
        assert told in str(raised.value) and "\n" not in str(raised.value), told
    assert not (tmp_path / "x").exists()


def test_weights_that_were_changed_are_not_passed_off_as_those_of_the_run(
    run: Path, tmp_path: Path
) -> None:
    model = load(run)
    with torch.no_grad():
        next(model.generator.parameters()).add_(1)
    with pytest.raises(UserError, match=r"generator\..*: was changed since .* was read"):
        model.save_pretrained(tmp_path / "birds")
    assert not (tmp_path / "birds").exists()


CODE = """
import sys
from experiments import Model, UserError, load
for line in sys.stdin.read().splitlines():
    try:
        found = eval(line)
        print(found if not isinstance(found, list) else found[0].tobytes().hex())
    except UserError as error:
        print("error:", error)
"""


@pytest.fixture
def speak(process: Forked, tmp_path: Path) -> Callable[..., list[str]]:
    """What each line of Python gives in a process with a hub and a token of its own."""

    def speak(*lines: str, **environment: str) -> list[str]:
        given = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HTTP", "http"))}
        given |= {"HF_HOME": str(tmp_path / "home"), "HF_HUB_DISABLE_XET": "1"} | environment
        given |= {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
        said = process.run(CODE, env=given, cwd=tmp_path, given="\n".join(lines))
        return said.splitlines()

    return speak


def test_there_and_back(run: Path, speak: Callable[..., list[str]]) -> None:
    draw = f".sample({CAPTIONS[:1]!r}, seed=3)"
    with serve() as hub:
        hub.fetches = True
        online = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN}
        pushed, drawn = speak(
            f"load({str(run)!r}).push_to_hub('marianne/birds')",
            f"load({str(run)!r}){draw}",
            **online,
        )
        assert pushed == f"{hub.url}/marianne/birds/commit/{COMMIT}"
        assert hub.made[0]["name"] == "birds" and hub.messages[0].startswith("gan_cls-cub 494bf")
        assert set(json.loads(hub.files["export.json"])["sha256"]) == {*hub.files} - {"export.json"}
        hub.files |= {"evil.pkl": b"never fetched", "model.bin": b"neither"}
        found = speak(
            f"load('marianne/birds'){draw}",
            f"load('hf://marianne/birds@{COMMIT}'){draw}",
            "load('marianne/birds')",
            "load('marianne/birds@v9')",
            "load('marianne/fish')",
            **online,
        )
        assert found[0] == found[1] == drawn
        assert found[2].endswith("cpu, float32; hf://marianne/birds>")
        assert found[3] == "error: hf://marianne/birds@v9: the repository has no such revision"
        assert found[4].startswith("error: hf://marianne/fish: there is no such repository, or")
        assert {"model.safetensors", "export.json"} <= set(hub.fetched)
        assert not {"evil.pkl", "model.bin"} & set(hub.fetched)
    lines = (f"load('marianne/birds'){draw}", "load('marianne/fish')")
    kept, unknown = speak(*lines, HF_ENDPOINT="http://127.0.0.1:9")
    assert kept == drawn
    assert unknown == (
        "error: hf://marianne/fish: the Hub cannot be reached, and its cache has it not; try with "
        "a network; nor is there a folder of this name here"
    )


def test_a_repository_that_holds_no_export(speak: Callable[..., list[str]]) -> None:
    with serve() as hub:
        hub.fetches = True
        hub.files |= {"config.json": b"{}", "README.md": b"# Birds"}
        (line,) = speak("load('marianne/birds')", HF_ENDPOINT=hub.url)
    assert line == (
        "error: hf://marianne/birds: holds no export of Birdsong (it has no export.json)"
    )


def test_another_run_is_not_replaced(run: Path, tmp_path: Path) -> None:
    load(run).save_pretrained(tmp_path / "birds")
    other = load(make_run(tmp_path / "other", seed=1))
    with pytest.raises(UserError, match="is the export of another run"):
        other.save_pretrained(tmp_path / "birds")
