"""Scores as `torchmetrics.Metric`s, for any loop: `update` with batches, `compute` over all of them
and over all processes.

Names are imported when they are asked for, so that reading names of scores costs no torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from experiments.metric.attribute import AttributeAccuracy as AttributeAccuracy
    from experiments.metric.authenticity import Authenticity as Authenticity
    from experiments.metric.clip_attribute import ClipAttributes as ClipAttributes
    from experiments.metric.clip_mean import Consistency as Consistency
    from experiments.metric.clip_mean import MotionEnergy as MotionEnergy
    from experiments.metric.diversity import Diversity as Diversity
    from experiments.metric.extractor import EfficientNetExtractor as EfficientNetExtractor
    from experiments.metric.extractor import Given as Given
    from experiments.metric.extractor import InceptionExtractor as InceptionExtractor
    from experiments.metric.extractor import Logits as Logits
    from experiments.metric.extractor import NetworkExtractor as NetworkExtractor
    from experiments.metric.frechet import FrechetDistance as FrechetDistance
    from experiments.metric.frechet_infinity import FrechetInfinity as FrechetInfinity
    from experiments.metric.inception_score import ClassScore as ClassScore
    from experiments.metric.kernel import KernelDistance as KernelDistance
    from experiments.metric.neighbour import NeighbourScore as NeighbourScore
    from experiments.metric.picture_retrieval import MeanAveragePrecision as MeanAveragePrecision
    from experiments.metric.picture_retrieval import Recall as Recall
    from experiments.metric.r_precision import RPrecision as RPrecision
    from experiments.metric.stated import StatedAttributes as StatedAttributes
    from experiments.metric.zero_shot import ZeroShot as ZeroShot

_MODULES = {
    "attribute": ("AttributeAccuracy",),
    "authenticity": ("Authenticity",),
    "clip_attribute": ("ClipAttributes",),
    "clip_mean": ("Consistency", "MotionEnergy"),
    "diversity": ("Diversity",),
    "extractor": (
        "EfficientNetExtractor",
        "Given",
        "InceptionExtractor",
        "Logits",
        "NetworkExtractor",
    ),
    "frechet": ("FrechetDistance",),
    "frechet_infinity": ("FrechetInfinity",),
    "inception_score": ("ClassScore",),
    "kernel": ("KernelDistance",),
    "neighbour": ("NeighbourScore",),
    "picture_retrieval": ("MeanAveragePrecision", "Recall"),
    "r_precision": ("RPrecision",),
    "stated": ("StatedAttributes",),
    "zero_shot": ("ZeroShot",),
}
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}
__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
