"""Surroundings of two processes of one job, as a launcher gives them to each."""

from __future__ import annotations

import os
import socket


def surroundings() -> list[dict[str, str]]:
    """The environment of the first process and of the second, which meet at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    both = {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2, "OMP_NUM_THREADS": 1}
    both |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    found = []
    for rank in range(2):
        place = both | {"RANK": rank, "LOCAL_RANK": rank}
        found.append(os.environ | {name: str(value) for name, value in place.items()})
    return found
