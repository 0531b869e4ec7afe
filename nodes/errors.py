"""Errors whose text is meant for people."""


class UserError(Exception):
    """Something a person can act on; `str(error)` is one sentence, shown as it is."""
