"""Captions spoken by machines: which voice says a caption, and how it sounds.

A voice is named `family/name`: `espeak/f3`, `flite/slt`, `piper/joe`. Nothing here imports torch.
"""

from experiments.data.voice.choice import Manner, Voices, voices_of
from experiments.data.voice.estimate import Estimate, estimate, seconds_of
from experiments.data.voice.speak import check, speak, version_of

__all__ = [
    "Estimate",
    "Manner",
    "Voices",
    "check",
    "estimate",
    "seconds_of",
    "speak",
    "version_of",
    "voices_of",
]
