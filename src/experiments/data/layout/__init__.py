"""How published data lie on disk."""
