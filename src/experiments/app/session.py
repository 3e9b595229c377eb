"""The application without any page: what the page, the window, the Space and tests call.

    session = Session(app_of(config))
    drawing = session.draw(session.models[0].name, Wish("a small red bird"))
    name, content = session.file(drawing, 0)

Every method may be called from any thread; what computes waits for its turn in one queue.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property

from experiments.app.about import About, abouts
from experiments.app.bound import caption_of, within
from experiments.app.queue import Queue
from experiments.app.refusal import Refused
from experiments.app.request import AppRequest
from experiments.app.shelf import Shelf
from experiments.app.wish import CAPTION, Drawing, Heard, Recording, Wish, Word
from experiments.app.word import words_in
from experiments.data.text.reading import Reader
from experiments.run.fact import hears_run, reader_of_run
from experiments.run.state import Named
from experiments.terminal.error import suggest


class Session:
    """Models of a request, and everything that a person can do with them."""

    def __init__(self, request: AppRequest) -> None:
        """Raises `UserError` for runs that make nothing."""
        self.request, self.bounds = request, request.bounds
        options = request.options
        self._queue = Queue(int(options["waiting"]), float(options["patience"]))
        self.models: tuple[About, ...] = abouts(request.runs)
        self._about = {about.name: about for about in self.models}
        self._readers: dict[str, Reader] = {}
        self._shelf = Shelf(self._load, int(options["models"]))
        self._random = random.Random()

    def warm(self) -> None:
        """Load the first models, as many as are held, so that nobody waits for them."""
        for about in reversed(self.models[: self._shelf.most]):
            self._queue.run(lambda place=about.place: self._shelf[place])  # type: ignore[misc]

    def about(self, model: str) -> About:
        """Raises `Refused` for a model that is not served: a name is no path."""
        if model not in self._about:
            raise Refused(f"model {model[:40]!r}: is not here{suggest(model[:40], [*self._about])}")
        return self._about[model]

    # What is typed and said.

    def words(self, model: str, text: str) -> tuple[Word, ...]:
        """Each word of a text, and whether the model knows it; none where it reads no captions."""
        about = self.about(model)
        if CAPTION not in about.takes or hears_run(about.place.folder):
            return ()
        if len(text) > self.bounds.letters:
            raise Refused(
                f"the text has {len(text):,} letters, and at most {self.bounds.letters} are read"
            )
        return words_in(self._reader(about), text)

    def dice(self, model: str) -> str:
        """A caption that the model can be asked for; empty where it takes none."""
        about = self.about(model)
        return self._random.choice(about.examples) if about.examples else ""

    def hear(self, model: str, recording: Recording) -> Heard:
        """What is said in a recording, in the words of the model's captions."""
        raise Refused("nothing here recognises speech; type the caption")

    # What is drawn.

    def draw(self, model: str, wish: Wish) -> Drawing:
        """What a model makes of a wish. Raises `Refused` where it cannot."""
        from experiments.app.draw import asked_of, drawn

        about, wish = self.about(model), self._checked(wish)
        if CAPTION in about.takes and wish.caption is None and wish.recording is not None:
            wish = Wish(
                self.hear(model, wish.recording).text, None, wish.picture, wish.seed, wish.count
            )
        asked = asked_of(about, wish, self.bounds, self.request.options["voice"])
        return self._queue.run(lambda: drawn(self._shelf[about.place], about, wish, asked))

    def compare(self, models: Sequence[str], wish: Wish) -> tuple[Drawing, ...]:
        """The same wish of several models."""
        return tuple(self.draw(model, wish) for model in models)

    # What is kept.

    def file(self, drawing: Drawing, number: int) -> tuple[str, bytes]:
        """The name and the content of a file: PNG, GIF or WAV."""
        from experiments.app.keep import file_of

        return file_of(drawing, number, self.about(drawing.model))

    def command(self, drawing: Drawing, number: int = 0) -> str:
        """The command that draws the same file."""
        from experiments.app.keep import command_of

        return command_of(drawing, self.about(drawing.model), self.request.options["voice"])

    def close(self) -> None:
        self._queue.close()

    def _checked(self, wish: Wish) -> Wish:
        """Within the bounds. Raises `Refused`."""
        most = int(self.request.options["pictures"])
        if not 1 <= wish.count <= most:
            raise Refused(f"{wish.count} pictures: ask for 1 to {most} at a time")
        if not 0 <= wish.seed < 2**31:
            raise Refused(f"seed {wish.seed}: give a whole number from 0 to {2**31 - 1:,}")
        caption = None if wish.caption is None else caption_of(wish.caption, self.bounds)
        recording = wish.recording
        if recording is not None:
            recording = Recording(*within(recording.samples, recording.rate, self.bounds))
        if wish.picture is not None:
            self.bounds.require_bytes(len(wish.picture))
        return Wish(caption, recording, wish.picture, wish.seed, wish.count)

    def _reader(self, about: About) -> Reader:
        if about.name not in self._readers:
            self._readers[about.name] = reader_of_run(about.place.folder)
        return self._readers[about.name]

    @cached_property
    def _device(self) -> str:
        import torch

        from experiments.machine.setup import set_up

        # What a page needs for an hour is to be given back after it.
        set_up({**self.request.launch, "allocator": False}, 1)
        cuda = self.request.launch["device"] != "cpu" and torch.cuda.is_available()
        return "cuda" if cuda else "cpu"

    def _load(self, place: Named):  # type: ignore[no-untyped-def]
        from experiments.sample.model import load

        sample = self.request.sample
        return load(str(place), self._device, sample["precision"], sample["compile"])
