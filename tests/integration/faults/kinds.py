"""Every fault, by the name that `--only` takes."""

from __future__ import annotations

from tests.integration.faults import clock, damage, disk, ranks, signals, together, tracker, workers
from tests.integration.faults.outcome import Fault

KILL = "sigkill"

FAULTS: dict[str, Fault] = {
    KILL: Fault("killed at a random moment (SIGKILL)", signals.sigkill, 200),
    "sigterm": Fault("asked to leave (SIGTERM)", signals.sigterm, 20, quick=False),
    "sigint_twice": Fault("Ctrl-C twice (SIGINT)", signals.sigint_twice, 20, quick=False),
    "stop": Fault(
        "stopped and continued (SIGSTOP, SIGCONT)", signals.stop_and_continue, 10, quick=False
    ),
    "rank": Fault("one of two ranks dies", ranks.death_of_a_rank, 10, quick=False),
    "rank_launcher": Fault(
        "the same under `launch.num_processes=2`", ranks.death_under_the_launcher, 5, quick=False
    ),
    "full_disk": Fault("a full disk", disk.full_disk, 10, quick=False),
    "file_size": Fault("a limit to the size of files", disk.file_too_large, 10, quick=False),
    "read_only": Fault("a file system that became read-only", disk.read_only, quick=False),
    "not_writable": Fault(
        "folders that cannot be written to any more", disk.not_writable, quick=False
    ),
    "truncated": Fault(
        "the newest checkpoint cut off at a random byte",
        damage.newest_damaged(damage.truncate),
        10,
        quick=False,
    ),
    "flipped": Fault(
        "one bit of the newest checkpoint flipped",
        damage.newest_damaged(damage.flip),
        10,
        quick=False,
    ),
    "all_damaged": Fault("all checkpoints damaged: refused", damage.all_damaged, quick=False),
    "tracker_raises": Fault("a tracker that raises", tracker.raises, quick=False),
    "tracker_hangs": Fault("a tracker that hangs", tracker.hangs, quick=False),
    "tracker_vanishes": Fault("a tracker that vanishes", tracker.vanishes, quick=False),
    "store_worker": Fault(
        "a worker of the picture store killed", workers.store_worker, quick=False
    ),
    "prefetch": Fault("an error of the disk while batches are made", workers.prefetch, quick=False),
    "clock": Fault("a clock that jumps forward and back", clock.jumps, quick=False),
    "two_starts": Fault("two starts of one command at once", together.starts(2), quick=False),
    "four_starts": Fault("four starts of one command at once", together.starts(4), quick=False),
}
