"""What the owner of the node lets an account do, and how much room it gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mail import drafts, invitations
from mail.drafts import Content, Mark
from mail.invitations import State, state_of
from mail.models import Draft, Invitation, Letter
from mail.own_nodes import check_new, let_in
from mail.rights import rights_of, save_rights
from mail.selectors import all_letters
from mail.send import send
from mail.space import used
from nodes.errors import UserError
from nodes.models import Account
from sdmp.letter import Attachment
from sdmp.trust import READ_RESOURCE
from tests.mail.conftest import House
from tests.support.cast import RELAY


def _set(account: Account, **wanted: Any) -> dict[str, Any]:
    return save_rights(account, replace(rights_of(account), **wanted))


def test_what_has_changed_is_said(house: House) -> None:
    assert _set(house.alice, quota=1000, may_invite=False) == {"quota": 1000, "may_invite": False}
    assert _set(house.alice, quota=1000) == {}
    stored = Account.objects.get(pk=house.alice.pk)
    assert (stored.quota, stored.may_invite, stored.may_write_notices) == (1000, False, True)


def test_becoming_an_owner_and_no_more(house: House) -> None:
    assert _set(house.alice, owner=True) == {"owner": True}
    assert Account.objects.get(pk=house.alice.pk).is_staff
    with pytest.raises(UserError, match="only owner"):
        _set(house.alice, owner=False, quota=7)
    stored = Account.objects.get(pk=house.alice.pk)
    assert (stored.is_superuser, stored.quota) == (True, None)


def test_who_may_not_invite(house: House) -> None:
    now = timezone.now()
    row, _ = invitations.invite(house.alice, kind="contact", lifetime="day", now=now)
    _set(house.alice, may_invite=False)
    with pytest.raises(UserError, match="Inviting is switched off"):
        invitations.invite(house.alice, kind="contact", lifetime="day", now=now)
    assert state_of(Invitation.objects.get(pk=row.pk), now) is State.ENDED
    _set(house.alice, may_invite=True)
    assert state_of(Invitation.objects.get(pk=row.pk), now) is State.OPEN


def test_who_may_not_write_notices(house: House) -> None:
    _set(house.alice, may_write_notices=False)
    with pytest.raises(UserError, match="Notices are switched off"):
        send(house.alice, to=[], title="All", body="Hear", notice=True)
    assert house.write()


def test_who_may_not_let_in_nodes(house: House) -> None:
    _set(house.alice, may_let_in_nodes=False)
    now = timezone.now()
    with pytest.raises(UserError, match="Other nodes are switched off"):
        check_new(house.alice, RELAY.fingerprint, now)
    with pytest.raises(UserError, match="Other nodes are switched off"):
        let_in(house.alice, RELAY.fingerprint, [READ_RESOURCE], until=None, now=now)


def test_restoring_keeps_to_the_most(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_OPEN", 2)
    now = timezone.now()
    rows = []
    for _ in range(3):
        row, _ = invitations.invite(house.alice, kind="contact", lifetime="day", now=now)
        invitations.withdraw(house.alice, row.pk, now)
        rows.append(row)
    for row in rows[:2]:
        assert invitations.restore(house.alice, row.pk, now)
    with pytest.raises(UserError, match="too many open invitations"):
        invitations.restore(house.alice, rows[2].pk, now)
    # One that has ended meanwhile takes no place.
    assert invitations.restore(house.alice, rows[2].pk, now + timedelta(days=2))


# --- Room -----------------------------------------------------------------------------------


def test_what_an_account_takes_grows(house: House) -> None:
    before = used(house.alice)
    house.write(body="x" * 10_000)
    sent = used(house.alice)
    assert sent > before + 10_000
    draft = drafts.save(house.alice, Content((), "", "", "y" * 5000), Mark())
    assert used(house.alice) > sent + 5000
    drafts.add_file(house.alice, draft.key, Attachment("a", "text/plain", b"z" * 7000))
    assert used(house.alice) > sent + 12_000


def test_over_its_room_it_cannot_add(house: House) -> None:
    house.write()
    draft = drafts.save(house.alice, Content((), "", "Long", "y" * 5000), Mark())
    _set(house.alice, quota=used(house.alice))
    refused = pytest.raises(UserError, match="Your space here is full: your mail takes")
    with refused:
        send(house.alice, to=[str(house.bob.fingerprint)], body="More")
    with refused:
        drafts.save(house.alice, Content((), "", "Another", "y"), Mark())
    with refused:
        drafts.add_file(house.alice, draft.key, Attachment("a", "text/plain", b"z"))
    assert Draft.objects.count() == 1
    # Making it shorter is welcome, and so is what others write.
    shorter = Content((), "", "Short", "y")
    drafts.save(house.alice, shorter, Mark(key=draft.key, revision=draft.revision))
    send(house.bob, to=[str(house.alice.fingerprint)], title="Comes", body="x" * 9000)
    house.deliver()
    assert "Comes" in [letter.title for letter in all_letters(house.alice)]
    assert Letter.objects.filter(account=house.alice).count() == 2
