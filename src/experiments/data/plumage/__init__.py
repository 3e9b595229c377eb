"""Procedural birds with captions and exact attributes; nothing is downloaded."""

from experiments.data.plumage.reader import Plumage
from experiments.data.plumage.render import render
from experiments.data.plumage.species import COLOUR_ATTRIBUTES, COLOURS

__all__ = ["COLOURS", "COLOUR_ATTRIBUTES", "Plumage", "render"]
