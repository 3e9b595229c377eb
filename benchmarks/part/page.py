"""The page of a run as a person waits for it, in a browser without a screen.

python -m benchmarks --part page --run outputs/attngan_4stage-plumage/<id>

From the command until a caption can be typed; from Enter until the last of four pictures is seen;
from the end of a recording until its four are. All is wall time. Needs the extras app and browser,
Debian's chromium and chromium-driver.
"""

from __future__ import annotations

import base64
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.part.start import ROOT
from benchmarks.row import Row
from benchmarks.turns import Timing
from experiments.data.voice import speak
from experiments.frontend.wave import write_wave
from experiments.terminal.error import UserError

CAPTION = "this bird has a {} crown and a {} belly"
COLOURS = ("red", "white", "blue", "black", "yellow", "brown", "green", "grey", "orange", "purple")
VOICES = ("flite/slt", "espeak/m3")  # the first that is here
TYPED, SPOKEN = 40, 10
PATIENCE = 300  # s
ARGUMENTS = "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run"
READY = "return document.querySelector('#describe textarea')?.getClientRects().length > 0"
# Seconds from an act until four pictures that were not there are decoded.
SEEN = """
const [act, given, done] = arguments;
const all = () => [...document.querySelectorAll("#describe .shot img")];
const before = new Set(all()), began = performance.now();
const area = document.querySelector("#describe textarea");
const look = () => {
  const now = all().filter((one) => !before.has(one) && one.complete && one.naturalWidth);
  if (now.length === 4) requestAnimationFrame(() => done((performance.now() - began) / 1000));
  else if (document.querySelector("#told.on.fault")) {
    done(document.querySelector("#told").textContent);
  } else setTimeout(look, 5);
};
if (act === "type") {
  area.value = given;
  area.dispatchEvent(new Event("input", { bubbles: true }));
  area.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
} else {
  const bytes = Uint8Array.from(atob(given), (letter) => letter.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "said.wav", { type: "audio/wav" }));
  const field = document.querySelector("#describe input[accept^=audio]");
  field.files = files.files;
  field.dispatchEvent(new Event("change"));
}
look();
"""


def measure(options: Namespace) -> list[Row]:
    """Raises `SystemExit` without a run."""
    if options.run is None:
        raise SystemExit("error: --part page needs --run outputs/<model>-<data>/<id>")
    with tempfile.TemporaryDirectory(prefix="birdsong-bench-") as name:
        said = base64.b64encode(spoken(Path(name) / "said.wav").read_bytes()).decode()
        with browser(Path(name)) as driver:
            starts = []
            for _ in range(options.rounds):
                with page(driver, options.run) as took:
                    starts.append(took)
                    if len(starts) < options.rounds:
                        continue
                    typed = [typing(driver, turn) for turn in range(TYPED + 1)][1:]
                    heard = [speaking(driver, said) for _ in range(SPOKEN + 1)][1:]
    return [
        row("command to a page that can be used", starts, "page start"),
        row("caption typed to four pictures", typed, "page typed"),
        row("recording ended to four pictures", heard, "page spoken"),
    ]


def row(case: str, times: Sequence[float], key: str) -> Row:
    middle = statistics.median(times)
    timing = Timing(middle, min(times), max(times), 0, "")
    return Row("page", f"{case}, wall", middle, " s", key, ours=timing)


def spoken(path: Path) -> Path:
    for voice in VOICES:
        try:
            return write_wave(path, *speak(voice, CAPTION.format("red", "white")))
        except UserError:
            continue
    raise SystemExit("error: nobody speaks here: apt install flite, or pip install -e '.[app]'")


@contextmanager
def browser(folder: Path) -> Iterator[Any]:
    """Chromium without a screen."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for argument in [*ARGUMENTS.split(), f"--user-data-dir={folder}/u"]:
        options.add_argument(argument)
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.set_script_timeout(PATIENCE)
    try:
        yield driver
    finally:
        driver.quit()


@contextmanager
def page(driver: Any, run: str) -> Iterator[float]:
    """The page of a command, and the seconds until it could be used."""
    words = [
        "task=app",
        f"run={run}",
        "app.port=0",
        "app.browser=false",
        f"app.patience={PATIENCE}",
    ]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "run.py", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()
        if not address:
            raise SystemExit("error: the page was not served; its command says why")
        driver.get(address[0])
        wait(driver, READY)
        yield time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def typing(driver: Any, turn: int) -> float:
    """A caption of its own each time: nothing is remembered."""
    crown, belly = COLOURS[turn % 10], COLOURS[(turn // 10 + turn + 1) % 10]
    return seconds(driver.execute_async_script(SEEN, "type", CAPTION.format(crown, belly)))


def speaking(driver: Any, said: str) -> float:
    """`said`: a recording in base64, as it is there once a person has ended it."""
    return seconds(driver.execute_async_script(SEEN, "say", said))


def seconds(answer: Any) -> float:
    if isinstance(answer, str):
        raise SystemExit(f"error: the page refused: {answer}")
    return float(answer)


def wait(driver: Any, script: str) -> None:
    began = time.perf_counter()
    while not driver.execute_script(script):
        if time.perf_counter() - began > PATIENCE:
            raise SystemExit("error: the page does not answer")
        time.sleep(0.01)
