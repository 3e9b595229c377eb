"""Clips: video files in and out, and what networks take of them. Nothing here knows training."""
