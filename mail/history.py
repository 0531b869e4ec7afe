"""What happened between an account and a contact, with dates, from what is kept of it anyway."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone

from journal.models import Resource
from mail.models import Contact
from mail.people import People
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest
from sdmp.trust import Facts


class Kind(StrEnum):
    """What happened."""

    ADDED = "added"
    ASKED = "asked"
    CHECKED = "checked"
    INTRODUCED = "introduced"
    BLOCKED = "blocked"
    GAVE = "gave"
    WITHDREW = "withdrew"
    RAN_OUT = "ran out"
    THEY_GAVE = "they gave"
    THEY_WITHDREW = "they withdrew"
    THEIRS_RAN_OUT = "theirs ran out"
    IDENTITY_ENDED = "identity ended"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `how` and `by` say more where there is more."""

    kind: Kind
    at: datetime
    how: str = ""
    by: str = ""


def history(account: Account, fingerprint: str) -> list[Event]:
    """List what happened between the account and a user, the latest first."""
    facts, now, own = current_facts(), timezone.now(), str(account.fingerprint)
    events = _of_row(account, fingerprint)
    events += _of_trusts(own, fingerprint, facts, now, (Kind.GAVE, Kind.WITHDREW, Kind.RAN_OUT))
    theirs = (Kind.THEY_GAVE, Kind.THEY_WITHDREW, Kind.THEIRS_RAN_OUT)
    events += _of_trusts(fingerprint, own, facts, now, theirs)
    events += _of_identity(fingerprint, facts, now)
    asked = ContactRequest.objects.filter(user=own, stranger=fingerprint)
    events += [Event(Kind.ASKED, moment) for moment in asked.values_list("received", flat=True)]
    return sorted(events, key=lambda event: event.at, reverse=True)


def _of_row(account: Account, fingerprint: str) -> list[Event]:
    row = Contact.objects.filter(account=account, user=fingerprint).first()
    if row is None:
        return []
    events = [Event(Kind.ADDED, row.added)]
    if row.checked is not None:
        events.append(Event(Kind.CHECKED, row.checked, how=row.how_checked))
    if row.introduced is not None and row.introduced_by:
        name = People(account)(row.introduced_by).name
        events.append(Event(Kind.INTRODUCED, row.introduced, by=name))
    if row.blocked is not None:
        events.append(Event(Kind.BLOCKED, row.blocked))
    return events


def _of_trusts(
    issuer: str, trustee: str, facts: Facts, now: datetime, kinds: tuple[Kind, Kind, Kind]
) -> list[Event]:
    gave, withdrew, ran_out = kinds
    rows = Resource.objects.filter(author=issuer, kind="trust", subject=trustee)
    events = []
    for row in rows.select_related("revoked_by").defer("payload", "revoked_by__payload"):
        fact = facts.trust(row.identifier)
        if fact is not None and fact.type != "user":
            continue
        events.append(Event(gave, row.received))
        if row.revoked_by is not None:
            events.append(Event(withdrew, row.revoked_by.received))
        elif fact is not None and fact.expires is not None and fact.expires <= now:
            events.append(Event(ran_out, fact.expires))
    return events


def _of_identity(user: str, facts: Facts, now: datetime) -> list[Event]:
    copies = [copy for copy in facts.copies(user, user) if copy.type == "user"]
    if not copies:
        return []
    identifiers = [copy.identifier for copy in copies]
    rows = Resource.objects.filter(identifier__in=identifiers).exclude(revoked_by=None)
    revoked = rows.order_by("revoked_by__received").values_list("revoked_by__received", flat=True)
    moment = revoked.first() or max(copy.expires for copy in copies)
    return [Event(Kind.IDENTITY_ENDED, moment)] if moment <= now else []
