"""task=sample: a trained run as a model, requests, sheets of pictures."""
