"""Each tracker for real: written, read back with its own reader, and failing without harm."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from experiments.clip.write import write_clip
from experiments.tracker.agent import arm_name
from tests.tracker.tracked import CAPTIONS, PICTURES, begin, fill

pytestmark = pytest.mark.usefixtures("nobody_logged_in", "accelerate_state_of_this_test_only")
SCRIPTS = Path(sys.executable).parent
KEY = "0" * 40


def inspect(folder: Path, *options: str) -> str:
    command = [str(SCRIPTS / "wandb"), "leet", "inspect", *options, "--json", str(folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def flat(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in item.items():
        nested = isinstance(value, dict)
        found |= flat(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return found


def test_wandb_offline_reads_back(tmp_path: Path) -> None:
    tracker = begin("wandb", tmp_path, mode="auto")  # nobody is logged in: offline, unasked
    fill(tracker)
    tracker.finish()
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    assert run.name.endswith("-abc123")
    told = json.loads(inspect(run, "--summary"))
    assert told["run_id"] == "abc123"
    assert (told["project"], told["name"], told["tags"]) == ("birds", "attngan-plumage", ["first"])
    assert told["config"]["choices/generator"] == "attngan_4stage"
    assert told["config"]["loss"] == {"damsm": {"weight": 5}}
    assert told["summary"]["frechet/efficientnet_lite0"] == 12.5
    assert told["state"] == "finished"
    records = [json.loads(line) for line in inspect(run).splitlines() if line]
    history = [flat(record["history"]["item"]) for record in records if "history" in record]
    assert [(item["images"], item["loss/D"]) for item in history[:2]] == [(64, 1), (128, 2)]
    assert history[2]["samples.captions"] == CAPTIONS
    shown = [Image.open(run / "files" / name) for name in history[2]["samples.filenames"]]
    assert [picture.getpixel((3, 3)) for picture in shown] == [(255, 0, 0), (0, 0, 255)]
    metrics = [record["metric"] for record in records if record["type"] == "metric"]
    assert {"glob_name": "*", "step_metric": "images"}.items() <= metrics[-1].items()
    opened = next(record["run"] for record in records if record["type"] == "run")
    assert (opened["run_group"], opened["job_type"]) == ("study", "train")


def test_wandb_resumes_under_the_same_id_with_pictures_of_any_size(tmp_path: Path) -> None:
    for number in range(2):
        tracker = begin("wandb", tmp_path, mode="offline")
        tracker.log_pictures("sheet", [PICTURES[0], Image.new("RGB", (5, 9))], 64 * number)
        tracker.finish()
        time.sleep(1)  # W&B names its folders to the second
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len(runs) == 2
    for run in runs:
        told = json.loads(inspect(run, "--summary"))
        assert told["run_id"] == "abc123"
        assert {"sheet/0", "sheet/1"} <= set(told["summary"])


def test_wandb_can_be_off(tmp_path: Path) -> None:
    assert begin("wandb", tmp_path, mode="disabled").backends == []
    assert begin("none", tmp_path).backends == []
    assert list(tmp_path.iterdir()) == []


def records(run: Path, kind: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in inspect(run).splitlines() if line]
    return [record[kind] for record in found if record["type"] == kind]


def test_wandb_tells_a_server_nothing_twice(tmp_path: Path) -> None:
    tracker = begin("wandb", tmp_path, mode="offline")
    fill(tracker)  # up to 128; the last checkpoint was at 64
    tracker.finish()
    time.sleep(1)  # W&B names its folders to the second
    tracker = begin("wandb", tmp_path, mode="offline", images=64)
    tracker.log({"loss/D": 2.0, "loss/G": 0.5}, 128)
    tracker.log_pictures("samples", PICTURES, 128, CAPTIONS)
    tracker.log({"loss/D": 3.0, "new": 1.0}, 128)
    tracker.log({"loss/D": 3.0}, 192)
    tracker.finish()
    first, second = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert {json.loads(inspect(run, "--summary"))["run_id"] for run in (first, second)} == {
        "abc123"
    }
    logged = [flat(record["item"]) for record in records(second, "history")]
    kept = [{k: v for k, v in item.items() if not k.startswith("_")} for item in logged]
    assert kept == [{"images": 128, "new": 1.0}, {"images": 192, "loss/D": 3.0}]


def test_wandb_table_of_samples_keeps_its_pictures_with_the_run(tmp_path: Path) -> None:
    tracker = begin("wandb", tmp_path, mode="offline")
    tracker.log_samples([(CAPTIONS[0], *PICTURES), (CAPTIONS[1], *PICTURES[::-1])], 64)
    tracker.finish()
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    (artifact,) = records(run, "artifact")
    assert (artifact["type"], artifact["name"]) == ("run_table", "run-abc123-samples_table")
    files = {item["path"]: Path(item["local_path"]) for item in artifact["manifest"]["contents"]}
    assert all(file.is_relative_to(tmp_path / "wandb") for file in files.values())
    table = json.loads(files["samples_table.table.json"].read_text())
    assert table["columns"] == ["images", "caption", "drawn", "real"]
    assert [row[:2] for row in table["data"]] == [[64, CAPTIONS[0]], [64, CAPTIONS[1]]]
    drawn = [Image.open(files[row[2]["path"]]) for row in table["data"]]
    assert [picture.getpixel((3, 3)) for picture in drawn] == [(255, 0, 0), (0, 0, 255)]
    (item,) = [flat(record["item"]) for record in records(run, "history")]
    # What a dashboard shows is in the artifact, not in the copy beside it.
    assert item["samples_table.artifact_path"].startswith("wandb-client-artifact://")
    assert "WANDB_DATA_DIR" not in os.environ


def sounds(folder: Path) -> list[Path]:
    """Two wav files of 16 bits, of 100 and 50 samples."""
    paths = []
    for name, count in (("red", 100), ("blue", 50)):
        paths.append(folder / f"{name}.wav")
        with wave.open(str(paths[-1]), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(np.full(count, 2**14, "<i2").tobytes())
    return paths


def test_wandb_has_the_sound_of_a_sample_in_its_row(tmp_path: Path) -> None:
    red, _ = sounds(tmp_path)
    tracker = begin("wandb", tmp_path, mode="offline")
    rows = [(CAPTIONS[0], *PICTURES), (CAPTIONS[1], *PICTURES)]
    tracker.log_sounds("heard", CAPTIONS, [red, None], 0)
    tracker.log_samples(rows, 64, [red, None])
    tracker.finish()
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    (artifact,) = records(run, "artifact")
    files = {item["path"]: Path(item["local_path"]) for item in artifact["manifest"]["contents"]}
    table = json.loads(files["samples_table.table.json"].read_text())
    assert table["columns"] == ["images", "caption", "drawn", "real", "heard"]
    (first, second) = (row[4] for row in table["data"])
    assert files[first["path"]].read_bytes() == red.read_bytes() and second is None
    logged = [flat(record["item"]) for record in records(run, "history")]
    assert [item["images"] for item in logged if "heard._type" in item or "heard" in item] == [0]
    (copy,) = (run / "files" / "media" / "audio").glob("heard_*.wav")
    assert copy.read_bytes() == red.read_bytes()


def test_trackio_has_the_sounds_and_the_clips(tmp_path: Path) -> None:
    tracker = begin("trackio", tmp_path / "run", trackio_dir=tmp_path / "trackio")
    tracker.log_sounds("heard", CAPTIONS, sounds(tmp_path), 0)
    tracker.log_samples([(CAPTIONS[0], *PICTURES)], 64, sounds(tmp_path)[:1])
    tracker.log_clips("clips", CAPTIONS, clips(tmp_path), 64)
    tracker.finish()
    for suffix, given in (("wav", sounds(tmp_path)), ("gif", clips(tmp_path))):
        kept = sorted(path.read_bytes() for path in (tmp_path / "trackio").rglob(f"*.{suffix}"))
        assert kept == sorted(path.read_bytes() for path in given)


def test_tensorboard_has_the_sounds(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker = begin("tensorboard", tmp_path)
    tracker.log_sounds("heard", CAPTIONS, sounds(tmp_path), 0)
    tracker.log_samples([(CAPTIONS[0], *PICTURES)], 64, sounds(tmp_path)[:1])
    tracker.finish()
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"audio": 0, "tensors": 0})
    events.Reload()
    (red,), (blue,) = (events.Audio(f"heard/{number}") for number in (0, 1))
    assert (red.step, red.sample_rate, red.length_frames, blue.length_frames) == (0, 16000, 100, 50)
    (captions,) = events.Tensors("heard/captions/text_summary")
    assert "a blue bird" in captions.tensor_proto.string_val[0].decode()


def test_wandb_artifact_is_the_file_where_it_lies(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    weights = tmp_path / "weights" / "images-64.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"weights")
    tracker = begin("wandb", tmp_path, mode="offline", artifacts=True)
    tracker.use_artifact("damsm-plumage-1:images-32", "model")  # only a server knows it
    tracker.log_artifact("attngan-plumage-abc123", "model", weights, ["images-64"], {"score": 0.5})
    tracker.finish()
    assert not [record for record in caplog.records if record.levelname == "WARNING"]
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    (artifact,) = records(run, "artifact")
    assert (artifact["name"], artifact["type"]) == ("attngan-plumage-abc123", "model")
    assert set(artifact["aliases"]) == {"latest", "images-64"}
    assert json.loads(artifact["metadata"]) == {"score": 0.5}
    (item,) = artifact["manifest"]["contents"]
    assert (item["local_path"], item["size"]) == (str(weights), "7")


def test_the_run_of_an_agent_is_that_of_the_command_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("wandb_version: 1\nloss.damsm.weight: {value: 5}\nseed: {value: 1}\n")
    agent = {
        "WANDB_RUN_ID": "agents1",
        "WANDB_SWEEP_ID": "sweep1",
        "WANDB_SWEEP_PARAM_PATH": str(parameters),
        "WANDB_PROJECT": "swept",
    }
    for name, value in agent.items():
        monkeypatch.setenv(name, value)
    assert arm_name() == "damsm.weight=5 seed=1"
    told = {}
    for part, own in (("needed", False), ("run", True), ("needed too", False)):
        begin("wandb", tmp_path / part, mode="offline", agent=own).finish()
        (run,) = (tmp_path / part / "wandb").glob("offline-run-*")
        told[part] = records(run, "run")[0]
        assert told[part]["project"] == "swept"
    assert [one["run_id"] for one in told.values()] == ["abc123", "agents1", "abc123"]
    assert [one.get("sweep_id") for one in told.values()] == [None, "sweep1", None]
    swept = [one["config"]["update"].get("seed") for one in told.values()]
    assert swept == [None, 1, None]
    assert {name: os.environ[name] for name in agent} == agent
    for name in agent:
        monkeypatch.delenv(name)
    assert arm_name() is None
    begin("wandb", tmp_path / "run", mode="offline").finish()
    assert {run.name[-7:] for run in (tmp_path / "run" / "wandb").glob("off*")} == {"agents1"}


def test_trackio_reads_back_and_resumes(tmp_path: Path) -> None:
    # A process of its own: trackio chooses its folder once, when it is imported.
    script = (
        "import importlib.util, sys, pathlib\n"
        f"spec = importlib.util.spec_from_file_location('t', {str(Path(__file__))!r})\n"
        "t = importlib.util.module_from_spec(spec); spec.loader.exec_module(t)\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "for number in range(2):\n"
        "    tracker = t.begin('trackio', folder / 'run', trackio_dir=folder / 'trackio')\n"
        "    t.fill(tracker, 128 * number)\n"
        "    tracker.log_samples([('a red bird', *t.PICTURES)], 128 * number + 128)\n"
        "    tracker.use_artifact('damsm-1:images-8', 'model') if number else None\n"
        "    name = 'attngan-1' if number else 'damsm-1'\n"
        "    tracker.log_artifact(name, 'model', pathlib.Path(t.__file__), ['images-8'])\n"
        "    tracker.finish()\n"
    )
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == ""
    environment["TRACKIO_DIR"] = str(tmp_path / "trackio")

    def query(sql: str) -> list[dict[str, Any]]:
        command = [str(SCRIPTS / "trackio"), "query", "project", "--project", "birds"]
        answer = subprocess.run(
            [*command, "--sql", sql, "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return json.loads(answer.stdout)["rows"]

    rows = query("select run_name, step, metrics from metrics order by step, id")
    assert {row["run_name"] for row in rows} == {"attngan-plumage-abc123"}
    logged = [(row["step"], json.loads(row["metrics"])) for row in rows]
    losses = [(step, values["loss/D"]) for step, values in logged if "loss/D" in values]
    assert losses == [(64, 1.0), (128, 2.0), (192, 1.0), (256, 2.0)]
    shown = [values for _, values in logged if "samples/0" in values]
    assert [value["caption"] for value in shown[0].values()] == CAPTIONS
    picture = Image.open(tmp_path / "trackio" / "media" / shown[0]["samples/1"]["file_path"])
    assert picture.getpixel((3, 3))[:3] == (0, 0, 255)
    assert [v for _, v in logged if "summary/frechet/efficientnet_lite0" in v]
    assert "attngan_4stage" in str(query("select config from configs"))
    tables = [
        values["samples_table"]["_value"] for _, values in logged if "samples_table" in values
    ]
    assert [table[0]["images"] for table in tables] == [128, 256]
    assert tables[0][0]["caption"] == "a red bird"
    drawn = Image.open(tmp_path / "trackio" / "media" / tables[0][0]["drawn"]["file_path"])
    assert drawn.getpixel((3, 3))[:3] == (255, 0, 0)


def test_tensorboard_reads_back_and_hides_what_a_resume_repeats(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker = begin("tensorboard", tmp_path)
    fill(tracker)
    tracker.log({"loss/D": 99.0}, 192)  # beyond the checkpoint at 128
    tracker.finish()
    time.sleep(1)  # event files are ordered by the second
    tracker = begin("tensorboard", tmp_path, images=128)
    tracker.log({"loss/D": 3.0}, 192)
    tracker.finish()
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"images": 0, "tensors": 0})
    events.Reload()
    losses = [(event.step, event.value) for event in events.Scalars("loss/D")]
    assert losses == [(64, 1.0), (128, 2.0), (192, 3.0)]
    (picture,) = events.Images("samples/1")
    assert (picture.step, picture.width, picture.height) == (128, 16, 8)
    (captions,) = events.Tensors("samples/captions/text_summary")
    assert "a blue bird" in captions.tensor_proto.string_val[0].decode()
    text = events.Tensors("config/text_summary")[0].tensor_proto.string_val[0].decode()
    assert '"choices/generator": "attngan_4stage"' in text
    assert events.Scalars("frechet/efficientnet_lite0")[0].value == 12.5


def clips(folder: Path) -> list[Path]:
    """Two GIFs of three frames."""
    frames = np.arange(3, dtype=np.uint8).repeat(8 * 8 * 3).reshape(3, 8, 8, 3) * 90
    return [write_clip(frames + k, folder / f"{name}.gif") for k, name in enumerate("ab")]


def test_wandb_has_the_clips_as_they_are(tmp_path: Path) -> None:
    first, second = clips(tmp_path)
    tracker = begin("wandb", tmp_path, mode="offline")
    tracker.log_clips("clips", CAPTIONS, [first, second], 64)
    tracker.finish()
    (run,) = (tmp_path / "wandb").glob("offline-run-*")
    kept = sorted(path.read_bytes() for path in run.rglob("*.gif"))
    assert kept == sorted([first.read_bytes(), second.read_bytes()])


def test_tensorboard_has_the_clips_as_pictures_that_move(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tracker = begin("tensorboard", tmp_path)
    paths = clips(tmp_path)
    tracker.log_clips("clips", CAPTIONS, paths, 64)
    tracker.finish()
    events = EventAccumulator(str(tmp_path / "tensorboard"), {"images": 0})
    events.Reload()
    for number, path in enumerate(paths):
        (shown,) = events.Images(f"clips/{number}")
        assert (shown.step, shown.width, shown.height) == (64, 8, 8)
        assert shown.encoded_image_string == path.read_bytes()
