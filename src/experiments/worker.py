"""One rank of a job: `python -m torch.distributed.run ... -m experiments.worker JOB`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from experiments.errors import UserError
from experiments.execute import execute


def work(job: Path) -> None:
    """Do the job's task; a user error goes into the file `failure` beside it."""
    content = json.loads(job.read_text())
    try:
        execute(content["config"], content["choices"], content["overrides"])
    except UserError as error:
        if os.environ.get("RANK", "0") == "0":
            (job.parent / "failure").write_text(str(error))


if __name__ == "__main__":
    work(Path(sys.argv[1]))
