"""An owner's browser, on the house of two accounts or on a node among others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from nodes.models import Account
from tests.mail.conftest import house as house
from tests.support.world import own_memory_fixture, world_fixture

__all__ = ["as_owner_fixture", "house", "own_memory_fixture", "world_fixture"]


@pytest.fixture(name="as_owner")
def as_owner_fixture() -> Callable[[Account], Client]:
    """Make an account an owner, and give its browser."""

    def enter(account: Account) -> Client:
        account.is_staff = account.is_superuser = True
        account.save(update_fields=["is_staff", "is_superuser"])
        client = Client()
        client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return enter
