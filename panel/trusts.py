"""What the panel says of trusts: their state, their powers, and why they hold (protocol §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from hosting.names import Names
from hosting.powers import power_words
from journal.models import Resource
from journal.trusts import NEVER, ends
from mail.presentation import day_words, in_zone
from nodes import keystore
from nodes.facts import current_facts
from nodes.models import Trust
from panel.words import Kind
from sdmp.trust import Facts, State, TrustFact

SOON: Final = timedelta(days=30)

Standing = Literal["current", "soon", "ended", "withdrawn"]


@dataclass(frozen=True, slots=True)
class TrustView:
    """A trust, as the panel shows it; `since` is when this node took it in."""

    key: int
    identifier: str
    issuer: str
    trustee: str
    issuer_name: str
    trustee_name: str
    type: str
    powers: str
    since: datetime | None
    until: datetime | None
    standing: Standing
    words: str
    kind: Kind

    @property
    def address(self) -> str:
        """Where its page is."""
        return reverse("admin:nodes_trust_change", args=[self.key])


def standing(fact: TrustFact | None, facts: Facts, now: datetime) -> Standing:
    """Say whether a trust is current, ends within 30 days, has ended or was withdrawn.

    One that has been renewed does not end soon: nobody is asked for anything.
    """
    if fact is None:
        return "ended"
    if facts.is_revoked(fact.identifier):
        return "withdrawn"
    if not facts.is_current(fact, now):
        return "ended"
    near = fact.expires is not None and fact.expires - now <= SOON
    return "soon" if near and renewed_by(fact, facts, now) is None else "current"


def renewed_by(fact: TrustFact, facts: Facts, now: datetime) -> TrustFact | None:
    """Give the current trust that goes on when another one ends, the one that lasts longest.

    It is for the same of the same, with at least the same powers; several add up (§6).
    """
    if fact.expires is None:
        return None
    later = [
        one
        for one in facts.trusts_between(fact.issuer, fact.trustee)
        if one.type == fact.type
        and one.powers >= fact.powers
        and (one.expires is None or one.expires > fact.expires)
        and facts.is_current(one, now)
    ]
    return max(later, key=lambda one: one.expires or NEVER, default=None)


def standings(identifiers: Iterable[tuple[int, str]], now: datetime) -> dict[int, Standing]:
    """Say how many trusts stand, by the number of their row: from memory, with no query each."""
    facts = current_facts()
    return {key: standing(facts.trust(name), facts, now) for key, name in identifiers}


def trust_views(rows: Sequence[Trust], now: datetime, names: Names) -> list[TrustView]:
    """Describe trusts, in the order given, with a handful of queries however many there are."""
    facts = current_facts()
    names.load(
        users={row.issuer for row in rows} | {row.trustee for row in rows if row.type == "user"},
        nodes={row.trustee for row in rows if row.type == "node"},
    )
    found = Resource.objects.filter(identifier__in=[row.identifier for row in rows]).values_list(
        "identifier", "received", "revoked_by__received"
    )
    moments = {identifier: (since, withdrawn) for identifier, since, withdrawn in found}
    return [
        _view(row, facts, moments.get(row.identifier, (None, None)), now, names) for row in rows
    ]


def _view(
    row: Trust,
    facts: Facts,
    moments: tuple[datetime | None, datetime | None],
    now: datetime,
    names: Names,
) -> TrustView:
    fact = facts.trust(row.identifier)
    how = standing(fact, facts, now)
    words, kind = _state_words(fact, facts, how, moments[1], now)
    trustee = names.node(row.trustee) if row.type == "node" else names.user(row.trustee)
    return TrustView(
        key=row.pk,
        identifier=row.identifier,
        issuer=row.issuer,
        trustee=row.trustee,
        issuer_name=names.user(row.issuer),
        trustee_name=trustee,
        type=row.type,
        powers=power_words(row.type, row.powers),
        since=moments[0],
        until=row.expires if ends(row.expires) else None,
        standing=how,
        words=words,
        kind=kind,
    )


def _state_words(
    fact: TrustFact | None, facts: Facts, how: Standing, withdrawn: datetime | None, now: datetime
) -> tuple[str, Kind]:
    zone = timezone.get_current_timezone()
    if how == "withdrawn":
        if withdrawn is None:
            return gettext("Withdrawn"), "bad"
        return gettext("Withdrawn on %(day)s") % {"day": day_words(withdrawn, zone)}, "bad"
    renewed = renewed_by(fact, facts, now) if fact is not None else None
    if how == "ended":
        if renewed is not None:
            return gettext("Ended, and renewed before"), ""
        return _ended_words(fact, facts, now), "bad"
    assert fact is not None
    if how == "soon":
        assert fact.expires is not None
        left = (in_zone(fact.expires, zone).date() - in_zone(now, zone).date()).days
        if left <= 0:
            return gettext("Ends today"), "warn"
        words = ngettext("Ends in %(n)d day", "Ends in %(n)d days", left)
        return words % {"n": left}, "warn"
    if renewed is not None:
        if not ends(renewed.expires):
            return gettext("Renewed without an end"), ""
        assert renewed.expires is not None
        return gettext("Renewed until %(day)s") % {"day": day_words(renewed.expires, zone)}, ""
    if fact.type == "node" and facts.authorised(fact.issuer, fact.trustee, now) is None:
        agreed = facts.copies(fact.trustee, fact.issuer)
        if agreed:
            return gettext("Current, but the identity of the node has ended"), "warn"
        return gettext("Current, but the node has not agreed yet"), "warn"
    if fact.type == "user" and not facts.gives(fact.trustee, fact.issuer, now):
        return gettext("Current, one side only"), "warn"
    return gettext("Current"), "good"


def _ended_words(fact: TrustFact | None, facts: Facts, now: datetime) -> str:
    zone = timezone.get_current_timezone()
    if fact is None:
        return gettext("Ended")
    if facts.user_state(fact.issuer, now) is not State.CURRENT:
        return gettext("Ended with the identity of who gave it")
    if fact.expires is not None and fact.expires <= now:
        return gettext("Ended on %(day)s") % {"day": day_words(fact.expires, zone)}
    return gettext("Ended with the trust that it rests on")


# --- Why it is valid ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way from a trust up to the user's key; `good` when it holds now."""

    words: str
    good: bool
    address: str = ""


def chain(fact: TrustFact, now: datetime, names: Names) -> list[Step]:
    """Say why a trust holds or does not: who signed it, by what right, up to the user's own key."""
    facts = current_facts()
    own = set(keystore.own_fingerprints())
    steps = [_own_step(fact, facts, now)]
    seen = {fact.identifier}
    while fact.named is not None:
        signer = names.node(fact.signer)
        values = {"node": signer, "user": names.user(fact.issuer)}
        if fact.signer in own:
            words = gettext("This node (%(node)s) signed it for %(user)s.") % values
        else:
            words = gettext("The node %(node)s signed it for %(user)s.") % values
        state = facts.identity_state(fact.signer, fact.issuer, now)
        if state is not State.CURRENT:
            words += " " + gettext("The identity of that node has ended.")
        steps.append(Step(words, state is State.CURRENT or fact.settled))
        named = facts.trust(fact.named)
        if named is None:
            steps.append(Step(gettext("The trust that it names is not known here."), False))
            return [*steps, _identity_step(fact.issuer, facts, now, names)]
        if named.identifier in seen:
            break
        named, step = _right_step(fact, named, facts, now)
        seen.add(named.identifier)
        steps.append(step)
        fact = named
    if fact.named is None:
        words = gettext("%(user)s signed that with their own key.")
        if len(steps) == 1:
            words = gettext("%(user)s signed it with their own key.")
        steps.append(Step(words % {"user": names.user(fact.issuer)}, True))
    steps.append(_identity_step(fact.issuer, facts, now, names))
    return steps


def agreement(fact: TrustFact, now: datetime, names: Names) -> Step | None:
    """Say whether a node has agreed to act, by publishing its identity for the user (§5)."""
    if fact.type != "node":
        return None
    facts, zone = current_facts(), timezone.get_current_timezone()
    copies = facts.copies(fact.trustee, fact.issuer)
    values = {"node": names.node(fact.trustee), "user": names.user(fact.issuer)}
    state = facts.identity_state(fact.trustee, fact.issuer, now)
    if state is State.CURRENT:
        values["day"] = day_words(max(copy.expires for copy in copies), zone)
        words = gettext("%(node)s has agreed to act for %(user)s, until %(day)s.")
        return Step(words % values, True)
    if state is State.UNKNOWN:
        words = gettext("%(node)s has not agreed to act for %(user)s yet: the trust gives nothing.")
        return Step(words % values, False)
    words = gettext("The identity of %(node)s for %(user)s has ended: the trust gives nothing.")
    return Step(words % values, False)


def _own_step(fact: TrustFact, facts: Facts, now: datetime) -> Step:
    zone = timezone.get_current_timezone()
    if facts.is_revoked(fact.identifier):
        return Step(gettext("It was withdrawn, which cannot be taken back."), False)
    if fact.expires is not None and fact.expires <= now:
        day = {"day": day_words(fact.expires, zone)}
        return Step(gettext("It ended on %(day)s and was not withdrawn.") % day, False)
    if ends(fact.expires):
        assert fact.expires is not None
        day = {"day": day_words(fact.expires, zone)}
        return Step(gettext("It is not withdrawn, and lasts until %(day)s.") % day, True)
    return Step(gettext("It is not withdrawn, and has no end."), True)


def _right_step(
    fact: TrustFact, named: TrustFact, facts: Facts, now: datetime
) -> tuple[TrustFact, Step]:
    """Describe the trust by whose right a node signed another one, or the one standing in."""
    if facts.is_current(named, now):
        words = gettext("By a trust that lets that node do so, and is current.")
        return named, Step(words, True, _address(named))
    for other in facts.trusts_between(fact.issuer, fact.signer):
        if other.type == "node" and fact.needs <= other.powers and facts.is_current(other, now):
            words = gettext("The trust that let that node do so has ended; another stands in.")
            return other, Step(words, True, _address(other))
    if fact.type == "user" and fact.settled:
        words = gettext(
            "The trust that let that node do so has ended since; a trust in a person stands."
        )
        return named, Step(words, True, _address(named))
    words = gettext("The trust that let that node do so has ended, and this one with it.")
    return named, Step(words, False, _address(named))


def _identity_step(user: str, facts: Facts, now: datetime, names: Names) -> Step:
    zone = timezone.get_current_timezone()
    state = facts.user_state(user, now)
    values = {"user": names.user(user)}
    if state is State.CURRENT:
        copies = facts.copies(user, user)
        values["day"] = day_words(max(copy.expires for copy in copies), zone)
        return Step(gettext("The identity of %(user)s lasts until %(day)s.") % values, True)
    if state is State.UNKNOWN:
        return Step(gettext("The identity of %(user)s is not known here.") % values, False)
    return Step(gettext("The identity of %(user)s has ended.") % values, False)


def _address(fact: TrustFact) -> str:
    key = Trust.objects.filter(identifier=fact.identifier).values_list("pk", flat=True).first()
    return reverse("admin:nodes_trust_change", args=[key]) if key else ""
