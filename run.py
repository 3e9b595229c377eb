"""Compose a run from `conf/`, check it, and dispatch it. `python run.py --help` says what there is.

python run.py                                      one process
python run.py launch.num_processes=2               two processes, or GPUs, on this machine
torchrun --nproc_per_node 2 run.py                 the same by hand
"""

import sys

try:
    from experiments.__main__ import main
except KeyboardInterrupt:  # nothing has begun
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
