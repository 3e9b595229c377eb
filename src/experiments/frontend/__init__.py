"""From sound to frames of features, and sound in files."""
