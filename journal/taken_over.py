"""That another machine has taken this node over: it was restored there from a backup.

A node that comes back from a backup makes a new key and revokes the addresses of the earlier one,
by that earlier key (`hosting.restore`, `journal.takeover`). When the machine of before is started
again it has that key still, and hears of the revocation from its peers. It has not written it
itself, and nobody else could have. From then on it publishes nothing: two machines that act for
the same people would give receipts twice, and answer for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.utils.translation import gettext

from journal.models import Resource
from nodes.errors import UserError
from nodes.models import LocalNode

_log = structlog.get_logger(__name__)


def notice(accepted: Sequence[Resource], now: datetime) -> bool:
    """Look among foreign resources for a revocation of this node's address by its own key.

    Args:
        accepted: what was just accepted of another node; in the transaction that keeps it.
        now: the present moment.

    Returns:
        Whether there is one; it is noted then.
    """
    revocations = [row for row in accepted if row.kind == "revoke"]
    if not revocations:  # as nearly always: nothing is asked of the database
        return False
    here = LocalNode.objects.get().fingerprint
    subjects = [row.subject for row in revocations if row.signer == here]
    if not Resource.objects.filter(identifier__in=subjects, kind="node", signer=here).exists():
        return False
    if LocalNode.objects.filter(taken_over=None).update(taken_over=now):
        _log.error("taken over", reason=words())
    return True


def is_taken_over() -> bool:
    """Tell whether another machine has taken this node over."""
    return LocalNode.objects.exclude(taken_over=None).exists()


def refuse() -> None:
    """Make sure that what is done here can have an effect. Raises UserError."""
    if is_taken_over():
        raise UserError(words())


def words() -> str:
    """Say what has happened and what to do."""
    return gettext(
        "This node was restored from a backup on another machine, which acts for its accounts "
        "now; turn this one off for good."
    )
