"""From `conf/` and overrides to a checked configuration; objects built from it."""
