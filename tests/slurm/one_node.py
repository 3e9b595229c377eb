"""A SLURM of one node on this machine alone: munged, slurmctld and slurmd in a temporary folder.

    python tests/slurm/one_node.py sinfo      # any command, with the cluster as its SLURM

Needs root and Debian's packages slurm-wlm and munge; installs nothing, listens on 127.0.0.1.
Two jobs of one processor run at a time. A job in the partition `high` takes the place of one in
`low`, which gets SIGTERM, is killed `GRACE` seconds later and waits to be started again.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

DAEMONS = ("munged", "slurmctld", "slurmd")
GRACE = 20  # seconds
PROCESSORS = 2

CONFIG = """\
ClusterName=one_node
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
ReturnToService=2
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
JobRequeue=1
KillWait=15
MinJobAge=300
InactiveLimit=0
NodeName={host} NodeAddr=127.0.0.1 CPUs={processors} RealMemory=1000 State=UNKNOWN
PartitionName=low Nodes={host} Default=YES State=UP PriorityTier=1 GraceTime={grace}
PartitionName=high Nodes={host} State=UP PriorityTier=2 PreemptMode=OFF
"""


def missing() -> str | None:
    """Why no cluster can be made here, or None."""
    absent = [name for name in (*DAEMONS, "sbatch", "scontrol") if not _program(name)]
    if absent:
        return f"{', '.join(absent)}: not installed; apt-get install slurm-wlm munge"
    return None if os.geteuid() == 0 else "a SLURM of one's own needs root"


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


class OneNode:
    """A cluster that runs; commands find it through `environment`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.daemons = folder, list[subprocess.Popen[bytes]]()
        self.host = socket.gethostname().partition(".")[0]
        self.config = folder / "slurm.conf"
        self.environment = {**os.environ, "SLURM_CONF": str(self.config)}

    def start(self) -> None:
        """Start the daemons and wait until the node takes jobs."""
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        control_port, node_port = _free_ports(2)
        self.config.write_text(
            CONFIG.format(
                host=self.host,
                control_port=control_port,
                node_port=node_port,
                folder=self.folder,
                processors=PROCESSORS,
                grace=GRACE,
            )
        )
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o400)
        places = {"key-file": key.name, "socket": "munge.socket", "pid-file": "munge.pid"}
        places |= {"log-file": "munge.log", "seed-file": "munge.seed"}
        options = [f"--{option}={self.folder / name}" for option, name in places.items()]
        self._start("munged", "--foreground", "--force", "--num-threads=2", *options)
        self._until((self.folder / "munge.socket").exists, "munged")
        self._start("slurmctld", "-D", "-f", str(self.config))
        self._start("slurmd", "-D", "-f", str(self.config), "-N", self.host)
        self._until(lambda: self.ask("sinfo", "-h", "-p", "low", "-o", "%T") == "idle", "the node")

    def stop(self) -> None:
        """Cancel what runs and end the daemons."""
        with suppress(subprocess.SubprocessError, RuntimeError):
            for partition in ("low", "high"):
                self.ask("scancel", f"--partition={partition}")
            self._until(lambda: not self.ask("squeue", "-h"), "jobs")
        for daemon in reversed(self.daemons):
            daemon.send_signal(signal.SIGTERM)
        for daemon in reversed(self.daemons):
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def ask(self, *command: str) -> str:
        """What a command of SLURM prints; nothing where it fails."""
        ended = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )
        return ended.stdout.strip()

    def logs(self) -> str:
        """The ends of the daemons' logs, for a failure."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-60:]
            parts.append("\n".join([f"--- {path.name}", *lines]))
        return "\n".join(parts)

    def _start(self, name: str, *options: str) -> None:
        program = _program(name)
        assert program is not None
        with (self.folder / f"{name}.out.log").open("wb") as log:
            self.daemons.append(
                subprocess.Popen(
                    [program, *options],
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def _until(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        end = time.monotonic() + seconds
        while not condition():
            ended = [daemon.args for daemon in self.daemons if daemon.poll() is not None]
            if ended or time.monotonic() > end:
                raise RuntimeError(f"waited for {what}; ended: {ended}\n{self.logs()}")
            time.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


@contextmanager
def one_node() -> Iterator[OneNode]:
    """A cluster that is there for the time of the block."""
    # The name of munged's socket must be short.
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    cluster = OneNode(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    reason = missing()
    if reason:
        sys.exit(f"error: {reason}")
    with one_node() as made:
        sys.exit(subprocess.run(sys.argv[1:] or ["sinfo"], env=made.environment).returncode)
