"""Studies that look for the best values of some keys: `search:` in a file of `sweeps/`."""
