"""How well an account knows who a contact is."""

from datetime import timedelta

import pytest
from django.utils import timezone

from mail.checking import (
    BY_QR_CODE,
    BY_TELEPHONE,
    IN_PERSON,
    Checks,
    CheckState,
    Outcome,
    check_words,
    compare_code,
    compare_codes,
    introducers,
    look_alike_words,
    looks_like,
    mark_checked,
    take_as_replacement,
    take_check_back,
    take_introduction,
)
from mail.contacts import add_contact, contact_view
from mail.lookalikes import look_alike, matches
from mail.models import Contact
from mail.people import People
from nodes.errors import UserError
from nodes.models import Account
from sdmp.fingerprints import compare_digits
from tests.support.cast import BOB, CAROL, DESK, EVIL, MALLORY, TABLET
from tests.support.world import World, card, own_memory_fixture, world_fixture

__all__ = ["own_memory_fixture", "world_fixture"]

ANA, ANA_CYRILLIC = "Ana", "\u0410\u043d\u0430"  # А н а
ANA_MIXED = "\u0410na"  # a Cyrillic А, the rest Latin


def row(account: Account, user: str = BOB.fingerprint) -> Contact:
    return Contact.objects.get(account=account, user=user)


def words(account: Account, user: str = BOB.fingerprint) -> str:
    seen = contact_view(account, user)
    assert seen is not None
    assert check_words(seen) == check_words(People(account)(user))
    return check_words(seen)


@pytest.fixture
def bob(world: World) -> Contact:
    """Bob, among Alice's contacts."""
    world.know(DESK)
    return row(world.alice)


@pytest.mark.parametrize(
    ("how", "say"),
    [
        (IN_PERSON, "checked in person on "),
        (BY_TELEPHONE, "checked by telephone on "),
        (BY_QR_CODE, "checked by QR code on "),
    ],
)
def test_checking_says_how_and_when_and_lets_in(
    world: World, bob: Contact, how: str, say: str
) -> None:
    assert words(world.alice) == "not checked"
    assert bob.let_in is None
    mark_checked(world.alice, BOB.fingerprint, how)
    today = timezone.localtime().strftime("%-d %B")
    assert words(world.alice) == say + today
    assert row(world.alice).let_in is not None
    take_check_back(world.alice, BOB.fingerprint)
    assert words(world.alice) == "not checked"


def test_a_check_of_another_year_says_so(world: World, bob: Contact) -> None:
    mark_checked(world.alice, BOB.fingerprint, IN_PERSON)
    long_ago = timezone.now() - timedelta(days=500)
    Contact.objects.update(checked=long_ago)
    assert words(world.alice).endswith(str(timezone.localtime(long_ago).year))


def test_what_cannot_be_checked(world: World, bob: Contact) -> None:
    with pytest.raises(UserError, match="how you compared"):
        mark_checked(world.alice, BOB.fingerprint, "in a dream")
    with pytest.raises(UserError, match="none of your contacts"):
        mark_checked(world.alice, MALLORY.fingerprint, IN_PERSON)
    assert row(world.alice).checked is None


def test_a_check_is_the_account_s_own(world: World, bob: Contact) -> None:
    carol = world.enrol(CAROL)
    add_contact(carol, card(DESK))
    mark_checked(world.alice, BOB.fingerprint, IN_PERSON)
    assert words(carol) == "not checked"
    with pytest.raises(UserError, match="none of your contacts"):
        take_check_back(carol, MALLORY.fingerprint)


# --- Codes


def test_the_code_of_the_other_side_is_the_same(world: World, bob: Contact) -> None:
    alice, own = world.alice, str(world.alice.fingerprint)
    theirs = compare_code(BOB.fingerprint, own)
    assert theirs.endswith("".join(compare_digits(own, BOB.fingerprint)))
    assert compare_codes(alice, BOB.fingerprint, [f" {theirs}\n"]) is Outcome.SAME
    assert compare_codes(alice, BOB.fingerprint, ["x", theirs]) is Outcome.SAME


def test_other_codes_are_told_apart(world: World, bob: Contact) -> None:
    alice, own = world.alice, str(world.alice.fingerprint)
    mallory = MALLORY.fingerprint

    def outcome(*texts: str) -> Outcome:
        return compare_codes(alice, BOB.fingerprint, texts)

    # Somebody in between: Bob's device shows what it has with her, or she with another.
    assert outcome(compare_code(BOB.fingerprint, mallory)) is Outcome.DIFFERENT
    assert outcome(compare_code(mallory, own)) is Outcome.DIFFERENT
    assert outcome(compare_code(own, BOB.fingerprint)) is Outcome.OWN
    assert outcome(compare_code(own, mallory)) is Outcome.OWN
    assert outcome("https://example.org/card") is Outcome.OTHER
    assert outcome(BOB.fingerprint) is Outcome.OTHER
    assert outcome("SDMP:::") is Outcome.OTHER
    assert outcome() is Outcome.NOTHING


# --- Introductions


def test_one_who_was_checked_introduces(world: World, bob: Contact) -> None:
    alice = world.alice
    add_contact(alice, card(TABLET), "Carol")
    world.accept(CAROL.identity(), CAROL.trust(BOB))
    assert introducers(alice, BOB.fingerprint) == []  # Carol is not checked
    with pytest.raises(UserError, match="introduces"):
        take_introduction(alice, BOB.fingerprint, CAROL.fingerprint)
    mark_checked(alice, CAROL.fingerprint, IN_PERSON)
    assert [one.user for one in introducers(alice, BOB.fingerprint)] == [CAROL.fingerprint]
    take_introduction(alice, BOB.fingerprint, CAROL.fingerprint)
    assert words(alice) == "introduced by Carol"
    assert row(alice).let_in is not None
    mark_checked(alice, BOB.fingerprint, BY_TELEPHONE)
    assert words(alice).startswith("checked by telephone")
    assert row(alice).introduced_by == ""
    with pytest.raises(UserError, match="checked this contact yourself"):
        take_introduction(alice, BOB.fingerprint, CAROL.fingerprint)


def test_who_does_not_introduce(world: World, bob: Contact) -> None:
    alice = world.alice
    add_contact(alice, card(TABLET), "Carol")
    mark_checked(alice, CAROL.fingerprint, IN_PERSON)
    assert introducers(alice, BOB.fingerprint) == []  # she does not trust him
    world.accept(CAROL.trust(BOB))
    Contact.objects.filter(user=CAROL.fingerprint).update(blocked=world.now)
    assert introducers(alice, BOB.fingerprint) == []
    Contact.objects.filter(user=CAROL.fingerprint).update(blocked=None)
    world.accept(CAROL.revocation(CAROL.trust(BOB)))
    assert introducers(alice, BOB.fingerprint) == []
    with pytest.raises(UserError, match="introduces"):
        take_introduction(alice, BOB.fingerprint, BOB.fingerprint)


# --- Another identity with the same name


def another(world: World, name: str = "BOB ") -> Contact:
    """Somebody else who calls himself Bob, a little later."""
    add_contact(world.alice, card(EVIL), name)
    return row(world.alice, MALLORY.fingerprint)


def test_a_new_identity_of_one_who_was_checked_is_changed(world: World, bob: Contact) -> None:
    alice = world.alice
    new = another(world)
    assert words(alice, new.user) == "not checked"
    mark_checked(alice, BOB.fingerprint, IN_PERSON)
    assert words(alice, new.user) == "changed, to be compared again"
    assert words(alice).startswith("checked in person")
    checks = Checks(alice)
    before, after = checks.before(new), checks.after(row(alice))
    assert (before and before.user, after and after.user) == (BOB.fingerprint, new.user)
    assert checks.before(bob) is None
    assert not checks.has_ended(BOB.fingerprint)


def test_a_new_identity_of_one_whose_identity_ended_is_changed(world: World, bob: Contact) -> None:
    new = another(world)
    assert words(world.alice, new.user) == "not checked"
    world.accept(BOB.revocation(BOB.identity()))
    assert words(world.alice, new.user) == "changed, to be compared again"
    assert Checks(world.alice).has_ended(BOB.fingerprint)
    seen = contact_view(world.alice, BOB.fingerprint)
    assert seen
    assert seen.ended


def test_a_new_identity_can_be_taken_as_a_replacement(world: World, bob: Contact) -> None:
    alice = world.alice
    new = another(world)
    with pytest.raises(UserError, match="no earlier contact"):
        take_as_replacement(alice, new.user)
    mark_checked(alice, BOB.fingerprint, IN_PERSON)
    assert take_as_replacement(alice, new.user).user == BOB.fingerprint
    replaced = row(alice, new.user)
    assert (replaced.replaces, replaced.name) == (BOB.fingerprint, "Bob")
    assert row(alice).name == "Bob (earlier)"
    assert words(alice, new.user) == "changed, to be compared again"
    after = Checks(alice).after(row(alice))
    assert after
    assert after.user == new.user
    with pytest.raises(UserError, match="no earlier contact"):
        take_as_replacement(alice, new.user)
    mark_checked(alice, new.user, BY_QR_CODE)
    assert words(alice, new.user).startswith("checked by QR code")


def test_the_name_of_another_account_s_contact_changes_nothing(world: World, bob: Contact) -> None:
    carol = world.enrol(CAROL)
    add_contact(carol, card(EVIL), "Bob")
    mark_checked(world.alice, BOB.fingerprint, IN_PERSON)
    assert words(carol, MALLORY.fingerprint) == "not checked"
    assert looks_like(carol, "Bob", MALLORY.fingerprint) is None
    with pytest.raises(UserError):
        take_as_replacement(carol, MALLORY.fingerprint)


def test_names_are_read_with_a_fixed_number_of_questions(
    world: World, bob: Contact, django_assert_max_num_queries: object
) -> None:
    another(world)
    mark_checked(world.alice, BOB.fingerprint, IN_PERSON)
    people = People(world.alice)
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        people.load([BOB.fingerprint, MALLORY.fingerprint, CAROL.fingerprint])
    assert people(MALLORY.fingerprint).check.state is CheckState.CHANGED


# --- Names that look the same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (ANA, ANA_MIXED),
        ("ana", "ANA"),
        ("Ana", "\uff21\uff4e\uff41"),  # full width
        ("Ana", "Ana\u200b"),  # a space of no width
        ("Bob", "\u0412\u043e\u0440".replace("\u0440", "b")),
        ("Paul", "\u0420\u0430ul"),
        ("Nina", "\u039dina"),  # a Greek capital Nu
        ("Ian", "lan"),
        ("Mila", "M1la"),
        ("Marnie", "Mamie"),
        ("Jose", "Jose\u0301"),
    ],
)
def test_names_that_look_alike(one: str, other: str) -> None:
    assert look_alike(one, other)
    assert look_alike(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ana", "Anna"), ("Ana", "Eva"), ("Anna", "\u0410\u043d\u043d\u0430"), ("Ben", "Bert")],
)
def test_names_that_do_not(one: str, other: str) -> None:
    assert not look_alike(one, other)


def test_who_a_name_could_be_taken_for(world: World, bob: Contact) -> None:
    found = looks_like(world.alice, "\u0412ob")
    assert found
    assert found.user == BOB.fingerprint
    assert looks_like(world.alice, "Bob", except_=BOB.fingerprint) is None
    assert looks_like(world.alice, "") is None
    assert "other letters" in look_alike_words("\u0412ob", "Bob")
    assert "the same name" in look_alike_words("BOB", "Bob")


def test_finding_by_the_beginnings_of_words() -> None:
    assert matches("Ana Lindqvist", "lind an")
    assert matches("Zoë Müller-Lüdenscheidt", "zoe lud")
    assert matches("Ana", "")
    assert not matches("Ana Lindqvist", "qvist")
