"""The nodes that act for an account: which they are, letting them do more, less or nothing (§6)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.authorising import (
    authorise,
    current_trusts,
    former_trusts,
    takes_user_key_to_withdraw,
    withdraw_node,
)
from journal.trusts import ends
from mail.allowed import check_may_let_in_nodes
from mail.held import Doing
from mail.live import tell
from mail.models import Held
from mail.presentation import clean_name
from nodes import keystore
from nodes.addresses import addresses_of, node_name
from nodes.changes import tell_owner
from nodes.enrolment import node_section
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, LocalNode, Peer
from nodes.peers import remember_offer
from sdmp import limits
from sdmp.card import Offer, read_offer, write_offer
from sdmp.errors import SdmpError
from sdmp.keys import PrivateKey
from sdmp.trust import CREATE_TRUST, PUBLISH_RESOURCE, READ_ENCRYPTED, REVOKE, Facts


@dataclass(frozen=True, slots=True)
class OwnNode:
    """A node that an account has let act for it.

    `state` is `acts`; `waits` when it has not agreed yet; `ended` when its own key has. `withdrawn`
    while the withdrawal can still be undone.
    """

    fingerprint: str
    name: str
    here: bool
    state: str
    powers: frozenset[str]
    until: datetime | None
    key_until: datetime | None
    addresses: list[str]
    last_heard: datetime | None
    trouble: str
    withdrawn: bool

    @property
    def reads(self) -> bool:
        """Whether it may read what is written to the account."""
        return READ_ENCRYPTED in self.powers

    @property
    def sends(self) -> bool:
        """Whether it may publish for the account."""
        return PUBLISH_RESOURCE in self.powers

    @property
    def trusts(self) -> bool:
        """Whether it may make contacts, and let in nodes."""
        return CREATE_TRUST in self.powers

    @property
    def takes_back(self) -> bool:
        """Whether it may take back what others published for the account."""
        return REVOKE in self.powers


def own_nodes(account: Account, now: datetime) -> list[OwnNode]:
    """List the nodes that an account has let act for it: this one, then the others by name."""
    user, facts, here = str(account.fingerprint), current_facts(), keystore.node_fingerprint()
    others = facts.trustees(user, "node") - set(keystore.own_fingerprints())
    trustees = [here, *(node for node in others if current_trusts(user, node, facts, now))]
    peers = {peer.fingerprint: peer for peer in Peer.objects.filter(fingerprint__in=trustees)}
    held = set(
        Held.objects.filter(account=account, kind=Held.Kind.NODE).values_list("about", flat=True)
    )
    found = [
        _view(user, node, facts, now, peer=peers.get(node), withdrawn=node in held)
        for node in trustees
    ]
    return sorted(found, key=lambda node: (not node.here, node.name.casefold(), node.fingerprint))


def called(node: str) -> str:
    """Name a node for people: as it calls itself, else by where it is reached, else by its key."""
    name = clean_name(node_name(node))
    if name:
        return name
    addresses = addresses_of(node)
    return clean_name(urlsplit(addresses[0]).netloc) if addresses else node[:12]


def own_node(account: Account, fingerprint: str, now: datetime) -> OwnNode | None:
    """Describe one of the nodes of an account; `None` when it is none."""
    return next((n for n in own_nodes(account, now) if n.fingerprint == fingerprint), None)


def describe_offer(data: bytes) -> Offer:
    """Read a node's offer (§12); nothing is kept.

    Raises:
        UserError: it is none.
    """
    try:
        return read_offer(data)
    except SdmpError:
        raise UserError(
            gettext("This is not a node’s offer; its owner gets one from the page My nodes there.")
        ) from None


def own_offer() -> bytes:
    """Write this node's offer (§12), for a user who wants to authorise it."""
    section = node_section("")
    ips, urls = section["ips"], section.get("urls", [])
    assert isinstance(ips, list)
    assert isinstance(urls, list)
    key = keystore.node_key().public
    return write_offer(Offer(key, tuple(map(str, ips)), tuple(map(str, urls))))


def check_new(account: Account, node: str, now: datetime) -> None:
    """Make sure that a node can be let in anew.

    Raises:
        UserError: it is this node or let in already, or there are as many as may be.
    """
    check_may_let_in_nodes(account)
    if node == keystore.node_fingerprint():
        raise UserError(gettext("This is the offer of this very node."))
    known = own_nodes(account, now)
    if any(one.fingerprint == node for one in known):
        raise UserError(gettext("You have let this node in already."))
    if len(known) >= limits.NODES_PER_USER:
        raise UserError(
            gettext("You have let in %(number)d nodes, which is as many as there may be.")
            % {"number": limits.NODES_PER_USER}
        )


def check_withdrawable(node: OwnNode) -> None:
    """Make sure that a node may be withdrawn here.

    Raises:
        UserError: it is this very node.
    """
    if node.here:
        raise UserError(
            gettext("This node keeps your account; to leave it, delete the account here.")
        )


def let_in(
    account: Account,
    node: str,
    powers: Iterable[str],
    *,
    until: datetime | None,
    now: datetime,
    key: PrivateKey | None = None,
    offer: Offer | None = None,
) -> None:
    """Let a node do this for an account until then, and nothing more.

    Args:
        account: for whom.
        node: fingerprint of the node, this one or another.
        powers: what it may do beside keeping and passing on.
        until: when it ends; never when `None`.
        now: the present moment.
        key: the user's own key, where this node may not sign.
        offer: where the node is reached, for a new one.

    Raises:
        UserError: one sentence; nothing is changed.
    """
    user = str(account.fingerprint)
    wanted = frozenset(powers)
    new = not current_trusts(user, node, current_facts(), now)
    if new and node != keystore.node_fingerprint():
        check_may_let_in_nodes(account)
    with transaction.atomic():
        authorise(user, node, wanted, until=until, now=now, key=key)
        if node == keystore.node_fingerprint():
            full = {PUBLISH_RESOURCE, READ_ENCRYPTED} <= wanted
            account.mode = Account.Mode.FULL if full else Account.Mode.HOST
            account.save(update_fields=["mode"])
        elif offer is not None:
            remember_offer(node, offer.ips, offer.urls)
        tell_owner("node.let_in" if new else "node.change", account, node=node)
        tell(account.pk, "nodes")


def withdraw(
    account: Account,
    node: str,
    *,
    now: datetime,
    key: PrivateKey | None = None,
    by: Account | None = None,
) -> None:
    """Take back every trust for a node of an account, at once.

    Args:
        account: whose node it is.
        node: fingerprint of another node.
        now: the present moment.
        key: the user's own key, where this node may not sign.
        by: the owner of this node who does it in the panel, where it is not the account itself.

    Raises:
        UserError: it is this very node, there is no trust, or it takes the user's key.
    """
    with transaction.atomic():
        withdraw_node(str(account.fingerprint), node, now=now, key=key)
        tell_owner("node.withdraw", account, by=by, node=node)
        tell(account.pk, "nodes")


def takes_phrase_to_withdraw(account: Account, node: str, now: datetime) -> bool:
    """Tell whether withdrawing a node takes the recovery phrase."""
    return takes_user_key_to_withdraw(str(account.fingerprint), node, now)


def _do(account: Account, node: str) -> None:
    withdraw(account, node, now=timezone.now())


def _failed(account: Account, node: str, sentence: str) -> None:
    tell(account.pk, "nodes")


def _words(account: Account, node: str) -> str:
    return gettext("The node %(name)s is withdrawn") % {"name": called(node)}


WITHDRAWING = Doing(_do, _failed, _words)


def _view(
    user: str, node: str, facts: Facts, now: datetime, *, peer: Peer | None, withdrawn: bool
) -> OwnNode:
    here = node == keystore.node_fingerprint()
    trusts = current_trusts(user, node, facts, now)
    if here:
        trusts = trusts + former_trusts(user, facts, now)
    moments = [trust.expires for trust in trusts]
    known = [moment for moment in moments if moment is not None and ends(moment)]
    copies = facts.copies(node, user)
    agreed = facts.authorised(user, node, now) is not None
    state = "acts" if agreed else "ended" if copies or not trusts else "waits"
    return OwnNode(
        fingerprint=node,
        name=LocalNode.objects.get().name if here else called(node),
        here=here,
        state=state,
        powers=frozenset[str]().union(*(trust.powers for trust in trusts)),
        until=max(known) if known and len(known) == len(moments) else None,
        key_until=max((copy.expires for copy in copies), default=None),
        addresses=addresses_of(node),
        last_heard=peer.last_contact if peer else None,
        trouble=peer.last_error if peer and peer.failures else "",
        withdrawn=withdrawn,
    )
