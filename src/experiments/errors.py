"""The two errors that users meet; everything else that is raised is a fault of this project."""


class UserError(Exception):
    """One line for the user: the key or file, and the remedy. Printed without a traceback."""


class BadInput(ValueError):
    """One record of a data set cannot be used; it is dropped, counted and reported."""
