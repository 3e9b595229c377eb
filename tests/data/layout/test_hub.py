"""`data.root=hf://owner/name`: fetched once by the hub's own client, and then a local folder.

The client reads its environment when it is imported, so each test is a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from cub_pictures import CLASSES, cub, pictures
from hub_server import serve

from experiments.data.layout.hub import fetched
from experiments.terminal.error import UserError
from tests.data.cub_tree import write_cub_tree

HOW = "from experiments.data.reader.cub import Cub; reader = Cub('{}', box_crop=False)"
READ = (
    "from experiments.terminal.error import UserError\n"
    f"{HOW}\n"
    "try:\n"
    "    keys = [(entry.key, entry.split) for entry in reader.read()]\n"
    "    print(len(keys), len(reader.class_names()), *keys[0])\n"
    "    entry = next(entry for entry in reader.read())\n"
    "    print(reader.image(entry, 8).shape)\n"
    "except UserError as error:\n"
    "    print('error:', error)\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Laid out as alkzar90/CC6204-Hackaton-Cub-Dataset: lists and two archives in `data/`."""
    tree = write_cub_tree(tmp_path / "tree", pictures(), "native")
    data = tmp_path / "repository" / "data"
    data.mkdir(parents=True)
    (tmp_path / "repository" / "README.md").write_text("CUB with captions")
    for name in ("images.txt", "image_class_labels.txt", "classes.txt", "train_test_split.txt"):
        (data / name).write_bytes((cub(tree) / name).read_bytes())
    for name, folder in (("images", cub(tree) / "images"), ("text", tree / "text_c10")):
        with zipfile.ZipFile(data / f"{name}.zip", "w") as archive:
            for path in sorted(folder.rglob("*.*")):
                if path.is_file():
                    archive.write(path, f"{name}/{path.relative_to(folder)}")
    return tmp_path / "repository"


def run(code: str, home: Path, **environment: str) -> list[str]:
    """The lines that a process prints, whose hub and cache are its own."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HTTP", "http"))}
    given |= {"HF_HOME": str(home), "OMP_NUM_THREADS": "1"} | environment
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=given, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_offline_every_reader_says_it_in_a_line(tmp_path: Path) -> None:
    code = (
        "from experiments.config.build import build\n"
        "from experiments.config.compose import compose, plain\n"
        "from experiments.terminal.error import UserError\n"
        "for name in ('cub', 'oxford102', 'coco', 'folder'):\n"
        "    config = plain(compose([f'data={name}', 'data.root=hf://owner/name']))\n"
        "    try:\n"
        "        build(config['data']['reader']).check()\n"
        "    except UserError as error:\n"
        "        print(error)\n"
    )
    lines = run(code, tmp_path, HF_HUB_OFFLINE="1")
    start = (
        "data.root=hf://owner/name: cannot be fetched (HF_HUB_OFFLINE is set); "
        "a local folder works as well: "
    )
    assert [line[: len(start)] for line in lines] == [start] * 4
    remedies = ["CUB_200_2011.tgz", "102flowers.tgz", "annotations_trainval2014.zip", "name.txt"]
    assert all(remedy in line for remedy, line in zip(remedies, lines, strict=True))


def test_the_command_line_says_it_in_a_line(tmp_path: Path) -> None:
    code = (
        "import sys; from experiments.__main__ import main; sys.stderr = sys.stdout\n"
        "print(main(['data=cub', 'data.root=hf://owner/name']))"
    )
    line, status = run(code, tmp_path, HF_HUB_OFFLINE="1")
    assert line.startswith("error: data.root=hf://owner/name: cannot be fetched")
    assert status == "2"


def test_nobody_answers(tmp_path: Path) -> None:
    (line,) = run(READ.format("hf://owner/name"), tmp_path, HF_ENDPOINT="http://127.0.0.1:9")
    assert line.startswith("error: data.root=hf://owner/name: cannot be fetched (no answer from")


@pytest.mark.parametrize("name", ["owner/name", "datasets/owner/name@main/data/"])
def test_fetched_once_and_then_local(repository: Path, tmp_path: Path, name: str) -> None:
    code, home = READ.format(f"hf://{name}"), tmp_path / "home"
    with serve("owner/name", repository) as (url, asked):
        first = run(code, home, HF_ENDPOINT=url)
        assert first[0].startswith(f"8 4 {CLASSES[0]}/") and first[1] == "(8, 8, 3)"
        files = {path.rpartition("/")[2] for path in asked}
        assert {"images.zip", "text.zip", "classes.txt"} <= files
        assert ("README.md" in files) == ("data" not in name.split("/"))
        asked.clear()
        assert run(code, home, HF_ENDPOINT=url) == first
        assert not asked  # and not even the client is imported, which asks on its own
    assert run(code, home, HF_HUB_OFFLINE="1") == first
    (tree,) = (path for path in (home / "birdsong").iterdir() if path.is_dir())
    assert not [*tree.rglob("*.zip"), *tree.rglob(".cache")]


def test_a_name_that_the_hub_does_not_have(repository: Path, tmp_path: Path) -> None:
    with serve("owner/name", repository) as (url, _):
        (line,) = run(READ.format("hf://owner/another"), tmp_path, HF_ENDPOINT=url)
        assert "hf://owner/another: cannot be fetched (there is none of this name" in line
        (line,) = run(READ.format("hf://owner/name/nowhere"), tmp_path, HF_ENDPOINT=url)
        assert "hf://owner/name/nowhere: cannot be fetched" in line


def test_a_part_is_never_taken_for_the_whole(repository: Path, tmp_path: Path) -> None:
    code = READ.format("hf://owner/name")
    with serve("owner/name", repository, lost=["data/text.zip"]) as (url, _):
        (line,) = run(code, tmp_path / "home", HF_ENDPOINT=url)
        assert "cannot be fetched" in line and "local folder" in line
    (line,) = run(code, tmp_path / "home", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in line
    with serve("owner/name", repository) as (url, _):
        assert run(code, tmp_path / "home", HF_ENDPOINT=url)[0].startswith("8 4 ")


def test_a_hostile_archive_leaves_nothing_to_use(repository: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(repository / "data/text.zip", "a") as archive:
        archive.writestr("../../../../evil.txt", "evil")
    with serve("owner/name", repository) as (url, _):
        (line,) = run(READ.format("hf://owner/name"), tmp_path / "home", HF_ENDPOINT=url)
    assert "text.zip: refused, because '../../../../evil.txt' leads out of its folder" in line
    assert not list(tmp_path.rglob("evil.txt"))
    assert not (tmp_path / "home/birdsong/owner--name--main").exists()


@pytest.mark.parametrize(
    "name",
    ["hf://", "hf://name", "hf://owner/", "hf://owner/name/../..", "hf://../..", "hf://a/b c"],
)
def test_a_name_must_be_one(name: str) -> None:
    with pytest.raises(UserError, match="must be hf://owner/name") as caught:
        fetched(name, "")
    assert "\n" not in str(caught.value)
