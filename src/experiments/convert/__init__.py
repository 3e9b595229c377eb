"""Weights that others released, as run folders of this project."""
