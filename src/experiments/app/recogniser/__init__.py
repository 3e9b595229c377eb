"""Speech as text: recognisers that expect the captions of a run (docs/recogniser.md)."""
