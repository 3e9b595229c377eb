"""A run goes on with the store of pictures that it began with."""

from pathlib import Path

import pytest

from experiments.terminal.error import UserError
from experiments.trainer.assemble import store_of

FOLDER = Path("outputs/gan-x/1")


@pytest.mark.parametrize("asked", [None, "pixels", "encoded", "stream"])
def test_a_new_run_takes_what_is_asked_for(asked: str | None) -> None:
    assert store_of(asked, None, FOLDER) == asked


@pytest.mark.parametrize("began", ["pixels", "encoded", "stream"])
def test_a_run_that_has_begun_stays(began: str) -> None:
    facts = {} if began == "pixels" else {"store": began}  # those of before have no such fact
    assert store_of(None, facts, FOLDER) == began == store_of(began, facts, FOLDER)
    other = "encoded" if began == "pixels" else "pixels"
    with pytest.raises(
        UserError, match=rf"^data\.store={other}: .* began with data\.store={began}"
    ):
        store_of(other, facts, FOLDER)
