"""Keys and user names that the environment holds, looked for in every byte that runs leave."""

from __future__ import annotations

import gzip
import io
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

USER = "marianneplanted"
SECRETS = {
    "WANDB_API_KEY": "5ca1ab1e" * 5,
    "HF_TOKEN": "hf_" + "PlantedAbCdEf" * 3,
    "AWS_SECRET_ACCESS_KEY": "PlantedUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "DATABASE_URL": "postgres://reader:planted-horse@host/db",
}
PLANTED = [*list(SECRETS.values())[:3], "planted-horse"]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that has its owner's name, and everything of the runs below it."""
    place = tmp_path / USER
    place.mkdir()
    return place


def environment(home: Path) -> dict[str, str]:
    names = dict.fromkeys(("USER", "LOGNAME", "LNAME", "USERNAME"), USER)
    return SECRETS | names | {"HOME": str(home), "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}


def contents(place: Path) -> Iterator[tuple[str, bytes]]:
    """(name, bytes) of each file below a folder and of each member of the archives among them."""
    for path in sorted(place.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(place)), path.read_bytes()
            yield from members(path)


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    raw = path.read_bytes()
    if zipfile.is_zipfile(io.BytesIO(raw)):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield f"{path.name}:{name}", archive.read(name)
    elif raw.startswith(b"\x1f\x8b"):
        yield f"{path.name}:gz", gzip.decompress(raw)
    elif raw.startswith(b"SQLite format 3\x00"):
        with sqlite3.connect(path) as base:
            yield f"{path.name}:sql", "\n".join(base.iterdump()).encode()


def found_in(name: str, raw: bytes, words: list[str]) -> list[str]:
    """Those words that stand in the bytes, in UTF-8 or UTF-16, whatever their case."""
    told = raw.lower()
    spelt = {word: (word.lower().encode(), word.lower().encode("utf-16-le")) for word in words}
    return [f"{word} in {name}" for word, forms in spelt.items() if any(x in told for x in forms)]


def leaks(place: Path, words: list[str]) -> list[str]:
    return [line for name, raw in contents(place) for line in found_in(name, raw, words)]


def test_the_search_finds_what_is_hidden(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("member", b"x" * 500 + b"Planted-Horse")
    (tmp_path / "b.gz").write_bytes(gzip.compress(b"planted-horse" * 20))
    with sqlite3.connect(tmp_path / "c.db") as base:
        base.execute("create table a (b text)")
        base.execute("insert into a values ('planted-horse')")
    (tmp_path / "d.bin").write_bytes("planted-horse".encode("utf-16-le"))
    (tmp_path / "e.txt").write_text("nothing")
    found = " ".join(leaks(tmp_path, ["planted-horse"]))
    for name in ("a.npz:member", "b.gz:gz", "c.db:sql", "d.bin"):
        assert name in found
    assert "e.txt" not in found


@pytest.mark.parametrize(
    "tracker",
    ["wandb", *(pytest.param(t, marks=pytest.mark.slow) for t in ("tensorboard", "trackio"))],
)
def test_no_tracker_keeps_what_is_private(
    commands: Any, outputs: Path, home: Path, tracker: str
) -> None:
    if tracker != "wandb":
        pytest.importorskip(tracker)
    place = outputs.rename(home / "outputs")
    # A file that waits for its upload is listed by where it lies: `docs/tracking.md`.
    env = environment(home) | {"WANDB_DATA_DIR": str(home.parent / "waiting")}
    job = commands.ok(f"tracker={tracker}", "~metric", outputs=place, env=env)
    files = dict(contents(place))
    kind = {"wandb": ".wandb", "tensorboard": "tfevents", "trackio": ".db"}[tracker]
    assert any(kind in name for name in files), "it did write"
    own = {name: raw for name, raw in files.items() if not name.startswith(("damsm", "classifier"))}
    for name, raw in own.items():
        assert found_in(name, raw, [*PLANTED, USER]) == []
    assert found_in("terminal", job.text.encode(), PLANTED) == []


def test_what_others_read_of_a_run_names_nobody(commands: Any, trained: Path, home: Path) -> None:
    """Report, card, export and drawings of runs that lie in a home folder."""
    place = home / "outputs"
    shutil.copytree(trained, place)
    (run,) = [path.parent for path in place.glob("attngan_4stage-*/*/run.json")]
    (run / "card.md").unlink(missing_ok=True)
    env, text = environment(home), ""
    for line in (
        ["task=report"],
        ["task=export", f"run={run}"],
        ["task=sample", f"run={run}", "text=a small red bird", "num_samples=1"],
        ["task=evaluate", f"run={run}", "metric.samples=8"],
    ):
        text += commands.ok(*line, outputs=place, env=env).text
    assert found_in("terminal", text.encode(), PLANTED) == []
    written = [(n, raw) for n, raw in contents(place) if not n.startswith("log")]
    assert any("report.html" in name for name, _ in written)
    assert any("/export/" in name for name, _ in written)
    assert [x for name, raw in written for x in found_in(name, raw, [*PLANTED, USER])] == []


@pytest.mark.slow
def test_a_failed_arm_and_its_log_name_nobody(commands: Any, outputs: Path, home: Path) -> None:
    """The reason that is kept for the report, and the log of a job that shares the machine."""
    place = outputs.rename(home / "outputs")
    for path in place.glob("damsm-*/*/weights/*"):
        path.write_bytes(b"damaged")
    line = ["-m", "loss.damsm.weight=1,2", "~metric", "hydra/launcher=joblib"]
    job = commands.start(*line, "hydra.launcher.n_jobs=2", outputs=place, env=environment(home))
    assert job.wait() == 1, job.text
    names = [name for name, _ in contents(place)]
    assert any("failure.json" in name for name in names)
    assert any("output.log" in name for name in names)
    arms = [(n, raw) for n, raw in contents(place) if n.startswith("attngan")]
    assert [x for name, raw in arms for x in found_in(name, raw, [*PLANTED, USER])] == []
    assert found_in("terminal", job.text.encode(), PLANTED) == []
