"""`task=plan`: what a run would need and how long it would take, from its configuration alone."""
