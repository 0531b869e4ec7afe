"""The single-use link by which the owner's account is made."""

from __future__ import annotations

import hashlib
import secrets
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from nodes.addresses import reach_of
from nodes.errors import UserError
from nodes.models import Account, SetupLink

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - to listen on; nobody can go there


def owner_link() -> str | None:
    """Make a new link for the owner's first visit; `None` once there is an account.

    Links made before stop working: the one that was printed last counts.
    """
    if Account.objects.filter(is_echo=False).exists():
        return None
    token = secrets.token_urlsafe(24)
    SetupLink.objects.filter(used=None).delete()
    SetupLink.objects.create(token_hash=hash_token(token))
    return f"{web_url()}/welcome/{token}/"


def web_url() -> str:
    """Give the address of the pages without a slash at the end."""
    if settings.WEB_URL:
        return str(settings.WEB_URL)
    host = settings.LISTEN_HOST
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.LISTEN_PORT}"


def opens_here_alone() -> bool:
    """Tell whether links of the pages lead nowhere from another machine."""
    host = urlsplit(web_url()).hostname or ""
    return host in _EVERY_ADDRESS or reach_of(host) == "loopback"


def check_token(token: str) -> bool:
    """Tell whether the link with this token is still open."""
    return SetupLink.objects.filter(token_hash=hash_token(token), used=None).exists()


def use_token(token: str) -> None:
    """Use the link up; call it in the transaction that makes the account.

    Raises:
        UserError: the link was used already or never existed.
    """
    used = SetupLink.objects.filter(token_hash=hash_token(token), used=None).update(
        used=timezone.now()
    )
    if not used:
        raise UserError(
            gettext(
                "This link has been used already or is not the last one; "
                "start the node again to get a new one."
            )
        )


def hash_token(token: str) -> str:
    """Give what is kept of the token of a link."""
    return hashlib.sha256(token.encode()).hexdigest()
