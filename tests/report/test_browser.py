"""The page in a browser without a screen, wide and as narrow as a phone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.report.write import write_report

pytestmark = pytest.mark.browser
PHONE = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}


@pytest.fixture
def page(runs: Any, tmp_path: Path) -> Path:
    members = []
    for weight in range(6):
        for seed in range(2):
            stats = [
                {"images": n, "generator/loss": 1 / n + weight, "generator/kl": 0.1 * n}
                for n in (10, 20, 30)
            ]
            scores = {f"attribute_accuracy/{k}": 0.1 * weight for k in ("colour", "mean", "belly")}
            settings = {"loss.damsm.weight": str(weight), "system.generator_steps": "1"}
            name = f"{weight}-{seed}"
            members.append(runs.member(name, settings, seed, scores=scores, stats=stats))
    return write_report(members, tmp_path / "report", "weights", "Which weight is best?")


def test_the_page_loads_nothing_and_complains_of_nothing(browser: Any, page: Path) -> None:
    browser.get("about:blank")
    browser.get_log("performance")  # what the browser does for itself when it starts
    browser.get(page.as_uri())

    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert browser.get_log("browser") == []


def test_only_boxes_scroll_sideways_on_a_phone(browser: Any, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(page.as_uri())
    browser.execute_script("for (const d of document.querySelectorAll('details')) d.open = true")

    wide = browser.execute_script("return document.documentElement.scrollWidth")
    assert wide == PHONE["width"]
    boxes = browser.execute_script(
        "return [...document.querySelectorAll('.box')].filter(b => b.scrollWidth > b.clientWidth)"
    )
    assert boxes, "a table of six arms is wider than a phone"


def test_an_arm_of_the_legend_is_shown_alone_until_it_is_chosen_again(
    browser: Any, page: Path
) -> None:
    still = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", still)
    browser.get(page.as_uri())
    button = browser.find_elements("css selector", ".legend button")[2]

    def faint() -> list[str]:
        return browser.execute_script(
            "return [...document.querySelectorAll('.charts svg')[0].querySelectorAll('.arm')]"
            ".filter(g => getComputedStyle(g).opacity !== '1').map(g => g.classList[1])"
        )

    browser.execute_script("arguments[0].click()", button)
    assert button.get_attribute("aria-pressed") == "true"
    assert "a2" not in faint() and len(faint()) == 5
    bands = "return [...document.querySelectorAll('.band')].filter(b => b.getClientRects().length)"
    shown = browser.execute_script(bands + ".map(b => b.parentNode.classList[1])")
    assert set(shown) == {"a2"}
    browser.execute_script("arguments[0].click()", button)
    assert button.get_attribute("aria-pressed") == "false"


def test_the_page_prints_without_what_is_folded(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})

    shown = browser.execute_script(
        "return [...document.querySelectorAll('details:not([open]) *')]"
        ".filter(e => e.getClientRects().length).length"
    )
    assert shown == 0
    assert (
        browser.execute_script("return getComputedStyle(document.querySelector('nav')).display")
        == "none"
    )
