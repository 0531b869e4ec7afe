"""People without an account here whose node this one was, as a relay, until it got a new key.

Their trust is for the earlier key, and by `create_trust` alone this node can let its new key in
(protocol §6). A relay has that rarely, and the people sign in elsewhere; so it takes them, at a
node of their own, and the owner has to tell them.
"""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext, ngettext

from nodes import keystore
from nodes.facts import current_facts
from nodes.models import Account, LocalNode


def left_behind(now: datetime) -> list[str]:
    """List the users whom an earlier key of this node serves, the present one not, nor a login."""
    former = keystore.former_fingerprints() if LocalNode.objects.exists() else []
    if not former:
        return []
    facts = current_facts()
    served = {user for key in former for user in facts.users_of(key, now)}
    served -= facts.users_of(keystore.node_fingerprint(), now)
    here = Account.objects.filter(fingerprint__in=served).values_list("fingerprint", flat=True)
    return sorted(served - set(here))


def words(number: int) -> str:
    """Say that so many are left behind."""
    return ngettext(
        "%(n)d person without an account here, for whom this node is a relay, has to let its new "
        "key in.",
        "%(n)d people without an account here, for whom this node is a relay, have to let its new "
        "key in.",
        number,
    ) % {"n": number}


def todo() -> str:
    """Say what has to be done, by whom, in which order."""
    return gettext(
        "Send each of them what “sdmpweb export_node” prints; they add that at their own node, "
        "under My nodes, with the recovery phrase, take the earlier key out there, and send you "
        "their card anew for “sdmpweb serve_user CARD”."
    )
