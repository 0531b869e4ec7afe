"""What trusts let their trustees do, in the words of the pages (protocol §5)."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext

from mail.presentation import join_words
from sdmp.trust import CREATE_TRUST, PUBLISH_RESOURCE, READ_ENCRYPTED, READ_RESOURCE, REVOKE


def power_words(type_: str, powers: Iterable[str]) -> str:
    """Say what a trust lets its trustee do: "keep and pass on and read their mail"."""
    given = set(powers)
    if type_ == "user":
        return gettext("read what they publish")
    words = {
        READ_RESOURCE: gettext("keep and pass on"),
        PUBLISH_RESOURCE: gettext("write for them"),
        READ_ENCRYPTED: gettext("read their mail"),
        CREATE_TRUST: gettext("make contacts and let in nodes"),
        REVOKE: gettext("take back what they published elsewhere"),
    }
    return join_words([text for power, text in words.items() if power in given])
