"""What pictures that are read where they lie do not serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from experiments.data.view.picture import PictureView
from experiments.system.base import System
from experiments.terminal.error import UserError


def require_served(config: Mapping[str, Any], system: System, store: str) -> None:
    """Raise `UserError` where pictures come in the order of shards, and batches of the system ask
    for others beside those that lie together. `store`: of the pictures, "" where there are none."""
    if store != "stream":
        return
    views = [view for view in system.views() if isinstance(view, PictureView)]
    other, wrong = any(view.other for view in views), any(view.wrong for view in views)
    remedies = ["data.store=encoded", "data.store=pixels"]
    if system.sampling != "images":
        what = "has each of a batch of another class"
    elif other or wrong:
        what = "asks for those of other records"
        if not other and _may_take_captions(config):
            remedies.insert(0, "loss.wrong=caption")
    else:
        return
    key = "data.store=stream"
    if config["data"].get("store") is None:
        key = "data.store=null, which takes stream for want of room"
    raise UserError(
        f"{key}: pictures come as they lie in shards, and this recipe {what}; take "
        f"{', '.join(remedies[:-1])} or {remedies[-1]}"
    )


def _may_take_captions(config: Mapping[str, Any]) -> bool:
    """Whether wrong pairs may have another caption in place of another picture; an encoder that
    trains reads none (`TextToImage`)."""
    loss, system = config.get("loss") or {}, config["system"]
    return loss.get("wrong") == "image" and not system.get("train_encoder")
