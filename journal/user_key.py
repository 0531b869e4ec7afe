"""Signing with the user's own key, which a node keeps only under the recovery phrase (§12).

What no node may sign (protocol §5, §6) is signed here: the person types the twelve words, the
recovery kit is opened in memory, and the key is forgotten with the request.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext

from journal.models import Resource
from journal.publish import write_own
from nodes import keystore
from nodes.bounds import WORK, within
from nodes.errors import UserError
from nodes.models import Account
from sdmp.encoding import JSON
from sdmp.keys import PrivateKey
from sdmp.resource import make_resource


def open_user_key(account: Account, phrase: str, kit: bytes = b"") -> PrivateKey:
    """Open the key of an account's user; it is kept nowhere.

    Takes half a second on purpose.

    Args:
        account: whose key.
        phrase: the twelve words, as a person typed them.
        kit: the recovery file; the copy that this node keeps when empty.

    Raises:
        UserError: one sentence; words or file are missing, or are not this account's, or that was
            tried too often within a minute.
    """
    if not phrase.strip():
        raise UserError(gettext("This takes your recovery phrase: twelve words on paper."))
    kept = kit or account.recovery_kit.encode()
    if not kept:
        raise UserError(
            gettext("This node keeps no copy of your recovery file; choose the file that you have.")
        )
    if not within(WORK, account.pk):
        raise UserError(gettext("That was much at once; go on in a minute."))
    key = keystore.open_kit(kept, phrase)
    if key.fingerprint != account.fingerprint:
        raise UserError(gettext("This recovery file belongs to another account."))
    return key


def publish_signed(
    key: PrivateKey, items: Sequence[Mapping[str, JSON]], *, now: datetime
) -> list[Resource]:
    """Publish resources signed by a user's own key, in this order and one transaction.

    Args:
        key: the user's key.
        items: the sections of each resource, without `resource`.
        now: the time at which they are judged, like any other.

    Raises:
        UserError: a check of the protocol fails; nothing is written.
    """
    contents = [make_resource(key.fingerprint, key, sections=dict(item)) for item in items]
    return [row for row, _ in write_own(contents, now=now)]
