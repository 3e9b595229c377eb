"""Smooth outlines as polygons. Points are float arrays (n, 2), x to the right and y down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Points = Sequence[tuple[float, float]] | np.ndarray

STEPS = 6
_T = np.arange(STEPS, dtype=np.float64)[:, None] / STEPS
# Catmull-Rom weights of four neighbouring control points, (STEPS, 4).
_BASIS = 0.5 * np.concatenate(
    [
        -_T + 2 * _T**2 - _T**3,
        2 - 5 * _T**2 + 3 * _T**3,
        _T + 4 * _T**2 - 3 * _T**3,
        -(_T**2) + _T**3,
    ],
    axis=1,
)


def closed_curve(controls: Points) -> np.ndarray:
    """Catmull-Rom through n controls and back, (n * STEPS, 2); control i is point i * STEPS."""
    p = np.asarray(controls, dtype=np.float64)
    neighbours = np.stack([np.roll(p, shift, axis=0) for shift in (1, 0, -1, -2)], axis=1)
    return np.einsum("sk,nkd->nsd", _BASIS, neighbours).reshape(-1, 2)


def open_curve(controls: Points) -> np.ndarray:
    """Catmull-Rom through n controls, ((n - 1) * STEPS + 1, 2)."""
    p = np.asarray(controls, dtype=np.float64)
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    neighbours = np.stack([padded[i : len(padded) - 3 + i] for i in range(4)], axis=1)
    return np.concatenate([np.einsum("sk,nkd->nsd", _BASIS, neighbours).reshape(-1, 2), p[-1:]])


def stroke(line: Points, widths: Sequence[float]) -> np.ndarray:
    """A line with a width at each control, as a polygon; smooth."""
    curve = open_curve(line)
    width = np.interp(np.linspace(0, 1, len(curve)), np.linspace(0, 1, len(widths)), widths)
    normal = _normals(curve) * width[:, None] / 2
    return np.concatenate([curve + normal, (curve - normal)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, points: int = 24) -> np.ndarray:
    angle = np.arange(points) * (2 * np.pi / points)
    return np.stack([x + rx * np.cos(angle), y + ry * np.sin(angle)], axis=1)


def grown(outline: np.ndarray, amount: float) -> np.ndarray:
    """The outline moved outward by `amount`, for a rim behind a filled shape."""
    x, y = outline.T
    area = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    around = np.concatenate([outline[-1:], outline, outline[:1]])
    normal = _normals(around)[1:-1]
    return outline + np.sign(area) * amount * normal


def _normals(curve: np.ndarray) -> np.ndarray:
    tangent = np.gradient(curve, axis=0)
    length = np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    tangent = tangent / length
    return np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
