"""How soon a command answers: `--cfg job` and `--help` against importing torch alone.

python -m benchmarks.part.start COMMAND(JSON)
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

from benchmarks.row import Row
from benchmarks.turns import serve, take_turns

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "datasets", "wandb", "torchmetrics", "accelerate")
QUICK = {
    "--cfg job": ["--cfg", "job"],
    "--help": ["--help"],
    "a mistake": ["generator.widht=3"],
}
WATCHED = """
import json, runpy, sys
sys.argv = ["run.py", *json.loads(sys.argv[1])]
try:
    runpy.run_path("run.py", run_name="__main__")
except SystemExit:
    pass
sys.stderr.write("\\n" + " ".join(name for name in {heavy} if name in sys.modules))
"""


def measure(options: Namespace) -> list[Row]:
    """Wall time, and which heavy packages a quick answer loads."""
    commands = {name: ["run.py", *given] for name, given in QUICK.items()}
    commands["import torch"] = ["-c", "import torch"]
    timings = take_turns(
        {name: ["benchmarks.part.start", json.dumps(given)] for name, given in commands.items()},
        2 * options.rounds + 1,
        1,
        "start",
    )
    torch, rows = timings["import torch"], []
    for name, given in QUICK.items():
        share = timings[name].seconds / torch.seconds
        title = f"run.py {name}, wall, share of `import torch`"
        rows.append(Row("start", title, share, "", "start", torch, timings[name]))
        heavy = imported(given)
        remarks = [f"imports {', '.join(heavy)}"] if heavy else []
        title = f"run.py {name}, heavy packages imported"
        rows.append(Row("start", title, len(heavy), "", "imports", remarks=remarks))
    return rows


def imported(arguments: list[str]) -> list[str]:
    """Those of the heavy packages that a command line loads."""
    code = WATCHED.format(heavy=HEAVY)
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr.rpartition("\n")[2].split()


def main(arguments: list[str]) -> None:
    """Serve one command."""
    command = [sys.executable, *json.loads(arguments[0])]
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # packages that pip installed have theirs

    def work() -> int:
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
        return 1

    serve(work, "wall")


if __name__ == "__main__":
    main(sys.argv[1:])
