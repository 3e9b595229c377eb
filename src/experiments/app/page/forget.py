"""Gradio without what it remembers of each visitor.

It keeps the last values that each session sent and got, for links that bring a page back as it was;
this page has none, and each call from Python is a session of its own. A recording is ten megabytes
of it, and ten thousand sessions are kept.
"""

from __future__ import annotations

from typing import Any

SESSIONS = 512  # that are known at once; one that was forgotten begins anew at its next call


def forget_values(blocks: Any) -> None:
    """For the `Blocks` that are mounted already. The classes of Gradio are changed for these alone;
    a test says whether they still are what they were."""
    from gradio.state_holder import SessionState, StateHolder

    class Forgetting(SessionState):
        def _update_value_in_config(self, key: int, value: Any) -> None:
            pass

    class Sessions(StateHolder):
        def __getitem__(self, session_id: str) -> SessionState:
            state = super().__getitem__(session_id)
            state.__class__ = Forgetting
            return state

    blocks.state_holder.__class__ = Sessions
    blocks.state_holder.capacity = SESSIONS
