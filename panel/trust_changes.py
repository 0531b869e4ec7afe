"""Withdrawing and renewing trusts for the people of this node, as far as this node may (§5, §6).

What takes a user's own key only that person can do: then it is said whose recovery phrase it
takes, and where.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from hosting import audit
from hosting.names import Names
from journal import trusts as rules
from journal.revoke import may_take_back
from mail import contacts, expiry, own_nodes
from mail.presentation import join_words
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.trust import Facts, TrustFact


@dataclass(frozen=True, slots=True)
class Possible:
    """Whether this node may do something with a trust, and what happens, or whose turn it is."""

    may: bool
    words: str
    until: datetime | None = None


def withdrawing(fact: TrustFact, now: datetime, names: Names) -> Possible:
    """Say whether this node may withdraw a trust, and what comes of it or who can."""
    facts = current_facts()
    values = {"issuer": names.user(fact.issuer), "trustee": names.of(fact.trustee, facts)}
    together = _together(fact, facts, now)
    if not together:
        return Possible(False, gettext("It gives nothing any more: there is nothing to withdraw."))
    account = names.accounts.get(fact.issuer)
    if fact.trustee == keystore.node_fingerprint():
        words = gettext(
            "This node keeps the account of %(issuer)s, who can leave it by deleting the account "
            "here, under Settings."
        )
        return Possible(False, words % values)
    if not may_take_back(together, now):
        return Possible(False, _whose_turn(fact, account, now, names))
    if fact.type == "user":
        words = gettext(
            "%(trustee)s can read nothing new of what %(issuer)s publishes, and their nodes are "
            "told so. Copies that they hold may remain. It is done at once and cannot be undone; "
            "%(issuer)s can trust %(trustee)s anew."
        )
    else:
        words = gettext(
            "%(trustee)s is told, gets nothing new and can do nothing for %(issuer)s any more; "
            "nodes that it let in end with it. Copies that it holds may remain. It is done at once "
            "and cannot be undone; %(issuer)s can let it in anew."
        )
    return Possible(True, words % values)


def renewing(fact: TrustFact, now: datetime, names: Names) -> Possible:
    """Say whether this node may renew a trust, until when, or who can."""
    facts = current_facts()
    values = {"issuer": names.user(fact.issuer), "trustee": names.of(fact.trustee, facts)}
    if facts.is_revoked(fact.identifier):
        return Possible(False, gettext("What was withdrawn cannot be renewed, only given anew."))
    if not rules.ends(fact.expires):
        return Possible(False, gettext("It has no end: there is nothing to renew."))
    account = names.accounts.get(fact.issuer)
    if account is None:
        return Possible(False, _elsewhere(fact.issuer, facts, now, names))
    ending = _ending(account, fact, now)
    if ending is None or (fact.expires is not None and ending.at > fact.expires):
        words = gettext("A later trust of %(issuer)s for %(trustee)s has taken its place.")
        return Possible(False, words % values)
    if ending.phrase:
        words = gettext(
            "It takes the recovery phrase of %(issuer)s, who renews it on this node: signed in, "
            "under My nodes, What ends."
        )
        return Possible(False, words % values)
    words = gettext("%(issuer)s goes on trusting %(trustee)s for the same, for another year.")
    return Possible(True, words % values, expiry.renewed_until(ending, now))


def withdraw(fact: TrustFact, *, by: Account, now: datetime) -> str:
    """Take back what a trust gives, with all current ones between the two; into the audit list.

    Returns:
        A sentence that says what holds now.

    Raises:
        UserError: this node may not; nothing is changed.
    """
    names, facts = Names(), current_facts()
    possible = withdrawing(fact, now, names)
    if not possible.may:
        raise UserError(possible.words)
    account = names.accounts.get(fact.issuer)
    with transaction.atomic():
        if account is None:
            rules.withdraw(fact.issuer, fact.trustee, now=now)
        elif fact.type == "node":
            own_nodes.withdraw(account, fact.trustee, now=now, by=by)  # which is told to the list
        else:
            contacts.withdraw(account, fact.trustee)
        if account is None or fact.type == "user":
            _note("trust.withdraw", fact, names, facts, by)
    words = gettext("The trust of %(issuer)s in %(trustee)s is withdrawn.")
    return words % _pair(fact, names, facts)


def renew(fact: TrustFact, *, by: Account, now: datetime) -> str:
    """Renew a trust that ends, by a year; written down in the audit list.

    Returns:
        A sentence that says what holds now.

    Raises:
        UserError: this node may not; nothing is changed.
    """
    names, facts = Names(), current_facts()
    possible = renewing(fact, now, names)
    account = names.accounts.get(fact.issuer)
    ending = _ending(account, fact, now) if account else None
    if not possible.may or account is None or ending is None:
        raise UserError(possible.words)
    with transaction.atomic():
        expiry.renew(account, ending, now=now)
        _note("trust.renew", fact, names, facts, by)
    words = gettext("The trust of %(issuer)s in %(trustee)s is renewed.")
    return words % _pair(fact, names, facts)


def _note(action: str, fact: TrustFact, names: Names, facts: Facts, by: Account) -> None:
    about = gettext("%(issuer)s and %(trustee)s") % _pair(fact, names, facts)
    audit.note(action, about, by=by, issuer=fact.issuer, trustee=fact.trustee)


def _pair(fact: TrustFact, names: Names, facts: Facts) -> dict[str, str]:
    return {"issuer": names.user(fact.issuer), "trustee": names.of(fact.trustee, facts)}


def _together(fact: TrustFact, facts: Facts, now: datetime) -> list[TrustFact]:
    """List the current trusts between the two: they add up, so they are withdrawn together (§6)."""
    between = facts.trusts_between(fact.issuer, fact.trustee)
    return [one for one in between if one.type == fact.type and facts.is_current(one, now)]


def _ending(account: Account, fact: TrustFact, now: datetime) -> expiry.Ending | None:
    kind = "node" if fact.type == "node" else "contact"
    return expiry.find(account, kind, fact.trustee, now)


def _whose_turn(fact: TrustFact, account: Account | None, now: datetime, names: Names) -> str:
    if account is None:
        return _elsewhere(fact.issuer, current_facts(), now, names)
    if fact.type == "node":
        words = gettext(
            "It takes the recovery phrase of %(issuer)s, who withdraws it on this node: signed in, "
            "under My nodes."
        )
    else:
        words = gettext(
            "This node did not sign it and may not take it back: %(issuer)s lets this node do so "
            "under My nodes, with the recovery phrase, and it can be withdrawn then."
        )
    return words % {"issuer": names.user(fact.issuer)}


def _elsewhere(user: str, facts: Facts, now: datetime, names: Names) -> str:
    values = {"issuer": names.user(user)}
    nodes = sorted(facts.nodes_of(user, now))
    if not nodes:
        words = gettext(
            "%(issuer)s has no account here: it takes the recovery phrase of %(issuer)s."
        )
        return words % values
    names.load(nodes=nodes)
    values["nodes"] = join_words([names.node(node) for node in nodes])
    words = gettext(
        "%(issuer)s has no account here: it takes the recovery phrase of %(issuer)s, or a node "
        "that may do so, on %(nodes)s."
    )
    return words % values
