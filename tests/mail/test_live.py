"""What open pages are told."""

from typing import Any

import pytest
from django.db import transaction

from mail import live
from mail.flags import mark_read
from mail.live import group_of, tell, tell_user
from mail.models import Conversation
from mail.opening import open_waiting
from mail.send import send
from tests.support.cast import ALICE, BOB, DESK, MALLORY
from tests.support.world import (
    World,
    letter_to,
    own_memory_fixture,
    receipt_for,
    world_fixture,
)

__all__ = ["own_memory_fixture", "world_fixture"]

Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What was sent to pages, as group and content."""
    sent: Told = []

    def wake(group: str, *, type: str, content: dict[str, Any]) -> None:  # noqa: A002
        assert type == "live.event"
        sent.append((group, content))

    monkeypatch.setattr(live, "wake", wake)
    return sent


def test_pages_are_told_after_the_commit(
    world: World, told: Told, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        tell(world.alice.pk, "letter", thread="7")
        assert told == []
    assert told == [(group_of(world.alice.pk), {"event": "letter", "thread": "7"})]


def test_what_is_rolled_back_is_told_nobody(
    world: World, told: Told, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        try:
            with transaction.atomic():
                tell(world.alice.pk, "letter")
                raise RuntimeError
        except RuntimeError:
            pass
    assert told == []


def test_users_elsewhere_have_no_pages_here(
    world: World, told: Told, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tell_user(MALLORY.fingerprint, "contacts")
        tell_user(ALICE.fingerprint, "contacts")
    assert told == [(group_of(world.alice.pk), {"event": "contacts"})]


def test_the_way_of_a_letter_is_told_as_it_goes(
    world: World, told: Told, django_capture_on_commit_callbacks: Any
) -> None:
    world.know(DESK)
    with django_capture_on_commit_callbacks(execute=True):
        uri = send(world.alice, to=[BOB.fingerprint], body="Hello")
    key = str(Conversation.objects.get().pk)
    assert (group_of(world.alice.pk), {"event": "letter", "thread": key}) in told
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        world.accept(receipt_for(uri.rpartition("/")[2]))
        open_waiting()
    assert [content for _, content in told] == [{"event": "delivery", "thread": key}]
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        world.accept(letter_to(ALICE, in_reply_to=uri))
        open_waiting()
    heard = [content for _, content in told if content["event"] != "notice"]
    assert heard == [{"event": "letter", "thread": key}]
    told.clear()
    with django_capture_on_commit_callbacks(execute=True):
        mark_read(world.alice, key)
        mark_read(world.alice, key)  # nothing is left to mark
    assert [content for _, content in told] == [{"event": "counts", "thread": key}]


def test_the_state_changes_with_whatever_is_told(
    world: World, told: Told, django_capture_on_commit_callbacks: Any
) -> None:
    before = live.state_of(world.alice.pk)
    assert live.state_of(world.alice.pk) == before
    with django_capture_on_commit_callbacks(execute=True):
        tell(world.alice.pk, "counts")
    assert live.state_of(world.alice.pk) != before
    other = live.state_of(world.alice.pk + 1)
    with django_capture_on_commit_callbacks(execute=True):
        tell(world.alice.pk, "counts")
    assert live.state_of(world.alice.pk + 1) == other
