"""`make lock`, `make licences`, `make audit`: what the project is built on.

python -m tests.supply lock|licences|audit
"""

from __future__ import annotations

import argparse
import sys

from experiments.terminal.line import say, show
from tests.supply.audit import audit
from tests.supply.licences import PAGE, write_licences
from tests.supply.lock import LOCK, ROOT, write_lock


def main() -> int:
    parser = argparse.ArgumentParser("python -m tests.supply", description=__doc__)
    parser.add_argument("what", choices=("lock", "licences", "audit"))
    what = parser.parse_args().what
    if what == "lock":
        show(f"{LOCK.relative_to(ROOT)}: {write_lock()} packages")
    elif what == "licences":
        show(f"{PAGE.relative_to(ROOT)}: {write_licences()} packages")
    else:
        found = audit()
        for line in found.lines:
            say(line)
        return int(found.bad)
    return 0


if __name__ == "__main__":
    sys.exit(main())
