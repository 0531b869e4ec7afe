"""Which commands stand in the audit list."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import get_commands

from sdmpweb.audited import is_noted

_OURS = ("sdmpweb", "panel", "hosting", "mail", "journal", "nodes")


@pytest.mark.parametrize(
    ("name", "options", "noted"),
    [
        ("create_account", {}, True),
        ("backup", {"check": False}, True),
        ("backup", {"check": True}, False),
        ("status", {}, False),
        ("list_accounts", {}, False),
        ("suspend_account", {"undo": False}, True),
        ("of_a_later_version", {}, True),
    ],
)
def test_of_ours_what_changes_something(name: str, options: dict[str, Any], noted: bool) -> None:
    assert is_noted(name, object(), options, ours=True) is noted


def test_a_command_may_say_that_it_only_reads() -> None:
    assert not is_noted("look", SimpleNamespace(changes=False), {}, ours=True)


def test_of_djangos_those_that_change_something() -> None:
    theirs = {name for name, app in get_commands().items() if str(app) not in _OURS}
    noted = {name for name in theirs if is_noted(name, object(), {}, ours=False)}
    assert {"changepassword", "createsuperuser", "migrate", "flush", "shell"} <= noted
    assert not {"check", "showmigrations", "diffsettings", "makemessages"} & noted
