"""What the person at the terminal is told and presses: errors, secrets, progress, signals."""
