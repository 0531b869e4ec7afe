"""Sending letters and notices."""

from typing import Any

import pytest

from journal.models import Resource
from journal.trusts import withdraw
from mail import send as send_module
from mail.models import Conversation, Delivery, Letter, Unopened
from mail.send import send
from nodes.errors import UserError
from nodes.models import Account
from sdmp import limits
from sdmp.letter import Attachment, read_letter
from sdmp.resource import read_resource, uri
from tests.support.cast import ALICE, BOB, CAROL, DESK, EVIL, FULL, LAPTOP, RELAY, TABLET, Node
from tests.support.world import (
    ANOTHER,
    World,
    open_with,
    own_memory_fixture,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]


def write(world: World, **options: Any) -> Resource:
    given: dict[str, Any] = {"to": [BOB.fingerprint], "body": "Hello", **options}
    return Resource.objects.get(identifier=send(world.alice, **given).rpartition("/")[2])


def test_a_letter_is_sealed_for_its_readers(world: World) -> None:
    world.know(DESK)
    other = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    world.accept(other.authorisation(), other.identity(), RELAY.authorisation(), RELAY.identity())
    row = write(world, title="Dinner", body="At **eight**?")
    section: Any = read_resource(row.envelope()).sections["encrypted"]
    readers = (ALICE, LAPTOP, other, BOB, DESK)
    assert len(section["recipients"]) == len(readers)  # the relay only hosts
    for reader in readers:
        inner = open_with(row, reader.key)
        assert inner.schemas == ("resource", "message")
        letter = read_letter(str(inner.section("message")))
        assert (letter.title, letter.body) == ("Dinner", "At **eight**?")
        assert letter.to == (BOB.fingerprint,)
        assert letter.date is not None
    for outsider in (RELAY, CAROL, EVIL):
        with pytest.raises(Exception, match="cannot be opened"):
            open_with(row, outsider.key)


def test_one_s_own_copy_and_the_deliveries_are_there_at_once(world: World) -> None:
    world.know(DESK)
    world.know(TABLET)
    row = write(world, to=[BOB.fingerprint, CAROL.fingerprint, BOB.fingerprint])
    letter = Letter.objects.get()
    assert (letter.resource, letter.outgoing, letter.read) == (row, True, True)
    found = list(Delivery.objects.order_by("id").values_list("recipient", "state"))
    assert found == [(BOB.fingerprint, "waiting"), (CAROL.fingerprint, "waiting")]
    conversation = Conversation.objects.get()
    assert (conversation.has_sent, conversation.has_received) == (True, False)
    assert conversation.unread == 0
    assert not Unopened.objects.exists()  # nobody else here is concerned


def test_what_is_at_rest_shows_nothing(world: World) -> None:
    world.know(DESK)
    write(world, title="Secretive", body="Very secret words")
    letter = Letter.objects.get()
    for sealed in (bytes(letter.sealed_head), bytes(letter.sealed_body)):
        assert b"ecret" not in sealed
        assert BOB.fingerprint.encode() not in sealed


def test_a_notice_is_public_and_expects_no_delivery(world: World) -> None:
    row = write(world, to=[], body="Hello all", notice=True)
    assert row.kind == "message"
    letter = read_letter(str(read_resource(row.envelope()).sections["message"]))
    assert (letter.body, letter.to) == ("Hello all", ())
    assert Letter.objects.get().notice
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"to": []}, "a message needs a recipient"),
        ({"notice": True}, "A notice goes to all contacts"),
        ({"to": [CAROL.fingerprint]}, "not among your contacts"),
        ({"to": [BOB.fingerprint, CAROL.fingerprint]}, "not among your contacts"),
        ({"to": [DESK.fingerprint]}, "not among your contacts"),
        ({"reply_to": "nonsense"}, "is not the URI of a message"),
        ({"reply_to": uri(BOB.fingerprint)}, "is a person, not a message"),
    ],
)
def test_what_cannot_be_sent(world: World, options: dict[str, Any], words: str) -> None:
    world.know(DESK)
    before = world.journal()
    with pytest.raises(UserError, match=words):
        write(world, **options)
    assert world.journal() == before
    assert not Letter.objects.exists()


def test_a_host_account_cannot_send_from_here(world: World) -> None:
    account = world.enrol(CAROL, mode=Account.Mode.HOST)
    with pytest.raises(UserError, match="only keeps mail for the account"):
        send(account, to=[], body="x", notice=True)


def test_one_whose_trust_was_withdrawn_is_no_recipient(world: World) -> None:
    world.know(DESK)
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    with pytest.raises(UserError, match="not among your contacts"):
        write(world)


def test_one_whose_identity_has_ended_is_no_recipient(world: World) -> None:
    world.know(DESK)
    world.accept(BOB.revocation(BOB.identity()))
    with pytest.raises(UserError, match="is not known here or has ended"):
        write(world)


def test_at_most_10_mib(world: World) -> None:
    assert limits.MESSAGE_BYTES == 10 * 1024 * 1024
    world.know(DESK)
    data = b"x" * (limits.MESSAGE_BYTES * 3 // 4)
    large = Attachment("large.bin", "application/octet-stream", data, image=False)
    with pytest.raises(UserError, match="can have 10 MB and this is larger"):
        write(world, attachments=[large])
    assert not Letter.objects.exists()


def test_the_limit_is_in_bytes_with_the_header(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.know(DESK)
    monkeypatch.setattr(limits, "MESSAGE_BYTES", 1000)
    write(world, body="x" * 500)
    with pytest.raises(UserError, match="this is larger"):
        write(world, body="é" * 480)


def test_attachments_travel_with_the_letter(world: World) -> None:
    world.know(DESK)
    menu = Attachment("menu.pdf", "application/pdf", b"%PDF", image=False)
    row = write(world, attachments=[menu])
    letter = read_letter(str(open_with(row, BOB.key).section("message")))
    assert letter.attachments == (menu,)
    assert Letter.objects.get().has_attachments


def test_an_answer_continues_the_conversation(world: World) -> None:
    world.know(DESK)
    first = write(world)
    second = write(world, reply_to=first.uri)
    letter = read_letter(str(open_with(second, BOB.key).section("message")))
    assert (letter.in_reply_to, letter.thread) == (first.uri, first.uri)
    third = write(world, reply_to=second.uri)
    letter = read_letter(str(open_with(third, BOB.key).section("message")))
    assert (letter.in_reply_to, letter.thread) == (second.uri, first.uri)
    assert Conversation.objects.get().letters == 3


def test_an_answer_to_what_is_not_here_names_it(world: World) -> None:
    world.know(DESK)
    gone = uri(BOB.fingerprint, ANOTHER)
    row = write(world, reply_to=gone)
    letter = read_letter(str(open_with(row, BOB.key).section("message")))
    assert (letter.in_reply_to, letter.thread) == (gone, gone)


def test_nothing_of_it_stays_when_the_filing_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.know(DESK)
    before = world.journal()

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(send_module, "file_letters", fail)
    with pytest.raises(RuntimeError):
        write(world)
    assert world.journal() == before


def test_to_oneself(world: World) -> None:
    row = write(world, to=[ALICE.fingerprint])
    assert Letter.objects.get().resource == row
    assert not Delivery.objects.exists()
