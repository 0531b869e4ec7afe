"""How much is kept here."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from hosting import runs, schedule, storage
from hosting.models import Run, Stored
from hosting.work import WORK
from journal.models import Resource
from mail import drafts, space
from mail.drafts import Content, Mark
from mail.models import Letter
from tests.mail.conftest import House
from tests.mail.conftest import house as house


def test_an_account_takes_what_it_published_and_its_copies_and_drafts(house: House) -> None:
    before = space.used(house.bob)
    own = Resource.objects.filter(author=house.bob.fingerprint).aggregate(used=Sum("size"))["used"]
    assert before == own > 0
    house.write(body="word " * 1000)
    copy = Letter.objects.get(account=house.bob)
    sealed = len(copy.sealed_head) + len(copy.sealed_body)
    receipt = Resource.objects.filter(author=house.bob.fingerprint).latest("pk")
    assert space.used(house.bob) == before + sealed + receipt.size
    drafts.save(house.bob, Content(body="a beginning"), Mark())
    assert space.used(house.bob) > before + sealed + receipt.size


def test_what_is_gone_takes_no_room(house: House) -> None:
    before = space.used(house.alice)
    gone = Resource.objects.filter(author=house.alice.fingerprint).latest("pk")
    Resource.objects.filter(pk=gone.pk).update(payload=None)
    assert space.used(house.alice) == before - gone.size


def _run(kind: str) -> Run:
    run = runs.ask(kind)
    runs.do_asked("here", WORK)
    run.refresh_from_db()
    return run


def test_a_count_holds_every_byte_once(house: House) -> None:
    house.write(body="word " * 1000)
    run = _run(Run.Kind.STORAGE)
    assert run.outcome == Run.Outcome.GOOD
    assert run.done == run.total == Resource.objects.count()
    published = Stored.objects.exclude(kind__in=storage.PRIVATE).aggregate(used=Sum("bytes"))
    assert published["used"] == Resource.objects.aggregate(used=Sum("size"))["used"]
    for account in (house.alice, house.bob):
        assert storage.used_by_accounts()[account.pk] == space.used(account)


def test_a_count_anew_forgets_what_is_gone(house: House) -> None:
    _run(Run.Kind.STORAGE)
    before = storage.used_by_accounts()
    gone = Resource.objects.filter(author=house.alice.fingerprint).latest("pk")
    Resource.objects.filter(pk=gone.pk).update(payload=None)
    assert storage.used_by_accounts() == before
    _run(Run.Kind.STORAGE)
    assert storage.used_by_accounts()[house.alice.pk] == before[house.alice.pk] - gone.size


def test_what_is_due_is_asked_for_once(db: None) -> None:
    now = timezone.now()
    schedule.ask_for_due(now)
    schedule.ask_for_due(now)
    assert Run.objects.filter(kind=Run.Kind.STORAGE).count() == 1
    runs.do_asked("here", WORK)
    schedule.ask_for_due(now + timedelta(minutes=59))
    assert Run.objects.filter(kind=Run.Kind.STORAGE, finished=None).count() == 0
    schedule.ask_for_due(now + timedelta(minutes=61))
    assert Run.objects.filter(kind=Run.Kind.STORAGE, finished=None).count() == 1
