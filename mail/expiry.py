"""What of an account's comes to an end: saying so in time, and renewing it (protocol §3, §6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, ngettext, override

from journal.authorising import (
    authorise,
    current_trusts,
    former_trusts,
    prolong_trust,
    takes_user_key,
    takes_user_key_to_trust,
)
from journal.renewal import prolong_identity, renew_agreements
from journal.restored import is_asking
from journal.trusts import NEVER
from journal.trusts import ends as has_end
from mail.live import tell
from mail.models import Contact, Reminder
from mail.notices import notify
from mail.own_nodes import called
from mail.people import People
from mail.presentation import clean_name, day_words, short_name
from nodes import keystore
from nodes.enrolment import USER_LIFETIME
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, SealedKey
from sdmp.keys import PrivateKey
from sdmp.trust import Facts, TrustFact

_log = structlog.get_logger(__name__)

STAGES: Final = (30, 7, 1, 0)  # days before the end; 0 is after it
SHOWN_AFTER: Final = timedelta(days=90)
LONGER: Final = timedelta(days=365)

Kind = Literal["identity", "key", "node", "contact"]


@dataclass(frozen=True, slots=True)
class Ending:
    """Something that ends soon or has ended, and that the account can renew.

    Args:
        kind: the account's own identity, what a node may do, the trust in a contact; or `key`, what
            this node may do by an earlier key of its own, which ends when the new one is confirmed.
        fingerprint: of the identity, the node or the contact.
        name: of the node or the contact, for people.
        here: whether it is this very node.
        at: when it ends; of a key, since when it is there.
        stage: 30, 7 or 1 days before, or 0 when it has ended.
        words: says so in a sentence.
        phrase: whether renewing takes the recovery phrase.
    """

    kind: Kind
    fingerprint: str
    name: str
    here: bool
    at: datetime
    stage: int
    words: str
    phrase: bool

    @property
    def ended(self) -> bool:
        """Whether the end has come."""
        return self.stage == 0

    @property
    def about(self) -> str:
        """What a reminder remembers it by; with a new end it is another thing."""
        return f"{self.kind}:{self.fingerprint}:{self.at:%Y-%m-%dT%H:%M:%S}"


def endings(account: Account, now: datetime) -> list[Ending]:
    """List what ends within 30 days or has ended lately, the most urgent first.

    Reads the facts in memory; names are asked for only where something ends.
    """
    if account.fingerprint is None or account.is_echo:
        return []
    user, facts = account.fingerprint, current_facts()
    found = [end for end in _ends_of_identity(user, facts) if _near(end, now)]
    if not any(at <= now for _, _, at in found):  # with the identity all else ends
        found += _earlier_key(user, facts, now)
        ends = _ends_of_trusts(user, "node", facts) + _ends_of_trusts(user, "user", facts)
        found += [end for end in ends if _near(end, now)]
    if not found:
        return []
    blocked = set(
        Contact.objects.filter(account=account).exclude(blocked=None).values_list("user", flat=True)
    )
    people = People(account)
    listed = [_ending(account, end, people, now) for end in found if end[1] not in blocked]
    return sorted(listed, key=lambda ending: (ending.at, ending.fingerprint))


def shown(account: Account, now: datetime) -> list[Ending]:
    """List the endings that the account has not put aside at their present stage."""
    listed = endings(account, now)
    if not listed:
        return []
    rows = Reminder.objects.filter(account=account, hidden__isnull=False)
    hidden = set(rows.values_list("about", "days"))
    return [ending for ending in listed if (ending.about, ending.stage) not in hidden]


def put_aside(account: Account, about: str, now: datetime) -> None:
    """Say no more about an ending until its next stage."""
    for ending in endings(account, now):
        if ending.about == about:
            Reminder.objects.update_or_create(
                account=account,
                about=about,
                days=ending.stage,
                defaults={"hidden": now},
                create_defaults={"hidden": now, "told": now},
            )


def find(account: Account, kind: str, fingerprint: str, now: datetime) -> Ending | None:
    """Find what ends, soon or later, by what it is about; `None` when that has no end."""
    user, facts = str(account.fingerprint), current_facts()
    ends = _ends_of_identity(user, facts) + _earlier_key(user, facts, now)
    ends += _ends_of_trusts(user, "node", facts) + _ends_of_trusts(user, "user", facts)
    for end in ends:
        if end[:2] == (kind, fingerprint):
            return _ending(account, end, People(account), now)
    return None


def renewed_until(ending: Ending, now: datetime) -> datetime:
    """Say until when renewing makes it last: identities ten years from now, trusts a year more."""
    if ending.kind == "identity":
        return now + USER_LIFETIME
    if ending.kind == "key":
        return NEVER
    return max(ending.at, now) + LONGER


def renew(account: Account, ending: Ending, *, now: datetime, key: PrivateKey | None = None) -> str:
    """Renew what ends.

    Args:
        account: whose it is.
        ending: what it is, as `find` gives it.
        now: the present moment.
        key: the user's own key, where `ending.phrase` says so.

    Returns:
        A sentence that says what holds now.

    Raises:
        UserError: it takes the recovery phrase, or a rule forbids it; nothing is changed.
    """
    user, until = str(account.fingerprint), renewed_until(ending, now)
    if ending.phrase and key is None:
        raise UserError(gettext("This takes your recovery phrase."))
    with transaction.atomic():
        if ending.kind == "identity":
            assert key is not None
            prolong_identity(account, key, now=now)
        elif ending.kind == "key":
            _confirm_key(user, key, now)
        elif ending.kind == "node":
            powers = _powers_before(user, ending.fingerprint, current_facts())
            authorise(user, ending.fingerprint, powers, until=until, now=now, key=key)
        else:
            prolong_trust(user, ending.fingerprint, until=until, now=now, key=key)
        tell(account.pk, "contacts" if ending.kind == "contact" else "nodes")
    values = {"name": ending.name, "day": day_words(until, timezone.get_current_timezone())}
    if ending.kind == "identity":
        return gettext("Your identity is renewed until %(day)s.") % values
    if ending.kind == "key":
        return gettext("The new key of this node is confirmed.")
    if ending.kind == "contact":
        return gettext("%(name)s may read what you publish until %(day)s.") % values
    if ending.here:
        return gettext("This node acts for you until %(day)s.") % values
    return gettext("The node %(name)s acts for you until %(day)s.") % values


def remind(now: datetime) -> int:
    """Renew what this node can renew by itself, and tell each account once at each stage.

    May run any number of times and be killed at any moment. Returns how many were told.
    """
    told = 0
    try:
        renew_agreements(now)
    except UserError as refusal:
        _log.warning("not renewed", reason=str(refusal))
    for account in Account.objects.filter(is_active=True, is_echo=False):
        with override(account.language or None):
            for ending in endings(account, now):
                told += _tell_once(account, ending, now)
    return told


def _tell_once(account: Account, ending: Ending, now: datetime) -> bool:
    with transaction.atomic():
        _, new = Reminder.objects.get_or_create(
            account=account, about=ending.about, days=ending.stage, defaults={"told": now}
        )
        if new:
            tell(account.pk, "nodes")
            notify(account, "expiry")
    return new


# --- What ends ---------------------------------------------------------------------------

_End = tuple[Kind, str, datetime]


def _near(end: _End, now: datetime) -> bool:
    return -SHOWN_AFTER <= end[2] - now <= timedelta(days=STAGES[0])


def _ends_of_identity(user: str, facts: Facts) -> list[_End]:
    copies = facts.copies(user, user)
    if not copies or any(facts.is_revoked(copy.identifier) for copy in copies):
        return []  # a revoked one is gone for good
    return [("identity", user, max(copy.expires for copy in copies))]


def _earlier_key(user: str, facts: Facts, now: datetime) -> list[_End]:
    """Tell whether the account still has to confirm the key of this node, and since when.

    Not while its peers are asked after a restore: the trust for the earlier key, which ends with
    the confirmation, vouches for what that one had signed.
    """
    if not former_trusts(user, facts, now) or is_asking(user):
        return []
    here = keystore.node_fingerprint()
    return [("key", here, SealedKey.objects.get(fingerprint=here).created)]


def _confirm_key(user: str, key: PrivateKey | None, now: datetime) -> None:
    """Let the new key of this node do, by the user's own key, what the earlier one may (§6)."""
    facts, here = current_facts(), keystore.node_fingerprint()
    trusts = former_trusts(user, facts, now) + current_trusts(user, here, facts, now)
    powers = frozenset[str]().union(*(trust.powers for trust in trusts))
    moments = [trust.expires for trust in trusts]
    ends = [moment for moment in moments if moment is not None]
    until = max(ends) if len(ends) == len(moments) else None
    authorise(user, here, powers, until=until, now=now, key=key)


def _ends_of_trusts(user: str, kind: Literal["user", "node"], facts: Facts) -> list[_End]:
    found: list[_End] = []
    for trustee in facts.trustees(user, kind) - set(keystore.former_fingerprints()):
        held = _not_revoked(user, trustee, kind, facts)
        moments = [trust.expires for trust in held if trust.expires is not None]
        if held and len(moments) == len(held) and has_end(max(moments)):
            found.append(("node" if kind == "node" else "contact", trustee, max(moments)))
    return found


def _not_revoked(
    user: str, trustee: str, kind: Literal["user", "node"], facts: Facts
) -> list[TrustFact]:
    return [
        trust
        for trust in facts.trusts_between(user, trustee)
        if trust.type == kind and not facts.is_revoked(trust.identifier)
    ]


def _powers_before(user: str, node: str, facts: Facts) -> frozenset[str]:
    """Say what a node could do until the last of its trusts ended."""
    held = _not_revoked(user, node, "node", facts)
    return max(held, key=lambda trust: trust.expires or NEVER).powers


def _ending(account: Account, end: _End, people: People, now: datetime) -> Ending:
    kind, fingerprint, at = end
    user = str(account.fingerprint)
    here = fingerprint == keystore.node_fingerprint()
    if kind == "contact":
        name = short_name(people(fingerprint).name)
        phrase = takes_user_key_to_trust(user, now)
    elif kind == "node":
        name = called(fingerprint)
        powers = _powers_before(user, fingerprint, current_facts())
        phrase = takes_user_key(user, fingerprint, powers, until=max(at, now) + LONGER, now=now)
    else:
        name, phrase = clean_name(account.get_full_name()), True
    near = [days for days in STAGES if at - now <= timedelta(days=days)]
    stage = min(near, default=STAGES[0]) if kind != "key" else STAGES[0]
    words = _words(kind, name, here=here, at=at, now=now)
    return Ending(kind, fingerprint, name, here, at, stage, words, phrase)


def _words(kind: Kind, name: str, *, here: bool, at: datetime, now: datetime) -> str:
    zone = timezone.get_current_timezone()
    values = {"name": name, "day": day_words(at, zone), "when": _how_soon(at, now)}
    if kind == "key":
        return (
            gettext("This node has a new key since %(day)s, which you have not confirmed.") % values
        )
    if at <= now:
        return _words_after(kind, here=here) % values
    if at - now > timedelta(days=STAGES[0] + 1):
        return _words_long_before(kind, here=here) % values
    if kind == "identity":
        return gettext("Your identity ends %(when)s, on %(day)s.") % values
    if kind == "contact":
        return gettext("Your trust in %(name)s ends %(when)s, on %(day)s.") % values
    if here:
        return gettext("What this node may do for you ends %(when)s, on %(day)s.") % values
    return gettext("What the node %(name)s may do for you ends %(when)s, on %(day)s.") % values


def _words_long_before(kind: Kind, *, here: bool) -> str:
    if kind == "identity":
        return gettext("Your identity lasts until %(day)s.")
    if kind == "contact":
        return gettext("Your trust in %(name)s lasts until %(day)s.")
    if here:
        return gettext("This node may act for you until %(day)s.")
    return gettext("The node %(name)s may act for you until %(day)s.")


def _words_after(kind: Kind, *, here: bool) -> str:
    if kind == "identity":
        return gettext("Your identity ended on %(day)s. Nothing comes or goes until you renew it.")
    if kind == "contact":
        return gettext("Your trust in %(name)s ended on %(day)s; %(name)s can read nothing new.")
    if here:
        return gettext("This node could act for you until %(day)s. Nothing comes or goes now.")
    return gettext("The node %(name)s could act for you until %(day)s, and does so no more.")


def _how_soon(at: datetime, now: datetime) -> str:
    zone = timezone.get_current_timezone()
    days = (at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days == 0:
        return gettext("today")
    if days == 1:
        return gettext("tomorrow")
    return ngettext("in %(days)d day", "in %(days)d days", days) % {"days": days}
