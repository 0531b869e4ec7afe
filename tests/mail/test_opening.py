"""What is filed for whom: the rules of protocol §9 and no others."""

from typing import Any

import pytest
from django.utils import timezone

from journal.models import Resource
from journal.trusts import trust_user
from mail import opening
from mail.contacts import add_contact
from mail.models import Contact, Delivery, Letter, StrayReceipt, Unopened
from mail.opening import open_waiting
from mail.sealing import open_head, open_text
from mail.send import send
from nodes.models import Account
from sdmp.container import build_from
from sdmp.encrypted import seal
from tests.mail.conftest import Take
from tests.support.cast import (
    ALICE,
    BOB,
    CAROL,
    DESK,
    EVIL,
    FULL,
    LAPTOP,
    MALLORY,
    Node,
)
from tests.support.world import (
    ANOTHER,
    World,
    card,
    letter_to,
    message_text,
    notice,
    open_with,
    private,
    receipt_for,
)


def letters(account: Account) -> list[str]:
    return list(
        Letter.objects.filter(account=account)
        .order_by("id")
        .values_list("resource__identifier", flat=True)
    )


def receipts(world: World, author: str = ALICE.fingerprint) -> list[Resource]:
    return world.our_resources(kind="encrypted", author=author, signer=world.here)


def test_a_letter_for_alice_is_filed_and_receipted_once(world: World, take: Take) -> None:
    post = letter_to(ALICE)
    take(post)
    assert letters(world.alice) == [post.identifier]
    letter = Letter.objects.get()
    assert (letter.outgoing, letter.notice, letter.read) == (False, False, False)
    [receipt] = receipts(world)
    inner = open_with(receipt, BOB.key)
    assert inner.schemas == ("resource", "receipt")
    assert inner.section("receipt") == post.identifier
    assert open_with(receipt, DESK.key).section("receipt") == post.identifier
    take(post)
    open_waiting()
    assert len(receipts(world)) == 1


def test_one_to_whom_it_is_not_addressed_gets_nothing(world: World, take: Take) -> None:
    """Though our node can read it."""
    take(letter_to(CAROL), private(message_text("to nobody", [])))
    assert not Letter.objects.exists()
    assert receipts(world) == []
    assert not Unopened.objects.exists()


def test_a_message_without_header_has_no_to_and_is_for_nobody(world: World, take: Take) -> None:
    take(private("Just text"))
    assert not Letter.objects.exists()


def test_mail_of_one_who_is_not_trusted_is_kept_and_not_filed(world: World) -> None:
    world.accept(*EVIL.credentials(ALICE), letter_to(ALICE, node=EVIL))
    assert Unopened.objects.count() == 1
    open_waiting()
    assert not Letter.objects.exists()
    assert receipts(world) == []
    assert not Unopened.objects.exists()


def test_a_contact_added_later_gets_what_was_held(world: World) -> None:
    post, public = letter_to(ALICE, node=EVIL), notice(EVIL)
    world.accept(*EVIL.credentials(ALICE), post, public)
    open_waiting()
    assert letters(world.alice) == []
    add_contact(world.alice, card(EVIL))
    open_waiting()
    assert letters(world.alice) == [post.identifier, public.identifier]
    assert len(receipts(world)) == 1
    open_waiting()
    assert len(receipts(world)) == 1


def test_trust_that_came_from_another_node_of_ours_has_it_filed_too(world: World) -> None:
    post = letter_to(ALICE, node=EVIL)
    world.accept(*EVIL.credentials(ALICE), post)
    open_waiting()
    world.accept(ALICE.trust(MALLORY))
    open_waiting()
    assert letters(world.alice) == [post.identifier]


def test_mail_of_a_blocked_contact_is_not_filed(world: World, take: Take) -> None:
    Contact.objects.filter(account=world.alice, user=BOB.fingerprint).update(blocked=timezone.now())
    take(letter_to(ALICE), notice())
    assert letters(world.alice) == []
    assert receipts(world) == []


def test_a_contact_blocked_by_one_is_not_blocked_for_another(world: World, take: Take) -> None:
    world.enrol(CAROL)
    trust_user(CAROL.fingerprint, BOB.fingerprint, now=world.now)
    Contact.objects.filter(account=world.alice).update(blocked=timezone.now())
    take(letter_to(ALICE, CAROL))
    assert letters(world.alice) == []
    assert len(letters(world.accounts["carol"])) == 1


def test_each_of_several_accounts_gets_a_copy_and_gives_a_receipt(world: World, take: Take) -> None:
    world.enrol(CAROL)
    trust_user(CAROL.fingerprint, BOB.fingerprint, now=world.now)
    post = letter_to(ALICE, CAROL)
    take(post)
    for account in world.accounts.values():
        assert letters(account) == [post.identifier]
    assert len(receipts(world)) == 1
    assert len(receipts(world, CAROL.fingerprint)) == 1


def test_an_account_that_let_this_node_only_host_gets_nothing_opened(
    world: World, take: Take
) -> None:
    carol = world.enrol(CAROL, mode=Account.Mode.HOST)
    world.accept(CAROL.trust(BOB))
    take(letter_to(ALICE, CAROL))
    assert len(letters(world.alice)) == 1
    assert letters(carol) == []
    assert receipts(world, CAROL.fingerprint) == []


def test_an_account_of_mode_host_is_not_opened_for_whatever_the_node_could(
    world: World, take: Take
) -> None:
    carol = world.enrol(CAROL)
    trust_user(CAROL.fingerprint, BOB.fingerprint, now=world.now)
    Account.objects.filter(pk=carol.pk).update(mode=Account.Mode.HOST)
    take(letter_to(ALICE, CAROL))
    assert len(letters(world.alice)) == 1
    assert letters(carol) == []
    assert receipts(world, CAROL.fingerprint) == []


def test_notices_are_filed_for_all_who_trust_the_author(world: World, take: Take) -> None:
    world.enrol(CAROL)
    post = notice(text="Hello all")
    take(post)
    assert letters(world.alice) == [post.identifier]
    assert letters(world.accounts["carol"]) == []
    assert Letter.objects.get().notice
    assert receipts(world) == []  # notices are not receipted


def test_someone_else_s_ciphertext_signed_again_is_nobody_s(world: World, take: Take) -> None:
    """Mallory signs what Bob wrote; the content inside speaks for Bob."""
    world.know(EVIL)
    stolen = private(message_text("from Bob", [ALICE]), node=EVIL, inner=BOB)
    take(stolen)
    assert letters(world.alice) == []
    assert receipts(world) == []


def test_what_cannot_be_opened_waits_no_longer(world: World, take: Take) -> None:
    foreign = private(message_text("x", [ALICE]), keys=[BOB.public, DESK.public])
    good = letter_to(ALICE)
    take(foreign, good)
    assert letters(world.alice) == [good.identifier]
    assert not Unopened.objects.exists()


def test_what_was_revoked_before_it_was_opened_is_not_filed(world: World, take: Take) -> None:
    post = letter_to(ALICE)
    world.accept(post, BOB.revocation(post))
    open_waiting()
    assert letters(world.alice) == []
    assert receipts(world) == []


def test_what_its_author_revokes_is_emptied(world: World, take: Take) -> None:
    post = letter_to(ALICE, text="a secret", title="Secret")
    take(post)
    take(BOB.revocation(post))
    letter = Letter.objects.get()
    assert letter.removed is not None
    assert open_text(letter.sealed_body) == ""
    assert (open_head(letter.sealed_head).title, open_head(letter.sealed_head).text) == ("", "")


def test_what_alice_wrote_on_another_node_is_filed_as_sent(world: World, take: Take) -> None:
    other = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    take(other.authorisation(), other.identity())
    container = build_from(
        {"resource": {"user": ALICE.fingerprint}, "message": message_text("x", [BOB])}
    )
    post = other.resource(encrypted=seal(container, [LAPTOP.public, BOB.public]))
    take(post)
    letter = Letter.objects.get(account=world.alice)
    assert letter.outgoing
    assert [d.recipient for d in Delivery.objects.all()] == [BOB.fingerprint]
    assert receipts(world) == []


def test_a_killed_process_files_nothing_twice(
    world: World, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead between opening and writing: all waits still, and comes once."""
    post = letter_to(ALICE)
    world.accept(post)

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(opening, "write_own", die)
        with pytest.raises(KeyboardInterrupt):
            open_waiting()
    assert Unopened.objects.count() == 1
    assert not Letter.objects.exists()
    open_waiting()
    assert letters(world.alice) == [post.identifier]
    assert len(receipts(world)) == 1


def test_many_are_opened_in_parts(
    world: World, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_AT_ONCE", 2)
    posts = [letter_to(ALICE, text=str(number)) for number in range(5)]
    world.accept(*posts)
    assert open_waiting() == 5
    assert letters(world.alice) == [post.identifier for post in posts]
    assert open_waiting() == 0


# Receipts that come


@pytest.fixture
def sent(world: World, take: Take) -> str:
    """The identifier of a letter of Alice's to Bob."""
    return send(world.alice, to=[BOB.fingerprint], body="Hello").rpartition("/")[2]


def state(recipient: str = BOB.fingerprint) -> str:
    return Delivery.objects.get(recipient=recipient).state


def test_a_receipt_turns_a_delivery_into_received(world: World, sent: str, take: Take) -> None:
    assert state() == "waiting"
    receipt = receipt_for(sent)
    take(receipt)
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.receipt) == ("received", receipt.identifier)
    assert delivery.at is not None


def test_receipts_are_never_receipted(world: World, sent: str, take: Take) -> None:
    before = len(receipts(world))
    take(receipt_for(sent))
    assert len(receipts(world)) == before
    assert Letter.objects.count() == 1


def test_a_second_receipt_changes_nothing(world: World, sent: str, take: Take) -> None:
    take(receipt_for(sent))
    first = Delivery.objects.get()
    take(receipt_for(sent))
    assert Delivery.objects.get().at == first.at
    assert Delivery.objects.get().receipt == first.receipt


def test_a_receipt_of_one_who_is_not_in_to_does_not_count(
    world: World, sent: str, take: Take
) -> None:
    world.know(EVIL)
    take(receipt_for(sent, node=EVIL))
    assert state() == "waiting"
    assert Delivery.objects.count() == 1


def test_a_receipt_for_a_message_that_its_reader_did_not_write_does_not_count(
    world: World, take: Take
) -> None:
    """Carol's account is here too: a receipt for her letter is nothing to Alice's."""
    world.enrol(CAROL)
    add_contact(world.accounts["carol"], card(DESK))
    theirs = letter_to(ALICE)
    take(theirs)
    take(receipt_for(theirs.identifier))
    assert not Delivery.objects.exists()


def test_a_receipt_that_comes_first_waits_for_its_letter(world: World, take: Take) -> None:
    other = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    take(other.authorisation(), other.identity())
    container = build_from(
        {"resource": {"user": ALICE.fingerprint}, "message": message_text("x", [BOB])}
    )
    post = other.resource(encrypted=seal(container, [LAPTOP.public, BOB.public]))
    receipt = receipt_for(post.identifier)
    take(receipt)
    assert StrayReceipt.objects.count() == 1
    take(post)
    assert state() == "received"
    assert Delivery.objects.get().receipt == receipt.identifier
    assert not StrayReceipt.objects.exists()


def test_a_stray_receipt_does_not_hold_up_a_node_of_two_accounts(world: World, take: Take) -> None:
    world.enrol(CAROL)
    take(receipt_for(ANOTHER))
    post = letter_to(ALICE)
    take(post)
    assert letters(world.alice) == [post.identifier]
    assert StrayReceipt.objects.count() == 1


def test_a_stray_receipt_of_one_not_in_to_never_counts(world: World, take: Take) -> None:
    world.know(EVIL)
    other = Node("tablet", ALICE, FULL, "192.0.2.9:1")
    take(other.authorisation(), other.identity())
    container = build_from(
        {"resource": {"user": ALICE.fingerprint}, "message": message_text("x", [BOB])}
    )
    post = other.resource(encrypted=seal(container, [LAPTOP.public, BOB.public]))
    take(receipt_for(post.identifier, node=EVIL))
    take(post)
    assert state() == "waiting"


def test_a_message_about_which_nothing_is_known_here_is_told_from_a_foreign_one(
    world: World, take: Take
) -> None:
    """A receipt for what is held and not ours is no stray."""
    theirs = notice()
    take(theirs)
    take(receipt_for(theirs.identifier))
    assert not StrayReceipt.objects.exists()


# Accounts of one node


def test_mail_between_accounts_of_one_node(world: World) -> None:
    carol = world.enrol(CAROL)
    for one, other in ((ALICE, CAROL), (CAROL, ALICE)):
        trust_user(one.fingerprint, other.fingerprint, now=world.now)
    uri = send(world.alice, to=[CAROL.fingerprint], body="Hello")
    assert letters(carol) == []
    open_waiting()
    assert letters(carol) == [uri.rpartition("/")[2]]
    open_waiting()
    assert state(CAROL.fingerprint) == "received"
    assert len(receipts(world, CAROL.fingerprint)) == 1
    open_waiting()
    assert len(world.our_resources(kind="encrypted")) == 2


def test_a_local_account_that_has_not_trusted_gets_it_once_it_does(world: World) -> None:
    carol = world.enrol(CAROL)
    trust_user(ALICE.fingerprint, CAROL.fingerprint, now=world.now)
    uri = send(world.alice, to=[CAROL.fingerprint], body="Hello")
    open_waiting()
    assert letters(carol) == []
    assert state(CAROL.fingerprint) == "waiting"
    trust_user(CAROL.fingerprint, ALICE.fingerprint, now=world.now)
    open_waiting()
    open_waiting()
    assert letters(carol) == [uri.rpartition("/")[2]]
    assert state(CAROL.fingerprint) == "received"


def test_notices_between_accounts_of_one_node(world: World) -> None:
    carol = world.enrol(CAROL)
    trust_user(CAROL.fingerprint, ALICE.fingerprint, now=world.now)
    uri = send(world.alice, to=[], body="Hello all", notice=True)
    open_waiting()
    assert letters(carol) == []  # Alice does not let her read
    trust_user(ALICE.fingerprint, CAROL.fingerprint, now=world.now)
    open_waiting()
    assert letters(carol) == [uri.rpartition("/")[2]]
    assert len(letters(world.alice)) == 1


def test_an_account_that_is_suspended_gets_its_mail_all_the_same(world: World, take: Take) -> None:
    world.alice.is_active = False
    world.alice.save()
    take(letter_to(ALICE))
    assert len(letters(world.alice)) == 1


def test_strays_are_kept_up_to_a_limit(
    world: World, take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mail.receipts._MOST_STRAYS", 1)
    take(receipt_for(ANOTHER))
    take(receipt_for("B" + ANOTHER[1:]))
    assert StrayReceipt.objects.count() == 1
