"""Names of files that are drawn: what a caption says, short and safe."""

from __future__ import annotations

import hashlib
import re
from typing import Any


def slug(caption: str, *more: Any) -> str:
    """A short file name that no two captions share, nor one caption and `more` that differs."""
    words = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")[:48].strip("-")
    return f"{words or 'text'}-{digest(caption, *more)}"


def digest(*parts: Any) -> str:
    """Ten hexadecimal digits that differ where any part does."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:10]
