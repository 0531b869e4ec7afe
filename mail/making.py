"""Making an account for somebody else, who comes in with a password from the owner."""

from __future__ import annotations

from journal.enrol import Enrolment, enrol
from mail import echo
from mail.presentation import clean_name


def make_for(name: str, password: str) -> Enrolment:
    """Make an account at once; whoever makes it sees the recovery words, and has to hand them on.

    An invitation to an account is better: then the person alone sees them.

    Args:
        name: as others see it; the name to sign in with is made from it.
        password: with which the person comes in.

    Raises:
        UserError: a value will not do; nothing is written.
    """
    made = enrol("", name=clean_name(name), password=password)
    echo.greet_if_possible(made.account)
    return made
