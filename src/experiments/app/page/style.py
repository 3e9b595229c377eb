"""How the page looks: Gradio's theme in our colours and types, our style, and our scripts.

One accent colour, that of a kingfisher. The types come with Gradio; nothing is fetched.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import gradio as gr

ASSETS = Path(__file__).parent / "asset"
# In the order in which they need each other.
SCRIPTS = (
    *("common", "choice", "field", "record", "panel", "look"),
    *("describe", "explore", "compare", "find", "listen", "top"),
)
TEXT = "IBM Plex Sans"  # style.css says where it lies


@cache
def asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def looks() -> dict[str, Any]:
    """What `Blocks.launch` takes for it."""
    scripts = "\n".join(asset(f"{name}.js") for name in SCRIPTS)
    return {
        "theme": theme(),
        "css": asset("style.css"),
        "head": f"<script>\n'use strict';\n{scripts}\n</script>",
        "favicon_path": ASSETS / "bird.svg",
        "footer_links": [],
    }


def theme() -> gr.themes.Base:
    made = gr.themes.Base(
        font=[TEXT, "system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
    )
    both = {
        "body_background_fill": "var(--paper)",
        "body_text_color": "var(--ink)",
        "block_background_fill": "transparent",
        "block_border_width": "0px",
        "border_color_primary": "var(--line)",
        "link_text_color": "var(--accent)",
    }
    dark = {f"{key}_dark": value for key, value in both.items()}
    return made.set(**both, **dark)
