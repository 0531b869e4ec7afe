"""Waking browsers while no page is open: Web Push (RFC 8030) with an empty content.

The push service of the browser's maker learns that something came, when, and for which browser;
nothing of what it is or whom it is from. The browser's worker then asks this node what to say.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext

from mail.browsers import browser_words
from mail.models import PushKey, PushSubscription
from nodes import keystore
from nodes.dial import Unreachable
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from nodes.outside import SECONDS
from nodes.post import check_endpoint, post
from nodes.setup import web_url
from sdmp.encoding import b64, unb64
from sdmp.errors import SdmpError

_KEY: Final = "push key"
_SUBSCRIPTION: Final = "push subscription"
_MOST: Final = 20  # browsers of one account; the oldest goes
_APART: Final = 5  # seconds between two wake-ups of an account
_TOGETHER: Final = 30.0  # seconds for all browsers of an account
_KEPT: Final = 24 * 3600  # seconds for which a push service keeps a wake-up
_GIVE_UP: Final = 50  # failures in a row

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that is to be woken. `mark` says which one it is without telling its address."""

    key: int
    mark: str
    words: str
    service: str
    added: datetime
    failures: int


def public_key() -> str:
    """Give the public half of this node's VAPID key (RFC 8292), made at first use."""
    row = PushKey.objects.first()
    if row is None:
        with transaction.atomic():
            LocalNode.objects.select_for_update().first()
            row = PushKey.objects.first() or _make_key()
    return row.public


def subscribe(account: Account, endpoint: str, p256dh: str, auth: str, *, agent: str = "") -> str:
    """Remember a browser that is to be woken, and return its mark.

    Args:
        account: whose it is; of whoever else it was before, it is no more.
        endpoint: where its push service takes wake-ups.
        p256dh: its public key, `b64`.
        auth: its secret for encrypted contents, `b64`.
        agent: how it names itself.

    Raises:
        UserError: that is no subscription; nothing is kept.
    """
    check_endpoint(endpoint)
    if not (_is_bytes(p256dh, 65) and _is_bytes(auth, 16)):
        raise UserError(gettext("The browser’s subscription cannot be read."))
    values = {"endpoint": endpoint, "keys": {"p256dh": p256dh, "auth": auth}}
    with transaction.atomic():
        PushSubscription.objects.update_or_create(
            endpoint_hash=_hash(endpoint),
            defaults={
                "account": account,
                "sealed": keystore.seal(orjson.dumps(values), _SUBSCRIPTION),
                "agent": agent[:200],
                "failures": 0,
            },
        )
        mine = PushSubscription.objects.filter(account=account)
        kept = list(mine.order_by("-created", "-pk").values_list("pk", flat=True)[:_MOST])
        mine.exclude(pk__in=kept).delete()
    return _hash(endpoint)


def forget(account_id: int, mark: str) -> None:
    """Wake a browser no more in which somebody signs out."""
    PushSubscription.objects.filter(account=account_id, endpoint_hash=mark).delete()


def unsubscribe(account: Account, key: int) -> bool:
    """Wake a browser no more; tell whether there was such a one."""
    return bool(PushSubscription.objects.filter(account=account, pk=key).delete()[0])


def browsers(account: Account) -> list[Browser]:
    """List the browsers of an account that are woken, the newest first."""
    return [
        Browser(
            key=row.pk,
            mark=row.endpoint_hash,
            words=browser_words(row.agent),
            service=urlsplit(str(_open(row)["endpoint"])).hostname or "",
            added=row.created,
            failures=row.failures,
        )
        for row in PushSubscription.objects.filter(account=account).order_by("-created", "-pk")
    ]


def wake_browsers(account_id: int) -> int:
    """Wake the browsers of an account, at most once in some seconds; return how many were."""
    rows = PushSubscription.objects.filter(account=account_id, account__is_active=True)
    if not rows.exists() or not cache.add(f"push-{account_id}", True, _APART):
        return 0
    woken, end = 0, time.monotonic() + _TOGETHER
    # Those which answer come first, so that a slow one keeps none of them waiting.
    for row in rows.order_by("failures", "pk")[:_MOST]:
        if time.monotonic() + SECONDS > end and woken:
            break
        woken += _wake(row)
    return woken


def _wake(row: PushSubscription) -> bool:
    try:
        status = _push(_open(row))
    except Unreachable as failure:
        _log.info("a browser could not be woken", subscription=row.pk, why=str(failure))
        status = 0
    if status in (404, 410):  # the browser has ended it (RFC 8030 §7.3)
        row.delete()
        return False
    if 200 <= status < 300:
        PushSubscription.objects.filter(pk=row.pk).update(failures=0)
        return True
    PushSubscription.objects.filter(pk=row.pk).update(failures=F("failures") + 1)
    PushSubscription.objects.filter(pk=row.pk, failures__gte=_GIVE_UP).delete()
    return False


class _Answer:
    """What pywebpush reads of an answer."""

    def __init__(self, status: int) -> None:
        self.status_code = status
        self.reason = self.text = ""
        self.headers: dict[str, str] = {}


class _Door:
    """In the place of pywebpush's own HTTP client, which would go to any address."""

    def post(self, url: str, headers: Mapping[str, str], **_: Any) -> _Answer:
        return _Answer(post(url, dict(headers)))


def _push(subscription: Mapping[str, Any]) -> int:
    """Send an empty push message, and give the status of the answer. Raises Unreachable."""
    # Only a node that wakes browsers loads it: it brings 26 MiB of other HTTP clients along.
    from py_vapid import Vapid02, VapidException
    from pywebpush import WebPusher

    endpoint = urlsplit(str(subscription["endpoint"]))
    claims = {
        "aud": f"{endpoint.scheme}://{endpoint.netloc}",
        "exp": int(time.time()) + _KEPT // 2,
        "sub": _who_we_are(),
    }
    public_key()
    key = Vapid02.from_pem(keystore.unseal(bytes(PushKey.objects.get().sealed), _KEY))
    key.conf["no-strict"] = True  # it knows no names with one label, as in a home network
    try:
        headers = key.sign(claims)
    except VapidException as refusal:
        raise Unreachable(str(refusal)) from None
    pusher = WebPusher({"endpoint": endpoint.geturl()}, requests_session=_Door())
    return int(pusher.send(None, headers, ttl=_KEPT).status_code)


def _who_we_are() -> str:
    """Say to a push service whose pushes these are (RFC 8292 §2.1)."""
    address = web_url()
    host = urlsplit(address).hostname or "localhost"
    return address if address.startswith("https:") else f"mailto:owner@{host}"


def _make_key() -> PushKey:
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return PushKey.objects.create(public=b64(public), sealed=keystore.seal(private, _KEY))


def _open(row: PushSubscription) -> dict[str, Any]:
    values: dict[str, Any] = orjson.loads(keystore.unseal(bytes(row.sealed), _SUBSCRIPTION))
    return values


def _hash(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()


def _is_bytes(text: str, length: int) -> bool:
    try:
        return len(unb64(text)) == length
    except SdmpError:
        return False
