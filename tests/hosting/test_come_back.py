"""A node that comes back from a backup: a new key, and nothing new until its peers were asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction
from django.test import Client

from hosting import restore
from hosting.backup import places
from hosting.models import AuditEntry, Run
from journal import catching_up
from journal.authorising import authorise
from journal.desk import Desk
from journal.models import CatchUp, Resource
from journal.publish import publish
from journal.trusts import trust_user
from journal.verification import verify_journal
from mail import echo, expiry, held, returning
from mail.drafts import Content, Mark
from mail.models import Delivery, Draft, Held, Invitation, Letter, OwedReceipt, PushSubscription
from mail.opening import open_waiting
from mail.profile import save_profile
from mail.send import send
from mail.sending import send_draft
from nodes import facts as facts_door
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, LoginLink, SetupLink
from nodes.models import Peer as PeerRow
from nodes.peers import get_peer, note_contact
from sdmp.keys import make_recovery_kit
from sdmp.lines import check_chain
from sdmp.signature import Envelope
from sdmp.trust import ALL_POWERS, CREATE_TRUST
from sdmpweb.session_store import SessionStore
from tests.support.cast import ALICE, BOB, DESK, LAPTOP, RELAY, TABLET
from tests.support.services import Redis
from tests.support.world import (
    Peer,
    World,
    later,
    letter_to,
    own_memory_fixture,
    receipt_for,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]

OWN, OLD, NEW = ALICE.fingerprint, LAPTOP.fingerprint, TABLET.fingerprint


class _Lost(Exception):
    """What was done since the backup is undone."""


@pytest.fixture
def home(world: World) -> World:
    """Alice's node, which knows Bob's and has talked to it."""
    world.know()
    get_peer(DESK.fingerprint)
    note_contact(DESK.fingerprint, world.now)
    return world


@pytest.fixture
def bobs(home: World) -> Peer:
    """Bob's node, which writes down what it has."""
    return Peer(DESK)


def lose(do: Callable[[], object]) -> list[Envelope]:
    """Do something after the backup, and lose it; return what peers have of it."""
    made: list[Envelope] = []
    before = set(Resource.objects.values_list("pk", flat=True))
    try:
        with transaction.atomic():
            do()
            rows = Resource.objects.exclude(pk__in=before).order_by("pk")
            made = [row.envelope() for row in rows if row.is_held]
            raise _Lost
    except _Lost:
        facts_door.forget()
        keystore.forget()
    return made


def come_back(world: World) -> restore.CameBack:
    """Restore the node as it is; its new key is the tablet's."""
    world._next_key(keystore, TABLET)
    return restore.come_back(world.now, world.now - timedelta(hours=1))


def ask(peer: Peer) -> Desk:
    """Talk to a peer until nothing more is to be asked."""
    desk = Desk(peer.fingerprint)
    peer.serve(desk, desk.begin())
    return desk


def look() -> None:
    """Do what the schedule does every few seconds."""
    open_waiting()
    returning.settle(later())
    open_waiting()
    held.do_due(later(minutes=1))
    echo.answer_waiting()


def own(kind: str = "encrypted") -> int:
    return Resource.objects.filter(author=OWN, kind=kind).count()


def test_it_is_another_node_with_the_same_users(home: World) -> None:
    before = home.journal()
    back = come_back(home)
    assert (back.fingerprint, back.waiting, back.peers) == (NEW, (), 1)
    lines = home.journal()
    check_chain(lines)
    verify_journal()
    assert lines[0] == NEW != before[0]
    assert current_facts().may_talk(NEW, DESK.fingerprint, later())
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.where, entry.details["waiting"]) == ("node.restore", "command", 0)


def test_it_goes_on_with_the_backups_of_before(home: World, tmp_path: Path) -> None:
    names = [places.new_name(home.now - timedelta(days=1))]
    come_back(home)
    names.append(places.new_name(home.now))
    for name in (*names, "sdmpweb-00000000-20200101T000000Z.age"):
        (tmp_path / name).touch()
    assert [each.name for each in places.listed(str(tmp_path))] == names[::-1]
    assert places.rotate(str(tmp_path), 1) == names[:1]


def test_nothing_new_is_published_until_peers_were_asked(home: World, bobs: Peer) -> None:
    come_back(home)
    journal = len(home.journal())
    home.alice.refresh_from_db()
    for attempt in (
        lambda: publish(OWN, {"message": "new"}, now=later()),
        lambda: send(home.alice, to=[BOB.fingerprint], title="new"),
        lambda: save_profile(home.alice, "Alicia", "", now=later()),
        lambda: trust_user(OWN, TABLET.owner.fingerprint, now=later()),
    ):
        with pytest.raises(UserError, match="asks its peers for what came since"):
            attempt()
    look()
    assert len(home.journal()) == journal
    ask(bobs)
    look()
    assert not CatchUp.objects.filter(done=None).exists()
    publish(OWN, {"message": "new"}, now=later())


def test_the_papers_of_the_new_key_go_out_at_once(home: World) -> None:
    come_back(home)
    kinds = [row.kind for row in Resource.objects.filter(signer=NEW).order_by("pk")]
    assert kinds == ["identity", "node"]
    assert PeerRow.objects.get().sent_position == 1


def test_letters_that_were_sent_and_that_came_are_back_and_receipted_once(
    home: World, bobs: Peer
) -> None:
    first, second = letter_to(ALICE, text="before the loss"), letter_to(ALICE, text="meanwhile")

    def after() -> None:
        home.accept(first, hand=DESK)
        open_waiting()
        send(home.alice, to=[BOB.fingerprint], title="sent after the backup")

    lost = lose(after)
    assert [envelope.signer for envelope in lost] == [DESK.fingerprint, OLD, OLD]
    assert not Letter.objects.exists()
    bobs.write(*lost, second)
    come_back(home)
    ask(bobs)
    open_waiting()
    assert Letter.objects.filter(outgoing=False).count() == 2  # they are there before all is told
    assert OwedReceipt.objects.filter(given=True).count() == 1
    look()
    sent = Letter.objects.get(outgoing=True)
    assert sent.read
    assert Delivery.objects.get(letter=sent).recipient == BOB.fingerprint
    assert not OwedReceipt.objects.exists()
    # Its letter and its receipt, which came back, and one receipt for what came meanwhile.
    assert own() == 3
    assert Resource.objects.filter(author=OWN, kind="encrypted", signer=NEW).count() == 1
    verify_journal()


def test_a_receipt_that_is_opened_before_its_letter_counts(
    home: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Peers pass on each other's resources, so that the order of two journals mixes."""
    letter, *_ = lose(lambda: send(home.alice, to=[BOB.fingerprint], title="sent after"))
    come_back(home)
    home.accept(receipt_for(letter.identifier), hand=DESK)
    home.accept(letter, hand=DESK)
    monkeypatch.setattr("mail.opening._AT_ONCE", 1)
    assert open_waiting() == 2
    assert Delivery.objects.get().state == Delivery.State.RECEIVED


def test_letters_that_came_back_stand_where_they_stood(home: World, bobs: Peer) -> None:
    day = home.now - timedelta(minutes=30)
    bobs.write(letter_to(ALICE, date=day.replace(microsecond=0)))
    bobs.write(letter_to(ALICE, text="long ago", date=day - timedelta(days=3000)))
    come_back(home)
    ask(bobs)
    look()
    one, other = Letter.objects.order_by("filed")
    assert one.filed == CatchUp.objects.first().backup  # type: ignore[union-attr]
    assert other.filed == other.date
    assert other.conversation.latest == other.date


def test_trusts_given_and_withdrawn_after_the_backup_are_taken_over(
    home: World, bobs: Peer
) -> None:
    lost = lose(lambda: trust_user(OWN, TABLET.owner.fingerprint, now=home.now))
    bobs.write(*lost)
    come_back(home)
    assert not current_facts().gives(OWN, TABLET.owner.fingerprint, later())
    ask(bobs)
    assert current_facts().gives(OWN, TABLET.owner.fingerprint, later())


def test_what_was_held_waits_and_goes_once(home: World, bobs: Peer) -> None:
    def write(title: str) -> None:
        content = Content(to=(BOB.fingerprint,), title=title, body="text")
        send_draft(home.alice, content, Mark(), now=home.now)

    write("goes again")
    write("went already")
    lost = lose(lambda: held.do_due(later(minutes=1)))
    went = lost[1]
    bobs.write(went)
    come_back(home)
    Account.objects.update(undo_seconds=0)
    home.alice.refresh_from_db()
    write("written meanwhile")
    assert held.do_due(later(minutes=1)) == 0
    assert Held.objects.count() == 3
    ask(bobs)
    look()
    assert not Held.objects.exists()
    assert not Draft.objects.exists()
    assert Letter.objects.filter(outgoing=True).count() == 3
    assert own() == 3


def test_a_peer_that_does_not_answer_is_waited_for_a_day(home: World) -> None:
    come_back(home)
    look()
    assert catching_up.settle(later(hours=23)) == []
    state = catching_up.state(later())
    assert state is not None
    assert (state.heard, state.unheard) == ([], [DESK.fingerprint])
    assert "0 of 1 have been read" in catching_up.words(later())
    assert catching_up.settle(later(hours=25)) == [OWN]
    assert catching_up.words(later()) == ""


def test_the_owner_may_end_the_waiting(home: World) -> None:
    come_back(home)
    assert restore.wait_no_longer(later(), home.alice) == 1
    assert restore.wait_no_longer(later(), home.alice) == 0
    publish(OWN, {"message": "new"}, now=later())
    assert AuditEntry.objects.filter(action="node.wait_no_longer", actor="alice").count() == 1


def test_who_has_no_peers_waits_for_those_who_have(home: World, bobs: Peer) -> None:
    home.enrol(TABLET.owner)
    home._next_key(keystore, RELAY)
    restore.come_back(home.now, home.now)
    assert catching_up.settle(later()) == []
    ask(bobs)
    assert sorted(catching_up.settle(later())) == sorted([OWN, TABLET.owner.fingerprint])


def test_all_are_signed_out_and_links_end(home: World) -> None:
    client = Client()
    client.force_login(home.alice, "allauth.account.auth_backends.AuthenticationBackend")
    SetupLink.objects.create(token_hash="a")
    LoginLink.objects.create(account=home.alice, token_hash="b", until=later(days=1))
    Invitation.objects.create(
        account=home.alice, kind="contact", token_hash="c", expires=later(days=1)
    )
    Run.objects.create(kind="backup")
    UserSession.objects.create(user=home.alice, ip="192.0.2.1", session_key="s", user_agent="x")
    PushSubscription.objects.create(account=home.alice, endpoint_hash="d", sealed=b"")
    come_back(home)
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()
    assert not PushSubscription.objects.exists()
    assert not SetupLink.objects.exists()
    assert not LoginLink.objects.exists()
    assert not Run.objects.exists()
    assert Invitation.objects.get().withdrawn is not None
    assert client.get("/settings/").status_code == 302


def test_sessions_that_only_redis_knows_end_too(
    db: None, settings: Any, redis_server: Redis
) -> None:
    settings.GROWN, settings.REDIS_URL = True, redis_server.url(250)
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {
        "default": {"BACKEND": backend, "LOCATION": settings.REDIS_URL, "KEY_PREFIX": "sdmpweb"}
    }
    session = SessionStore()
    session["since"] = "the backup"
    session.create()
    Session.objects.all().delete()
    cache.set("another", "thing")
    assert SessionStore(session.session_key).load() != {}
    restore._sign_everybody_out()
    assert SessionStore(session.session_key).load() == {}
    assert cache.get("another") == "thing"
    cache.clear()


PHRASE = "abandon ability able about above absent absorb abstract absurd abuse access accident"


@pytest.fixture
def still(world: World) -> World:
    """Alice's node, which she lets do all but make trusts; it came back."""
    world.know()
    get_peer(DESK.fingerprint)
    note_contact(DESK.fingerprint, world.now)
    powers = set(ALL_POWERS) - {CREATE_TRUST}
    authorise(OWN, OLD, powers, until=None, now=world.now, key=ALICE.key)
    kit = make_recovery_kit(ALICE.key, PHRASE, later(days=1000)).decode()
    Account.objects.update(recovery_kit=kit)
    return world


def test_an_account_stands_still_until_its_phrase_is_given(still: World) -> None:
    bobs = Peer(DESK)
    lost = lose(lambda: send(still.alice, to=[BOB.fingerprint], title="sent after the backup"))
    bobs.write(*lost)
    assert come_back(still).waiting == ("alice",)
    assert not current_facts().may_talk(NEW, DESK.fingerprint, later())
    look()
    assert catching_up.settle(later(days=3)) == []
    with pytest.raises(UserError, match="confirm its new key with your recovery phrase first"):
        publish(OWN, {"message": "new"}, now=later())
    still.alice.refresh_from_db()
    assert returning.sign_in_leads_to(still.alice) == f"/renew/key/{NEW}/"
    client = Client()
    client.force_login(still.alice, "allauth.account.auth_backends.AuthenticationBackend")
    strip = client.get("/settings/").content.decode()
    assert "stands still" in strip
    assert f"/renew/key/{NEW}/" in strip
    answer = client.post(f"/renew/key/{NEW}/", {"phrase": PHRASE})
    assert answer.status_code == 302
    # It is let in, and goes on waiting until its peers were asked; the old key still vouches.
    assert current_facts().may_talk(NEW, DESK.fingerprint, later())
    with pytest.raises(UserError, match="asks its peers"):
        publish(OWN, {"message": "new"}, now=later())
    ask(bobs)
    look()
    assert Letter.objects.filter(outgoing=True).count() == 1
    assert current_facts().authorised(OWN, OLD, later()) is None  # and now no more
    publish(OWN, {"message": "new"}, now=later())
    verify_journal()


def test_while_peers_are_asked_the_key_is_not_confirmed(home: World, bobs: Peer) -> None:
    """The trust for the earlier key vouches for what that had signed."""
    come_back(home)
    assert expiry.find(home.alice, "key", NEW, later()) is None
    ask(bobs)
    look()
    assert expiry.find(home.alice, "key", NEW, later()) is not None
