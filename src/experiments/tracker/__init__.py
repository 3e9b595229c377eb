"""W&B, trackio, TensorBoard."""
