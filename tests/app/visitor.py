"""A person in front of the page, in a browser without a screen."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from made import RED

PATIENCE = 40  # s
SAID = "this bird has a red crown and a white belly"  # what the microphone hears
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
ENTER, ESCAPE, TAB, RIGHT = "\ue007", "\ue00c", "\ue004", "\ue014"

SEEN = """
return [...document.querySelectorAll(arguments[0])]
  .filter((e) => e.getClientRects().length && (e.innerText + e.ariaLabel).includes(arguments[1]));
"""


class Visitor:
    def __init__(self, driver: Any, url: str) -> None:
        self.driver, self.url = driver, url

    def open(self) -> None:
        self.driver.get(self.url)
        self.one("#describe textarea")

    def all(self, css: str) -> list[Any]:
        """Those that can be seen."""
        return self.run(SEEN, css, "")  # type: ignore[no-any-return]

    def one(self, css: str, text: str = "") -> Any:
        """The first that can be seen, and has the text in it, once there is one."""
        return self.some(css, 1, text)[0]

    def some(self, css: str, count: int, text: str = "") -> list[Any]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = self.run(SEEN, css, text)
            if len(found) >= count:
                return found  # type: ignore[no-any-return]
            time.sleep(0.05)
        raise AssertionError(f"no {css} {text!r}; the page says {self.told!r}")

    def gone(self, css: str) -> None:
        end = time.monotonic() + PATIENCE
        while self.all(css):
            assert time.monotonic() < end, f"{css} is still there"
            time.sleep(0.05)

    def run(self, script: str, *given: Any) -> Any:
        return self.driver.execute_script(script, *given)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.driver.switch_to.active_element.send_keys(key)

    def tab(self, name: str) -> None:
        self.one("button[role=tab]", name).click()

    def click(self, css: str, text: str = "") -> None:
        """As a script does it: nothing that lies above is in the way."""
        self.run("arguments[0].click()", self.one(css, text))

    def hover(self, element: Any) -> None:
        from selenium.webdriver import ActionChains

        centre = "arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})"
        end = time.monotonic() + PATIENCE
        while True:  # what still loads may move it from under the pointer
            self.run(centre, element)
            ActionChains(self.driver).move_to_element(element).perform()
            time.sleep(0.1)
            if self.run("return arguments[0].matches(':hover')", element):
                return
            assert time.monotonic() < end, "the pointer does not stay on it"

    def until(self, script: str, value: Any) -> None:
        """Wait for what a script gives."""
        end = time.monotonic() + PATIENCE
        while (found := self.run(script)) != value:
            assert time.monotonic() < end, f"{found!r} and not {value!r}"
            time.sleep(0.05)

    def write(self, css: str, text: str) -> None:
        area = self.one(css)
        area.clear()
        area.send_keys(text)

    @property
    def told(self) -> str:
        """The line at the foot of the page."""
        return str(self.run("return document.getElementById('told')?.textContent ?? ''"))

    @property
    def focus(self) -> Any:
        return self.driver.switch_to.active_element

    def fits(self) -> bool:
        """Nothing lies beyond the right edge of the screen."""
        script = "return document.documentElement.scrollWidth <= window.innerWidth"
        return bool(self.run(script))

    def saved(self, folder: Path, kind: str) -> Path:
        """What was downloaded, once it is whole; taken away, since other tests save there too."""
        end = time.monotonic() + PATIENCE
        sizes: tuple[int, ...] = ()
        while True:  # until a size is seen twice, and nothing is on its way
            found = sorted(folder.glob(f"*.{kind}"))
            before, sizes = sizes, tuple(path.stat().st_size for path in found)
            if any(sizes) and before == sizes and not any(folder.glob("*.crdownload")):
                taken = folder / "taken"
                taken.mkdir(exist_ok=True)
                return found[0].rename(taken / found[0].name)
            assert time.monotonic() < end, f"no {kind} was saved"
            time.sleep(0.1)

    def asked(self) -> list[str]:
        """Addresses that the page asked for; what it carries itself is left out."""
        messages = [json.loads(e["message"])["message"] for e in self.driver.get_log("performance")]
        sent = [m["params"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        urls = [one["request"]["url"] for one in sent if one["documentURL"].startswith(self.url)]
        return [url for url in urls if not url.startswith(("data:", f"blob:{self.url}"))]


# What a screen reader would say of everything that can be used, and of pictures.
NAMELESS = """
return [...document.querySelectorAll("button, input, select, textarea, img, audio, a")]
  .filter((e) => e.getClientRects().length && !e.closest("[aria-hidden=true]"))
  .filter((e) => !(e.ariaLabel || e.title || e.innerText?.trim() || e.labels?.length
    || e.hasAttribute("alt") || e.tagName === "AUDIO"))
  .map((e) => e.outerHTML.slice(0, 120));
"""


def draw(visitor: Visitor, caption: str = RED, count: int = 4) -> None:
    visitor.write("#describe textarea", caption + ENTER)
    visitor.some("#describe .shot:not(.waiting) img", count)
