"""Testing the recovery phrase, the copy of the kit, and opening what came back."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from journal.models import Resource
from mail import recovery
from mail.models import Delivery, Letter, Unopened, Unreadable
from mail.opening import open_waiting, write_opened
from mail.people import profile
from mail.selectors import all_letters
from nodes.errors import UserError
from nodes.models import Account, SealedKey
from sdmp.container import build_from
from sdmp.encrypted import seal
from sdmp.keys import make_recovery_kit
from tests.mail.conftest import House
from tests.mail.test_views import page
from tests.support.cast import ALICE, BOB, DESK, LAPTOP
from tests.support.world import (
    World,
    card,
    later,
    message_text,
    own_memory_fixture,
    private,
    signed,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]
PHRASE = "abandon ability able about above absent absorb abstract absurd abuse access accident"
KIT = make_recovery_kit(ALICE.key, PHRASE, later(days=1000))
OTHERS = make_recovery_kit(BOB.key, PHRASE, later(days=1000))


@pytest.fixture
def alice(world: World) -> Account:
    """Alice, whose kit is kept here, knowing Bob; her account was recovered."""
    world.know()
    Account.objects.update(recovery_kit=KIT.decode(), recovered=timezone.now())
    account = world.alice
    account.refresh_from_db()
    return account


@pytest.fixture
def client(alice: Account) -> Client:
    """Alice's browser."""
    browser = Client()
    browser.force_login(alice, "allauth.account.auth_backends.AuthenticationBackend")
    return browser


def file(kit: bytes = KIT) -> SimpleUploadedFile:
    """A recovery file to send."""
    return SimpleUploadedFile("recovery-alice.json", kit)


def test_the_copy_kept_here_is_tested(alice: Account, client: Client) -> None:
    text = page(client.get("/recovery/"))
    assert "Nothing has shown yet that you have your words." in text
    answer = client.post("/recovery/", {"words": f" {PHRASE.title()}\n"})
    text = page(answer)
    assert "Your words open the copy kept here" in text
    assert PHRASE not in text.lower()
    alice.refresh_from_db()
    assert alice.backup_checked is not None


def test_a_file_of_ones_own_is_tested(alice: Account, client: Client) -> None:
    text = page(client.post("/recovery/", {"words": PHRASE, "file": file()}))
    assert "Your words open your file" in text


@pytest.mark.parametrize(
    ("words", "kit", "sentence"),
    [
        ("not the words", KIT, "These words do not open"),
        (PHRASE, OTHERS, "belongs to another account"),
        (PHRASE, b"{}", "not a recovery file"),
        (PHRASE, b"x" * 70_000, "too large for a recovery file"),
        ("", KIT, "required"),
    ],
)
def test_what_does_not_fit_is_said(
    words: str, kit: bytes, sentence: str, alice: Account, client: Client
) -> None:
    answer = client.post("/recovery/", {"words": words, "file": file(kit)})
    assert answer.status_code == 422
    assert sentence in answer.content.decode()
    if words:
        assert words not in answer.content.decode()  # what was typed does not come back
    alice.refresh_from_db()
    assert alice.backup_checked is None


def test_the_copy_goes_when_it_can(alice: Account, client: Client) -> None:
    client.post("/recovery/forget/", {"sure": "on"})
    alice.refresh_from_db()
    assert alice.recovery_kit  # nothing has shown yet that she could do without
    client.post("/recovery/", {"words": PHRASE})
    client.post("/recovery/forget/")
    alice.refresh_from_db()
    assert alice.recovery_kit  # not ticked
    client.post("/recovery/forget/", {"sure": "on"})
    alice.refresh_from_db()
    assert alice.recovery_kit == ""
    assert client.get("/recovery-file/").status_code == 404
    assert "this node keeps no copy" in page(client.get("/recovery/"))
    answer = client.post("/recovery/", {"words": PHRASE})
    assert "Choose the recovery file" in answer.content.decode()
    assert "Your words open your file" in page(
        client.post("/recovery/", {"words": PHRASE, "file": file()})
    )


def test_each_sees_only_his_own(house: House, browse: Callable[[Account], Client]) -> None:
    bob = browse(house.bob)
    assert bob.get("/recovery/mail/").status_code == 404
    assert bob.post("/recovery/mail/open/", {"words": PHRASE}).status_code == 404
    assert bob.get("/recovery-file/").content == b"{}"


# What comes back


def to_alice(text: str, *keys: Any) -> Any:
    """A letter of Bob's, sealed for these keys alone."""
    return private(message_text(text, [ALICE]), node=DESK, keys=keys or [ALICE.public, DESK.public])


def titles(account: Account) -> list[str]:
    """The bodies of an account's letters."""
    return sorted(letter.body.strip() for letter in all_letters(account))


def test_what_the_node_cannot_open_waits_for_the_words(world: World, alice: Account) -> None:
    old = to_alice("of old", ALICE.public, DESK.public)
    others = private(message_text("not hers", [BOB]), node=DESK, keys=[BOB.public, DESK.public])
    new = to_alice("of now", ALICE.public, LAPTOP.public)
    world.accept(old, others, new)
    open_waiting()
    assert titles(alice) == ["of now"]
    state = recovery.returning(alice)
    assert (state.closed, state.others) == (2, 0)
    with pytest.raises(UserError, match="do not open"):
        recovery.open_old_mail(alice, "not the words")
    assert recovery.returning(alice).closed == 2
    assert recovery.open_old_mail(alice, PHRASE) == 1
    assert titles(alice) == ["of now", "of old"]
    state = recovery.returning(alice)
    assert (state.closed, state.others) == (0, 1)
    # Read again by the node, it is neither forgotten nor counted once more.
    Unopened.objects.create(resource=Resource.objects.get(identifier=others.identifier))
    open_waiting()
    assert recovery.returning(alice).closed == 0
    assert recovery.open_old_mail(alice, PHRASE) == 0


def test_old_letters_have_their_place_in_time_and_are_read(world: World, alice: Account) -> None:
    date = later(days=-400).replace(microsecond=0)
    seen = private(
        message_text("seen", [ALICE], date=date), node=DESK, keys=[ALICE.public, DESK.public]
    )
    unseen = to_alice("unseen")
    # Her own receipt, of the node that is gone, says that she had the first.
    receipt = by_alice(world, "receipt", seen.identifier)
    world.accept(seen, unseen, receipt)
    open_waiting()
    published = Resource.objects.filter(author=ALICE.fingerprint, kind="encrypted")
    before = published.count()
    recovery.open_old_mail(alice, PHRASE)
    first = Letter.objects.get(account=alice, resource__identifier=seen.identifier)
    assert first.filed == first.conversation.latest == date
    assert first.read
    assert first.conversation.unread == 0
    second = Letter.objects.get(account=alice, resource__identifier=unseen.identifier)
    assert not second.read
    assert second.conversation.unread == 1
    assert published.count() == before + 1  # a receipt for what she never had, and no other


def test_a_receipt_of_old_counts_for_a_letter_of_old(world: World, alice: Account) -> None:
    own = by_alice(world, "message", message_text("mine", [BOB]))
    receipt = private_receipt(own.identifier)
    world.accept(receipt, own)
    open_waiting()
    assert Letter.objects.filter(account=alice).count() == 0
    recovery.open_old_mail(alice, PHRASE)
    [delivery] = Delivery.objects.filter(letter__account=alice)
    assert delivery.state == "received"
    assert delivery.at is None  # when it came is not known any more


def by_alice(world: World, kind: str, content: str) -> Any:
    """What Alice's node published before, sealed for her own key and Bob's."""
    inner = build_from({"resource": {"user": ALICE.fingerprint}, kind: content})
    [trust] = world.our_resources(kind="trust", subject=LAPTOP.fingerprint)
    sealed = seal(inner, [ALICE.public, BOB.public])
    return signed(ALICE, LAPTOP, trust.identifier, encrypted=sealed)


def private_receipt(message: str) -> Any:
    """A receipt of Bob's that only Alice's own key opens."""
    inner = build_from({"resource": {"user": BOB.fingerprint}, "receipt": message})
    return DESK.resource(encrypted=seal(inner, [ALICE.public, DESK.public]))


def test_nothing_waits_for_one_who_was_not_recovered(world: World, alice: Account) -> None:
    Account.objects.update(recovered=None)
    world.accept(to_alice("of old"))
    open_waiting()
    assert not Unreadable.objects.exists()


def test_a_kill_leaves_the_rest_as_it_was(
    world: World, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accept(to_alice("one"), to_alice("two"), to_alice("three"))
    open_waiting()
    monkeypatch.setattr(recovery, "_AT_ONCE", 1)
    calls = []
    write = write_opened

    def die_at_the_second(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*arguments)

    monkeypatch.setattr("mail.recovery.write_opened", die_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        recovery.open_old_mail(alice, PHRASE)
    assert len(titles(alice)) == 1
    assert recovery.returning(alice).closed == 2
    assert not Unopened.objects.exists()
    assert recovery.open_old_mail(alice, PHRASE) == 2
    assert titles(alice) == ["one", "three", "two"]


def test_long_work_goes_on_with_the_words(
    world: World, alice: Account, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.accept(to_alice("of old"))
    open_waiting()
    monkeypatch.setattr(recovery, "SECONDS_AT_ONCE", 0)
    answer = client.post("/recovery/mail/open/", {"words": PHRASE}, follow=True)
    assert "enter the words once more" in page(answer)
    monkeypatch.undo()
    answer = client.post("/recovery/mail/open/", {"words": PHRASE}, follow=True)
    assert "1 message was opened." in page(answer)


def test_the_profile_of_before_stands_again(world: World, alice: Account) -> None:
    [made] = world.our_resources(author=ALICE.fingerprint, kind="user")
    assert recovery.open_old_mail(alice, PHRASE) == 0
    [made] = world.our_resources(author=ALICE.fingerprint, kind="user")
    assert made.is_held  # nothing has come back that could take its place
    before = signed(ALICE, ALICE, user={"name": "Alice of old", "about": "Gardens"})
    world.accept(before)
    recovery.open_old_mail(alice, PHRASE)
    assert profile(ALICE.fingerprint) == {"name": "Alice of old", "about": "Gardens"}
    alice.refresh_from_db()
    assert alice.name == "Alice of old"
    made.refresh_from_db()
    assert made.revoked_by is not None


def test_the_key_is_kept_nowhere(world: World, alice: Account) -> None:
    world.accept(to_alice("of old"))
    open_waiting()
    recovery.open_old_mail(alice, PHRASE)
    assert not SealedKey.objects.filter(fingerprint=ALICE.fingerprint).exists()


def test_where_to_ask(world: World, alice: Account, client: Client) -> None:
    for place, sentence in (
        ("", "Paste a link"),
        ("nonsense", "neither a card nor the link"),
        ("[]", "not a card"),
    ):
        answer = client.post("/recovery/mail/", {"place": place})
        assert answer.status_code == 422
        assert sentence in answer.content.decode()
    big = SimpleUploadedFile("big.png", b"x" * 9_000_000)
    answer = client.post("/recovery/mail/", {"file": big})
    assert "too large" in answer.content.decode()
    for given in ({"place": card().decode()}, {"file": file(card())}):
        answer = client.post("/recovery/mail/", given, follow=True)
        assert "are asked now." in page(answer)
    own = [row.envelope().to_bytes() for row in world.our_resources(author=ALICE.fingerprint)]
    assert recovery.ask_at(alice, (b"[" + b",".join(own) + b"]").decode()) == ""
