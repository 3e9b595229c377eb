"""Python code in processes of their own, forked from one that has loaded torch: to load it takes
seconds of a processor, and a fork takes none."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.supply.lock import ROOT

# One line a job: code, arguments, its stdin, the folder to start in, and of each process that does
# it the environment and the files of its output. Once one has failed, the others have a while.
SERVER = """
import io, json, os, signal, sys, time, traceback
exec(sys.argv[1])

def start(job, each):
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.environ.clear()
        os.environ.update(each["env"])
        os.chdir(job["cwd"])
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(each[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv, sys.stdin = ["-c", *job["arguments"]], io.StringIO(job["given"])
        exec(job["code"], {"__name__": "__main__"})
        code = 0
    except SystemExit as leave:
        code = int(leave.code or 0)
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

for line in sys.stdin:
    job = json.loads(line)
    children, codes, end = [start(job, each) for each in job["each"]], {}, None
    while len(codes) < len(children):
        for child in set(children) - codes.keys():
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                codes[child] = os.waitstatus_to_exitcode(status)
        if any(codes.values()):
            end = end or time.monotonic() + 60
            if time.monotonic() > end:
                for child in set(children) - codes.keys():
                    os.kill(child, signal.SIGKILL)
        time.sleep(0.005)
    print(json.dumps([codes[child] for child in children]), flush=True)
"""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


@dataclass
class Forked:
    """What starts them, one job after the other."""

    server: subprocess.Popen[str]
    folder: Path

    def run(
        self,
        code: str,
        *arguments: str,
        env: Mapping[str, str],
        cwd: Path = ROOT,
        given: str = "",
    ) -> str:
        """What the code says on stdout; `given` is its stdin. Its process must end well."""
        (ended,) = self.together(code, *arguments, envs=[env], cwd=cwd, given=given)
        assert ended.code == 0, ended.err
        return ended.out

    def together(
        self,
        code: str,
        *arguments: str,
        envs: Sequence[Mapping[str, str]],
        cwd: Path = ROOT,
        given: str = "",
    ) -> list[Ended]:
        """The same by several processes at once, each with its environment."""
        files = [
            {name: str(self.folder / f"{name}-{place}") for name in ("out", "err")}
            for place in range(len(envs))
        ]
        each = [{"env": dict(env)} | file for env, file in zip(envs, files, strict=True)]
        job = {"code": code, "arguments": arguments, "cwd": str(cwd), "given": given, "each": each}
        assert self.server.stdin and self.server.stdout
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        codes = json.loads(self.server.stdout.readline())
        return [
            Ended(code, *(Path(file[name]).read_text() for name in ("out", "err")))
            for code, file in zip(codes, files, strict=True)
        ]


@contextmanager
def forked(folder: Path, imports: str, without: Sequence[str] = ()) -> Iterator[Forked]:
    """`imports`: what each has loaded, in Python; `without`: packages that it must not have."""
    checked = f"{imports}\nimport sys\nassert not {set(without)!r} & sys.modules.keys()"
    command = [sys.executable, "-c", SERVER, checked]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as server:
        yield Forked(server, folder)
