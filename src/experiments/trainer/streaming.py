"""What pictures that are read where they lie do not serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.data.view.picture import PictureView
from experiments.system.base import System
from experiments.terminal.error import UserError


def unserved(system: System) -> str:
    """What batches of a system ask for that does not lie together in a shard, "" for nothing."""
    if system.sampling != "images":
        return "has each of a batch of another class"
    views = [view for view in system.views() if isinstance(view, PictureView)]
    return "asks for those of other records" if any(v.wrong or v.other for v in views) else ""


def require_served(config: Mapping[str, Any], system: System, store: str) -> None:
    """Raise `UserError` where pictures come in the order of shards, and batches of the system ask
    for others beside those that lie together. `store`: of the pictures, "" where there are none."""
    if store != "stream" or not (what := unserved(system)):
        return
    key, remedies = "data.store=stream", ["data.store=encoded", "data.store=pixels"]
    if config["data"].get("store") is None:
        key = "data.store=null, which takes stream for want of room"
    if _may_take_captions(config, system):
        remedies.insert(0, "loss.wrong=caption")
    raise UserError(
        f"{key}: pictures come as they lie in shards, and this recipe {what}; take "
        f"{', '.join(remedies[:-1])} or {remedies[-1]}"
    )


def _may_take_captions(config: Mapping[str, Any], system: System) -> bool:
    """Whether it is all right once wrong pairs have another caption, and no other picture; an
    encoder that trains reads no such captions (`TextToImage`)."""
    loss, trains = config.get("loss") or {}, config["system"].get("train_encoder")
    if loss.get("wrong") != "image" or trains or system.sampling != "images":
        return False
    return not any(isinstance(view, PictureView) and view.other for view in system.views())
