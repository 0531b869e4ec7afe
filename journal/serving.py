"""Agreeing to act for a user who has authorised this node (protocol §3, §6, §12)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext

from journal.accept import accept
from journal.credentials import judge_shown
from journal.enrol import agree_to_serve, new_account, publish_address
from nodes import keystore
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.card import read_card
from sdmp.errors import SdmpError
from sdmp.trust import PUBLISH_RESOURCE, READ_ENCRYPTED, State


def serve_user(
    card: bytes, *, now: datetime, username: str = "", password: str | None = None
) -> str:
    """Agree to serve the user of a card: as a relay, or with an account here.

    Args:
        card: the user's card, which holds the trust for this node.
        now: the time from which it holds.
        username: with it, the user gets an account of this name.
        password: for signing in to it.

    Returns:
        The user's fingerprint.

    Raises:
        UserError: the card is wrong, or its user has not authorised this node.
    """
    here = keystore.node_fingerprint()
    try:
        shown = read_card(card)
    except SdmpError as error:
        raise UserError(gettext("This is not a card: %(why)s") % {"why": error}) from None
    facts, accepted = judge_shown(shown, here=here, now=now)
    users = {a.resource.user for a in accepted if a.resource.signer == a.resource.user}
    [user] = users if len(users) == 1 else [""]
    if not user or facts.user_state(user, now) is not State.CURRENT:
        raise UserError(gettext("This card does not hold the current identity of one person."))
    trusts = [t for t in facts.trusts_between(user, here) if facts.is_current(t, now)]
    powers = frozenset[str]().union(*(t.powers for t in trusts if t.type == "node"))
    if not powers:
        raise UserError(
            gettext(
                "The card holds no current trust for this node; its user authorises the node "
                "first, with the offer that `export_node` prints."
            )
        )
    with transaction.atomic():
        accept([passed.resource.envelope for passed in accepted], now=now)
        if current_facts().authorised(user, here, now) is None:
            agree_to_serve(user, now)
            publish_address(user, now)
        if username:
            full = {PUBLISH_RESOURCE, READ_ENCRYPTED} <= powers
            mode = Account.Mode.FULL if full else Account.Mode.HOST
            account = new_account(username, name="", password=password, mode=mode, owner=False)
            if Account.objects.filter(fingerprint=user).exists():
                raise UserError(gettext("That user has an account here already."))
            account.fingerprint = user
            account.save()
    return user
