"""Someone's hand at their node: a process that does what the person does, as it is told.

It reads a JSON object `{"do": …}` a line and answers each with one: what came of it, or
`{"error": sentence}`. It ends when nobody tells it any more.
"""

from __future__ import annotations

import base64
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any, Final

import orjson

_LOOK_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 60.0


class TookTooLong(Exception):
    """What was waited for did not come."""


def main() -> None:
    """Do what stdin says until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started us says when we end
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    from nodes.errors import UserError
    from sdmpweb import schema

    schema.bring_up_to_date()
    for line in sys.stdin.buffer:
        told: dict[str, Any] = orjson.loads(line)
        try:
            answer = _DEEDS[told.pop("do")](**told)
        except (UserError, TookTooLong) as error:
            answer = {"error": str(error)}
        sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
        sys.stdout.buffer.flush()


def _account() -> Any:
    from nodes.models import Account

    return Account.objects.get()


def _enrol(username: str, name: str, password: str) -> dict[str, Any]:
    """Make the node and its owner; the card is what the other one is handed."""
    from journal.enrol import enrol, make_node
    from mail.cards import export_card

    make_node(f"{name}’s node")
    account = enrol(username, name=name, password=password, owner=True).account
    return {"user": account.fingerprint, "card": export_card(account).decode()}


def _befriend(card: str, name: str) -> dict[str, Any]:
    from mail.contacts import add_contact
    from mail.flags import let_in

    account = _account()
    user = add_contact(account, card.encode(), name).fingerprint
    let_in(account, user)
    return {"user": user}


def _send(
    to: list[str],
    title: str,
    body: str,
    reply_to: str | None,
    attachment: dict[str, Any] | None,
    notice: bool,
) -> dict[str, Any]:
    from mail.flags import mark_read
    from mail.models import Letter
    from mail.send import send
    from sdmp.letter import Attachment

    files = []
    if attachment is not None:
        attachment["data"] = base64.b64decode(attachment["data"])
        files.append(Attachment(**attachment))
    account = _account()
    uri = send(
        account, to=to, title=title, body=body, attachments=files, reply_to=reply_to, notice=notice
    )
    if reply_to is not None:  # who answers has read
        identifier = uri.rpartition("/")[2]
        thread = Letter.objects.get(account=account, resource__identifier=identifier)
        mark_read(account, str(thread.conversation_id))
    return {"uri": uri}


def _wait_for(uri: str) -> dict[str, Any]:
    """Wait until a letter of the other one is filed here."""
    from mail.models import Letter

    letters = Letter.objects.filter(resource__identifier=uri.rpartition("/")[2])
    return _until(letters.exists, "A letter did not arrive.")


def _wait_for_receipts() -> dict[str, Any]:
    """Wait until the receipts for all that was sent from here have come."""
    from mail.models import Delivery

    missing = Delivery.objects.exclude(state=Delivery.State.RECEIVED)
    return _until(lambda: not missing.exists(), "A receipt did not arrive.")


def _until(seen: Callable[[], bool], otherwise: str) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not seen():
        if time.monotonic() > deadline:
            raise TookTooLong(otherwise)
        time.sleep(_LOOK_SECONDS)
    return {}


_DEEDS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "enrol": _enrol,
    "befriend": _befriend,
    "send": _send,
    "wait for": _wait_for,
    "wait for receipts": _wait_for_receipts,
}


if __name__ == "__main__":
    main()
