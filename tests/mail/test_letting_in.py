"""Whose letters wait, and what lets them in."""

from mail import selectors
from mail.flags import let_in, move, put_back
from mail.models import Contact, Conversation
from mail.send import send
from sdmp.resource import uri
from tests.mail.conftest import Take
from tests.support.cast import ALICE, BOB, CAROL, TABLET
from tests.support.world import World, letter_to, notice


def titles(world: World, folder: str) -> list[str]:
    return [row.title for row in selectors.list_conversations(world.alice, folder, None, 50).rows]


def key_of(title: str, world: World) -> str:
    rows = selectors.list_conversations(world.alice, "waiting", None, 50).rows
    return next(row.thread for row in rows if row.title == title)


def test_letters_of_strangers_wait_and_are_counted_quietly(world: World, strangers: Take) -> None:
    strangers(letter_to(ALICE, title="Who is this"))
    assert titles(world, "waiting") == ["Who is this"]
    assert titles(world, "inbox") == []
    counts = selectors.counts(world.alice)
    assert (counts["waiting"], counts["inbox"]) == (1, 0)


def test_notices_never_wait(world: World, strangers: Take) -> None:
    strangers(notice(title="For all"))
    assert titles(world, "notices") == ["For all"]
    assert titles(world, "waiting") == []


def test_who_is_checked_or_introduced_does_not_wait(world: World, strangers: Take) -> None:
    Contact.objects.filter(user=BOB.fingerprint).update(checked=world.now)
    Contact.objects.filter(user=CAROL.fingerprint).update(introduced_by=BOB.fingerprint)
    strangers(letter_to(ALICE, title="B"), letter_to(ALICE, node=TABLET, title="C"))
    assert set(titles(world, "inbox")) == {"B", "C"}


def test_an_answer_to_one_s_own_letter_does_not_wait(world: World, strangers: Take) -> None:
    sent = send(world.alice, to=[BOB.fingerprint], title="Mine")
    strangers(letter_to(ALICE, title="Re: Mine", in_reply_to=sent))
    assert titles(world, "inbox") == ["Re: Mine"]


def test_writing_to_somebody_lets_them_in(world: World, strangers: Take) -> None:
    strangers(letter_to(ALICE, title="1"), letter_to(ALICE, title="2"))
    assert len(titles(world, "waiting")) == 2
    send(world.alice, to=[BOB.fingerprint], title="Hello Bob")
    assert titles(world, "waiting") == []
    assert set(titles(world, "inbox")) == {"1", "2"}
    assert Contact.objects.get(user=BOB.fingerprint).let_in is not None
    strangers(letter_to(ALICE, title="3"))
    assert "3" in titles(world, "inbox")


def test_a_known_person_takes_a_conversation_out_of_waiting(world: World, strangers: Take) -> None:
    first = letter_to(ALICE, CAROL, title="From Bob")
    strangers(first)
    let_in(world.alice, CAROL.fingerprint)
    assert titles(world, "waiting") == ["From Bob"]
    at = uri(BOB.fingerprint, first.identifier)
    strangers(letter_to(ALICE, node=TABLET, title="From Carol", in_reply_to=at))
    assert titles(world, "inbox") == ["From Carol"]


def test_a_private_letter_below_a_stranger_s_notice_waits(world: World, strangers: Take) -> None:
    post = notice(title="For all")
    strangers(post)
    at = uri(BOB.fingerprint, post.identifier)
    strangers(letter_to(ALICE, title="For you", in_reply_to=at))
    assert titles(world, "waiting") == ["For you"]


def test_letting_in_is_for_one_account_and_happens_once(world: World, strangers: Take) -> None:
    carol = world.enrol(CAROL)
    strangers(letter_to(ALICE, title="1"))
    let_in(carol, BOB.fingerprint)
    assert titles(world, "waiting") == ["1"]
    let_in(world.alice, BOB.fingerprint)
    moment = Contact.objects.get(account=world.alice, user=BOB.fingerprint).let_in
    let_in(world.alice, BOB.fingerprint)
    assert Contact.objects.get(account=world.alice, user=BOB.fingerprint).let_in == moment
    assert titles(world, "inbox") == ["1"]


def test_letting_in_somebody_who_is_no_contact_yet_makes_one(world: World, strangers: Take) -> None:
    Contact.objects.filter(user=BOB.fingerprint).delete()
    let_in(world.alice, BOB.fingerprint)
    contact = Contact.objects.get(user=BOB.fingerprint)
    assert contact.name == "Bob"
    let_in(world.alice, str(world.alice.fingerprint))
    assert not Contact.objects.filter(user=world.alice.fingerprint).exists()


def test_moving_one_conversation_to_the_inbox_lets_in_and_can_be_undone(
    world: World, strangers: Take
) -> None:
    strangers(letter_to(ALICE, title="1"), letter_to(ALICE, title="2"), letter_to(ALICE, title="3"))
    move(world.alice, key_of("3", world), "archive")
    moved = move(world.alice, key_of("1", world), "inbox")
    assert set(titles(world, "inbox")) == {"1", "2"}
    assert titles(world, "archive") == ["3"]
    assert moved.let_in == (BOB.fingerprint,)
    put_back(world.alice, type(moved).from_fields(moved.as_fields()))
    assert set(titles(world, "waiting")) == {"1", "2"}
    assert titles(world, "archive") == ["3"]
    assert Conversation.objects.filter(waiting=True).count() == 3
    assert Contact.objects.get(user=BOB.fingerprint).let_in is None
