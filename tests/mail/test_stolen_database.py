"""Who gets the database alone, without the node secret, reads no mail and comes in nowhere."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from journal.enrol import enrol
from mail import push
from mail.drafts import Content, Mark, save
from mail.invitations import invite
from nodes.setup import hash_token
from sdmp.encoding import b64
from sdmp.letter import Attachment
from tests.mail.conftest import PASSWORD, House

pytestmark = pytest.mark.django_db


def _cells() -> Iterator[bytes]:
    """Give every value of every row of every table, as bytes."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                for value in row:
                    yield (
                        bytes(value)
                        if isinstance(value, bytes | memoryview)
                        else str(value).encode()
                    )


def _found(marks: dict[str, str | bytes]) -> list[str]:
    """Name what stands somewhere in the database, in whatever case, also as hexadecimal digits."""
    held = b"\n".join(_cells()).lower()
    named = []
    for name, mark in marks.items():
        text = mark.encode() if isinstance(mark, str) else mark
        if any(form in held for form in (text.lower(), text.hex().encode())):
            named.append(name)
    return named


def test_no_mail_no_key_and_no_way_in(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # a real recovery file
    made = enrol("carol", name="Carol Clark", password=PASSWORD)
    file = Attachment("gamelan-plan.txt", "text/plain", b"bamboo-gongs-77")
    house.write(title="Xylophone at eight", body="Behind the **glockenspiel**", attachments=[file])
    save(
        house.alice,
        Content(names="Bob Brown", title="Zither draft", body="unsent-ocarina-5"),
        Mark(),
        files=[Attachment("kazoo.txt", "text/plain", b"kazoo-notes-91")],
    )
    _, token = invite(house.bob, kind="contact", lifetime="week", now=timezone.now())
    totp = generate_totp_secret()
    TOTP.activate(house.alice, totp)
    point = generate_private_key(SECP256R1()).public_key()
    public = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    push.subscribe(
        house.alice, "https://push.example/flugelhorn", b64(public), b64(secrets.token_bytes(16))
    )
    browser = Client()
    browser.post("/account/login/", {"login": "bob", "password": PASSWORD})
    session = browser.cookies[settings.SESSION_COOKIE_NAME].value
    assert browser.get("/mail/inbox/").status_code == 200

    marks: dict[str, str | bytes] = {
        "title": "xylophone", "text": "glockenspiel", "file": "bamboo-gongs",
        "file name": "gamelan-plan",
        "draft title": "zither", "draft": "unsent-ocarina", "draft file": "kazoo",
        "password": PASSWORD, "invitation": token, "second factor": totp, "push": "flugelhorn",
        "session": session, "private key": "BEGIN PRIVATE KEY",
        "recovery words": made.phrase, "node secret": settings.NODE_SECRET_FILE.read_bytes(),
    }  # fmt: skip
    assert _found(marks) == []
    # What is looked for would be found: what is known to stand there in the clear is.
    assert _found({"name": "carol clark", "hash": hash_token(token)}) == ["name", "hash"]
    assert Authenticator.objects.filter(user=house.alice).count() == 1


def test_without_its_secret_the_node_does_not_even_start(house: House) -> None:
    from nodes import keystore

    house.write()
    keystore.forget()
    secret = settings.NODE_SECRET_FILE
    kept = secret.read_bytes()
    secret.write_bytes(secrets.token_bytes(len(kept)))
    try:
        with pytest.raises(keystore.SecretError, match="put back the file"):
            keystore.check_secret()
    finally:
        secret.write_bytes(kept)
        keystore.forget()
