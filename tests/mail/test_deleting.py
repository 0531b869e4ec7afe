"""What is deleted for good."""

from mail.deleting import delete_for_good, empty_bin
from mail.flags import move
from mail.models import Conversation, Deleted, Delivery, Letter, StrayReceipt, Unopened
from mail.opening import open_waiting
from mail.send import send
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL
from tests.support.world import World, letter_to, receipt_for


def test_only_what_is_in_the_bin_is_deleted(world: World, take: Take) -> None:
    take(letter_to(ALICE))
    key = str(Conversation.objects.get().pk)
    assert delete_for_good(world.alice, [key, "x", "9" * 30]) == 0
    move(world.alice, key, "bin")
    assert delete_for_good(world.enrol(CAROL), [key]) == 0
    assert delete_for_good(world.alice, [key]) == 1
    assert not Conversation.objects.exists()
    assert not Letter.objects.exists()


def test_resources_stay_and_the_letter_is_not_filed_again(world: World, take: Take) -> None:
    post = letter_to(ALICE)
    take(post)
    move(world.alice, str(Conversation.objects.get().pk), "bin")
    empty_bin(world.alice)
    [row] = world.our_resources(identifier=post.identifier)
    assert row.is_held
    receipts = len(world.our_resources(kind="encrypted", author=ALICE.fingerprint))
    # As whenever a trust comes between the two.
    Unopened.objects.get_or_create(resource=row)
    open_waiting()
    assert not Letter.objects.exists()
    assert len(world.our_resources(kind="encrypted", author=ALICE.fingerprint)) == receipts
    assert Deleted.objects.count() == 1


def test_what_was_sent_is_deleted_with_its_deliveries(world: World, take: Take) -> None:
    sent = send(world.alice, to=[BOB.fingerprint], title="Mine")
    move(world.alice, str(Conversation.objects.get().pk), "bin")
    assert empty_bin(world.alice) == 1
    assert not Delivery.objects.exists()
    take(receipt_for(sent.rpartition("/")[2]))
    assert not StrayReceipt.objects.exists()


def test_the_rest_of_a_conversation_begins_it_anew(world: World, take: Take) -> None:
    first = letter_to(ALICE, title="1")
    take(first)
    row = Conversation.objects.get()
    thread = row.thread
    move(world.alice, str(row.pk), "bin")
    empty_bin(world.alice)
    take(letter_to(ALICE, title="2", in_reply_to=thread))
    again = Conversation.objects.get()
    assert (again.thread, again.letters, again.unread) == (thread, 1, 1)
