"""Deleting an account: what goes, what stays elsewhere, and how peers learn of it (protocol §6).

The identity is the person's and goes on with the recovery phrase. What this node gives up is what
it kept for it: letters, drafts and contacts, the texts it passed on, and its own authority.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext

from journal.models import Resource
from journal.revoke import revoke_all
from mail.models import (
    Contact,
    Conversation,
    Delivery,
    Draft,
    DraftFile,
    Letter,
    Removal,
    RemovalConfirmed,
)
from mail.sign_ins import end_sign_ins
from nodes import keystore
from nodes.addresses import node_name
from nodes.changes import tell_owner
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, ContactRequest, LocalNode
from sdmp.trust import REVOKE

_AT_ONCE: Final = 500
# Facts that others build on: what a line of the journal says must still be found to hold.
_FACTS: Final = ("identity", "trust", "revoke", "node", "schema")


@dataclass(frozen=True, slots=True)
class Going:
    """What goes with an account, and what does not."""

    letters: int
    drafts: int
    contacts: int
    waiting: int  # messages that still wait here for somebody
    withdraws: bool  # whether this node may tell peers that the trust in it has ended
    other_nodes: tuple[str, ...]  # names of the account's nodes elsewhere, which keep theirs
    refusal: str  # why the account cannot be deleted now; empty when it can


def what_goes(account: Account, now: datetime) -> Going:
    """Describe what deleting an account would do."""
    deliveries = Delivery.objects.filter(
        letter__account=account, state=Delivery.State.WAITING, letter__removed=None
    )
    here = keystore.node_fingerprint()
    nodes = current_facts().nodes_of(str(account.fingerprint), now)
    return Going(
        letters=Letter.objects.filter(account=account).count(),
        drafts=Draft.objects.filter(account=account).count(),
        contacts=Contact.objects.filter(account=account).count(),
        waiting=deliveries.values("letter").distinct().count(),
        withdraws=REVOKE in nodes.get(here, ()),
        other_nodes=tuple(node_name(node) for node in sorted(nodes) if node != here),
        refusal=_refusal(account),
    )


def leave(account: Account, *, now: datetime, by: Account | None = None) -> bool:
    """Delete an account with all that this node keeps for it, in one transaction.

    The trust in this node is revoked where the node may, so that peers send it nothing more. The
    journal's lines stay, and with them identities, trusts and revocations; texts go, save those
    that another account here was sent.

    Args:
        account: who leaves; has shown that it is him.
        now: the present moment.
        by: the owner of the node, where it was not the person.

    Returns:
        Whether the trust in this node was revoked.

    Raises:
        UserError: it is the only owner, and there are other accounts; nothing is done.
    """
    with transaction.atomic():
        LocalNode.objects.select_for_update().first()
        refusal = _refusal(account)
        if refusal:
            raise UserError(refusal)
        withdrawn = _withdraw(account, now)
        _take_texts(account, now)
        _delete_rows(account)
        end_sign_ins(account)
        tell_owner("account.delete", account, by=by, told_peers=withdrawn)
        account.delete()
    return withdrawn


def _refusal(account: Account) -> str:
    others = Account.objects.exclude(pk=account.pk).filter(is_echo=False)
    owners = others.filter(is_superuser=True, is_active=True)
    if account.is_superuser and others.exists() and not owners.exists():
        return gettext(
            "You are the only owner, and others have accounts here. Make one of them an owner "
            "first, or they could not be helped any more."
        )
    return ""


def _withdraw(account: Account, now: datetime) -> bool:
    """Revoke the user's trusts for this node, if it may (§6)."""
    facts, here = current_facts(), keystore.node_fingerprint()
    user = str(account.fingerprint)
    current = [t for t in facts.trusts_between(user, here) if facts.is_current(t, now)]
    if not current or REVOKE not in (facts.authorised(user, here, now) or ()):
        return False
    revoke_all([trust.identifier for trust in current], now=now)
    return True


def _take_texts(account: Account, now: datetime) -> None:
    """Drop the contents of what was published by the user or sent to him alone on this node."""
    others = Letter.objects.exclude(account=account).values("resource")
    own = Resource.objects.filter(author=account.fingerprint).exclude(kind__in=_FACTS)
    known_here = Contact.objects.exclude(account=account).filter(user=account.fingerprint)
    if known_here.exists():  # what he is called
        own = own.exclude(kind="user")
    letters = Letter.objects.filter(account=account, outgoing=False).values("resource")
    sent = Resource.objects.filter(pk__in=letters).exclude(author__in=_kept_for_others(now))
    for rows in (own, sent):
        rows.exclude(pk__in=others).filter(payload__isnull=False).update(payload=None)


def _kept_for_others(now: datetime) -> set[str]:
    """List authors whose letters this node cannot read, since it only keeps them for somebody."""
    facts = current_facts()
    hosted = Account.objects.filter(mode=Account.Mode.HOST).exclude(fingerprint=None)
    users = [str(user) for user in hosted.values_list("fingerprint", flat=True)]
    authors = set(Resource.objects.order_by().values_list("author", flat=True).distinct())
    return {a for a in authors if any(a == user or facts.gives(a, user, now) for user in users)}


def _delete_rows(account: Account) -> None:
    """Delete what an account has, without bringing letters into memory."""
    letters = Letter.objects.filter(account=account)
    RemovalConfirmed.objects.filter(removal__letter__account=account).delete()
    Removal.objects.filter(letter__account=account).delete()
    Delivery.objects.filter(letter__account=account).delete()
    for keys in _some(letters.values_list("pk", flat=True)):
        letters.filter(pk__in=keys).only("pk").delete()
    Conversation.objects.filter(account=account).delete()
    for keys in _some(
        DraftFile.objects.filter(draft__account=account).values_list("pk", flat=True)
    ):
        DraftFile.objects.filter(pk__in=keys).only("pk").delete()
    Draft.objects.filter(account=account).only("pk").delete()
    ContactRequest.objects.filter(
        Q(user=account.fingerprint) | Q(stranger=account.fingerprint)
    ).delete()


def _some(keys: QuerySet[Letter, int] | QuerySet[DraftFile, int]) -> Iterable[list[int]]:
    found = list(keys)
    return (found[start : start + _AT_ONCE] for start in range(0, len(found), _AT_ONCE))
