"""Birdsong: text and speech to images and video with GANs.

`load("outputs/...")` gives a trained model that samples. Importing this package imports nothing
heavy: `run.py --help` and every error in a configuration answer before torch is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.sample import load

__all__ = ["load"]


def __getattr__(name: str) -> Any:
    if name == "load":
        from experiments.sample import load

        return load
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
