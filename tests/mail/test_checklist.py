"""What is still to be done."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.utils import timezone

from journal.models import Resource
from mail import checklist, echo, recovery
from mail.models import Contact, Unreadable
from nodes.models import Account
from tests.mail.conftest import House


def state(account: Account) -> dict[str, bool]:
    """Which things are done."""
    return {task.slug: task.done for task in checklist.checklist(account)}


@pytest.fixture
def newcomer(house: House) -> Account:
    """Somebody who knows nobody but Echo."""
    Contact.objects.filter(account=house.alice).delete()
    echo.greet(house.alice)
    return house.alice


def test_echo_is_no_first_contact(newcomer: Account, house: House) -> None:
    assert state(newcomer) == {"contact": False, "backup": False}
    Contact.objects.create(account=newcomer, user=str(house.bob.fingerprint), name="Bob")
    assert state(newcomer) == {"contact": True, "backup": False}
    assert state(house.bob) == {"contact": True, "backup": False}


def test_all_done_ends_the_list(newcomer: Account, house: House) -> None:
    recovery.note_checked(newcomer, timezone.now())
    assert state(newcomer) == {"contact": False, "backup": True}
    Contact.objects.create(account=newcomer, user=str(house.bob.fingerprint), name="Bob")
    assert checklist.checklist(newcomer) == []


def test_the_address_is_for_the_owner(newcomer: Account, settings: Any) -> None:
    newcomer.is_superuser = True
    settings.NODE_ADDRESS = ""
    settings.WEB_URL = ""
    assert state(newcomer)["address"] is False
    settings.NODE_ADDRESS = "9.9.9.9:8000"
    assert state(newcomer)["address"] is True


def test_a_second_factor_is_offered_to_the_owner(newcomer: Account) -> None:
    assert "second-factor" not in state(newcomer)
    newcomer.is_superuser = True
    assert state(newcomer)["second-factor"] is False
    spare = Authenticator.Type.RECOVERY_CODES  # they stand beside a factor, and are none
    Authenticator.objects.create(user=newcomer, type=spare, data={})
    assert state(newcomer)["second-factor"] is False
    Authenticator.objects.create(user=newcomer, type=Authenticator.Type.TOTP, data={})
    assert state(newcomer)["second-factor"] is True


def test_one_who_was_recovered_looks_for_older_mail(newcomer: Account) -> None:
    newcomer.recovered = timezone.now()
    assert state(newcomer)["old-mail"] is False
    resource = Resource.objects.order_by("pk").first()
    assert resource is not None
    row = Unreadable.objects.create(account=newcomer, resource=resource)
    assert state(newcomer)["old-mail"] is False
    row.tried = True
    row.save()
    assert state(newcomer)["old-mail"] is True


def test_it_can_be_put_away(newcomer: Account, house: House) -> None:
    checklist.hide(newcomer)
    assert checklist.checklist(newcomer) == []
    assert checklist.checklist(house.bob) != []
    newcomer.refresh_from_db()
    assert newcomer.checklist_hidden
