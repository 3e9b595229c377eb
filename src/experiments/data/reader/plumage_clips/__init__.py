"""The birds of plumage, filmed: what they do is told, known and drawn."""

from experiments.data.reader.plumage_clips.film import film
from experiments.data.reader.plumage_clips.reader import PlumageClips

__all__ = ["PlumageClips", "film"]
