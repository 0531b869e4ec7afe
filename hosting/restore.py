"""A node that comes back from a backup (docs/backups.md).

What its peers have heard from it since the backup was made is not in it. So it never goes on with
its old journal, which would fork: it makes a new key, which takes over (`journal.takeover`), and
asks its peers for what came since before it publishes anything for its users (`journal.restored`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import redis
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.cached_db import KEY_PREFIX
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import transaction

from hosting.audit import note
from hosting.left_behind import left_behind
from hosting.models import AuditEntry, Beat, Run
from journal import catching_up
from journal.models import CatchUp
from journal.takeover import renew_node_key
from mail.models import Invitation, PushSubscription
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account, LocalNode, LoginLink, Peer, SetupLink
from nodes.peers import clear_leases


@dataclass(frozen=True, slots=True)
class CameBack:
    """What became of a node that came back.

    Args:
        fingerprint: of the new node key; empty where the backup holds a node that nobody owned yet.
        waiting: names of the accounts that stand still until their people sign in and confirm the
            new key with the recovery phrase.
        peers: how many peers are asked.
        relayed: users without an account here who have to let the new key in at their own node.
    """

    fingerprint: str
    waiting: tuple[str, ...]
    peers: int
    relayed: tuple[str, ...] = ()


def come_back(now: datetime, backup: datetime) -> CameBack:
    """Make of a database that was put back a node that may go on, in one transaction.

    Everybody is signed out, and what could be used once is used up: since the backup it may have
    been. No process of the node may run.

    Args:
        now: the present moment.
        backup: the moment that the backup shows.

    Raises:
        UserError: the new key cannot take over; nothing is changed.
    """
    with transaction.atomic():
        clear_leases()
        _sign_everybody_out()
        _end_links(now)
        Run.objects.filter(finished=None).delete()
        Beat.objects.all().delete()
        if not LocalNode.objects.exists():
            return CameBack("", (), 0)
        renewal = renew_node_key(now)
        Peer.objects.update(heard_out=None, failures=0, next_attempt=now)
        waiting = _catch_up(renewal.fingerprint, now, backup)
        note(
            "node.restore",
            LocalNode.objects.get().name,
            where=AuditEntry.Where.COMMAND,
            backup=backup.isoformat(timespec="seconds"),
            waiting=len(waiting),
        )
        peers = Peer.objects.exclude(last_contact=None).count()
        relayed = tuple(left_behind(now))
    return CameBack(renewal.fingerprint, waiting, peers, relayed)


def wait_no_longer(now: datetime, by: Account | None = None) -> int:
    """Publish again without waiting for peers that do not answer; return for how many accounts."""
    with transaction.atomic():
        ended = catching_up.wait_no_longer(now)
        if ended and by is not None:  # a command is noted as such
            note("node.wait_no_longer", by=by, accounts=len(ended))
    return len(ended)


def _sign_everybody_out() -> None:
    UserSession.objects.all().delete()
    Session.objects.all().delete()
    PushSubscription.objects.all().delete()
    if not settings.GROWN:
        cache.clear()
        return
    # Those made since the backup are in Redis alone.
    names = cache.make_key(f"{KEY_PREFIX}*")
    try:
        with redis.Redis.from_url(settings.REDIS_URL) as client:
            for key in client.scan_iter(names, count=1000):
                client.delete(key)
    except redis.RedisError:
        raise UserError("Redis cannot be reached at REDIS_URL; start it first.") from None


def _end_links(now: datetime) -> None:
    SetupLink.objects.filter(used=None).delete()
    LoginLink.objects.filter(used=None).delete()
    Invitation.objects.filter(withdrawn=None, single_use=True, used=0).update(withdrawn=now)


def _catch_up(here: str, now: datetime, backup: datetime) -> tuple[str, ...]:
    """Let every account wait; those for which the new key may not act do so for their phrase."""
    served = current_facts().users_of(here, now)
    CatchUp.objects.all().delete()
    still = []
    for account in Account.objects.exclude(fingerprint=None).order_by("username"):
        user = str(account.fingerprint)
        since = now if user in served else None
        CatchUp.objects.create(user=user, backup=backup, since=since)
        if since is None:
            still.append(account.username)
    return tuple(still)
