"""Procedural birds with captions and exact attributes; nothing is downloaded."""

from experiments.data.reader.plumage.reader import Plumage
from experiments.data.reader.plumage.render import render
from experiments.data.reader.plumage.species import COLOUR_ATTRIBUTES, COLOURS

__all__ = ["COLOURS", "COLOUR_ATTRIBUTES", "Plumage", "render"]
