"""What an account says of itself: the `user` resource, by which contacts know its name (§2, §6)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext

from journal.models import Resource
from journal.publish import ToPublish, publish_all
from journal.revoke import revoke_all
from mail.live import tell
from mail.people import profile
from mail.presentation import clean_name
from nodes.errors import UserError
from nodes.models import Account, LocalNode
from sdmp.encoding import JSON, format_time

NAME_LENGTH: Final = 200
ABOUT_LENGTH: Final = 1000


def about(account: Account) -> str:
    """Give what the account has published about itself, beside its name."""
    return profile(str(account.fingerprint)).get("about", "") if account.fingerprint else ""


def save_profile(account: Account, name: str, text: str, *, now: datetime) -> bool:
    """Publish a new name and a new text about oneself, and revoke what was said before (§6).

    Args:
        account: who says it; its `name` is changed along.
        name: one line, not empty.
        text: a few lines, may be empty.
        now: the present moment.

    Returns:
        Whether anything has changed.

    Raises:
        UserError: there is no name, or this node may not publish for the account; nothing is
            written.
    """
    chosen = clean_name(name)[:NAME_LENGTH]
    said = text.replace("\r\n", "\n").strip()[:ABOUT_LENGTH]
    if not chosen:
        raise UserError(gettext("A name is needed, so that others know whom they write to."))
    if account.mode != Account.Mode.FULL or account.fingerprint is None:
        raise UserError(gettext("This account has not let this node publish for it."))
    with transaction.atomic():
        # The head's lock: of two pages that save at once, the second one revokes the first.
        LocalNode.objects.select_for_update().first()
        before = profile(account.fingerprint)
        if before.get("name") == chosen and before.get("about", "") == said:
            return False
        earlier = _current(account.fingerprint)
        section: dict[str, JSON] = {"name": chosen}
        if said:
            section["about"] = said
        # In the same words as a profile that was revoked it would be that very resource, revoked.
        section["since"] = format_time(now)
        publish_all([ToPublish(account.fingerprint, {"user": section})], now=now)
        for identifier in earlier:
            _revoke(identifier, now)
        account.name = chosen
        account.save(update_fields=["name"])
        tell(account.pk, "contacts")
    return True


def _current(user: str) -> list[str]:
    rows = Resource.objects.filter(author=user, kind="user", revoked_by=None)
    return list(rows.order_by("id").values_list("identifier", flat=True))


def _revoke(identifier: str, now: datetime) -> None:
    """Revoke an earlier profile, if this node may: the last one received counts anyway."""
    try:
        revoke_all([identifier], now=now)
    except UserError:
        return
