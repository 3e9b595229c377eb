"""Real runs that are disturbed, and the undisturbed one that they have to equal in the end."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.integration.conftest import ROOT, Commands, Job
from tests.integration.faults import evidence
from tests.integration.faults.outcome import Outcome

IMAGES, EVERY = 40, 12  # of the run and of its checkpoints, in batches of 4
RECIPE = [
    *("model=attngan", "data.preset.last_resolution=32", "data.preset.score_samples=8"),
    *("metric.independent=null", f"trainer.images={IMAGES}", f"trainer.checkpoint_every={EVERY}"),
    *("trainer.sample_every=20", "trainer.evaluate_every=28"),
]
FINE, COARSE = "trainer.log_every=4", "trainer.log_every=20"  # every step; means over checkpoints
PATIENCE = 180.0  # s for any command, on a machine with other work
TOKEN = "BIRDSONG_FAULT_CASE"


@dataclass(frozen=True)
class Straight:
    """The undisturbed run of some settings, by run folder, the seconds that it took, and the bytes
    of its outputs without the run and with it."""

    results: dict[str, evidence.Result]
    seconds: float
    seconds_from_nothing: float
    size_before: int
    size: int


@dataclass
class Case:
    """A run to be disturbed: outputs of its own, and its command line."""

    bench: Bench
    folder: Path
    settings: list[str]
    fresh: bool
    ranks: int = 1
    real: bool = False
    env: dict[str, str] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)  # that cannot change what the run arrives at
    jobs: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outputs = self.folder / "outputs"
        self.temporary = self.bench.folder / "tmp" / self.folder.name
        self.cache = self.folder / "cache" if self.fresh else self.bench.commands.cache
        self.temporary.mkdir(parents=True)
        self.token = f"{TOKEN}={self.folder.name}"
        self.env |= {TOKEN: self.folder.name, "TMPDIR": str(self.temporary)}

    def start(
        self, *arguments: str, before: str = "", file_size: int = 0, env: Mapping[str, str] = {}
    ) -> Job:
        """The same command, or with some more `arguments`. `before`: Python that does something to
        it first."""
        command = [*self.settings, *self.extra, *arguments, f"paths.cache={self.cache}"]
        env = {**self.env, **env}
        if self.real and not (before or file_size):
            job = real_start(self.bench.commands, [*command], self.outputs, env)
        else:
            job = self.bench.commands.start(
                *command,
                outputs=self.outputs,
                file_size=file_size,
                ranks=self.ranks,
                env=env,
                before=before,
            )
        self.jobs.append(job)
        return job

    @property
    def runs(self) -> dict[str, Path]:
        return evidence.runs_in(self.outputs)

    @property
    def run(self) -> Path | None:
        """The folder of the run itself, once it is there."""
        return next((run for name, run in self.runs.items() if name.startswith("attngan-")), None)

    def processes(self, part: str = "") -> list[int]:
        """Living processes of this case whose command has `part` in it."""
        sessions = {job.pid for job in self.jobs}
        return [pid for pid, command in evidence.processes(self.token, sessions) if part in command]

    def end(self) -> None:
        """Nothing of it outlives it."""
        for job in self.jobs:
            with suppress(ProcessLookupError, PermissionError):
                if not job.code.exists():
                    os.killpg(job.pid, signal.SIGKILL)
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


class Bench:
    """A folder, a forge of command lines, and undisturbed runs that are made once."""

    def __init__(self, folder: Path, commands: Commands | None = None) -> None:
        self.folder, self.owned = folder, commands is None
        self.settings = [*RECIPE, FINE]
        folder.mkdir(parents=True, exist_ok=True)
        self.commands = commands or Commands(folder)
        self.count = 0
        self.cases: list[Case] = []
        self._straight: dict[tuple[str, ...], Straight] = {}

    def close(self) -> None:
        if self.owned:
            assert self.commands.forge.stdin
            self.commands.forge.stdin.close()
            self.commands.forge.wait(10)

    def abandon(self) -> str:
        """End whatever still runs; what the last case has said."""
        for case in self.cases:
            case.end()
        said = self.cases[-1].jobs[-1].text if self.cases and self.cases[-1].jobs else ""
        self.cases.clear()
        return said

    def straight(self, settings: Sequence[str], ranks: int = 1) -> Straight:
        """The undisturbed run."""
        key, first = (*settings, str(ranks)), (*self.settings, "1")
        if key != first:
            self.straight(self.settings)  # what all of them build on is made by one process
        if key not in self._straight:
            seconds = []
            case = self.make(settings, fresh=not self._straight, ranks=ranks, prepared=False)
            ready = self.folder / "ready"
            for _ in range(1 + case.fresh):
                began = time.monotonic()
                job = case.start()
                assert job.wait(PATIENCE) == 0, job.text
                seconds.append(time.monotonic() - began)
                if case.fresh and len(seconds) == 1:
                    shutil.copytree(case.cache, self.commands.cache, dirs_exist_ok=True)
                    assert case.run
                    shutil.rmtree(case.run.parent)
                    shutil.copytree(case.outputs, ready)
            results = {name: evidence.result_of(run) for name, run in case.runs.items()}
            nothing = seconds[0] if key == first else self._straight[first].seconds_from_nothing
            sizes = _size(ready), _size(case.outputs)
            self._straight[key] = Straight(results, seconds[-1], nothing, *sizes)
            shutil.rmtree(case.folder)
            self.cases.remove(case)
        return self._straight[key]

    def make(
        self,
        settings: Sequence[str] = (),
        *,
        fresh: bool = False,
        ranks: int = 1,
        real: bool = False,
        prepared: bool = True,
        folder: Path | None = None,
    ) -> Case:
        """A case. `fresh`: what it builds on and the store of pictures are to be made as well."""
        if prepared:
            self.straight(settings or self.settings, ranks)
        self.count += 1
        folder = folder or self.folder / f"case-{self.count}"
        case = Case(self, folder, list(settings or self.settings), fresh, ranks, real)
        self.cases.append(case)
        if not fresh and (self.folder / "ready").exists():
            shutil.copytree(self.folder / "ready", case.outputs, dirs_exist_ok=True)
        return case

    def conclude(
        self,
        case: Case,
        *,
        hit: bool = True,
        allowed: int = EVERY,
        says: Sequence[str] = (),
        broken: Sequence[Path] = (),
        codes: Sequence[int] | None = None,
        continues: bool = True,
        problems: Sequence[str] = (),
        lost: int = 0,
    ) -> Outcome:
        """Look at what a fault left, give the same command again, and compare with the undisturbed.

        says: what must stand in what the disturbed commands said. broken: files that the fault
        itself damaged. codes: exit codes that they may have. continues: whether the same command
        is to be given again, or the run has to have come to its end by itself. problems, lost: what
        was found already.
        """
        problems = list(problems)
        problems += [f"a traceback: {job.log}" for job in case.jobs if "Traceback" in job.text]
        text = "\n".join(job.text for job in case.jobs)
        problems += [f"nothing was said of {part!r}" for part in says if part not in text]
        for job in case.jobs:
            if codes is not None and (code := int(job.code.read_text())) not in codes:
                problems.append(f"exit code {code}: {job.log}")
        whole = [p for run in case.runs.values() for p in evidence.damaged(run) if p not in broken]
        problems += [f"{path} is not whole" for path in whole]
        before = {name: evidence.reached(run) for name, run in case.runs.items()}
        if continues:
            last = case.start()
            if last.wait(PATIENCE) != 0 or "Traceback" in last.text:
                problems.append(f"the same command again ended with {last.wait()}: {last.log}")
            went_on = evidence.resumed(last.text)
            lost = max([lost, *(before.get(name, 0) - at for name, at in went_on.items())])
        if lost > allowed:
            problems.append(f"{lost} images lost, {allowed} are allowed")
        unlike = self._unlike(case)
        problems += unlike
        self._wait_for_processes(case)
        problems += [f"process {pid} is left" for pid in case.processes()]
        problems += [
            f"left over: {found}"
            for found in evidence.left_over(case.outputs, case.temporary, case.cache)
        ]
        case.end()
        self.cases.remove(case)
        if not problems:
            for place in (case.folder, case.temporary):
                shutil.rmtree(place, ignore_errors=True)
        return Outcome(hit, lost, allowed, not unlike, problems, _said(case.jobs))

    def _unlike(self, case: Case) -> list[str]:
        theirs = self.straight(case.settings, case.ranks).results
        found = []
        for name, run in case.runs.items():
            try:
                ours = evidence.result_of(run)
            except Exception as error:
                found.append(f"{run} cannot be read: {error!r}")
                continue
            found += [f"{run}: {line}" for line in evidence.differences(ours, theirs[name])]
        missing = theirs.keys() - case.runs.keys()
        return [*found, *(f"{name} is missing" for name in sorted(missing))]

    def _wait_for_processes(self, case: Case, seconds: float = 5.0) -> None:
        """A tracker's service takes a moment to see that its run is gone."""
        end = time.monotonic() + seconds
        while case.processes() and time.monotonic() < end:
            time.sleep(0.1)


def one_error(job: Job, *parts: str, any_of: bool = False) -> list[str]:
    """What is wrong with how a command ended that should say one line with these parts in it."""
    holds = any if any_of else all
    if len(job.errors) == 1 and holds(part in job.errors[0] for part in parts):
        return []
    return [f"it said {job.errors or job.text.splitlines()[-1:]}, not {parts}: {job.log}"]


def _said(jobs: Sequence[Job]) -> str:
    """The line by which a user learns what happened: an error or a warning, else where it went on,
    else the last."""
    lines = [line for job in jobs for line in job.text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith("error: ") or "tracker " in line]
    went_on = [line for line in lines if ": from " in line]
    return (telling or went_on or lines or [""])[-1]


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def wait_until(job: Job, condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether something came to be so before the job ended."""
    end = time.monotonic() + seconds
    while not condition():
        if job.code.exists():
            return False
        assert time.monotonic() < end, f"waited in vain:\n{job.text}"
        time.sleep(0.002)
    return True


def send(job: Job, number: int) -> bool:
    """Send a signal; whether the job was there to get it."""
    if job.code.exists():
        return False
    try:
        job.send(number)
    except ProcessLookupError:
        return False
    return True


def any_moment(case: Case, job: Job, chance: random.Random) -> bool:
    """Wait until a random moment of a job: half of the time at any second of it, half when it has
    just begun or done something worth to be disturbed. Whether it still runs then."""
    straight = case.bench.straight(case.settings, case.ranks)
    if chance.random() < 0.5:
        seconds = straight.seconds_from_nothing if case.fresh else straight.seconds
        end = time.monotonic() + chance.uniform(0, seconds)
        return wait_until(job, lambda: time.monotonic() >= end)
    pattern = chance.choice(MOMENTS if case.fresh else MOMENTS[2:])
    if not wait_until(job, lambda: any(case.folder.glob(pattern))):
        return False
    time.sleep(chance.uniform(0, 0.1))
    return not job.code.exists()


MOMENTS = (
    "cache/*/*.partial",
    "outputs/*/*/checkpoints/*.partial",
    "outputs/attngan*/*/.lock",
    "outputs/attngan*/*/samples/real.png",
    "outputs/attngan*/*/checkpoints/*.partial",
    "outputs/attngan*/*/checkpoints/images-0000000024.safetensors",
    "outputs/attngan*/*/samples/images-*20.png",
    "outputs/attngan*/*/samples/images-*40.png",
    "outputs/attngan*/*/scores.json",
    "outputs/attngan*/*/checkpoints/images-0000000040.safetensors",
    "outputs/attngan*/*/weights",
    "outputs/attngan*/*/weights/images*",
)


def real_start(
    commands: Commands, arguments: Sequence[str], outputs: Path, env: Mapping[str, str]
) -> Job:
    """`python run.py` as a shell would start it, in a session of its own."""
    commands.count += 1
    log, code = (commands.folder / f"{commands.count}.{kind}" for kind in ("log", "code"))
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("WANDB_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "run.py"), *commands.settings(outputs), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=inherited | {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"} | dict(env),
            cwd=commands.folder,
            start_new_session=True,
        )

    def wait() -> None:
        ended = process.wait()
        partial = code.with_suffix(".writing")
        partial.write_text(str(ended))
        partial.replace(code)

    threading.Thread(target=wait, daemon=True).start()
    return Job(process.pid, log, code)
