"""What runs have in common, and what they differ in: `task=report`."""
