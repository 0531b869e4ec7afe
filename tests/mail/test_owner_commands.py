"""What an owner does with accounts in a terminal, over the functions that the panel uses."""

from __future__ import annotations

from io import StringIO
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from mail import invitations, login_links
from mail.management.commands.set_quota import read_size
from mail.rights import MOST_QUOTA
from nodes.errors import UserError
from nodes.models import Account, LoginLink
from tests.mail.conftest import House


def said(name: str, *arguments: str, **options: Any) -> list[str]:
    """Run a command and give the lines it prints on stdout."""
    out = StringIO()
    call_command(name, *arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue().splitlines()


@pytest.fixture
def owned(house: House) -> House:
    """A house that is Alice's."""
    Account.objects.filter(pk=house.alice.pk).update(is_staff=True, is_superuser=True)
    house.alice.refresh_from_db()
    return house


def test_the_list_has_owners_first_and_no_texts(owned: House) -> None:
    owned.write(title="A secret dinner")
    Account.objects.filter(pk=owned.bob.pk).update(is_active=False, quota=1_000_000)
    alice, bob = said("list_accounts")
    assert alice.startswith("owner      alice  Alice Adams, 1 message, ")
    assert bob.startswith("suspended  bob    Bob Brown, 1 message, ")
    assert " of 1.0 MB, last seen never" in bob
    [first, second] = orjson.loads("\n".join(said("list_accounts", "--json")))
    assert (first["username"], first["owner"], first["user"]) == (
        "alice", True, owned.alice.fingerprint,
    )  # fmt: skip
    assert (second["suspended"], second["quota"], second["messages"]) == (True, 1_000_000, 1)
    assert "secret" not in "".join(said("list_accounts", "--json"))


def test_an_invitation_by_command_opens_and_makes_an_account(owned: House) -> None:
    link, words = said("invite", "--name", "Lou Lake")
    token = link.rpartition("/")[2]
    row = invitations.find(token)
    assert row is not None
    assert (row.account, row.kind, row.name) == (owned.alice, "account", "Lou Lake")
    assert words.startswith("It works once, until ")
    page = Client().get(f"/invite/{token}", headers={"Accept": "text/html"})
    assert "Lou Lake" in page.content.decode()


def test_who_invites_can_be_said_and_must_be_an_owner(owned: House) -> None:
    with pytest.raises(UserError, match="Only the owner"):
        said("invite", "--owner", "bob")
    Account.objects.filter(pk=owned.alice.pk).update(may_invite=False)
    with pytest.raises(UserError, match="No owner of this node can invite"):
        said("invite")


def test_suspending_and_undoing_it(owned: House) -> None:
    assert said("suspend_account", "bob") == [
        "The account bob is suspended, and signed out everywhere."
    ]
    assert not Account.objects.get(username="bob").is_active
    with pytest.raises(UserError, match="suspended already"):
        said("suspend_account", "bob")
    said("suspend_account", "bob", "--undo")
    assert Account.objects.get(username="bob").is_active
    with pytest.raises(UserError, match="is not suspended"):
        said("suspend_account", "bob", "--undo")
    with pytest.raises(UserError, match="only owner"):
        said("suspend_account", "alice")


def test_a_login_link_sets_a_password_and_leaves_the_key(owned: House) -> None:
    link, _ = said("login_link", "bob")
    token = link.rpartition("/")[2]
    assert not LoginLink.objects.get().clears_factors
    login_links.use(token, "quite another house-key 8", now=timezone.now())
    bob = Account.objects.get(username="bob")
    assert bob.check_password("quite another house-key 8")
    assert (bob.fingerprint, bob.recovery_kit) == (owned.bob.fingerprint, owned.bob.recovery_kit)
    said("login_link", "bob", "--clear-factors")
    assert LoginLink.objects.get(used=None).clears_factors


def test_a_quota_by_command(owned: House) -> None:
    assert said("set_quota", "bob", "500MB") == ["The account bob gets 500.0 MB."]
    assert Account.objects.get(username="bob").quota == 500_000_000
    assert said("set_quota", "bob", "none") == ["The account bob gets as much room as there is."]
    assert Account.objects.get(username="bob").quota is None


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("12", 12), ("3kB", 3000), ("2 GB", 2_000_000_000), ("1T", 10**12),
        ("NONE", None), ("1000TB", MOST_QUOTA),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert read_size(text) == size


@pytest.mark.parametrize("text", ["", "-1", "1.5GB", "GB", "2XB", "1001TB", "9" * 30, "٣MB"])
def test_what_is_no_size(text: str) -> None:
    from argparse import ArgumentTypeError

    with pytest.raises(ArgumentTypeError, match="not a size such as 500MB"):
        read_size(text)


def test_the_one_that_answers_by_itself_is_nobodys(owned: House) -> None:
    Account.objects.filter(pk=owned.bob.pk).update(is_echo=True)
    for call in (["suspend_account", "bob"], ["login_link", "bob"], ["set_quota", "bob", "1MB"]):
        with pytest.raises(UserError, match="nobody's"):
            said(*call)
