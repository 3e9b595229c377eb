"""A run's folder, id, lock, checkpoints, weights, what it builds on, what it cost."""
