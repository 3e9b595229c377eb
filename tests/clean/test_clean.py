"""`task=clean`: what it lists, why, and that nothing else goes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.clean.command import clean
from experiments.clean.find import items, places
from experiments.config.compose import plain
from experiments.config.override import checked_compose
from experiments.file.lock import held
from experiments.run import checkpoint
from experiments.run.reference import digest_of
from experiments.terminal.error import UserError
from tests.file.test_use import user_of

ENDED = "an earlier checkpoint of a finished run"
TORN = "half written by a process that died"
UNNAMED = "a prepared data set that no run names"
UNUSED = "text features of an encoder that no run uses"


def config_of(outputs: Path, *overrides: str) -> dict[str, Any]:
    paths = [f"paths.outputs={outputs}", f"paths.cache={outputs}/cache"]
    return plain(checked_compose(["task=clean", *paths, *overrides]))


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    """Two runs, one finished and one that goes on, their data and their features."""
    for name, finished in (("done", True), ("open", False)):
        run = tmp_path / "gan-plumage" / name
        about = {"id": name, "choices": {}, "overrides": [], "stores": ["captions-used"]}
        write(run / "run.json", about)
        facts = {"vocabulary_size": 1, "words": [], "reads": "words", "local_attributes": []}
        write(run / "facts.json", facts | {"data": "named"})
        for images in (8, 16):
            checkpoint.save(run, {"images": images, "system": {"a": torch.ones(9)}}, 2)
        if finished:
            checkpoint.save_weights(run, 16, {"a": torch.ones(9)})
    for data, features in (
        ("named", "captions-used"),
        ("named", "captions-not"),
        ("other", "captions-used"),
    ):
        write(tmp_path / "cache/plumage" / data / "report.json", {})
        write(tmp_path / "cache/plumage" / data / features / "words.npy", "x" * 1000)
    return tmp_path


def found(outputs: Path, *overrides: str) -> dict[str, str]:
    """Reasons, by path."""
    return {
        item.path.relative_to(outputs).as_posix(): item.reason
        for item in items(places(config_of(outputs, *overrides)))
    }


EARLIER = "gan-plumage/done/checkpoints/images-0000000008.safetensors"
EXPECTED = {
    EARLIER: ENDED,
    "cache/plumage/other": UNNAMED,
    "cache/plumage/named/captions-not": UNUSED,
}


def test_only_what_nobody_needs_is_listed_and_nothing_is_removed(
    outputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = sorted(outputs.rglob("*"))
    assert found(outputs) == EXPECTED
    clean(config_of(outputs))
    told = capfd.readouterr()
    assert len(told.out.splitlines()) == 3 and UNUSED in told.out
    assert "3 things may go, " in told.err and "clean.remove=true does it" in told.err
    assert sorted(outputs.rglob("*")) == before


def test_on_request_it_goes_and_is_counted(
    outputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    clean(config_of(outputs, "clean.remove=true"))
    assert "removed 3 of 3, " in capfd.readouterr().err
    assert found(outputs) == {}
    assert not (outputs / "cache/plumage/other").exists()
    assert not (outputs / EARLIER).exists()
    for run in ("done", "open"):  # can still be drawn with, and trained on
        state = checkpoint.load_newest(outputs / "gan-plumage" / run)
        assert state is not None and state["images"] == 16
    assert len(list(outputs.glob("gan-plumage/*/weights/*"))) == 1
    assert len(list(outputs.glob("gan-plumage/open/checkpoints/*"))) == 2
    assert (outputs / "cache/plumage/named/captions-used/words.npy").exists()
    clean(config_of(outputs))
    assert "may go" in capfd.readouterr().err


def test_what_is_locked_or_used_is_left_alone(outputs: Path) -> None:
    run = held(outputs / "gan-plumage/done/.lock")
    data = outputs / "cache/plumage"
    users = [user_of(data / "other/captions-used"), user_of(data / "named/captions-not")]
    try:
        assert found(outputs) == {"cache/plumage/other": UNNAMED}
        clean(config_of(outputs, "clean.remove=true"))
        assert (data / "other/captions-used/words.npy").exists(), "what lies in it is used"
    finally:
        for user in users:
            user.kill()
            user.wait()
    assert run is not None
    run.close()
    assert found(outputs) == EXPECTED


def test_a_damaged_newest_checkpoint_keeps_the_one_before(
    outputs: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    newest = outputs / "gan-plumage/done/checkpoints/images-0000000016.safetensors"
    newest.write_bytes(newest.read_bytes()[:-4])
    clean(config_of(outputs, "clean.remove=true"))
    assert "removed 2 of 3" in capfd.readouterr().err
    assert (outputs / EARLIER).exists()


def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(outputs: Path) -> None:
    run, data = outputs / "gan-plumage/open", outputs / "cache/plumage/named"
    torn = [
        write(run / "checkpoints/images-0000000024.safetensors.partial", "half"),
        write(run / "samples" / f".a.png.{dead()}.partial", "half"),
        write(data / "captions-half.partial/words.npy", "half").parent,
        write(data.parent / f".gone.{dead()}.partial/report.json", "half").parent,
    ]
    write(run / "samples" / f".b.png.{os.getpid()}.partial", "half")
    more = found(outputs).items() - EXPECTED.items()
    assert dict(more) == {path.relative_to(outputs).as_posix(): TORN for path in torn}
    writer = held(data / ".captions-half.lock")
    assert "cache/plumage/named/captions-half.partial" not in found(outputs)
    assert writer is not None
    writer.close()


@pytest.mark.parametrize(("name", "listed"), [("done", True), ("open", False)])
def test_what_was_moved_aside_goes_once_the_run_has_finished_anew(
    outputs: Path, name: str, listed: bool
) -> None:
    aside = outputs / f"gan-plumage/before/{name}-20260101-000000"
    write(aside / "weights/images-0000000016.safetensors", "the only ones, maybe")
    assert (aside.relative_to(outputs).as_posix() in found(outputs)) == listed


def test_what_other_runs_have_weights_in_stays(outputs: Path) -> None:
    """Of what was moved aside, and of checkpoints: the file whose tensors they were made with."""
    runs = outputs / "gan-plumage"
    made = {f"done-2026010{day}-000000": torch.full((9,), float(day)) for day in (1, 2)}
    for name, tensor in made.items():
        checkpoint.save_weights(runs / "before" / name, 16, {"encoder": {"a": tensor}})
    checkpoint.save_weights(runs / "done", 16, {"encoder": {"a": torch.zeros(9)}})
    digest = digest_of("encoder.a", made["done-20260101-000000"])
    origin = {"at": "encoder", "run": "../done", "group": "encoder"}
    origins = [origin | {"file": "weights/images-0000000016.safetensors"}]
    origins += [origin | {"file": "checkpoints/images-0000000008.safetensors"}]
    kept = {"origins": origins, "export": {"encoder.a": [0, digest], "encoder.b": [1, "0"]}}
    checkpoint.save_weights(runs / "open", 16, {"encoder": {}}, "best", elsewhere=kept)
    older, newer = (f"gan-plumage/before/{name}" for name in made)
    listed = found(outputs)
    assert newer in listed and older not in listed and EARLIER not in listed
    clean(config_of(outputs, "clean.remove=true"))
    assert not (outputs / newer).exists() and (outputs / EARLIER).exists()
    assert list((outputs / older).rglob("*.safetensors"))


def test_a_cache_that_others_share_keeps_what_was_used_lately(outputs: Path) -> None:
    runs, cache = outputs / "mine", outputs / "cache"
    (outputs / "gan-plumage").rename(runs)

    def listed() -> list[str]:
        config = config_of(outputs)
        config["paths"] = {"outputs": str(runs), "cache": str(cache)}
        return [item.path.name for item in items(places(config))]

    (runs / "gan-plumage").mkdir()
    for run in ("done", "open"):
        (runs / run).rename(runs / "gan-plumage" / run)
    assert listed() == ["images-0000000008.safetensors"]
    old = cache / "plumage/named/captions-not"
    os.utime(old, (1, 1))
    os.utime(cache / "plumage/other", (1, 1))
    assert listed()[1:] == ["other", "captions-not"]


def age(run: Path, key: str) -> None:
    """As a version from before wrote it."""
    about = json.loads((run / "run.json").read_text())
    del about[key]
    write(run / "run.json", about)


def test_runs_that_cannot_say_what_they_use_keep_it_for_the_days(outputs: Path) -> None:
    age(outputs / "gan-plumage/open", "stores")
    unused = "cache/plumage/named/captions-not"
    assert unused not in found(outputs)
    os.utime(outputs / unused, (1, 1))
    assert found(outputs)[unused] == "text features, not used for 30 days"
    write(outputs / "gan-plumage/open/facts.json", "damaged")
    assert "cache/plumage/other" not in found(outputs)


def test_recordings_go_as_text_features_do(outputs: Path) -> None:
    named = outputs / "cache/plumage/named"
    about = json.loads((outputs / "gan-plumage/done/run.json").read_text())
    write(outputs / "gan-plumage/done/run.json", about | {"stores": ["speech-heard"]})
    for name in ("speech-heard", "speech-not", "speech-half.parts"):
        write(named / name / "values.npy", "x" * 1000)
    here = "cache/plumage/named/"
    assert found(outputs)[f"{here}speech-not"] == "recordings as frames that no run hears"
    assert f"{here}speech-heard" not in found(outputs)
    assert f"{here}speech-half.parts" not in found(outputs), "whoever follows goes on with it"
    for name in ("speech-heard", "speech-half.parts"):
        os.utime(named / name, (1, 1))
    listed = found(outputs)
    assert listed[f"{here}speech-heard"] == "recordings as frames, not used for 30 days"
    half = "recordings as frames, half made, not used for 30 days"
    assert listed[f"{here}speech-half.parts"] == half
    writer = held(named / ".speech-half.lock")
    assert writer is not None and f"{here}speech-half.parts" not in found(outputs)
    writer.close()
    clean(config_of(outputs, "clean.remove=true"))
    assert not list(named.glob("speech-*"))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda folder: folder / "nowhere", "there is no such folder"),
        (lambda folder: folder, "has neither runs nor a cache"),
    ],
)
def test_a_wrong_folder_gets_a_line(
    tmp_path: Path, make: Callable[[Path], Path], told: str
) -> None:
    with pytest.raises(UserError, match=told) as error:
        places(config_of(make(tmp_path)))
    assert len(str(error.value).splitlines()) == 1
