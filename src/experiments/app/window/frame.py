"""The window: record or type, look at what was heard, put it right, draw it, keep it.

Whatever takes time runs beside it (`work.py`).
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tkinter import filedialog, ttk

from experiments.app.refusal import Refused
from experiments.app.session import Session
from experiments.app.window.look import PAPER, dress
from experiments.app.window.microphone import Microphone
from experiments.app.window.tile import Tile
from experiments.app.window.work import Work
from experiments.app.wish import CAPTION, Drawing, Heard, Recording, Wish
from experiments.file.bounded import read_bounded
from experiments.terminal.error import UserError

TITLE = "Birdsong"
TILES = 2
LONGEST, DIGITS = 2**31 - 1, 10  # of a seed
TICK = 200  # ms between two looks at a recording
SOUNDS = (("Sound", "*.wav *.flac *.ogg *.mp3"), ("All files", "*"))
RECORD, STOP = "●  Record", "■  Stop"
WELCOME = "Say or type what to draw."


class Window:
    """`session`: makes one, which takes a while; `seconds`: of a recording at most."""

    def __init__(self, session: Callable[[], Session], seconds: float) -> None:
        self.root = tk.Tk(className=TITLE)
        self.root.title(TITLE)
        dress(self.root)
        self.session: Session | None = None
        self.microphone = Microphone(seconds)
        self.recording: Recording | None = None  # that the text is of
        self._recording = False
        self.text, self.seed = tk.StringVar(self.root), tk.StringVar(self.root, "0")
        self._build()
        self.root.bind("<Control-r>", lambda _: self.record_or_stop())
        self.root.bind("<Control-o>", lambda _: self.choose_sound())
        self.root.bind("<Escape>", lambda _: self.entry.focus_set())
        self.root.protocol("WM_DELETE_WINDOW", self.close)
        self.root.report_callback_exception = self._raised  # type: ignore[method-assign]
        self.work = Work(self.root, self.tell_trouble, self._enable)
        self.tell("Opening the models …")
        self.work.do(session, self._opened)

    def run(self) -> None:
        """Until it is closed."""
        self.root.mainloop()

    # What a person does.

    def record_or_stop(self) -> None:
        """Begin to record, or end, and hear what was said."""
        if self._recording:
            self._stop_recording()
        elif not self.work.busy:
            try:
                self.microphone.start()
            except Refused as refusal:
                self.tell_trouble(str(refusal))
                return
            self._recording = True
            self._enable()
            self._tick()

    def choose_sound(self) -> None:
        """Ask for a file in place of a recording."""
        if self.work.busy or self._recording:
            return
        if name := filedialog.askopenfilename(parent=self.root, filetypes=SOUNDS):
            self.open_sound(Path(name))

    def open_sound(self, path: Path) -> None:
        """Hear a file."""
        session = self.session
        if session is None:
            return
        bounds = session.bounds
        self.tell(f"Reading {path.name} …")
        self.work.do(lambda: Recording.of(read_bounded(path, bounds.bytes), bounds), self._hear)

    def draw(self) -> None:
        """Draw the text, or the recording where the models listen."""
        if self.session is None or self.work.busy or self._recording:
            return
        try:
            wishes = self._wishes()
        except Refused as refusal:
            self.tell_trouble(str(refusal))
            return
        session = self.session
        self.tell("Drawing …")
        self.work.do(lambda: [session.draw(model, wish) for model, wish in wishes], self._drawn)

    def keep(self, number: int) -> None:
        """Ask where to save what a tile shows."""
        tile, session = self.tiles[number], self.session
        if tile.drawing is None or session is None:
            return
        name, content = session.file(tile.drawing, tile.number)
        ends = Path(name).suffix
        place = filedialog.asksaveasfilename(
            parent=self.root, initialfile=name, defaultextension=ends
        )
        if place:
            self.save(Path(place), content)

    def save(self, path: Path, content: bytes) -> None:
        """Write a file, and say so."""
        try:
            path.write_bytes(content)
        except OSError as error:
            self.tell_trouble(f"{path}: cannot be written ({error.strerror}); choose another place")
        else:
            self.tell(f"Saved {path}")

    def close(self) -> None:
        """End what is going on, without waiting for it."""
        if self._recording:
            self._recording = False
            self.microphone.drop()
        self.work.close()
        self.root.destroy()

    # What it shows.

    def tell(self, line: str) -> None:
        self.status.configure(text=line, style="Status.TLabel")

    def tell_trouble(self, line: str) -> None:
        self.status.configure(text=line, style="Alarm.TLabel")

    def _build(self) -> None:
        frame = ttk.Frame(self.root, padding=18)
        frame.grid(sticky="nsew")
        self._ways_to_ask(ttk.Frame(frame)).grid(row=0, column=0, columnspan=TILES, sticky="ew")
        words = ttk.Frame(frame)
        words.grid(row=1, column=0, columnspan=TILES, sticky="ew", pady=(10, 0))
        self.entry = ttk.Entry(words, textvariable=self.text)
        self.entry.bind("<Return>", lambda _: self.draw())
        self.entry.bind("<Key>", self._typed)
        self.button = ttk.Button(words, text="Draw", style="Accent.TButton", command=self.draw)
        self.entry.grid(row=0, column=0, sticky="nsew")
        self.button.grid(row=0, column=1, padx=(10, 0))
        words.columnconfigure(0, weight=1)
        self.tiles = []
        for number in range(TILES):
            tile = Tile(frame, partial(self.keep, number), self.draw)
            left = 0 if number == 0 else 14
            tile.grid(row=2, column=number, pady=(14, 12), padx=(left, 0), sticky="nsew")
            frame.columnconfigure(number, weight=1)
            self.tiles.append(tile)
        self.status = ttk.Label(frame, style="Status.TLabel", wraplength=690, justify="left")
        self.status.grid(row=3, column=0, columnspan=TILES, sticky="ew")
        self.root.columnconfigure(0, weight=1)
        self.root.resizable(False, False)
        self.root.configure(background=PAPER)
        self.entry.focus_set()

    def _ways_to_ask(self, row: ttk.Frame) -> ttk.Frame:
        """To record, or a file; and the seed."""
        self.record = ttk.Button(row, text=RECORD, width=10, command=self.record_or_stop)
        self.file = ttk.Button(row, text="Sound file …", command=self.choose_sound)
        self.number = ttk.Spinbox(row, textvariable=self.seed, from_=0, to=LONGEST, width=8)
        self.number.bind("<Return>", lambda _: self.draw())
        self.record.grid(row=0, column=0)
        self.file.grid(row=0, column=1, padx=(8, 0))
        ttk.Label(row, text="seed").grid(row=0, column=3, padx=(0, 6))
        self.number.grid(row=0, column=4)
        row.columnconfigure(2, weight=1)
        return row

    def _enable(self) -> None:
        """Buttons that can be pressed now."""
        free = self.session is not None and not self.work.busy
        self.record.configure(
            text=STOP if self._recording else RECORD,
            style="Stop.TButton" if self._recording else "TButton",
            state="normal" if free else "disabled",
        )
        for button in (self.file, self.button):
            button.configure(state="normal" if free and not self._recording else "disabled")

    # What came of it.

    def _opened(self, session: Session) -> None:
        self.session = session
        names = [about.name for about in session.models]
        for number, tile in enumerate(self.tiles):
            tile.offer(names, names[min(number, len(names) - 1)])
            tile.clear("what is drawn stands here")
        self.text.set(session.dice(names[0]))
        self.entry.icursor("end")
        self.entry.selection_range(0, "end")
        self.tell("Loading the weights …")
        self.work.do(session.warm, lambda _: self.tell(WELCOME))

    def _stop_recording(self) -> None:
        self._recording = False
        self._enable()
        try:
            recording = self.microphone.stop()
        except Refused as refusal:
            self.tell_trouble(str(refusal))
            return
        self._hear(recording)

    def _hear(self, recording: Recording) -> None:
        """What is said in it goes into the text; models that listen get it as it is."""
        session = self.session
        assert session is not None
        self.recording = recording
        reading = [model for model in self._chosen() if CAPTION in session.about(model).takes]
        if not reading:
            self.text.set("")
            self.tell(f"{recording.seconds:.1f} s of sound; press Draw")
            return
        self.tell("Listening …")
        self.work.do(lambda: session.hear(reading[0], recording), self._heard)

    def _heard(self, heard: Heard) -> None:
        self.text.set(heard.text)
        self.entry.icursor("end")
        self.entry.focus_set()
        put_right = [f"{before} is written {after}" for before, after in heard.changed]
        self.tell("; ".join(["Heard; correct it, or press Draw", *put_right]))

    def _drawn(self, drawings: list[Drawing]) -> None:
        shown = [(drawing, number) for drawing in drawings for number in range(len(drawing.made))]
        for tile, (drawing, number) in zip(self.tiles, shown, strict=True):
            tile.show(drawing, number)
        unknown = dict.fromkeys(word for drawing in drawings for word in drawing.unknown)
        if unknown:
            self.tell(f"Drawn without words that the model does not know: {', '.join(unknown)}")
        else:
            self.tell(f"Drawn in {sum(drawing.seconds for drawing in drawings):.1f} s.")

    # Between them.

    def _chosen(self) -> list[str]:
        return [tile.model.get() for tile in self.tiles]

    def _wishes(self) -> list[tuple[str, Wish]]:
        """Of each model: two models draw with one seed, and one model with two."""
        given = self.seed.get().strip()
        if not given.isdecimal() or len(given) > DIGITS or int(given) > LONGEST:
            raise Refused(f"seed {given[:20]!r}: give a whole number from 0 to {LONGEST:,}")
        caption = self.text.get().strip() or None
        models, session = list(dict.fromkeys(self._chosen())), self.session
        assert session is not None
        asks = any(session.about(model).takes for model in models)
        if caption is None and self.recording is None and asks:
            raise Refused("there is nothing to draw yet; say or type a description")
        wish = Wish(caption, self.recording, None, int(given), TILES // len(models))
        return [(model, wish) for model in models]

    def _typed(self, event: tk.Event[tk.Misc]) -> None:
        """A text that was changed by hand is no longer that of the recording."""
        if (event.char and event.char.isprintable()) or event.keysym in ("BackSpace", "Delete"):
            self.recording = None

    def _tick(self) -> None:
        if not self._recording:
            return
        if self.microphone.full:
            self._stop_recording()
            return
        self.tell(f"Recording, {self.microphone.recorded:.0f} s; press Stop when you are done")
        self.root.after(TICK, self._tick)

    def _raised(self, kind: type[BaseException], error: BaseException, trace: object) -> None:
        """What a callback raised: Ctrl-C closes the window, and nothing is lost in Tk."""
        if isinstance(error, UserError):
            self.tell_trouble(str(error))
            return
        self.close()
        if not isinstance(error, KeyboardInterrupt):
            raise error
