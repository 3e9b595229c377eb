"""`task=app`: a page, or a window, in which a person says, types or sings something, and looks."""
