"""Owners in their panel: of a node in the test's database, and of a house with two accounts.

Fixtures: `world` and `house` as elsewhere, and `as_owner(account)`, an owner's browser.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from nodes.models import Account
from tests.mail.conftest import house
from tests.support.world import own_memory_fixture, world_fixture

__all__ = ["house", "own_memory_fixture", "world_fixture"]


@pytest.fixture
def as_owner() -> Callable[[Account], Client]:
    """Make an account an owner and sign it in: `as_owner(world.alice)` is her browser."""

    def sign_in(account: Account) -> Client:
        account.is_staff = account.is_superuser = True
        account.save(update_fields=["is_staff", "is_superuser"])
        client = Client()
        client.force_login(account, "allauth.account.auth_backends.AuthenticationBackend")
        return client

    return sign_in
