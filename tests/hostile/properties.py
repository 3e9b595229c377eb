"""How many examples a property is tried on: few and always the same in the suite.

`BIRDSONG_EXAMPLES=10000 pytest tests/hostile` looks further, and elsewhere each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("BIRDSONG_EXAMPLES", "0"))
properties = settings(
    max_examples=EXAMPLES or 60,
    derandomize=not EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
