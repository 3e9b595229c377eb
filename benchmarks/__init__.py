"""Speed: what is compared here is timed on the same machine, in the same minute, in turns."""
