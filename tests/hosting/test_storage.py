"""How much is kept here."""

from __future__ import annotations

from django.db.models import Sum

from hosting import storage
from journal.models import Resource
from mail import drafts
from mail.drafts import Content, Mark
from mail.models import Letter
from tests.mail.conftest import House
from tests.mail.conftest import house as house


def test_an_account_takes_what_it_published_and_its_copies_and_drafts(house: House) -> None:
    before = storage.used_by(house.bob)
    own = Resource.objects.filter(author=house.bob.fingerprint).aggregate(used=Sum("size"))["used"]
    assert before == own > 0
    house.write(body="word " * 1000)
    copy = Letter.objects.get(account=house.bob)
    sealed = len(copy.sealed_head) + len(copy.sealed_body)
    receipt = Resource.objects.filter(author=house.bob.fingerprint).latest("pk")
    assert storage.used_by(house.bob) == before + sealed + receipt.size
    drafts.save(house.bob, Content(body="a beginning"), Mark())
    assert storage.used_by(house.bob) > before + sealed + receipt.size


def test_what_is_gone_takes_no_room(house: House) -> None:
    before = storage.used_by(house.alice)
    gone = Resource.objects.filter(author=house.alice.fingerprint).latest("pk")
    Resource.objects.filter(pk=gone.pk).update(payload=None)
    assert storage.used_by(house.alice) == before - gone.size
