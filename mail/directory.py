"""People on the same node find each other."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext

from mail.guests import befriend
from mail.models import Contact
from mail.people import profile
from mail.presentation import clean_name
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Somebody with an account on this node."""

    fingerprint: str
    name: str
    about: str
    state: str  # contact, given (not answered yet), request, blocked, or none


def list_people(account: Account) -> list[Neighbour]:
    """List everybody else with an account here, by name."""
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    rows = Contact.objects.filter(account=account)
    called = {row.user: row for row in rows}
    found = []
    for other in _others(account):
        user = str(other.fingerprint)
        known = called.get(user)
        given, theirs = facts.gives(own, user, now), facts.gives(user, own, now)
        if known is not None and known.blocked:
            state = "blocked"
        elif given:
            state = "contact" if theirs else "given"
        else:
            state = "request" if theirs else "none"
        published = profile(user)
        name = clean_name(published.get("name", "")) or other.get_full_name()
        found.append(Neighbour(user, name, clean_name(published.get("about", "")), state))
    return sorted(found, key=lambda one: (one.name.casefold(), one.fingerprint))


def add(account: Account, fingerprint: str) -> str:
    """Make a contact of somebody on this node, who finds a quiet request; returns the name.

    Raises:
        UserError: there is nobody of that fingerprint here, or this node may not make trusts.
    """
    other = _others(account).filter(fingerprint=fingerprint).first()
    if other is None:
        raise UserError(gettext("Nobody on this node has that fingerprint."))
    with transaction.atomic():
        befriend(account, other)
    return other.get_full_name()


def _others(account: Account) -> QuerySet[Account]:
    people = Account.objects.filter(is_active=True, is_echo=False).exclude(fingerprint=None)
    return people.exclude(pk=account.pk)
