"""Asking for a message to be removed everywhere (protocol §6).

The message is revoked: every node that has it and hears of that lets its content go. A copy that
somebody has made is beyond anybody's reach, and the pages say so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext

from journal.models import Resource
from journal.revoke import revoke
from mail.held import Doing, hold
from mail.keys import is_key
from mail.live import tell
from mail.models import Held, Letter, Removal
from mail.people import People, Person
from mail.presentation import node_words, title_words
from mail.sealing import open_head
from nodes import keystore
from nodes.addresses import node_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A node that has the request or is still to get it, and whose node it is."""

    name: str
    people: list[Person]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class RemovalView:
    """When an account asked for a message to be removed, and which nodes have confirmed."""

    asked: datetime
    confirmed: list[Confirmation]
    missing: list[Confirmation]


def ask_for_removal(account: Account, key: str) -> Held | None:
    """Ask for a message of one's own to be removed; held for a moment, so that it can be undone.

    Raises:
        UserError: it is not the account's own, or has been removed.
    """
    letter = own_letter(account, key)
    if letter is None:
        raise UserError(gettext("Only who has written a message can ask for its removal."))
    if letter.removed is not None:
        raise UserError(gettext("The removal of this message has been asked for already."))
    return hold(account, Held.Kind.REMOVE, letter.resource.identifier, now=timezone.now())


def own_letter(account: Account, key: str) -> Letter | None:
    """Find a letter of one's own by its key."""
    if not is_key(key):
        return None
    own = Letter.objects.filter(account=account, author=account.fingerprint or "-")
    return own.select_related("resource").filter(pk=int(key)).first()


def removals(account: Account, letters: Iterable[str], people: People) -> dict[str, RemovalView]:
    """Say for letters of one's own that were removed which nodes have confirmed, by key.

    The nodes that are to confirm are those of whoever the letter was for, and the account's own.
    """
    rows = Removal.objects.filter(
        letter__in=[int(key) for key in letters], letter__account=account
    ).select_related("letter", "letter__resource")
    found = {}
    for row in rows.defer("letter__sealed_body").prefetch_related("confirmed"):
        to = open_head(row.letter.sealed_head).to
        users = to if to or not row.letter.notice else _everybody(account)
        found[str(row.letter_id)] = _view(row, [*users, str(account.fingerprint)], people)
    return found


def _view(row: Removal, users: Sequence[str], people: People) -> RemovalView:
    facts, now, here = current_facts(), timezone.now(), keystore.node_fingerprint()
    whose: dict[str, list[str]] = {}
    for user in dict.fromkeys(users):
        for node in sorted(facts.nodes_of(user, now)):
            if node != here:
                whose.setdefault(node, []).append(user)
    done = {confirmed.node: confirmed.at for confirmed in row.confirmed.all()}
    views = [
        Confirmation(node_words(node_name(node)), people.all(whose.get(node, ())), done.get(node))
        for node in dict.fromkeys([*whose, *done])
    ]
    confirmed = sorted((v for v in views if v.at is not None), key=lambda view: str(view.at))
    return RemovalView(row.asked, confirmed, [view for view in views if view.at is None])


def _everybody(account: Account) -> list[str]:
    facts, own, now = current_facts(), str(account.fingerprint), timezone.now()
    return [user for user in facts.trustees(own, "user") if facts.gives(own, user, now)]


def _remove(account: Account, identifier: str) -> None:
    resource = Resource.objects.filter(
        identifier=identifier, author=account.fingerprint or "-"
    ).first()
    if resource is None:
        raise UserError(gettext("That message is not here any more."))
    if resource.revoked_by_id is None:
        revoke(resource.uri, now=timezone.now(), user=account.fingerprint)


def _failed(account: Account, identifier: str, why: str) -> None:
    """Let open pages show that the message is as it was; it can be asked for again."""
    letter = Letter.objects.filter(account=account, resource__identifier=identifier).first()
    if letter is not None:
        tell(account.pk, "removal", thread=str(letter.conversation_id), letter=str(letter.pk))


def _words(account: Account, identifier: str) -> str:
    letter = Letter.objects.filter(account=account, resource__identifier=identifier).first()
    if letter is None or letter.removed is not None:
        return gettext("A message is asked to be removed")
    title = title_words(open_head(letter.sealed_head).title)
    return gettext("The removal of “%(title)s” is asked for") % {"title": title}


REMOVING = Doing(do=_remove, failed=_failed, words=_words)
