"""In a real browser: who has the password comes in; and what is said by a server that is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from made import RED, request_of
from visitor import ENTER, Visitor

from experiments.app.session import Session

pytestmark = pytest.mark.browser
pytest.importorskip("gradio", reason="needs the extra app")
RIGHT = "a long password"


def test_with_a_password(driver: Any, served: Callable[[str], Path]) -> None:
    from experiments.app.serve import address_of, listening
    from experiments.app.serve import served as serving

    session = Session(request_of(served("plain"), password=RIGHT))
    with listening("127.0.0.1", 0) as listener:
        with serving(session, listener):
            url = address_of(listener)
            visitor = Visitor(driver, url)
            driver.get(url)

            def log_in(password: str) -> None:
                visitor.write("input:not([type=password]), textarea", "birdsong")
                visitor.write("input[type=password]", password)
                visitor.one("button", "Login").click()

            visitor.one("p", "After 5 wrong passwords the next has to wait")
            log_in("a guess")
            visitor.one("p.creds", "Incorrect")
            log_in(RIGHT)
            visitor.one("#describe textarea").send_keys(RED + ENTER)
            visitor.some("#describe .shot:not(.waiting) img", 4)
        visitor.one("#describe textarea").send_keys(ENTER)
        visitor.one("#told.fault", "The server does not answer; is it still running?")
    session.close()
    driver.get("about:blank")
    driver.get_log("browser")
