"""Studies that look for the best values of some keys: `search:` in a file of `sweeps/`."""

from experiments.search.command import search

__all__ = ["search"]
