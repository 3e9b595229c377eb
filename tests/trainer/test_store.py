"""A run goes on with the store of pictures that it began with, and says what it does not serve."""

import shutil
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from experiments.__main__ import main
from experiments.data.view.base import View
from experiments.data.view.picture import PictureView
from experiments.terminal.error import UserError
from experiments.trainer.assemble import store_of
from experiments.trainer.streaming import require_served
from tests.data.shard_sets import table

FOLDER = Path("outputs/gan-x/1")
Usage = namedtuple("Usage", "total used free")
AS_IMAGE = {"loss": {"wrong": "image"}, "system": {}, "data": {"store": "stream"}}


@pytest.mark.parametrize("asked", [None, "pixels", "encoded", "stream"])
def test_a_new_run_takes_what_is_asked_for(asked: str | None) -> None:
    assert store_of(asked, None, FOLDER) == asked


@pytest.mark.parametrize("began", ["pixels", "encoded", "stream"])
def test_a_run_that_has_begun_stays(began: str) -> None:
    facts = {} if began == "pixels" else {"store": began}  # those of before have no such fact
    assert store_of(None, facts, FOLDER) == began == store_of(began, facts, FOLDER)
    other = "encoded" if began == "pixels" else "pixels"
    with pytest.raises(
        UserError, match=rf"^data\.store={other}: .* began with data\.store={began}"
    ):
        store_of(other, facts, FOLDER)


def refusal(config: dict[str, Any], views: list[View], sampling: str = "images") -> str:
    system: Any = SimpleNamespace(sampling=sampling, views=lambda: views)
    require_served(config, system, "encoded")
    with pytest.raises(UserError, match=r"^data\.store=.* pictures come as they lie") as caught:
        require_served(config, system, "stream")
    return str(caught.value)


def test_what_a_stream_does_not_serve() -> None:
    wrong, other = PictureView([8], wrong="caption"), PictureView([8], other=True)
    both = "take data.store=encoded or data.store=pixels"
    captions = "take loss.wrong=caption, data.store=encoded or data.store=pixels"
    assert refusal(AS_IMAGE, [wrong]).endswith(f"asks for those of other records; {captions}")
    assert refusal(AS_IMAGE | {"loss": {}}, [wrong]).endswith(both)
    assert refusal(AS_IMAGE | {"system": {"train_encoder": True}}, [wrong]).endswith(both)
    assert refusal(AS_IMAGE, [other]).endswith(f"asks for those of other records; {both}")
    assert refusal(AS_IMAGE, [], "classes").endswith(f"a batch of another class; {both}")
    full = refusal(AS_IMAGE | {"data": {"store": None}}, [wrong])
    assert full.startswith("data.store=null, which takes stream for want of room: ")
    served: Any = SimpleNamespace(sampling="images", views=lambda: [PictureView([8])])
    require_served(AS_IMAGE, served, "stream")


@pytest.mark.parametrize("store", ["stream", "null"])
def test_it_is_said_before_anything_is_trained(
    store: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The store of `null` where the disk is as good as full."""
    table(25, label=False).to_parquet(tmp_path / "all.parquet")
    if store == "null":
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**6, 10**6, 10))
    words = ["model=gan_cls", "debug=smoke", "data=hub", f"data.root={tmp_path / 'all.parquet'}"]
    words += [f"data.store={store}", f"paths.outputs={tmp_path / 'out'}", "tracker=none"]
    assert main(words) == 2
    told = capsys.readouterr().err.splitlines()
    assert told[-1].startswith(f"error: data.store={store}") and "loss.wrong=caption" in told[-1]
    assert not [line for line in told if "training it first" in line]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["cache"]


def test_a_plan_says_it(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["task=plan", "model=gan_cls", "encoder.pretrained=null", "~metric", "data=cub"]
    assert main([*words, "data.store=stream", "plan.gpus=[1]"]) == 2
    assert "data.store=stream: pictures come as they lie" in capsys.readouterr().err
