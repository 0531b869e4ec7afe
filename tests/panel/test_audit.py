"""The audit list in the panel."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

import pytest
from django.core.management import get_commands
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting import runs
from hosting.audit import note
from hosting.models import AuditEntry
from nodes.models import Account
from panel.audit_words import SENTENCES, sentence
from tests.support.nodes import ROOT

LIST: Final = "admin:hosting_auditentry_changelist"
_PACKAGES: Final = ("journal", "mail", "hosting", "panel", "sdmpweb")
_ACTION: Final = re.compile(
    r'\b(?:_?note(?:_own)?|tell_owner|_do)\((?:request, person,)?\s*"([a-z_]+\.[a-z_.]+)"'
)


@pytest.fixture
def olga(db: None) -> Account:
    """The owner."""
    account = Account.objects.create_user("olga", password="a long house-key 7")
    account.is_staff = account.is_superuser = True
    account.save()
    return account


@pytest.fixture
def owner(olga: Account) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(olga, "allauth.account.auth_backends.AuthenticationBackend")
    return client


def _found(owner: Client, **asked: Any) -> list[str]:
    answer = owner.get(reverse(LIST), asked)
    assert answer.status_code == 200
    return [row.action for row in answer.context["cl"].result_list]


def test_changes_are_said_in_sentences(owner: Client, olga: Account) -> None:
    note("account.suspend", "bob", by=olga)
    note("account.rights", "bob", by=olga, quota=1_500_000, may_invite=False)
    note("command.create_account", "ana", where=AuditEntry.Where.COMMAND)
    note("retention.rules", by=olga, bin=30)
    note("journal.repair", where=AuditEntry.Where.NODE)  # of a later version
    page = owner.get(reverse(LIST)).content.decode()
    for words in ("Suspended the account bob", "Made the account ana", "by command", "the node"):
        assert words in page
    entry = AuditEntry.objects.get(action="account.rights")
    detail = owner.get(reverse("admin:hosting_auditentry_change", args=[entry.pk]))
    assert "space: 1.5 MB, may invite people: no" in detail.content.decode()
    entry = AuditEntry.objects.get(action="retention.rules")
    detail = owner.get(reverse("admin:hosting_auditentry_change", args=[entry.pk]))
    assert "Messages in the Bin: 30" in detail.content.decode()


def test_who_what_when(owner: Client, olga: Account) -> None:
    note("account.suspend", "bob", by=olga)
    note("command.migrate", where=AuditEntry.Where.COMMAND)
    note("account.password", "bob", by=olga, where=AuditEntry.Where.PAGE)
    old = timezone.now() - timedelta(days=40)
    AuditEntry.objects.filter(action="account.password").update(at=old)
    assert _found(owner, who="olga") == ["account.suspend", "account.password"]
    assert _found(owner, what="command.") == ["command.migrate"]
    assert _found(owner, when="month") == ["command.migrate", "account.suspend"]
    assert _found(owner, where__exact="page") == ["account.password"]
    assert _found(owner, q="bob suspended") == ["account.suspend"]
    assert _found(owner, q="nothing-like-it") == []


def test_nothing_is_changed_or_deleted_here(owner: Client, olga: Account) -> None:
    note("account.suspend", "bob", by=olga)
    [entry] = AuditEntry.objects.all()
    for name in ("change", "delete"):
        address = reverse(f"admin:hosting_auditentry_{name}", args=[entry.pk])
        given = {"action": "x", "actor": "y", "post": "yes"}
        assert owner.post(address, given).status_code == 403
    answer = owner.post(
        reverse(LIST), {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"}
    )
    assert answer.status_code in (200, 302, 403)
    assert owner.post(reverse("admin:hosting_auditentry_add")).status_code == 403
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["account.suspend"]


def test_every_action_has_its_sentence() -> None:
    """What the code writes down is named in `SENTENCES`, and nothing else but commands is."""
    files = [file for package in _PACKAGES for file in (ROOT / package).rglob("*.py")]
    actions = {found for file in files for found in _ACTION.findall(file.read_text())}
    actions |= {"node.let_in", "node.change"}  # chosen in one expression
    actions |= set(runs._ACTIONS.values())
    assert {"account.suspend", "account.delete", "trust.withdraw"} <= actions
    named = {name for name in SENTENCES if not name.startswith("command.")}
    assert actions - set(SENTENCES) == set()
    commands = {name.removeprefix("command.") for name in SENTENCES} - named
    assert commands - set(get_commands()) <= {"restore"}
    for action in SENTENCES:
        assert "%" not in sentence(action, "somebody")
