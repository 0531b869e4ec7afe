"""What every page needs to know beside its own subject."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from journal import taken_over
from mail import announcing, checklist, drafts, expiry, held, selectors
from mail import returning as back
from mail.folders import FOLDERS
from mail.models import Announcement
from nodes import disk
from nodes.models import Account


def page(request: HttpRequest) -> dict[str, Any]:
    """Return the node's name, the reader's appearance, the folders and their counts.

    `counts` is read from the database only where a template uses it.
    """
    user = getattr(request, "user", None)
    account = user if isinstance(user, Account) and user.is_authenticated else None
    theme = account.theme if account else "system"
    return {
        "node_made": SimpleLazyObject(lambda: bool(selectors.node_name())),
        "node_name": SimpleLazyObject(lambda: selectors.node_name() or "sdmpweb"),
        "folders": FOLDERS,
        "live_state": getattr(request, "live_state", ""),
        "theme": theme if theme in ("light", "dark") else "",
        "held": SimpleLazyObject(lambda: held.pending(account, timezone.now()) if account else []),
        "unsent": SimpleLazyObject(
            lambda: drafts.list_drafts(account, failed=True) if account else []
        ),
        "expiring": SimpleLazyObject(
            lambda: expiry.shown(account, timezone.now()) if account else []
        ),
        "returning": SimpleLazyObject(
            lambda: back.returning(account, timezone.now()) if account else None
        ),
        "taken_over": SimpleLazyObject(
            lambda: taken_over.words() if account and taken_over.is_taken_over() else ""
        ),
        "announcement": SimpleLazyObject(lambda: _announcement(request) if account else None),
        "disk_short": SimpleLazyObject(lambda: bool(account) and disk.is_short()),
        "counts": SimpleLazyObject(lambda: selectors.counts(account) if account else {}),
        "checklist": SimpleLazyObject(lambda: checklist.checklist(account) if account else []),
    }


def _announcement(request: HttpRequest) -> Announcement | None:
    """Return what is said to everybody, unless it was put aside in this browser."""
    said = announcing.announced(timezone.now())
    if said is None or request.session.get(announcing.PUT_ASIDE) == said.pk:
        return None
    return said
