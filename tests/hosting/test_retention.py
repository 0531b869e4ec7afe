"""What rules let go, and each reason for which something is kept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from hosting import runs, schedule
from hosting.models import AuditEntry, Run, Told
from hosting.retention import rules
from hosting.retention.told import note_told
from hosting.retention.work import try_out
from hosting.work import WORK
from journal.answers import give
from journal.desk import Desk
from journal.models import CatchUp, Line, Resource, Wanted
from journal.verification import verify_journal
from mail.invitations import invite
from mail.models import Conversation, Delivery, Invitation, Letter, Unopened, Unreadable
from mail.opening import open_waiting
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from nodes.models import Peer as PeerRow
from nodes.peers import get_peer
from sdmp.lines import make_line
from tests.mail.conftest import House
from tests.mail.conftest import house as house
from tests.support.cast import ALICE, BOB, CAROL, DESK, RELAY, TABLET, Node
from tests.support.world import (
    Peer,
    World,
    letter_to,
    notice,
    own_memory_fixture,
    trust_for,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]

OLD = timedelta(days=400)


def _age() -> None:
    long_ago = timezone.now() - OLD
    Resource.objects.update(received=long_ago)
    Wanted.objects.update(not_before=long_ago)


def _told() -> None:
    """All peers have surely had the time to ask."""
    head = Line.objects.count()
    PeerRow.objects.update(sent_position=head)
    for peer in PeerRow.objects.all():
        Told.objects.update_or_create(peer=peer.fingerprint, defaults={"sure": head})


def _apply(dry: bool = False, **days: int) -> dict[str, Any]:
    if dry:
        run = try_out(days, Account.objects.all()[0])
    else:
        rules.set_rules(days)
        run = runs.ask(Run.Kind.RETENTION)
    runs.do_asked("here", WORK)
    run.refresh_from_db()
    assert run.outcome == Run.Outcome.GOOD, run.words
    return {each["kind"]: each for each in run.findings[1:]}


def _kept(found: dict[str, Any], kind: str) -> dict[str, int]:
    return {why: n for why, n in found[kind]["kept"] if why != "unknown" and n}


def _is_held(resource: Resource) -> bool:
    return Resource.objects.get(pk=resource.pk).is_held


@pytest.fixture
def received(world: World) -> Resource:
    """A letter from Bob's desk that Alice has read; nothing speaks for keeping its original."""
    world.know(DESK)
    world.accept(letter_to(ALICE))
    open_waiting()
    letter = Letter.objects.get()
    Letter.objects.update(read=True)
    get_peer(DESK.fingerprint)
    _age()
    _told()
    return letter.resource


def test_without_a_rule_all_is_kept(received: Resource) -> None:
    assert _apply() == {}
    assert _is_held(received)


def test_what_everybody_has_goes_and_all_else_stays_right(world: World, received: Resource) -> None:
    lines = world.journal()
    found = _apply(private=30)
    assert (found["private"]["count"], found["private"]["bytes"]) == (1, received.size)
    assert not _is_held(received)
    assert Letter.objects.get().sealed_body  # the copy stays
    assert world.journal() == lines
    checked = verify_journal()
    assert (checked.problems, checked.removed) == ([], 1)
    wanted = [(BOB.fingerprint, received.identifier)]
    answer = give(
        wanted, node=DESK.fingerprint, here=world.here, facts=current_facts(), now=world.now
    )
    assert (answer.resources, answer.not_found) == ([], wanted)
    assert AuditEntry.objects.get(action="retention.applied").details == {"private": 1}


def test_what_went_is_not_asked_for_nor_taken_again(world: World) -> None:
    world.know(DESK)
    envelope = letter_to(ALICE)
    world.accept(envelope)
    open_waiting()
    Letter.objects.update(read=True)
    row = Resource.objects.get(identifier=envelope.identifier)
    get_peer(DESK.fingerprint)
    _age()
    _told()
    _apply(private=30)
    from journal.wanted import note_lines

    line = make_line(DESK.fingerprint, BOB.fingerprint, envelope.identifier)
    note_lines(
        DESK.fingerprint, DESK.fingerprint, [line],
        wanted_users={BOB.fingerprint}, now=world.now,
    )  # fmt: skip
    assert not Wanted.objects.filter(identifier=envelope.identifier).exists()
    assert world.accept(envelope, hand=DESK).held == [envelope.identifier]
    assert not _is_held(row)


def test_a_dry_run_says_so_and_touches_nothing(received: Resource) -> None:
    found = _apply(dry=True, private=30)
    assert found["private"]["count"] == 1
    assert found["private"]["authors"] == [[BOB.fingerprint, 1]]
    assert found["private"]["oldest"] == found["private"]["newest"] is not None
    assert _is_held(received)
    assert rules.current() == {}
    for _ in schedule.EVERY:
        schedule.ask_for_due(timezone.now())  # a dry run is not the daily one
    assert Run.objects.filter(kind=Run.Kind.RETENTION, finished=None).count() == 1


def _unread(row: Resource) -> None:
    Letter.objects.update(read=False)


def _unopened(row: Resource) -> None:
    Unopened.objects.create(resource=row)


def _unreadable(row: Resource) -> None:
    Unreadable.objects.create(account=Account.objects.get(name="Alice"), resource=row)


def _untold(row: Resource) -> None:
    Told.objects.update(sure=row.line.position - 1)


def _never_met(row: Resource) -> None:
    Told.objects.all().delete()


def _hosted(row: Resource) -> None:
    Account.objects.filter(name="Alice").update(mode=Account.Mode.HOST)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_unread, "unread"),
        (_unopened, "unopened"),
        (_unreadable, "unreadable"),
        (_untold, "told"),
        (_never_met, "told"),
        (_hosted, "hosted"),
    ],
)
def test_kept(received: Resource, change: Callable[[Resource], None], why: str) -> None:
    change(received)
    assert _kept(_apply(private=30), "private") == {why: 1}
    assert _is_held(received)


def test_kept_while_young(received: Resource) -> None:
    Resource.objects.filter(pk=received.pk).update(received=timezone.now() - timedelta(days=29))
    assert _apply(private=30)["private"]["count"] == 0
    assert _is_held(received)


def _reads_out(node: Node, *held: Resource) -> None:
    """A node begins a session, in which its journal says that it has these."""
    peer = Peer(node)
    peer.write(*(row.envelope() for row in held))
    desk = Desk(node.fingerprint)
    desk.begin()
    peer.serve(desk, desk.handle(peer.broadcast()))
    _told()


def test_kept_for_another_node_of_the_account_until_its_journal_has_it(
    world: World, received: Resource
) -> None:
    world.accept(trust_for(RELAY), RELAY.identity())
    _told()
    assert _kept(_apply(private=30), "private") == {"other_node": 1}
    _reads_out(RELAY)
    assert _kept(_apply(private=30), "private") == {"other_node": 1}
    _reads_out(RELAY, received)
    assert _apply(private=30)["private"]["count"] == 1
    assert not _is_held(received)
    assert not received.held_by.exists()


def test_kept_for_a_node_that_has_not_agreed_yet(world: World, received: Resource) -> None:
    world.accept(trust_for(RELAY), RELAY.identity())
    _reads_out(RELAY, received)
    world.accept(ALICE.trust(TABLET))
    _told()
    assert _kept(_apply(private=30), "private") == {"other_node": 1}


def test_what_a_contact_says_to_have_lets_nothing_go(world: World, received: Resource) -> None:
    world.accept(trust_for(RELAY), RELAY.identity())
    _reads_out(DESK, received)
    assert _kept(_apply(private=30), "private") == {"other_node": 1}


def test_kept_when_it_is_also_for_somebody_elsewhere(world: World) -> None:
    world.know(DESK)
    world.accept(letter_to(ALICE, CAROL))
    open_waiting()
    Letter.objects.update(read=True)
    _age()
    _told()
    assert _kept(_apply(private=30), "private") == {"for_others": 1}


def test_own_letters_stay_until_everybody_has_them(house: House) -> None:
    house.write()
    Letter.objects.update(read=True)
    _age()
    sent = Letter.objects.get(account=house.alice)
    Delivery.objects.update(state=Delivery.State.HANDED)
    assert _kept(_apply(private=30), "private") == {"undelivered": 1}
    Delivery.objects.update(state=Delivery.State.RECEIVED)
    held = Delivery.objects.all()
    kept = list(held)
    held.delete()  # what is not known does not count as delivered
    assert _kept(_apply(private=30), "private") == {"undelivered": 1}
    Delivery.objects.bulk_create(kept)
    assert _apply(private=30)["private"]["count"] == 1
    assert not _is_held(sent.resource)


def test_counted_receipts_go_and_nothing_else(house: House) -> None:
    house.write()
    Letter.objects.update(read=True)
    _age()
    receipt = Resource.objects.get(identifier=Delivery.objects.get().receipt)
    assert _apply(receipts=7)["receipts"]["count"] == 1
    assert not _is_held(receipt)
    assert Resource.objects.filter(payload=None).count() == 1
    assert Delivery.objects.get().state == Delivery.State.RECEIVED


def test_read_notices_of_others_go(world: World) -> None:
    world.know(DESK)
    world.accept(notice())
    open_waiting()
    row = Resource.objects.get(kind="message")
    get_peer(DESK.fingerprint)
    _age()
    _told()
    assert _kept(_apply(notices=30), "notices") == {"unread": 1}
    Letter.objects.update(read=True)
    assert _apply(notices=30)["notices"]["count"] == 1
    assert not _is_held(row)
    assert Letter.objects.get().sealed_body


def test_notices_filed_for_nobody_stay(world: World) -> None:
    world.know(DESK)
    world.accept(notice())
    open_waiting()
    get_peer(DESK.fingerprint)
    _age()
    _told()
    Letter.objects.all().delete()  # whoever comes to want it has only this
    assert _kept(_apply(notices=30), "notices") == {"not_filed": 1}
    assert _is_held(Resource.objects.get(kind="message"))


def test_notices_of_people_here_stay(house: House) -> None:
    house.write(to=[], notice=True)
    Letter.objects.update(read=True)
    _age()
    row = Resource.objects.get(kind="message")
    assert row.author == house.alice.fingerprint
    found = _apply(notices=30)["notices"]
    assert (found["count"], found["kept"]) == (0, [])  # they are not even looked at
    assert _is_held(row)


def test_what_is_revoked_is_left_to_its_revocation(received: Resource) -> None:
    other = Resource.objects.exclude(pk=received.pk).latest("pk")
    Resource.objects.filter(pk=received.pk).update(revoked_by=other)
    found = _apply(private=30)["private"]
    assert (found["count"], _kept({"private": found}, "private")) == (0, {})
    assert _is_held(received)


def test_nothing_goes_while_an_account_catches_up(world: World, received: Resource) -> None:
    coming = CatchUp.objects.create(user=ALICE.fingerprint, backup=timezone.now())
    assert _apply(private=30) == {}
    assert _is_held(received)
    assert "restore" in Run.objects.get().words
    coming.done = timezone.now()
    coming.save()
    assert _apply(private=30)["private"]["count"] == 1


def test_an_invitation_by_which_somebody_waits_stays(world: World) -> None:
    now = timezone.now()
    asked, other = (
        invite(world.alice, kind="contact", lifetime="day", now=now - OLD)[0] for _ in "12"
    )
    ContactRequest.objects.create(
        user=ALICE.fingerprint, stranger=CAROL.fingerprint, node=RELAY.fingerprint,
        credentials=b"[]", invitation=asked.pk,
    )  # fmt: skip
    Invitation.objects.update(withdrawn=now - OLD)
    found = _apply(invitations=7)
    assert (found["invitations"]["count"], _kept(found, "invitations")) == (1, {"asked": 1})
    assert Invitation.objects.get() == asked
    ContactRequest.objects.all().delete()
    assert _apply(invitations=7)["invitations"]["count"] == 1
    assert other.pk != asked.pk
    assert not Invitation.objects.exists()


def test_only_contents_of_mail_ever_go(world: World, received: Resource) -> None:
    _apply(private=30, notices=30, receipts=7)
    gone = Resource.objects.filter(payload=None)
    assert set(gone.values_list("kind", flat=True)) == {"encrypted"}


def test_the_bin_goes_by_when_it_was_first_seen_there(house: House) -> None:
    house.write()
    theirs = Conversation.objects.filter(account=house.bob)
    theirs.update(binned=True)
    _apply(bin=7)  # first seen
    assert theirs.exists()
    theirs.update(binned_seen=timezone.now() - OLD)
    assert _kept(_apply(bin=7), "bin") == {"unread": 1}
    Letter.objects.update(read=True)
    theirs.update(unread=0)
    assert _apply(bin=7)["bin"]["count"] == 1
    assert not theirs.exists()
    assert Conversation.objects.filter(account=house.alice).exists()


def test_a_binned_letter_that_has_not_arrived_stays(house: House) -> None:
    house.write()
    Letter.objects.update(read=True)
    Delivery.objects.update(state=Delivery.State.WAITING)
    mine = Conversation.objects.filter(account=house.alice)
    mine.update(binned=True, binned_seen=timezone.now() - OLD)
    assert _kept(_apply(bin=7), "bin") == {"undelivered": 1}


def test_passed_over_lines_can_be_read_again(world: World) -> None:
    peer = get_peer(DESK.fingerprint)
    for number, passed in enumerate((True, False)):
        Wanted.objects.create(
            peer=peer.fingerprint, position=number, author=CAROL.fingerprint,
            identifier=f"{number:086d}", passed_over=passed,
        )  # fmt: skip
    _age()
    assert _apply(passed_over=7)["passed_over"]["count"] == 1
    assert Wanted.objects.get().passed_over is False
    assert PeerRow.objects.get().read_again


def test_history_goes_but_the_last_of_each_kind(world: World) -> None:
    then = timezone.now() - OLD
    for _ in range(2):
        Run.objects.create(kind=Run.Kind.DOCTOR, finished=then)
    found = _apply(history=30)
    assert (found["history"]["count"], _kept(found, "history")) == (1, {"latest": 1})
    assert _apply(dry=True, history=30)["history"]["kept"] == [["latest", 1]]
    assert Run.objects.filter(kind=Run.Kind.DOCTOR).count() == 1


def test_a_peer_counts_as_told_a_day_after(world: World) -> None:
    peer = get_peer(DESK.fingerprint)
    now = timezone.now()
    PeerRow.objects.update(sent_position=5, last_contact=now)
    note_told(now)
    PeerRow.objects.update(last_contact=now + timedelta(hours=23))
    note_told(now + timedelta(hours=23))
    assert Told.objects.get(peer=peer.fingerprint).sure == 1
    PeerRow.objects.update(last_contact=now + timedelta(hours=25), sent_position=9)
    note_told(now + timedelta(hours=25))
    assert Told.objects.get().sure == 5
    PeerRow.objects.update(sent_position=2)  # a new journal
    note_told(now + timedelta(hours=26))
    assert Told.objects.get().sure == 1
