"""The front page of the panel: calm when all is well, else one sentence for each thing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosting import beats
from hosting.models import Beat, Run, Stored
from mail import expiry, selfcheck
from nodes import keystore
from nodes.models import Account, ContactRequest
from nodes.peers import get_peer
from panel import today
from tests.mail.conftest import House
from tests.mail.conftest import browse as browse
from tests.mail.conftest import house as house
from tests.panel.crowd import fill
from tests.support.cast import DESK

Browse = Callable[[Account], Client]


@pytest.fixture
def owner(house: House, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Alice, who owns a node where all is well."""
    settings.BACKUP_TO = str(settings.DATA)
    settings.BACKUP_PASSPHRASE = "a long passphrase of a few words"
    monkeypatch.setattr(selfcheck, "LITTLE_SPACE", 0)
    monkeypatch.setattr(selfcheck, "NO_SPACE", 0)
    house.alice.is_staff = house.alice.is_superuser = True
    house.alice.save()
    Authenticator.objects.create(user=house.alice, type=Authenticator.Type.TOTP, data={})
    for name in beats.NAMES:
        Beat.objects.create(name=name, process="here:1")
    _ended(Run.Kind.DOCTOR)
    _ended(Run.Kind.BACKUP, findings=[{"scheduled": True}])
    return house.alice


def _ended(kind: str, outcome: str = Run.Outcome.GOOD, **more: Any) -> Run:
    now = timezone.now()
    given = {"words": "All is well.", "started": now, "finished": now} | more
    return Run.objects.create(kind=kind, outcome=outcome, **given)


def _page(browse: Browse, owner: Account) -> str:
    return browse(owner).get(reverse("admin:index")).content.decode()


def _slugs(owner: Account) -> dict[str, today.Need]:
    return {need.slug: need for need in today.needs(owner, timezone.now())}


def test_it_is_calm_when_all_is_well(owner: Account, browse: Browse) -> None:
    assert _slugs(owner) == {}
    page = _page(browse, owner)
    assert "All is well. Nothing needs you today." in page
    assert "data-need" not in page


def test_numbers(owner: Account, house: House) -> None:
    house.write()
    words = {number.name: number.words for number in today.numbers(timezone.now())}
    assert words["Accounts"] == "2"
    assert words["Messages today"] == "2"  # one copy each
    assert words["Peers in contact"] == "0 of 0"
    assert words["Space"].endswith("GB free")


def test_what_the_doctor_found_is_told_worst_first(owner: Account, browse: Browse) -> None:
    lines = [
        {"slug": "address", "state": "warn", "title": "Address", "sentence": "None.", "todo": "A."},
        {"slug": "call", "state": "bad", "title": "Call", "sentence": "None came.", "todo": "B."},
        {"slug": "pages", "state": "ok", "title": "Pages", "sentence": "Good.", "todo": ""},
    ]
    _ended(Run.Kind.DOCTOR, Run.Outcome.BAD, findings=lines)
    found = today.needs(owner, timezone.now())
    assert [need.slug for need in found] == ["call", "address"]
    assert found[0].address == reverse("admin:health")
    page = _page(browse, owner)
    assert "Call: None came." in page
    assert "B." in page
    assert "Good." not in page
    assert "All is well. Nothing" not in page


def test_a_check_that_is_old_or_never_was_is_asked_for(owner: Account) -> None:
    Run.objects.filter(kind=Run.Kind.DOCTOR).update(finished=timezone.now() - timedelta(days=3))
    assert _slugs(owner)["unchecked"].state == "warn"
    Run.objects.filter(kind=Run.Kind.DOCTOR).delete()
    assert _slugs(owner)["unchecked"].link == "Check now"


def test_a_dead_worker_is_told_whatever_the_doctor_said(owner: Account) -> None:
    Beat.objects.filter(name=beats.WORKER).update(seen=timezone.now() - timedelta(minutes=5))
    need = _slugs(owner)["worker"]
    assert need.state == "bad"
    assert "mail is neither opened nor passed on" in need.words


def test_a_full_disk_is_told(owner: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "NO_SPACE", 10**18)
    assert _slugs(owner)["disk"].state == "bad"


def test_backups_that_fail_are_told(owner: Account, settings: Any) -> None:
    _ended(Run.Kind.BACKUP, Run.Outcome.FAILED, words="The disk is full.")
    assert "The disk is full." in _slugs(owner)["backup"].words
    settings.BACKUP_TO = ""
    assert "SDMPWEB_BACKUP_TO" in _slugs(owner)["backup"].words
    assert _slugs(owner)["backup"].state == "warn"


@pytest.mark.parametrize(
    ("kind", "slug"),
    [
        (Run.Kind.CHECK, "restore-test"),
        (Run.Kind.JOURNAL, "journal"),
        (Run.Kind.STORAGE, "storage"),
    ],
)
def test_other_work_that_went_wrong_is_told(owner: Account, kind: Run.Kind, slug: str) -> None:
    _ended(kind, Run.Outcome.FAILED, words="It could not be read.")
    assert "It could not be read." in _slugs(owner)[slug].words
    _ended(kind, finished=timezone.now() + timedelta(seconds=1))
    assert slug not in _slugs(owner)


def test_an_overdue_peer_is_listed_with_a_way_to_call_it(owner: Account, browse: Browse) -> None:
    from mail.contacts import add_contact
    from tests.support.world import card

    add_contact(owner, card(DESK), "Bob")
    peer = get_peer(DESK.fingerprint)
    peer.failures = 12
    peer.last_contact = timezone.now() - timedelta(days=4)
    peer.last_error = "attic.example port 443 does not answer: nothing listens there."
    peer.next_attempt = timezone.now() + timedelta(minutes=10)
    peer.save()
    page = _page(browse, owner)
    assert "One peer does not answer" in page
    assert "nothing listens there" in page
    assert reverse("admin:nodes_peer_sync", args=[peer.pk]) in page
    assert "Nothing needs you today" not in page


def test_suspended_and_nearly_full_accounts_are_named(owner: Account, house: House) -> None:
    Account.objects.filter(pk=house.bob.pk).update(is_active=False, quota=1000)
    Stored.objects.create(author=house.bob.fingerprint or "", kind="copies", bytes=950)
    found = _slugs(owner)
    assert found["suspended"].words == "The account of Bob Brown is suspended."
    assert found["quota"].words == "The account of Bob Brown has nearly used up its space."
    Stored.objects.update(bytes=800)
    assert "quota" not in _slugs(owner)


def test_a_password_alone_is_told(owner: Account, browse: Browse) -> None:
    Authenticator.objects.all().delete()
    need = _slugs(owner)["second-factor"]
    assert need.address == reverse("mfa_index")
    # It is good to know, and no alarm.
    page = _page(browse, owner)
    assert "You enter this panel with a password alone." in page
    assert "Nothing needs you today" in page


def test_who_asks_to_be_a_contact_is_told_to_the_one_asked(owner: Account, house: House) -> None:
    for user in (owner.fingerprint, house.bob.fingerprint):
        ContactRequest.objects.create(
            user=user, stranger=DESK.owner.fingerprint, node=DESK.fingerprint, credentials=b"[]"
        )
    assert _slugs(owner)["requests"].words == "1 person asks to be your contact."


def test_the_page_asks_the_database_little(
    owner: Account, browse: Browse, django_assert_max_num_queries: Any
) -> None:
    client = browse(owner)
    client.get(reverse("admin:index"))
    with django_assert_max_num_queries(60):
        client.get(reverse("admin:index"))


def test_what_ends_is_named_for_three_and_counted_for_more(owner: Account) -> None:
    now = timezone.now()
    fill([str(owner.fingerprint)], keystore.node_fingerprint(), 40, now)
    words = [need.words for need in today.needs(owner, now) if need.slug == "ends"]
    assert len(words) == 4
    assert "more trusts of yours end soon" in words[3]
    assert int(words[3].split()[0]) == len(expiry.shown(owner, now)) - 3
