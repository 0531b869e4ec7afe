"""Finding users and nodes by what an owner may type: a name, a fingerprint, an address."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Q, TextField
from django.db.models.functions import Cast

from hosting.names import Names
from nodes.models import Account, Address, LocalNode, Peer


def nodes_like(text: str) -> set[str]:
    """Find the nodes with this in their name, an address or, at its beginning, the fingerprint."""
    rows = Address.objects.annotate(
        all_ips=Cast("ips", TextField()), all_urls=Cast("urls", TextField())
    ).filter(
        Q(name__icontains=text)
        | Q(all_ips__icontains=text)
        | Q(all_urls__icontains=text)
        | Q(node__startswith=text)
    )
    peers = Peer.objects.annotate(all_offered=Cast("offered", TextField())).filter(
        Q(fingerprint__startswith=text) | Q(all_offered__icontains=text)
    )
    here = LocalNode.objects.filter(Q(name__icontains=text) | Q(fingerprint__startswith=text))
    found = set(rows.values_list("node", flat=True))
    found |= set(peers.values_list("fingerprint", flat=True))
    return found | set(here.values_list("fingerprint", flat=True))


def users_like(text: str, among: Collection[str], names: Names) -> set[str]:
    """Find, among these users, those with this in the name or at the fingerprint's beginning.

    An account is found by its username too.
    """
    wanted = text.casefold()
    names.load(users=among)
    logins = Account.objects.filter(username__icontains=text).exclude(fingerprint=None)
    found = set(logins.values_list("fingerprint", flat=True)) & set(among)
    return found | {
        user for user in among if wanted in names.user(user).casefold() or user.startswith(text)
    }
