"""What other journals have that we lack."""

from datetime import timedelta

import pytest

from journal.models import Wanted
from journal.trusts import trust_user, withdraw
from journal.waking import authority_changed
from journal.wanted import (
    CLAIM,
    Noted,
    follow_wishes,
    forget,
    next_to_ask,
    note_lines,
    postpone,
    release,
    release_all,
    start_over,
)
from nodes.models import Peer as PeerRow
from nodes.peers import get_peer
from sdmp import limits
from sdmp.errors import BadLine
from sdmp.lines import make_line
from tests.support.cast import ALICE, BOB, CAROL, DESK, TABLET
from tests.support.world import Peer, World, card_resources, later, notice

NOW = later()
POSTS = [notice(text=str(number)) for number in range(4)]
IDENTIFIERS = [post.identifier for post in POSTS]


@pytest.fixture
def desk(db: None) -> Peer:
    """Bob's desk, whose journal has four of his notices."""
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    return peer


def note(peer: Peer, users: set[str] | None = None, position: int = 1) -> Noted:
    return note_lines(
        peer.fingerprint,
        peer.lines[position - 1].partition("@")[0],
        peer.lines[position:],
        wanted_users={BOB.fingerprint} if users is None else users,
        now=NOW,
    )


def row(peer: Peer) -> PeerRow:
    return PeerRow.objects.get(fingerprint=peer.fingerprint)


def asked(peer: Peer, **span: float) -> list[str]:
    return [found for _, found in next_to_ask(peer.fingerprint, NOW + timedelta(**span))]


def test_lines_are_recorded_and_asked_for_in_their_order(desk: Peer) -> None:
    assert note(desk) is Noted.RECORDED
    assert (row(desk).known_line, row(desk).known_position) == (desk.lines[-1], 5)
    assert list(Wanted.objects.values_list("position", flat=True)) == [2, 3, 4, 5]
    assert next_to_ask(DESK.fingerprint, NOW) == [(BOB.fingerprint, i) for i in IDENTIFIERS]


def test_lines_that_do_not_follow_what_is_known_are_a_gap(desk: Peer) -> None:
    assert note(desk, position=2) is Noted.GAP
    assert row(desk).known_position == 1
    assert not Wanted.objects.exists()
    assert note(desk) is Noted.RECORDED
    assert note(desk) is Noted.GAP  # the same once more


def test_a_broken_chain_records_nothing(desk: Peer) -> None:
    desk.lines[3] = make_line(desk.lines[1], BOB.fingerprint, IDENTIFIERS[2])
    with pytest.raises(BadLine) as broken:
        note(desk)
    assert broken.value.index == 2
    assert row(desk).known_position == 1
    assert not Wanted.objects.exists()


def test_what_is_held_already_is_not_wanted(world: World) -> None:
    world.know(DESK)
    world.accept(*POSTS[:2])
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    note(peer)
    assert asked(peer) == IDENTIFIERS[2:]


def test_lines_of_others_are_passed_over(desk: Peer) -> None:
    note(desk, users=set())
    assert row(desk).known_position == 5
    assert Wanted.objects.filter(passed_over=True).count() == 4
    assert asked(desk) == []


def test_no_more_than_fits_is_taken(desk: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "WANTED_LINES", 3)
    monkeypatch.setattr("journal.wanted._COUNT_EVERY", 1)
    assert note(desk) is Noted.FULL
    assert row(desk).known_position == 1
    assert not Wanted.objects.exists()
    monkeypatch.setattr(limits, "WANTED_LINES", 4)
    assert note(desk) is Noted.RECORDED


def test_the_oldest_passed_over_lines_are_let_go(
    desk: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PASSED_OVER_LINES", 3)
    note(desk, users=set())
    assert list(Wanted.objects.values_list("position", flat=True)) == [3, 4, 5]
    assert row(desk).read_again


def test_a_journal_is_read_again_for_one_who_comes_to_be_wanted(
    desk: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PASSED_OVER_LINES", 3)
    note(desk, users=set())
    follow_wishes({BOB.fingerprint}, set(), NOW)
    assert (row(desk).known_line, row(desk).known_position) == (DESK.fingerprint, 1)
    assert not row(desk).read_again
    assert note(desk) is Noted.RECORDED
    assert sorted(asked(desk)) == sorted(IDENTIFIERS)


def test_a_journal_all_of_which_is_kept_is_not_read_again(desk: Peer) -> None:
    note(desk, users=set())
    follow_wishes({BOB.fingerprint}, set(), NOW)
    assert row(desk).known_position == 5
    assert asked(desk) == IDENTIFIERS


def test_wishes_are_followed_for_those_concerned_alone(desk: Peer) -> None:
    note(desk, users=set())
    follow_wishes({CAROL.fingerprint}, set(), NOW)
    assert asked(desk) == []
    follow_wishes({BOB.fingerprint}, set(), NOW)
    follow_wishes(set(), {BOB.fingerprint}, NOW)
    assert asked(desk) == []
    assert Wanted.objects.filter(passed_over=True).count() == 4


def test_trusting_and_withdrawing_change_what_is_wanted(world: World) -> None:
    world.accept(*card_resources(DESK))
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    note(peer, users=world.facts.wanted_users(world.here, NOW))
    assert asked(peer, hours=1) == []
    trust_user(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert asked(peer, hours=1) == IDENTIFIERS
    withdraw(ALICE.fingerprint, BOB.fingerprint, now=world.now)
    assert asked(peer, hours=1) == []


def test_a_rewritten_journal_is_forgotten(desk: Peer) -> None:
    note(desk)
    get_peer(TABLET.fingerprint)
    Wanted.objects.create(
        peer=TABLET.fingerprint, position=2, author=BOB.fingerprint, identifier=IDENTIFIERS[0]
    )
    start_over(DESK.fingerprint, NOW)
    assert (row(desk).known_line, row(desk).known_position) == (DESK.fingerprint, 1)
    assert row(desk).rewritten == NOW
    assert [wanted.peer for wanted in Wanted.objects.all()] == [TABLET.fingerprint]


def test_at_most_256_are_asked_for_at_once(desk: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.BATCH_RESOURCES == 256
    monkeypatch.setattr(limits, "BATCH_RESOURCES", 3)
    note(desk)
    assert asked(desk) == IDENTIFIERS[:3]
    assert asked(desk) == IDENTIFIERS[3:]
    assert asked(desk) == []


# Two peers that have the same


@pytest.fixture
def both(desk: Peer) -> tuple[Peer, Peer]:
    """The desk and the tablet, both of which have Bob's notices."""
    get_peer(TABLET.fingerprint)
    tablet = Peer(TABLET)
    tablet.write(*POSTS)
    note(desk)
    note(tablet)
    return desk, tablet


def test_what_is_asked_of_one_is_not_asked_of_another(both: tuple[Peer, Peer]) -> None:
    desk, tablet = both
    assert asked(desk) == IDENTIFIERS
    assert asked(tablet) == []
    assert asked(tablet, seconds=CLAIM.total_seconds() - 1) == []
    assert asked(tablet, seconds=CLAIM.total_seconds()) == IDENTIFIERS


def test_what_did_not_come_is_free_again(both: tuple[Peer, Peer]) -> None:
    desk, tablet = both
    asked(desk)
    release(DESK.fingerprint, IDENTIFIERS[:2], NOW)
    assert asked(tablet) == IDENTIFIERS[:2]


def test_a_new_session_frees_what_was_never_answered(both: tuple[Peer, Peer]) -> None:
    desk, _ = both
    asked(desk)
    postpone(DESK.fingerprint, {IDENTIFIERS[0]: "not_found"}, NOW)
    release_all(DESK.fingerprint, NOW)
    assert asked(desk) == IDENTIFIERS[1:]


def test_what_one_has_not_is_asked_of_another_at_once(both: tuple[Peer, Peer]) -> None:
    desk, tablet = both
    asked(desk)
    postpone(DESK.fingerprint, {IDENTIFIERS[0]: "not_found"}, NOW)
    assert asked(tablet) == [IDENTIFIERS[0]]


def test_back_off_doubles_and_ends_at_six_hours(desk: Peer) -> None:
    note(desk)
    waits = []
    for _ in range(14):
        postpone(DESK.fingerprint, {IDENTIFIERS[0]: "not_found"}, NOW)
        found = Wanted.objects.get(identifier=IDENTIFIERS[0])
        waits.append((found.not_before - NOW).total_seconds())
    assert waits[:4] == [10, 20, 40, 80]
    assert waits[-1] == 6 * 3600
    assert waits == sorted(waits)
    assert (found.attempts, found.reason) == (14, "not_found")
    assert asked(desk) == IDENTIFIERS[1:]


def test_two_peers_that_both_lack_it_are_asked_less_and_less(both: tuple[Peer, Peer]) -> None:
    """Asking the one in vain must not undo the patience with the other."""
    moment, times = NOW, []
    for _ in range(60):
        moment += timedelta(seconds=5)
        for peer in both:
            if any(found == IDENTIFIERS[0] for _, found in next_to_ask(peer.fingerprint, moment)):
                postpone(peer.fingerprint, {IDENTIFIERS[0]: "not_found"}, moment)
                times.append(moment)
    assert len(times) <= 14  # of 120 looks in five minutes


def test_what_is_wanted_no_more_is_forgotten_everywhere(both: tuple[Peer, Peer]) -> None:
    desk, tablet = both
    forget(IDENTIFIERS[:3])
    assert asked(tablet) == IDENTIFIERS[3:]
    assert asked(desk) == []


def test_a_change_of_authority_ends_the_waiting(both: tuple[Peer, Peer]) -> None:
    desk, _ = both
    tomorrow = NOW + timedelta(days=1)
    postpone(DESK.fingerprint, dict.fromkeys(IDENTIFIERS, "unauthorised"), tomorrow)
    authority_changed({CAROL.fingerprint})
    assert asked(desk, hours=1) == []
    authority_changed({BOB.fingerprint})
    assert asked(desk, hours=1) == IDENTIFIERS


@pytest.mark.parametrize("what", ["trust", "identity"])
def test_a_new_trust_or_identity_has_what_was_refused_asked_for_again(
    world: World, what: str
) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    note(peer)
    postpone(DESK.fingerprint, dict.fromkeys(IDENTIFIERS, "not_found"), NOW + timedelta(days=1))
    assert asked(peer, hours=1) == []
    other = {
        "trust": BOB.trust(CAROL),
        "identity": BOB.identity("2037-01-01T00:00:00.000Z"),
    }
    world.accept(other[what])
    assert asked(peer, hours=1) == IDENTIFIERS


def test_other_news_of_an_author_changes_nothing(world: World) -> None:
    world.know(DESK)
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    note(peer)
    postpone(DESK.fingerprint, dict.fromkeys(IDENTIFIERS, "not_found"), NOW + timedelta(days=1))
    world.accept(notice(text="another"))
    assert asked(peer, hours=1) == []


def test_a_trust_of_ours_for_an_author_concerns_the_author(world: World) -> None:
    """With it, another node of ours may vouch for what was refused (§5)."""
    world.know(DESK)
    world.enrol(CAROL)
    get_peer(DESK.fingerprint)
    peer = Peer(DESK)
    peer.write(*POSTS)
    note(peer)
    postpone(DESK.fingerprint, dict.fromkeys(IDENTIFIERS, "expired"), NOW + timedelta(days=1))
    trust_user(CAROL.fingerprint, BOB.fingerprint, now=world.now)
    assert asked(peer, hours=1) == IDENTIFIERS


def test_of_many_that_are_due_the_first_are_asked_for(desk: Peer) -> None:
    """However they are found: by when they are due while they are few, by their order then."""
    rows = [
        Wanted(
            peer=DESK.fingerprint,
            position=1000 - number,
            author=BOB.fingerprint,
            identifier=f"{number:086}",
            not_before=NOW + timedelta(seconds=number % 2),
        )
        for number in range(900)
    ]
    Wanted.objects.bulk_create(rows)
    first = sorted((row for row in rows if row.not_before <= NOW), key=lambda row: row.position)
    assert asked(desk) == [row.identifier for row in first[: limits.BATCH_RESOURCES]]
    assert asked(desk) == [row.identifier for row in first[limits.BATCH_RESOURCES :]]
    assert asked(desk) == []


@pytest.mark.django_db
def test_what_is_due_is_found_by_an_index() -> None:
    """The schedule looks every few seconds, and a peer may have a hundred thousand lines."""
    wanted = Wanted.objects.filter(peer=DESK.fingerprint, passed_over=False)
    assert "wanted_due (peer=? AND" in wanted.filter(not_before__lte=NOW).order_by().explain()
    assert "wanted_of_a_peer" in wanted.order_by("position").explain()
    passed_over = Wanted.objects.filter(peer=DESK.fingerprint, passed_over=True)
    assert "wanted_passed_over" in passed_over.order_by("position").explain()
