"""Name and about, as they are published."""

from datetime import timedelta

import pytest
from django.utils import timezone

from journal.models import Resource
from mail.models import Contact
from mail.people import profile
from mail.profile import about, save_profile
from nodes.errors import UserError
from nodes.models import Account
from tests.mail.conftest import House


def test_a_new_profile_takes_the_place_of_the_old_one(house: House) -> None:
    user, now = str(house.alice.fingerprint), timezone.now()
    assert save_profile(house.alice, " Alice\u202e  Cooper ", "Sings.\r\nLoudly.\n", now=now)
    assert profile(user) == {"name": "Alice Cooper", "about": "Sings.\nLoudly."}
    assert about(house.alice) == "Sings.\nLoudly."
    house.alice.refresh_from_db()
    assert house.alice.name == "Alice Cooper"
    rows = Resource.objects.filter(author=user, kind="user").order_by("id")
    assert [row.revoked_by_id is None for row in rows] == [False, True]
    assert [row.is_held for row in rows] == [False, True]


def test_an_earlier_name_can_be_taken_again(house: House) -> None:
    user, now = str(house.alice.fingerprint), timezone.now()
    for minute, name in enumerate(("Alice Cooper", "Alice Adams", "Alice Cooper")):
        assert save_profile(house.alice, name, "", now=now + timedelta(minutes=minute))
        assert profile(user)["name"] == name
    assert Resource.objects.filter(author=user, kind="user", revoked_by=None).count() == 1


def test_what_is_so_already_is_not_published_again(house: House) -> None:
    before = Resource.objects.count()
    assert not save_profile(house.alice, "Alice Adams", "  ", now=timezone.now())
    assert Resource.objects.count() == before


def test_refusals_change_nothing(house: House) -> None:
    before = Resource.objects.count()
    with pytest.raises(UserError, match="A name is needed"):
        save_profile(house.alice, " \u200b ", "x", now=timezone.now())
    house.bob.mode = Account.Mode.HOST
    with pytest.raises(UserError, match="has not let this node publish"):
        save_profile(house.bob, "Bob", "", now=timezone.now())
    assert Resource.objects.count() == before


def test_contacts_without_a_name_get_it_when_it_is_told(house: House) -> None:
    """Who came by a handshake has no name yet; a name that the account gave stays."""
    bob = str(house.bob.fingerprint)
    row = Contact.objects.get(account=house.alice, user=bob)
    Contact.objects.filter(pk=row.pk).update(name=bob[:12])
    save_profile(house.bob, "Robert", "", now=timezone.now())
    row.refresh_from_db()
    assert row.name == "Robert"
    save_profile(house.bob, "Rob", "", now=timezone.now() + timedelta(minutes=1))
    row.refresh_from_db()
    assert row.name == "Robert"
