"""One picture of the window, with the model that drew it above and what keeps it below."""

from __future__ import annotations

import io
import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

import numpy as np
from PIL import Image, ImageSequence

from experiments.app.window.look import EDGE, FAINT, SIDE
from experiments.app.wish import Drawing

PACE = 100  # ms of a frame that says nothing


class Tile(ttk.Frame):
    """`keep`: is called to save what the tile shows; `chosen`: where another model is chosen."""

    def __init__(
        self,
        parent: tk.Misc,
        keep: Callable[[], None],
        chosen: Callable[[], None],
    ) -> None:
        super().__init__(parent, style="Card.TFrame", padding=12)
        self._shown: list[tk.PhotoImage] = []
        self._paces: list[int] = []
        self._turn: str | None = None
        self.drawing: Drawing | None = None
        self.number = 0
        self.model = tk.StringVar(self)
        self._choice = ttk.Combobox(self, textvariable=self.model, state="readonly", width=28)
        self._choice.bind("<<ComboboxSelected>>", lambda _: chosen())
        self._name = ttk.Label(self, textvariable=self.model, style="Name.TLabel")
        self._name.grid(row=0, column=0, sticky="w")
        self.canvas = tk.Canvas(
            self, width=SIDE, height=SIDE, background=EDGE, highlightthickness=0, borderwidth=0
        )
        self.canvas.grid(row=1, column=0, columnspan=2, pady=(10, 10))
        self.told = ttk.Label(self, style="Quiet.TLabel")
        self.told.grid(row=2, column=0, sticky="w")
        self.save = ttk.Button(
            self, text="Save …", width=8, command=keep, state="disabled", style="Keep.TButton"
        )
        self.save.grid(row=2, column=1, sticky="e")
        self.columnconfigure(0, weight=1)
        self.clear("")

    def offer(self, models: Sequence[str], first: str) -> None:
        """The models that there are, and the one that draws here; one alone is shown as text."""
        self.model.set(first)
        self._choice["values"] = list(models)
        if len(models) > 1:
            self._name.grid_remove()
            self._choice.grid(row=0, column=0, columnspan=2, sticky="ew")

    def clear(self, told: str) -> None:
        """No picture, and a line in its place."""
        self._stop()
        self.drawing = None
        self.canvas.delete("all")
        self.canvas.create_text(
            SIDE // 2, SIDE // 2, text=told, fill=FAINT, width=SIDE - 60, justify="center"
        )
        self.told["text"] = ""
        self.save["state"] = "disabled"

    def show(self, drawing: Drawing, number: int) -> None:
        """What came of one seed: the last stage of a picture, or a clip that plays."""
        self._stop()
        self.drawing, self.number = drawing, number
        made = drawing.made[number]
        if made.clip is not None:
            with Image.open(io.BytesIO(made.clip)) as clip:
                for frame in ImageSequence.Iterator(clip):
                    self._paces.append(int(frame.info.get("duration", PACE)) or PACE)
                    self._shown.append(self._photo(np.asarray(frame.convert("RGB"))))
        else:
            self._shown, self._paces = [self._photo(made.stages[-1])], [0]
        self._draw(0)
        self.told["text"] = f"seed {made.seed}, {drawing.seconds:.1f} s"
        self.save["state"] = "normal"

    def _photo(self, pixels: np.ndarray) -> tk.PhotoImage:
        """(H, W, 3) as large as the tile allows, as PNG, which Tk reads itself."""
        image = Image.fromarray(pixels)
        scale = SIDE / max(image.size)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        file = io.BytesIO()
        image.resize(size, Image.Resampling.BICUBIC).save(file, "PNG")
        return tk.PhotoImage(master=self, data=file.getvalue())

    def _draw(self, number: int) -> None:
        self.canvas.delete("all")
        self.canvas.create_image(SIDE // 2, SIDE // 2, image=self._shown[number])
        if len(self._shown) > 1:
            following = (number + 1) % len(self._shown)
            self._turn = self.after(self._paces[number], lambda: self._draw(following))

    def _stop(self) -> None:
        if self._turn is not None:
            self.after_cancel(self._turn)
        self._turn, self._shown, self._paces = None, [], []
