"""`task=app app.window=true`: the application as a small window of Tk, with the microphone of this
machine."""

from __future__ import annotations

from experiments.app.request import AppRequest
from experiments.terminal.error import UserError, reason_of


def open_window(request: AppRequest) -> None:
    """Show it until it is closed. Raises `UserError` where there is no Tk, and no display."""
    try:
        import tkinter
    except ImportError as error:
        raise UserError(
            f"app.window=true: Python has no Tk here ({reason_of(error)}); Debian: apt install "
            "python3-tk; without app.window there is the page"
        ) from None
    from experiments.app.session import Session
    from experiments.app.window.frame import Window

    try:
        window = Window(lambda: Session(request), request.bounds.seconds)
    except tkinter.TclError as error:
        raise UserError(
            f"app.window=true: no window can be opened ({reason_of(error)}); without app.window "
            "there is the page"
        ) from None
    window.run()
