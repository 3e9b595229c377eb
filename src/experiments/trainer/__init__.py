"""The loop and all around it, from an empty folder to scores."""
