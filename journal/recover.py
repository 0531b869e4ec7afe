"""Making an account from a recovery kit: the same identity, with a new trust for this node (§12).

The user key signs here what makes this node the user's, and is forgotten again. What the user
published and was sent before comes back from the nodes that still hold it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from journal.enrol import agree_to_serve, make_node, new_account, publish_address, publish_name
from journal.models import Resource
from journal.publish import write_own
from journal.trusts import NEVER
from nodes import keystore
from nodes.changes import tell_owner
from nodes.enrolment import USER_LIFETIME, trust_for_here, user_identity
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from nodes.setup import use_token
from sdmp.container import read_container
from sdmp.encoding import parse_time
from sdmp.keys import PrivateKey
from sdmp.resource import Resource as Made
from sdmp.trust import ALL_POWERS, State

_TOO_SOON: Final = timedelta(days=30)
"""An identity that would end within this time is prolonged at once."""


def recover_owner(token: str, *, kit: bytes, phrase: str, name: str, password: str) -> Account:
    """Make the node and the owner's account from a recovery kit, by the single-use link.

    Raises:
        UserError: the link is used up, the words do not open the kit, or a value will not do;
            nothing is written.
    """
    key = keystore.open_kit(kit, phrase)
    with transaction.atomic():
        use_token(token)
        make_node(f"{name}’s node")
        made = _recover(key, kit, name=name, password=password, owner=True)
        tell_owner("account.recover", made, owner=True)
    return made


def recover(*, kit: bytes, phrase: str, name: str, password: str) -> Account:
    """Make an account on this node from a recovery kit.

    Raises:
        UserError: the words do not open the kit, its user has an account here already, or a
            value will not do; nothing is written.
    """
    key = keystore.open_kit(kit, phrase)
    with transaction.atomic():
        return _recover(key, kit, name=name, password=password, owner=False)


def _recover(key: PrivateKey, kit: bytes, *, name: str, password: str, owner: bool) -> Account:
    user, now = key.fingerprint, timezone.now()
    if Account.objects.filter(fingerprint=user).exists():
        raise UserError(
            gettext("This identity has an account here already; sign in with its password.")
        )
    if current_facts().user_state(user, now) is State.REVOKED:
        raise UserError(gettext("This identity has been revoked, and cannot be used again."))
    account = new_account("", name=name, password=password, mode=Account.Mode.FULL, owner=owner)
    account.fingerprint = user
    account.recovery_kit = kit.decode()
    account.recovered = account.backup_checked = now
    account.save()
    write_own(_papers(key, kit, now), now=now)
    if current_facts().authorised(user, keystore.node_fingerprint(), now) is None:
        agree_to_serve(user, now)
    if not Resource.objects.filter(author=user, kind="user", revoked_by=None).exists():
        publish_name(account, now)
    publish_address(user, now)
    return account


def _papers(key: PrivateKey, kit: bytes, now: datetime) -> list[Made]:
    """Make what the user's key has to sign, as far as it is not here already.

    An identity with the end that the kit names is the very resource of before: a signature of
    this kind comes out the same each time (§4).
    """
    user, facts = key.fingerprint, current_facts()
    end = _end_in(kit)
    if end < now + _TOO_SOON:
        end = now + USER_LIFETIME
    papers = []
    if all(copy.expires < end for copy in facts.copies(user, user)):
        papers.append(user_identity(key, end))
    before = facts.trusts_between(user, keystore.node_fingerprint())
    if not any(
        facts.is_current(trust, now) and set(ALL_POWERS) <= trust.powers for trust in before
    ):
        # One in the same words as an earlier one, which has ended, would be that very resource.
        until = NEVER - timedelta(milliseconds=len(before)) if before else None
        papers.append(trust_for_here(key, Account.Mode.FULL, until))
    return papers


def _end_in(kit: bytes) -> datetime:
    """Read when the identity of a kit ends; the kit has been opened, so it is one."""
    section: Any = read_container(kit).section("private_key")
    return parse_time(section["expires"])
