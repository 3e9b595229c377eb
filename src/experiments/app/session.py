"""The application without any page: what the page, the window, the Space and tests call.

    session = Session(app_of(config))
    drawing = session.draw(session.models[0].name, Wish("a small red bird"))
    name, content = session.file(drawing, 0)

Every method may be called from any thread; what computes waits for its turn in one queue.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any

from experiments.app.about import About, abouts
from experiments.app.bound import caption_of, require_count, require_seed, within
from experiments.app.gallery import Galleries
from experiments.app.preference import append, line_of
from experiments.app.queue import Queue
from experiments.app.recogniser.listener import Listener, listener_of
from experiments.app.refusal import Refused, refusing
from experiments.app.request import AppRequest
from experiments.app.shelf import Shelf
from experiments.app.speech import spoken
from experiments.app.wish import (
    CAPTION,
    SPEECH,
    Drawing,
    Found,
    Heard,
    Recording,
    Walk,
    Wish,
    Word,
    checked,
)
from experiments.app.word import words_in
from experiments.data.text.reading import Reader
from experiments.human.captions import captions_of_runs
from experiments.run.fact import hears_run, reader_of_run
from experiments.run.state import Named
from experiments.terminal.error import UserError, suggest
from experiments.terminal.line import say


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
        self._listeners = Shelf(self._listener_of, int(options["models"]))
        self._shelf = Shelf(self._load, int(options["models"]))
        self._random = random.Random()
        self._captions: dict[str, Sequence[str]] = {}
        self._galleries = Galleries(request, self._queue)

    def warm(self) -> None:
        """Load the first models, as many as are held, what hears for them, and captions for the
        dice, so that nobody waits for them; in a thread of the caller's."""
        first = self.models[: self._shelf.most]
        for about in reversed(first):
            self._queue.run(lambda place=about.place: self._shelf[place])  # type: ignore[misc]
        for about in self.models:
            if {CAPTION, SPEECH} & {*about.takes}:
                with suppress(UserError):  # it has but what its run sampled, or not even that
                    found, _ = captions_of_runs([about.place.folder], self.request.cache)
                    self._captions[about.name] = found
        for about in first:
            if CAPTION in about.takes:
                with suppress(UserError):  # who speaks is told
                    self._queue.run(lambda name=about.name: self._listeners[name])  # type: ignore[misc]

    def about(self, model: str) -> About:
        """Raises `Refused` for a model that is not served: a name is no path."""
        if not isinstance(model, str) or model not in self._about:
            name = str(model)[:40]
            raise Refused(f"model {name!r}: is not here{suggest(name, [*self._about])}")
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
        """A caption of the model's own test split, of its samples until `warm` has found those;
        empty where it takes none."""
        about = self.about(model)
        captions = self._captions.get(about.name) or about.examples
        return self._random.choice(captions) if captions else ""

    def hear(self, model: str, recording: Recording) -> Heard:
        """What is said in a recording, in the words of the model's captions. Raises `Refused` for
        silence, noise, music and other speech."""
        about = self.about(model)
        recording = Recording(*within(recording.samples, recording.rate, self.bounds))
        said = self._queue.run(lambda: self._listeners[about.name].hear(*recording.given))
        return Heard(said.text, recording.seconds, said.changed)

    # What is drawn.

    def draw(self, model: str, wish: Wish) -> Drawing:
        """What a model makes of a wish. Raises `Refused` where it cannot."""
        from experiments.app.draw import asked_of, drawn

        about, wish = self.about(model), checked(wish, self.bounds)
        if CAPTION in about.takes and wish.caption is None and wish.recording is not None:
            text = self.hear(model, wish.recording).text
            wish = replace(wish, caption=text, recording=None)

        def made() -> Drawing:
            # Pictures are opened, and captions said, in turn: what waits is as small as it came.
            asked = asked_of(about, wish, self.bounds, self.request.options["voice"])
            return drawn(self._shelf[about.place], about, wish, asked)

        return self._queue.run(made)

    def compare(self, models: Sequence[str], wish: Wish) -> tuple[Drawing, ...]:
        """The same wish of several models; what is said is heard once for those that read."""
        reads = [name for name in models if CAPTION in self.about(name).takes]
        if wish.caption is None and wish.recording is not None and reads:
            wish = replace(wish, caption=self.hear(reads[0], wish.recording).text)
        return tuple(self.draw(model, wish) for model in models)

    def between(self, model: str, first: str, second: str, seed: int = 0, steps: int = 8) -> Walk:
        """Pictures on the way from one caption to another."""
        from experiments.app.way import walked

        about = self.about(model)
        ends = caption_of(first, self.bounds), caption_of(second, self.bounds)
        require_seed(seed)
        return self._queue.run(lambda: walked(self._shelf[about.place], about, ends, seed, steps))

    def replaced(self, drawing: Drawing, number: int, caption: str) -> Drawing:
        """Another caption with the seed of a picture, and where that differs from it."""
        from experiments.app.way import difference

        kept = replace(drawing, made=(drawing.made[number],))
        if not kept.made[0].stages:
            raise Refused("only pictures are compared")
        wish = replace(drawing.wish, caption=caption, seed=kept.made[0].seed, count=1)
        other = self.draw(drawing.model, replace(wish, recording=None))
        return replace(other, difference=difference(kept, other))

    def styled(
        self, model: str, picture: bytes, caption: str, seeds: Sequence[int] = (0,)
    ) -> Drawing:
        """The caption in the style of a picture, of a model that reads styles; seeds follow one
        another."""
        about = self.about(model)
        if not about.styled:
            raise Refused(f"{about.name} reads no styles; serve a run of model=style_encoder")
        if not seeds or list(seeds) != [*range(seeds[0], seeds[0] + len(seeds))]:
            raise Refused("seeds: give some that follow one another")
        return self.draw(model, Wish(caption, None, picture, seeds[0], len(seeds)))

    def find(self, model: str, asked: str | Recording, count: int = 8) -> tuple[Found, ...]:
        """The real pictures that are nearest to words, by the run's own encoders. Raises `Refused`
        where it has none, or its data are not here."""
        about = self.about(model)
        require_count(count, 4 * self.bounds.pictures)
        given: Any
        if isinstance(asked, Recording):
            asked = Recording(*within(asked.samples, asked.rate, self.bounds))
            listens = hears_run(about.place.folder)
            given = asked.given if listens else self.hear(model, asked).text
        else:
            given = caption_of(asked, self.bounds)
            if hears_run(about.place.folder):
                caption, voice = given, self.request.options["voice"]
                given = self._queue.run(lambda: spoken(caption, voice))
        gallery = self._galleries.of(about)
        return self._queue.run(lambda: gallery.nearest(given, count))

    # What is kept, and liked.

    def prefer(self, drawings: Sequence[Drawing], choice: int | None, hidden: bool = False) -> None:
        """Which of drawings of one wish is liked best, None for none of them: a line in
        `app.preferences`. `hidden`: whoever chose was not told which models they are."""
        append(self.request.preferences, line_of(drawings, choice, self._about, hidden))

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

    def _listener_of(self, name: str) -> Listener:
        """Made in the thread of the queue."""
        place, recogniser = self._about[name].place.folder, self.request.options["recogniser"]
        with refusing():
            listener = listener_of(recogniser, place, self.request.cache)
        for note in listener.notes:
            say(note)
        return listener

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
