"""The loop: steps until there are enough images, and at their intervals what a person or a resume
wants. It knows no algorithm.

Everything random is a function of (seed, images seen and passed over), so N + M images equal N,
stop, resume, M.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress

from experiments.data.batches import Batch
from experiments.run import checkpoint
from experiments.run.change import because_of
from experiments.terminal.error import UserError, as_user_error, reason_of
from experiments.terminal.interrupt import Interrupt, Stopped
from experiments.terminal.line import number_of
from experiments.trainer.numerics import Numerics
from experiments.trainer.observer import Observer
from experiments.trainer.training import Training

# What loading raises where names or shapes are others than those that were saved.
MISFIT = (RuntimeError, LookupError, ValueError, TypeError, AttributeError)
ASK_EVERY = 4  # steps
INTERVALS = ("log_every", "checkpoint_every", "sample_every", "evaluate_every")


def resume(training: Training) -> Numerics:
    """Load the newest checkpoint of the run's folder, or give the networks fresh weights; what the
    run does about numbers that are not finite."""
    numerics = Numerics(training)
    state = checkpoint.load_newest(training.run.folder)
    if state is None:
        training.initialise()
    else:
        try:
            training.load(state)
        except MISFIT as error:
            known = as_user_error(error)
            if known is not None:
                raise known from error
            folder = training.run.folder
            raise UserError(
                f"{folder}: its checkpoint of {number_of(state['images'], 'image')} does not fit "
                "the networks "
                f"that the code makes now ({reason_of(error)}){because_of(folder)}; "
                "begin anew with fresh=true or variant=NAME, and what another run builds on by its "
                "own command"
            ) from error
        numerics.load(state.get("numerics", {}))
    return numerics


def step(training: Training, numerics: Numerics, batch: Batch) -> None:
    """One step. The average follows last: not of what a step spoilt, before it is put right."""
    numerics.begin()
    training.step(batch)
    numerics.end()
    training.advance()


def fit(training: Training, numerics: Numerics, observer: Observer, interrupt: Interrupt) -> bool:
    """Train until `trainer.images`; False where the user stopped it: what was done is saved, and
    what is to be seen of it is made when the run goes on."""
    trainer, ranks = training.run.config["trainer"], training.ranks
    goal, batch = int(trainer["images"]), training.batch

    def due(every: str) -> bool:
        interval, images = int(trainer[every]), training.images
        return images // interval > (images - batch) // interval or images >= goal

    def save() -> None:
        training.average_buffers()
        state = training.state() | {"numerics": numerics.state()}
        if ranks.main:
            checkpoint.save(training.run.folder, state, int(trainer["keep"]))
            observer.saved(training.images)
        ranks.wait()

    def look() -> bool:
        """Show and score what is due; False where the user stopped it meanwhile."""
        try:
            if due("sample_every"):
                training.average_buffers()
                with suppress(Stopped):  # of the main process, which draws alone
                    observer.sample(training.images, training.ema)
                ranks.stop_if_asked()
            if due("evaluate_every") and training.images < goal:
                training.average_buffers()
                observer.evaluate(training.images, training.ema)
        except Stopped:
            return False
        return True

    def log(began: float, waited: float) -> None:
        values = training.stats.read(ranks.mean) | numerics.counts()
        values |= {f"{n}/lr": s.rate(training.images) for n, s in training.settings.items()}
        observer.log(training.images, values, time.perf_counter() - began, waited)

    # First of all what the process before was stopped in after its last checkpoint.
    stopped = ranks.any(interrupt.requested) or bool(training.images and not look())
    if numerics.wants_checkpoint:
        save()
    began, waited = time.perf_counter(), 0.0
    with ExitStack() as held, observer.progress(training.images):
        stream = held.enter_context(training.stream())
        while training.images < goal and not stopped:
            asked = time.perf_counter()
            batch_of_images = next(stream)
            waited += time.perf_counter() - asked
            step(training, numerics, batch_of_images)
            observer.tick(training.images)
            # Several processes have to agree, and asking waits for the device: not at every step.
            if ranks.processes == 1 or training.images // batch % ASK_EVERY == 0:
                stopped = ranks.any(interrupt.requested)
            if (stopped or any(map(due, INTERVALS))) and numerics.check():
                observer.go_back(training.images)
                held.close()
                stream = held.enter_context(training.stream())
                began, waited = time.perf_counter(), 0.0
                continue
            if due("log_every"):
                log(began, waited)
                began, waited = time.perf_counter(), 0.0
            paused = time.perf_counter()
            saves = due("checkpoint_every") or stopped
            if saves:
                save()
            if not stopped and not look():
                stopped = True
                if not saves:
                    save()
            began += time.perf_counter() - paused  # the logged speed is that of training
    return not stopped
