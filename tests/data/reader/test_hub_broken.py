"""`data=hub`: what is ambiguous, missing, too large or hostile gets one line or a counted drop."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import datasets
import pytest
from drawn import entries
from hub_server import COMMIT, serve
from shard_sets import lines, picture, table, tar, webdataset

from experiments.data.reader.hub import Hub
from experiments.data.source import hub_name, on_hub
from experiments.terminal.error import BadInput, UserError
from tests.data.layout.test_hub import run

TEXT = datasets.Value("string")


def line(reader: Hub) -> str:
    with pytest.raises(UserError) as caught:
        reader.check()
        list(reader.read())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_could_be_several_columns_names_them(tmp_path: Path) -> None:
    made = table(4, other=(["x"] * 4, TEXT), thumb=([None] * 4, datasets.Image()))
    made.to_parquet(tmp_path / "all.parquet")
    root = str(tmp_path)
    said = line(Hub(root))
    assert said.startswith(f"data.reader.image: image or thumb in {root} could be meant; name one")
    assert said.endswith(
        "its columns are image (an image), captions (a list of texts), label (a label), "
        "other (a text), thumb (an image)"
    )
    assert "data.reader.caption: captions or other" in line(Hub(root, image="image"))
    records, _ = entries(Hub(root, image="image", caption="captions", label="none"))
    assert [record.label for record in records.values()] == [0, 1, 2, 3]
    assert "data.reader.label=lable: there is no such column" in line(Hub(root, label="lable"))
    assert "it holds a list of texts" in line(Hub(root, image="captions"))


def test_what_is_not_there_names_the_columns(tmp_path: Path) -> None:
    lines(tmp_path / "a/train.jsonl", [{"name": "x.png", "size": 3}] * 3)
    assert "has no column of pictures, and none of clips" in line(Hub(str(tmp_path / "a")))
    assert "name (a text), size (whole numbers)" in line(Hub(str(tmp_path / "a")))
    table(4).remove_columns("captions").to_parquet(tmp_path / "b.parquet")
    assert "has no column of texts" in line(Hub(str(tmp_path / "b.parquet")))
    reader = Hub(str(tmp_path / "b.parquet"), caption="none")
    assert len(entries(reader)[0]) == 4 and reader.has == ("picture",)


def test_roots_that_cannot_be_opened(tmp_path: Path) -> None:
    assert line(Hub()).startswith("data.root: not set; set it to owner/name of the Hub")
    assert "there is no folder" in line(Hub(str(tmp_path / "a/b/none")))
    (tmp_path / "empty").mkdir()
    assert "`datasets` cannot open" in line(Hub(str(tmp_path / "empty")))
    (tmp_path / "x.parquet").write_bytes(b"PAR1 no more")
    assert "x.parquet: cannot be read" in line(Hub(str(tmp_path / "x.parquet")))
    (tmp_path / "x.doc").write_bytes(b"x")
    assert "is none of .parquet, .arrow, .tar, .jsonl" in line(Hub(str(tmp_path / "x.doc")))
    whole = webdataset(tmp_path / "tars", shards=1) / "train-0000.tar"
    whole.write_bytes(whole.read_bytes()[:7000])
    assert "train-0000.tar: cannot be read" in line(Hub(str(whole)))


def test_several_data_sets_of_one_source_are_named(tmp_path: Path) -> None:
    for name in ("large", "small"):
        (tmp_path / name).mkdir()
        table(4).to_parquet(tmp_path / name / "all.parquet")
    configs = [f"- config_name: {n}\n  data_files: {n}/*.parquet\n" for n in ("large", "small")]
    (tmp_path / "README.md").write_text(f"---\nconfigs:\n{''.join(configs)}---\n")
    root = str(tmp_path)
    remedy = "choose one by data.reader.config=NAME; there are: large, small"
    assert line(Hub(root)) == f"data.reader.config: {root} has several data sets; {remedy}"
    wrong = line(Hub(root, config="smal"))
    assert wrong == f"data.reader.config=smal: {root} has no such data set; {remedy}"
    assert len(entries(Hub(root, config="small"))[0]) == 4
    file = tmp_path / "small/all.parquet"
    assert line(Hub(str(file), config="small")).endswith("leave it away")


def test_a_revision_is_of_the_hub(tmp_path: Path) -> None:
    table(4).to_parquet(tmp_path / "all.parquet")
    for root in (tmp_path, tmp_path / "all.parquet"):
        assert line(Hub(str(root), revision="abc")) == (
            f"data.reader.revision=abc: revisions are of the Hub, and {root} lies on this machine; "
            "leave it away"
        )


def test_rows_that_cannot_be_used_are_drops(tmp_path: Path) -> None:
    bomb = io.BytesIO()
    __import__("PIL.Image").Image.new("1", (9000, 9000)).save(bomb, "PNG")
    good = {"png": picture(5), "txt": b"a grey"}
    rows = [
        ("0", good),
        ("1", {**good, "txt": b" \n"}),
        ("2", {"png": picture(5)}),
        ("3", {**good, "txt": b"x" * 2_000_000}),
        ("4", {**good, "png": b"no picture"}),
        ("5", {**good, "png": bomb.getvalue()}),
        ("6", {"txt": b"a grey"}),
    ]
    tar(tmp_path / "a.tar", rows)
    reader = Hub(str(tmp_path))
    records, drops = entries(reader)
    assert drops == {
        "a/1": "captions are empty",
        "a/2": "captions are empty",
        "a/3": "txt is too large",
    }
    for key, reason in (("4", "not a picture"), ("5", "too many pixels"), ("6", "no picture")):
        with pytest.raises(BadInput, match=reason):
            reader.image(records[f"a/{key}"], 8)


def test_nothing_leaves_the_root(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(picture(9))
    root = tmp_path / "set"
    rows = [{"image": name, "text": "x"} for name in ("../out.png", str(tmp_path / "out.png"))]
    lines(root / "train.jsonl", rows)
    reader = Hub(str(root), image="image", caption="text")
    for record in entries(reader)[0].values():
        with pytest.raises(BadInput, match="leaves the root"):
            reader.image(record, 8)
    table(4).to_parquet(tmp_path / "elsewhere.parquet")
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "train.parquet").symlink_to(tmp_path / "elsewhere.parquet")
    assert "leaves the root by a link, which data.follow_links=true follows" in line(
        Hub(str(linked))
    )
    assert len(entries(Hub(str(linked), follow_links=True))[0]) == 4


def test_other_contents_are_other_data(tmp_path: Path) -> None:
    """Of shards, and of files that rows of JSON name; where they lie is no part of it."""
    found = []
    for place, grey in (("a/set", 9), ("b/set", 9), ("c/set", 10)):
        root = tmp_path / place
        lines(
            root / "train.jsonl", [{"image": "x.png", "text": "x"}, {"image": "y.png", "text": "y"}]
        )
        for name in ("x", "y"):
            (root / f"{name}.png").write_bytes(picture(grey))
        found.append(Hub(str(root), image="image", caption="text").fingerprint())
    assert found[0] == found[1] != found[2]
    whole = Hub(str(webdataset(tmp_path / "tars")))
    assert whole.fingerprint() != Hub(whole.root, caption="json.caption").fingerprint()


def test_links_and_devices_in_a_tar_are_left(tmp_path: Path) -> None:
    path = tar(tmp_path / "a.tar", [("0", {"png": picture(5), "txt": b"a grey"})])
    with tarfile.open(path, "a") as archive:
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE):
            about = tarfile.TarInfo("1.png")
            about.type, about.linkname = kind, "/etc/passwd"
            archive.addfile(about)
    records, drops = entries(Hub(str(path)))
    assert list(records) == ["a/0"] and not drops


def test_names_of_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert on_hub("owner/name") and on_hub("hf://owner/name") and on_hub("owner/name@v1/train")
    assert not on_hub("./name") and not on_hub("/owner/name") and not on_hub("name")
    data = {"root": "owner/name", "reader": {"_target_": "experiments.data.reader.hub.Hub"}}
    assert hub_name(data) == "owner/name" and hub_name({**data, "reader": {}}) is None
    (tmp_path / "owner/name").mkdir(parents=True)
    assert not on_hub("owner/name") and hub_name(data) is None


READ = (
    "import sys; sys.stderr = sys.stdout\n"
    "from experiments.data.reader.hub import Hub\n"
    "from experiments.terminal.error import UserError\n"
    "reader = Hub('owner/name')\n"
    "try:\n"
    "    print(len([*reader.read()]), reader.facts())\n"
    "except UserError as error:\n"
    "    print('error:', error)\n"
)


def test_fetched_once_and_its_commit_is_remembered(tmp_path: Path) -> None:
    repository, home = tmp_path / "repository", tmp_path / "home"
    (repository / "data").mkdir(parents=True)
    table(6).to_parquet(repository / "data/train-00000-of-00001.parquet")
    (repository / "README.md").write_text(
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - split: test\n    path: data/train-*\n---\n"
    )
    with serve("owner/name", repository) as (url, _):
        first = run(READ, home, HF_ENDPOINT=url)[-2:]  # behind bars of the client
    copy = home / "birdsong/owner--name--main"
    assert first == [
        f"owner/name: commit {COMMIT} of main, from the copy in {copy}; remove that folder to "
        "fetch the newest",
        f"6 {{'revision': '{COMMIT}'}}",
    ]
    assert run(READ, home, HF_HUB_OFFLINE="1") == first
    copy.rename(copy.with_name(f"owner--name--{COMMIT}"))
    copy.with_name(f"{copy.name}.commit").rename(copy.with_name(f"owner--name--{COMMIT}.commit"))
    named = READ.replace("name')", f"name@{COMMIT}')")
    assert run(named, home, HF_HUB_OFFLINE="1") == first[1:]
    (lost,) = run(READ, tmp_path / "other", HF_HUB_OFFLINE="1")
    assert lost.startswith(
        "error: data.root=owner/name: cannot be fetched (HF_HUB_OFFLINE is set); a local "
    )


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "webdataset"])
def test_from_the_command_line_to_a_picture(form: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    root.mkdir()
    if form == "parquet":
        table(120, label=False).to_parquet(root / "all.parquet")
    else:
        webdataset(root, 120)
    command = [sys.executable, "run.py", "data=hub", f"data.root={root}", "debug=tiny"]
    command += [f"paths.outputs={tmp_path / 'out'}", "tracker=none", "data.limit=null"]
    top = Path(__file__).parents[3]
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    assert list((tmp_path / "out").glob("*/*/samples/*.png"))
