"""Many clients at once, a third of them rude: python -m tests.app.stress --run outputs/.../ID

The server is a process of its own, started by its command. Polite clients open the page, draw, and
look whether what they get is what they asked for: the caption and seed that stand in the PNG, and
the same pixels each time. Rude ones do what `rude.py` has, in turn. It fails where a polite client
meets an error, where a rude one gets a file of the machine, where memory grows beyond its bound,
where this project writes a traceback, and where it ends. (Gradio writes one of its own for a call
with too few values.) `--write` puts the table into
docs/reliability.md.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import http.client
import io
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from PIL import Image

from tests.app.rude import PASSWD, RUDE, UPLOAD, Address, post
from tests.reliability_page import table, write_section

ROOT = Path(__file__).parents[2]
CAPTIONS = (
    "a red bird with a black crown",
    "a small blue bird with a white belly",
    "this bird is yellow and has black wings",
    "a green bird on a branch",
)
SEEDS, BOUND = 5, 1024  # seeds of each caption; MiB that memory may grow
THINKS = 0.5  # seconds that a polite client looks at a picture


@dataclass
class Heap:
    """What all clients met."""

    seconds: list[float] = field(default_factory=list)
    pages: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    rude: Counter[str] = field(default_factory=Counter)
    odd: Counter[str] = field(default_factory=Counter)
    leaks: list[str] = field(default_factory=list)
    drawn: dict[tuple[str, int], str] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def polite(address: Address, model: str, number: int, end: float, heap: Heap) -> None:
    dice = random.Random(number)
    while time.monotonic() < end:
        try:
            began = time.monotonic()
            _page(address)
            opened = time.monotonic()
            caption, seed = dice.choice(CAPTIONS), dice.randrange(SEEDS)
            told = _drawn(address, model, caption, seed)
            with heap.lock:
                heap.pages.append(opened - began)
                heap.seconds.append(time.monotonic() - opened)
                first = heap.drawn.setdefault((caption, seed), told)
            if told != first:
                raise ValueError(f"{caption!r} with seed {seed} is another picture now")
        except Exception as error:
            with heap.lock:
                heap.errors.append(f"{type(error).__name__}: {error}")
        time.sleep(THINKS * dice.random())


def _page(address: Address) -> None:
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200 or b"Birdsong" not in content:
        raise ValueError(f"the page: {answer.status}")


def _drawn(address: Address, model: str, caption: str, seed: int) -> str:
    """The digest of the pixels of one picture. Raises where it is not the one asked for."""
    answer = post(address, "draw", [model, caption, seed, 1])
    found = re.search(rb"event: complete\ndata: (.*)", answer)
    if found is None:
        raise ValueError(f"draw: {answer[-300:]!r}")
    (entry,) = json.loads(found[1])[0]
    with Image.open(io.BytesIO(base64.b64decode(entry["data"]))) as image:
        text = image.text  # type: ignore[attr-defined]
        if (text["caption"], text["seed"]) != (caption, str(seed)):
            raise ValueError(f"draw: asked for {caption!r}, {seed}, and got {text}")
        return hashlib.sha256(image.tobytes()).hexdigest()


def rude(address: Address, model: str, number: int, end: float, heap: Heap) -> None:
    dice = random.Random(number)
    turn = number
    while time.monotonic() < end:
        act = RUDE[turn % len(RUDE)]
        turn += 1
        try:
            answer = act(address, model, dice)
            odd = ""
        except OSError as error:  # it was shown the door
            answer, odd = b"", type(error).__name__
        except http.client.HTTPException as error:
            answer, odd = b"", type(error).__name__
        with heap.lock:
            heap.rude[act.__name__] += 1
            heap.odd[f"{act.__name__}: {odd}"] += bool(odd)
            if PASSWD in answer:
                heap.leaks.append(act.__name__)
        time.sleep(0.1 * dice.random())


@dataclass
class Memory:
    """MiB of a process and of those it started, looked at all the time."""

    pid: int
    values: list[float] = field(default_factory=list)

    def watch(self, done: threading.Event) -> None:
        while not done.wait(0.5):
            self.values.append(self.now())

    def now(self) -> float:
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0.0
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else 0.0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.app.stress")
    parser.add_argument("--run", required=True)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args(arguments)
    command = [sys.executable, "run.py", "task=app", f"run={asked.run}", "app.port=0"]
    command += ["app.browser=false", "launch.device=cpu"]
    out = subprocess.PIPE
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=said, text=True) as server,
    ):
        try:
            return _storm(server, asked, said)
        finally:
            server.terminate()


def _storm(server: subprocess.Popen[str], asked: argparse.Namespace, said: IO[str]) -> int:
    assert server.stdout is not None
    line = next(text for text in server.stdout if text.startswith("http"))
    host, port = line.split()[0].removeprefix("http://").split(":")
    address, heap, memory = (host, int(port)), Heap(), Memory(server.pid)
    models = json.loads(re.search(rb"data: (.*)", post(address, "models", []))[1])  # type: ignore[index]
    model = models[0][0]["name"]
    for caption in CAPTIONS:  # what is loaded once is loaded
        heap.drawn[caption, 0] = _drawn(address, model, caption, 0)
    before, end = memory.now(), time.monotonic() + asked.seconds
    third, done = asked.clients // 3, threading.Event()
    watching = threading.Thread(target=memory.watch, args=(done,))
    watching.start()
    threads = list[threading.Thread]()
    for number in range(asked.clients):
        client = rude if number < third else polite
        threads.append(threading.Thread(target=client, args=(address, model, number, end, heap)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alive = server.poll() is None
    began = time.monotonic()
    try:
        after = _drawn(address, model, CAPTIONS[0], 0) == heap.drawn[CAPTIONS[0], 0]
    except Exception as error:
        after, alive = False, alive and not heap.errors.append(f"afterwards: {error}")
    last = time.monotonic() - began
    time.sleep(5)
    done.set()
    watching.join()
    said.seek(0)
    log = said.read()
    traces = sum("experiments/app" in part for part in log.split("Traceback (most recent")[1:])
    told = _told(asked, heap, memory, before, traces)
    sys.stdout.write(told + "\n")
    sys.stdout.write(f"a picture afterwards: {last:.2f} s\n")
    for error, count in Counter(heap.errors).most_common(5):
        sys.stdout.write(f"error of a polite client, {count} times: {error}\n")
    for odd, count in heap.odd.most_common():
        if count:
            sys.stdout.write(f"{odd}: {count}\n")
    sys.stdout.write(log[-3000:] if traces else "")
    grown = max(memory.values) - before
    held = alive and after and not (heap.errors or heap.leaks or traces) and grown <= BOUND
    if asked.write and held:
        write_section("stress", told)
    return 0 if held else 1


def _told(asked: argparse.Namespace, heap: Heap, memory: Memory, before: float, traces: int) -> str:
    seconds, third = sorted(heap.seconds), asked.clients // 3
    late = seconds[int(0.95 * len(seconds))] if seconds else 0.0
    rows = [
        ["polite clients", f"{asked.clients - third}"],
        ["rude clients", f"{third}"],
        ["seconds", f"{asked.seconds:g}"],
        ["pictures drawn for the polite", f"{len(seconds):,}"],
        ["errors of the polite", f"{len(heap.errors)}"],
        ["a picture, median", f"{statistics.median(seconds):.2f} s" if seconds else "-"],
        ["a picture, 95 %", f"{late:.2f} s"],
        ["the page, median", f"{statistics.median(heap.pages):.2f} s" if heap.pages else "-"],
        ["rude acts", f"{sum(heap.rude.values()):,}"],
        [f"of them uploads of {UPLOAD // 10**6} MB", f"{heap.rude['large_upload']:,}"],
        ["files of the machine that were handed out", f"{len(heap.leaks)}"],
        ["tracebacks of this project", f"{traces}"],
        ["memory before", f"{before:.0f} MiB"],
        ["memory at most", f"{max(memory.values):.0f} MiB"],
        ["memory 5 s afterwards", f"{memory.now():.0f} MiB"],
    ]
    where = f"On {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}."
    used = f"`python -m tests.app.stress --clients {asked.clients} --seconds {asked.seconds:g}`"
    return f"{table(['what', 'measured'], rows)}\n\n{used} {where}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
