"""What a command may ask of a run that listens, answered without torch; and of one that reads."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from experiments.config.option import Human, Sample
from experiments.frontend.wave import write_wave
from experiments.human.made import above
from experiments.human.request import Study, study_of
from experiments.sample.request import Drawing, drawing_of
from experiments.terminal.error import UserError

soundfile = pytest.importorskip("soundfile")  # the extra `speech`
pytest.importorskip("espeakng_loader")
DAMSM = {"_target_": "experiments.encoder.damsm.DAMSM"}


def make_run(folder: Path, reads: str = "speech") -> Path:
    """What a command reads of a run."""
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "images-0000000008.safetensors").touch()
    system = {"_target_": "experiments.system.attngan.AttnGAN", "encoder": DAMSM, "generator": {}}
    system["generator"] = {"_target_": "experiments.generator.attngan.AttnGANGenerator"}
    config = {"system": system, "data": {"speech": {"language": "en-us", "seconds": 2.0}}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    about = {"id": "0", "choices": {"model": "attngan"}, "overrides": []}
    (folder / "run.json").write_text(json.dumps(about))
    facts = {"words": ["a", "red", "bird"], "reads": reads, "data": "x"}
    (folder / "facts.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def tone(path: Path, hertz: float = 300.0, seconds: float = 1.0, rate: int = 16000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(rate * seconds)) / rate
    return write_wave(path, 0.5 * np.sin(2 * np.pi * hertz * time).astype(np.float32), rate)


def ask(run: Path, speech: Any = None, text: Any = None, **options: Any) -> Drawing:
    config = {"task": "sample", "run": str(run), "text": text, "seed": 0, "num_samples": 2}
    given = [str(item) for item in speech] if isinstance(speech, list) else speech
    return drawing_of(config | {"sample": asdict(Sample()) | options | {"speech": given}})


def refused(run: Path, speech: Any = None, text: Any = None, **options: Any) -> str:
    with pytest.raises(UserError) as caught:
        ask(run, speech, text, **options)
    (line,) = str(caught.value).splitlines()
    return line


def test_every_kind_of_recording_and_a_list_of_files_and_folders(run: Path, tmp_path: Path) -> None:
    for name in ("b.wav", "a.flac", "c.ogg", "d.mp3"):
        tone(tmp_path / "some" / name)
    one = tone(tmp_path / "red bird.wav", 500)
    asked = ask(run, [one, tmp_path / "some"])
    assert asked.captions == ["red bird.wav", "a.flac", "b.wav", "c.ogg", "d.mp3"]
    assert asked.asked[0].given == one and asked.kind == "recordings"
    assert asked.asked[0].slug.startswith("red-bird-") and asked.notes == []


def test_what_a_folder_has_besides_is_counted(run: Path, tmp_path: Path) -> None:
    place = tmp_path / "some"
    tone(place / "b.wav")
    (place / "notes.txt").touch()
    (place / "more").mkdir()
    Image.new("RGB", (8, 8)).save(place / "a.jpg")
    shutil.copy(place / "a.jpg", place / "a.wav")
    shutil.copy(place / "a.jpg", place / "c.wav")
    write_wave(place / "silent.wav", np.zeros(16000, np.float32), 16000)
    asked = ask(run, str(place))
    assert asked.captions == ["b.wav"]
    bad, silent, rest = asked.notes
    assert bad.startswith(f"{place}: recordings that cannot be used: 2 (sound cannot be decoded (")
    assert bad.endswith("; a.wav and others)")
    assert silent == f"{place}: recordings that cannot be used: 1 (sound is silent; silent.wav)"
    assert rest == f"{place}: passed over: other files: 2, folders: 1"


def test_names_are_those_of_the_recordings_and_no_two_are_alike(run: Path, tmp_path: Path) -> None:
    places = [tmp_path / "x" / "bird.wav", tmp_path / "y" / "bird.wav", tmp_path / "z" / "bird.wav"]
    tone(places[0]), tone(places[1], 500)
    places[2].parent.mkdir()
    shutil.copy(places[0], places[2])
    asked = ask(run, places)
    assert asked.captions == ["x/bird.wav", "y/bird.wav"]
    assert asked.notes == ["recordings that were given before: 1, drawn once"]
    slugs = [one.slug for one in asked.asked]
    assert len(set(slugs)) == 2 and all(slug.startswith("bird-") for slug in slugs)
    before = ask(run, str(places[0])).asked[0].slug
    tone(places[0], 700)
    assert ask(run, str(places[0])).asked[0].slug != before, "another sound, another folder"
    assert ask(run, [places[1], places[0], places[1]], between="sentence").captions == [
        *("y/bird.wav", "x/bird.wav", "y/bird.wav")
    ]


def test_what_is_not_heard_of_long_ones_is_told(run: Path, tmp_path: Path) -> None:
    asked = ask(run, [tone(tmp_path / "a.wav", seconds=2.0), tone(tmp_path / "b.wav", seconds=2.1)])
    assert asked.notes == ["recordings of which only the first 2 s are heard: 1"]
    spoken = ask(run, text="a bird " * 20, voice="espeak/f3")
    assert spoken.notes == ["captions as they are said of which only the first 2 s are heard: 1"]


def test_captions_are_said_by_a_voice(run: Path, tmp_path: Path) -> None:
    file = tmp_path / "captions.txt"
    file.write_text("a blue bird\n")
    asked = ask(run, [tone(tmp_path / "a.wav")], "a red bird", file=str(file), voice="espeak/f3")
    assert asked.captions == ["a red bird", "a blue bird", "a.wav"]
    wave, rate = asked.asked[0].given
    assert wave.dtype == np.float32 and wave.std() > 0.01 and rate > 8000
    assert np.array_equal(asked.asked[0].given[0], wave)
    other = ask(run, text="a red bird", voice="espeak/m3").asked[0]
    assert asked.asked[0].slug.startswith("a-red-bird-") and other.slug != asked.asked[0].slug
    assert not np.array_equal(other.given[0][:5000], wave[:5000])


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("a red bird", {}, "text: run={run} listens, and does not read; name the voice that says"),
        (None, {}, "sample.speech: run={run} listens; give it a recording: sample.speech=red-"),
        (None, {"voice": "espeak/f3"}, "sample.voice=espeak/f3: has nothing to say; add a caption"),
        ("a", {"voice": "espeak"}, "sample.voice='espeak': a voice is named by its engine"),
        (
            "a",
            {"voice": "espeak/f33"},
            "sample.voice='espeak/f33': espeak has no such variant; did",
        ),
        ("a", {"voice": "espeek/f3"}, "sample.voice='espeek/f3': a voice is named by its engine"),
        ("?!", {"voice": "espeak/f3"}, "text: the caption '?!' has no letter to be spoken; write"),
        ("a " * 600, {"voice": "espeak/f3"}, "text: the caption has 1200 letters, more than 1000"),
        ("a", {"voice": "espeak/f3", "between": "sentence"}, "from one caption to the next"),
    ],
)
def test_what_cannot_be_said(run: Path, text: Any, options: dict[str, Any], line: str) -> None:
    assert line.format(run=run) in refused(run, None, text, **options)


def test_recordings_that_are_none(run: Path, tmp_path: Path) -> None:
    bird, empty, others = tone(tmp_path / "red-bird.wav"), tmp_path / "empty", tmp_path / "others"
    empty.mkdir(), others.mkdir()
    (others / "a.txt").touch()
    key = f"sample.speech={tmp_path}"
    line = refused(run, str(tmp_path / "red-brid.wav"))
    assert line == f"{key}/red-brid.wav: there is no such file or folder; did you mean {bird.name}?"
    assert refused(run, str(tmp_path / "no" / "x.wav")).endswith("there is no such file or folder")
    end = "; give recordings as wav, flac, ogg or mp3"
    assert refused(run, str(empty)) == f"{key}/empty: has no recordings in it (it is empty){end}"
    assert "has no recordings in it (other files: 1)" in refused(run, str(others))
    (others / "b.wav").write_bytes(b"RIFF")
    assert "has no recording that can be used (sound cannot be decoded (" in refused(
        run, str(others)
    )
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    shutil.move(tmp_path / "a.jpg", tmp_path / "a.wav")
    line = refused(run, [bird, tmp_path / "a.wav"])
    assert line.startswith(f"{key}/a.wav: sound cannot be decoded (") and line.endswith(end)
    assert "from one recording to the next" in refused(run, [bird], between="sentence")


def test_a_run_that_reads_refuses_sound(tmp_path: Path) -> None:
    run, bird = make_run(tmp_path / "run", "words"), tone(tmp_path / "bird.wav")
    for line in (refused(run, str(bird)), refused(run, str(bird), "a red bird")):
        assert line.startswith(f"sample.speech: run={run} reads captions, and hears nothing; leave")
    line = refused(run, None, "a red bird", voice="espeak/f3")
    assert line.startswith(f"sample.voice: run={run} reads captions, and hears nothing; leave a vo")


def study(*runs: Path, **options: Any) -> Study:
    paths = {"outputs": str(runs[0].parent), "cache": str(runs[0].parent / "cache")}
    config = {"task": "human_study", "run": list(map(str, runs)), "text": "a red bird", "seed": 0}
    human = asdict(Human()) | {"captions": options.pop("captions", Human().captions)}
    config |= {"num_samples": 4, "human": human, "paths": paths}
    config |= {"text": options.pop("text", config["text"])}
    return study_of(config | {"sample": asdict(Sample()) | options})


def test_people_compare_runs_that_listen_with_some_that_read(tmp_path: Path) -> None:
    heard, read = make_run(tmp_path / "a" / "heard"), make_run(tmp_path / "a" / "read", "words")
    asked = study(heard, read, voice="espeak/f3")
    assert asked.captions == ["a red bird"]
    assert [one.voice for (one,) in asked.asked] == ["espeak/f3", None]
    assert study(heard, read, voice="espeak/m3").page != asked.page
    other = make_run(tmp_path / "a" / "other", "words")
    for runs, options, line in (
        ((heard, read), {}, f"run={heard}: listens, and does not read; name the voice"),
        ((other, read), {"voice": "espeak/f3"}, "sample.voice=espeak/f3: none of these runs list"),
        (
            (heard, read),
            {"speech": "a.wav"},
            f"sample.speech: run={read} reads captions, and hears nothing; compare runs that",
        ),
    ):
        with pytest.raises(UserError, match=line[:40].replace(".", "[.]")) as caught:
            study(*runs, **options)
        assert line in str(caught.value)


def test_people_hear_recordings_that_runs_are_told(tmp_path: Path) -> None:
    """Each is played above what was made of it, and its name, which may say more, is not shown."""
    runs = [make_run(tmp_path / "a" / name) for name in ("one", "two")]
    files = [tone(tmp_path / f"red-{hertz}.wav", hertz, rate=8000) for hertz in (300, 500, 700)]
    given = {"speech": list(map(str, files)), "text": None}
    asked = study(*runs, **given)
    assert asked.captions == [file.name for file in files] and not asked.real
    assert [[one.recording for one in side] for side in asked.asked] == [files, files]
    shown = above(asked, [])
    assert not any(one.text or one.picture for one in shown)
    for place, hertz in enumerate((300, 500, 700)):
        wave, rate = soundfile.read(io.BytesIO(shown[place].sound or b""))
        assert len(wave) == rate and np.abs(np.fft.rfft(wave)).argmax() == hertz
    some = study(*runs, **given, captions=2)
    assert len(some.captions) == 2 and some.page != asked.page
    assert some.notes == ["2 of 3 recordings, drawn by seed=0"]
    both = study(*runs, **given | {"text": "a red bird", "voice": "espeak/f3"})
    assert [one.text for one in above(both, [])] == ["a red bird", "", "", ""]
    tone(files[0], 900)
    assert study(*runs, **given).page != asked.page, "it says something else"
    given["speech"] = str(tmp_path / "green.wav")
    with pytest.raises(UserError, match=r"^sample\.speech=.*green\.wav: there is no such file"):
        study(*runs, **given)
