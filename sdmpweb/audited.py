"""Which commands stand in the audit list, once they have done what they do.

What is written down is the command, the account that it was about, and who is signed in to the
machine. Other arguments stay out: among them are people, files and texts. What the panel does as
well has the same name as there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, Final

_ONLY_READ: Final = frozenset(
    {
        *("status", "doctor", "inspect", "verify_journal", "list_contacts", "list_letters"),
        *("export_card", "export_journal", "export_node", "link_peers", "list_accounts"),
        *("up", "web", "worker", "beat", "demo"),
    }
)
"""Of our own; a command that is not named here, and has no `changes = False`, changes something."""

_READS_WITH: Final = {"backup": "check"}
"""Options with which a command of ours only reads."""

_DJANGOS: Final = frozenset(
    {
        *("changepassword", "createsuperuser", "migrate", "flush", "loaddata"),
        *("shell", "dbshell", "clearsessions", "remove_stale_contenttypes"),
    }
)
"""Of Django's own, those that change something or may."""

_ABOUT: Final = ("username", "account", "owner")
"""Arguments that name an account of this node, in the order in which they count."""


def is_noted(name: str, command: object, options: Mapping[str, Any], *, ours: bool) -> bool:
    """Tell whether a command is written down when it has succeeded.

    Args:
        name: of the command.
        command: itself; one of ours says with `changes = False` that it only reads.
        options: its arguments, by name.
        ours: whether it is of this project.
    """
    if not ours:
        return name in _DJANGOS
    if options.get(_READS_WITH.get(name, "")):
        return False
    return name not in _ONLY_READ and bool(getattr(command, "changes", True))


def note_command(name: str, options: Mapping[str, Any]) -> None:
    """Write down that a command has changed something; say so where that cannot be.

    Args:
        name: of the command.
        options: its arguments, by name.
    """
    from django.db import DatabaseError

    from hosting.audit import note
    from hosting.models import AuditEntry

    action, about, details = _change(name, options)
    try:
        note(action, about, where=AuditEntry.Where.COMMAND, **details)
    except DatabaseError:  # such as after `migrate hosting zero`
        sys.stderr.write("The command is done; it could not be written into the audit list.\n")


def _change(name: str, options: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Say what a command has done, to what, and how, as the audit list calls it."""
    named = (options.get(each) for each in _ABOUT)
    about = next((each for each in named if isinstance(each, str) and each), "")
    match name:
        case "invite":
            from mail.invitations import LIFETIMES

            return "account.invite", options["name"], {"days": LIFETIMES[options["lifetime"]].days}
        case "login_link":
            return "account.login_link", about, {"factors": options["clear_factors"]}
        case "set_quota":
            return "account.rights", about, {"quota": options["size"]}
        case "suspend_account":
            return ("account.let_in" if options["undo"] else "account.suspend"), about, {}
    return f"command.{name}", about, {}


def can_ask() -> bool:
    """Tell whether a password can be asked for: at standard input, or the terminal behind it."""
    if sys.stdin is not None and sys.stdin.isatty():
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
