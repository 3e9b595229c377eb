"""How the window looks: colours, distances and letters, for Tk's theme `clam`, which takes them."""

from __future__ import annotations

import tkinter as tk
from tkinter import font, ttk
from typing import Any

SIDE = 320  # px of a picture
PAPER, CARD, EDGE = "#f4f3ef", "#ffffff", "#e6e3dc"
INK, FAINT, ACCENT, DEEP, ALARM = "#23282b", "#6d7275", "#1f6f5c", "#175445", "#b3352b"


def dress(root: tk.Tk) -> None:
    """Give a window its look."""
    root.configure(background=PAPER)
    letters = font.nametofont("TkDefaultFont", root)
    letters.configure(size=11)
    for name in ("TkTextFont", "TkMenuFont"):
        font.nametofont(name, root).configure(size=11, family=letters.actual("family"))
    bold = font.Font(root, name="BirdsongBold", exists=False, **letters.actual())
    bold.configure(weight="bold")
    root.birdsong_fonts = (bold,)  # type: ignore[attr-defined]  # Tk forgets what nobody holds
    style = ttk.Style(root)
    style.theme_use("clam")
    style.configure(".", background=PAPER, foreground=INK, bordercolor=EDGE, focuscolor=ACCENT)
    style.configure("Card.TFrame", background=CARD, relief="flat")
    style.configure("Name.TLabel", background=CARD, font=bold)
    style.configure("Quiet.TLabel", background=CARD, foreground=FAINT)
    style.configure("Status.TLabel", foreground=FAINT)
    style.configure("Alarm.TLabel", foreground=ALARM)
    _buttons(style, bold)
    style.configure("TEntry", fieldbackground=CARD, padding=7, insertcolor=INK)
    style.map("TEntry", bordercolor=[("focus", ACCENT)], lightcolor=[("focus", ACCENT)])
    style.configure("TSpinbox", fieldbackground=CARD, padding=6, arrowsize=12)
    style.configure("TCombobox", fieldbackground=CARD, background=CARD, padding=5)
    style.map("TCombobox", fieldbackground=[("readonly", CARD)], foreground=[("readonly", INK)])


def _buttons(style: ttk.Style, bold: font.Font) -> None:
    plain: dict[str, Any] = {
        "padding": (12, 7),
        "background": CARD,
        "relief": "flat",
        "borderwidth": 1,
    }
    style.configure("TButton", **plain)
    style.map(
        "TButton",
        background=[("disabled", PAPER), ("active", EDGE)],
        foreground=[("disabled", "#a9aaa7")],
    )
    style.configure("Accent.TButton", **(plain | {"background": ACCENT}), font=bold)
    style.configure("Accent.TButton", foreground=CARD)
    style.map(
        "Accent.TButton",
        background=[("disabled", "#a9c5bd"), ("active", DEEP)],
        foreground=[("disabled", CARD)],
    )
    style.configure("Keep.TButton", **(plain | {"background": PAPER}))
    style.configure("Stop.TButton", **plain, foreground=ALARM, font=bold)
