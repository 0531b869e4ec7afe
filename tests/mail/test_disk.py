"""While the disk is short nothing new comes, and reading and deleting letters go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from mail.models import Conversation, Letter
from mail.send import send
from nodes import disk
from nodes.errors import UserError
from nodes.models import Account
from tests.mail.conftest import PASSWORD, House


@pytest.fixture
def short(house: House, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two letters came to Bob; then the disk is short, as a reserve larger than it has it."""
    house.write(title="Dinner", body="At eight?")
    house.write(title="Supper", body="At nine?")
    monkeypatch.setattr(disk, "_SECONDS", 0.0)
    settings.DISK_RESERVE = 10**18
    assert disk.is_short()
    yield
    disk._looked, disk._short = float("-inf"), False


def _held(account: Account) -> tuple[int, int]:
    """How many letters and conversations an account has."""
    letters, threads = Letter.objects.filter(account=account), Conversation.objects
    return letters.count(), threads.filter(account=account).count()


def test_letters_are_read_and_deleted_while_the_disk_is_short(house: House, short: None) -> None:
    bob = Client()
    bob.post("/account/login/", {"login": "bob", "password": PASSWORD})  # as ever
    threads = Conversation.objects.filter(account=house.bob).order_by("pk")
    dinner, supper = threads.values_list("pk", flat=True)
    assert "At eight?" in bob.get(f"/mail/inbox/{dinner}/").content.decode()
    with pytest.raises(UserError, match="disk of this node is nearly full"):
        send(house.bob, to=[house.alice.fingerprint or ""], title="x", body="y")
    # One for good, by its own button.
    assert bob.post(f"/mail/inbox/{dinner}/mark/", {"do": "bin"}).status_code == 302
    given = {"do": "delete", "sure": "1"}
    assert bob.post(f"/mail/bin/{dinner}/mark/", given).status_code == 302
    assert _held(house.bob) == (1, 1)
    # The other by emptying the bin.
    bob.post("/mail/inbox/many/", {"do": "bin", "thread": [supper]})
    assert _held(house.bob) == (1, 1)
    assert bob.post("/mail/bin/empty/").status_code == 302
    assert _held(house.bob) == (0, 0)
    assert _held(house.alice) == (2, 2)  # her own copies
