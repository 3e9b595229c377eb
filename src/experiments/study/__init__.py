"""`sweeps/NAME.yaml` and several values: a list of jobs."""
