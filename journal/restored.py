"""What may not be published while an account catches up after a restore (docs/backups.md).

Nor by the machine of before, once it hears that it was restored elsewhere (`journal.taken_over`).

A backup shows the past. What the node published after it was made, letters and receipts and trusts,
only its peers have. So a restored node asks them first: a row of `CatchUp` for each account says
that it waits, and `journal.publish` lets nothing new of it out. `journal.catching_up` says when
that ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, cast

from django.utils.translation import gettext

from journal.models import CatchUp, Resource
from journal.taken_over import is_taken_over
from journal.taken_over import words as taken_over_words
from nodes import keystore
from nodes.errors import UserError
from nodes.models import Account, Peer
from sdmp.encoding import JSON
from sdmp.keys import PrivateKey
from sdmp.resource import Resource as Content
from sdmp.resource import make_resource

PATIENCE: Final = timedelta(hours=24)
"""For so long peers that do not answer are waited for."""


class MustWait(UserError):
    """It may be published, but not now."""


def waiting_among(users: Collection[str]) -> set[str]:
    """Say which of these users wait, for their peers or for their recovery phrase."""
    if is_taken_over():
        return set(users)
    rows = CatchUp.objects.filter(user__in=users, done=None)
    return set(rows.values_list("user", flat=True))


def waiting_users() -> set[str]:
    """List all users who wait."""
    if is_taken_over():
        accounts = Account.objects.exclude(fingerprint=None)
        return {str(user) for user in accounts.values_list("fingerprint", flat=True)}
    return set(CatchUp.objects.filter(done=None).values_list("user", flat=True))


def is_waiting(user: str | None) -> bool:
    """Tell whether a user waits."""
    return bool(user and waiting_among([user]))


def stands_still(user: str | None) -> bool:
    """Tell whether a user has to let the node's new key act first, with the recovery phrase."""
    return bool(user) and CatchUp.objects.filter(user=user, done=None, since=None).exists()


def is_asking(user: str) -> bool:
    """Tell whether the peers of a user are being asked for what came since the backup."""
    return CatchUp.objects.filter(user=user, done=None).exclude(since=None).exists()


def why_not(users: Collection[str]) -> str:
    """Say why nothing is published for some of these users now; nothing when that is not so."""
    if is_taken_over():
        return taken_over_words()
    moments = CatchUp.objects.filter(user__in=users, done=None).values_list("since", flat=True)
    since = [moment for moment in moments if moment is not None]
    if len(since) < len(moments):
        return gettext(
            "This node was restored from a backup; sign in and confirm its new key with your "
            "recovery phrase first."
        )
    if not since:
        return ""
    return gettext(
        "This node was restored from a backup and asks its peers for what came since; do this "
        "again when it has caught up, on %(when)s at the latest."
    ) % {"when": (max(since) + PATIENCE).strftime("%Y-%m-%d %H:%M UTC")}


def let_out(contents: Sequence[Content]) -> None:
    """Let only those resources be published that may be now.

    Nothing of users who wait, but what tells peers of this node's new key and address, and what
    the user's own key signs, for which its person is there.

    Raises:
        MustWait: one of them has to wait.
    """
    waiting = waiting_among({content.user for content in contents})
    if waiting and any(c.user in waiting and not _is_paper(c) for c in contents):
        raise MustWait(why_not(waiting))


def begin(user: str, now: datetime, key: PrivateKey, former: Iterable[str]) -> bool:
    """Begin to ask the peers of a user who stood still, and has now let the new key act.

    Args:
        user: who it is.
        now: since when peers are asked.
        key: the user's own key. It signs the revocations of the trusts for the earlier key now,
            while it is at hand; until the user has caught up they are kept back.
        former: identifiers of those trusts.

    Returns:
        Whether the user had stood still.
    """
    items: list[dict[str, JSON]] = [{"revoke": {"resource": i}} for i in former]
    made = [make_resource(key.fingerprint, key, sections=dict(item)) for item in items]
    partings = [content.envelope.to_bytes().decode() for content in made]
    still = CatchUp.objects.filter(user=user, done=None, since=None)
    return bool(still.update(since=now, partings=partings))


def to_be_heard_out(node: str) -> bool:
    """Tell whether a peer's journal is to be read to the end, since somebody here waits."""
    unheard = Peer.objects.filter(fingerprint=node, heard_out=None)
    return CatchUp.objects.filter(done=None).exists() and unheard.exists()


def heard_out(node: str, now: datetime) -> None:
    """Note that a peer's journal has been read to the end."""
    Peer.objects.filter(fingerprint=node, heard_out=None).update(heard_out=now)


def _is_paper(content: Content) -> bool:
    """Tell whether a resource says which key and address this node has, or is its user's word."""
    if content.signer == content.user or content.kind in ("identity", "node"):
        return True
    section = cast(dict[str, Any], content.sections.get(content.kind))
    if content.kind == "trust":
        return section["type"] == "node" and section["trustee"] in keystore.own_fingerprints()
    if content.kind == "revoke":
        return Resource.objects.filter(identifier=section["resource"], kind="node").exists()
    return False
