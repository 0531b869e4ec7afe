"""Mallory's hand: run in the environment of a node, sends the hostile letters to its owner.

Prints, as JSON, for each letter of `tests.support.attacks` the conversation in which the owner
finds it. The argument is the address of a listener that nobody must ever ask.
"""

from __future__ import annotations

import os
import sys

import orjson


def main() -> None:
    """Make Mallory an account and a contact, and send."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "sdmpweb.settings"
    import django

    django.setup()
    from journal.enrol import enrol
    from mail.cards import export_card
    from mail.contacts import add_contact
    from mail.flags import let_in
    from mail.opening import open_waiting
    from mail.selectors import thread_of
    from mail.send import send
    from nodes.models import Account
    from sdmp.letter import Attachment
    from tests.support import attacks

    host = sys.argv[1]
    owner = Account.objects.get(is_superuser=True)
    mallory = enrol("mallory", name="Mallory‮ <script>pwned()</script>").account
    add_contact(owner, export_card(mallory))
    add_contact(mallory, export_card(owner))
    let_in(owner, str(mallory.fingerprint))
    sent: dict[str, str] = {}
    for name, text in attacks.bundles().items():
        body = text.replace("{host}", host)
        sent[name] = send(mallory, to=[str(owner.fingerprint)], title=name[:200], body=body)
    for number, title in enumerate(attacks.TITLES):
        sent[f"title {number}"] = send(mallory, to=[str(owner.fingerprint)], title=title, body="x")
    files = [Attachment(name=name, type=kind, data=data) for name, kind, data in attacks.FILES]
    sent["files"] = send(mallory, to=[str(owner.fingerprint)], title="files", attachments=files)
    while open_waiting():
        pass
    found = {name: thread_of(owner, uri) for name, uri in sent.items()}
    sys.stdout.buffer.write(orjson.dumps(found))


if __name__ == "__main__":
    main()
