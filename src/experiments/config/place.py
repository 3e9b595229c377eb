"""Where `conf/` lies: in the clone, else what an installation has taken along."""

from __future__ import annotations

from pathlib import Path

PLACES = (Path(__file__).resolve().parents[3], Path(__file__).resolve().parents[1])
CONF = (
    next((place for place in PLACES if (place / "conf/config.yaml").is_file()), PLACES[0]) / "conf"
)
