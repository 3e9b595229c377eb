"""Digits that bounce, with captions that say how; nothing is downloaded."""

from experiments.data.reader.digits.reader import Digits

__all__ = ["Digits"]
