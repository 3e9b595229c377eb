"""Modalities: one file for each, all of them what `base.py` says. See docs/view.md."""
