"""Whether it is this very node that answers at its address: a question only it can answer.

A responder does not say who it is (protocol §10), so the node asks itself beside the protocol, in
a header of the request that opens a WebSocket. The question is signed with the pages' secret, so
nobody else gets an answer; the answer says what the proxy before the node passes on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.core import signing

from nodes.addresses import reach_of

HEADER: Final = "Sdmpweb-Own-Door"
_NAME: Final = HEADER.lower().encode()
_QUESTION: Final = "sdmpweb own door question"
_ANSWER: Final = "sdmpweb own door answer"
_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """How a call to our own address arrived.

    Args:
        host: by which name the node was called, as the proxy says.
        scheme: `https` when the proxy says that its own side is encrypted.
        caller: from how far the call seems to come (`nodes.addresses.reach_of`).
    """

    host: str
    scheme: str
    caller: str


def ask() -> str:
    """Make a question, good for a minute."""
    return signing.dumps(secrets.token_urlsafe(16), salt=_QUESTION)


def answer(scope: Mapping[str, Any]) -> list[tuple[bytes, bytes]]:
    """Give the header that answers the question in a request; none when there is no question.

    Args:
        scope: the ASGI scope of a WebSocket.
    """
    headers = dict(reversed(list(_headers(scope))))
    question = headers.get(_NAME, b"").decode("latin-1")
    if not question:
        return []
    try:
        nonce = signing.loads(question, salt=_QUESTION, max_age=_SECONDS)
    except signing.BadSignature:
        return []
    client = scope.get("client") or ("localhost", 0)
    said = {
        "nonce": nonce,
        "host": headers.get(b"host", b"").decode("latin-1"),
        "scheme": headers.get(b"x-forwarded-proto", b"").decode("latin-1"),
        "caller": reach_of(str(client[0]) or "localhost"),
    }
    return [(_NAME, signing.dumps(said, salt=_ANSWER).encode())]


def read(question: str, answered: str) -> Seen | None:
    """Read what was answered to a question; `None` when it was not this node."""
    try:
        nonce = signing.loads(question, salt=_QUESTION, max_age=2 * _SECONDS)
        said = signing.loads(answered, salt=_ANSWER, max_age=_SECONDS)
    except signing.BadSignature:
        return None
    if said["nonce"] != nonce:
        return None
    return Seen(said["host"], said["scheme"], said["caller"])


def _headers(scope: Mapping[str, Any]) -> Iterable[tuple[bytes, bytes]]:
    return ((bytes(name).lower(), bytes(value)) for name, value in scope.get("headers") or ())
