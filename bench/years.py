"""Years of a node's life, written at once: what `bench.dataset` fills a data directory with."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from rich.progress import Progress, track

from bench.dataset import OWNER, PASSWORD
from bench.letters import LetterBox
from journal.accept import accept
from journal.enrol import enrol, make_node, publish_name
from journal.ledger import Ledger
from journal.models import Line, Resource, Wanted
from mail.cards import export_card
from mail.contacts import add_contact
from nodes import enrolment, keystore
from nodes.facts import current_facts
from nodes.models import Account, Exchange, LocalNode, Peer
from nodes.peers import get_peer
from sdmp.card import write_card
from sdmp.encoding import JSON, b64, format_time
from sdmp.encrypted import _PROTECTED as SEALED_HEADER
from sdmp.keys import PrivateKey, generate, load_private
from sdmp.lines import make_line
from sdmp.resource import Resource as Content
from sdmp.resource import make_resource

_FIRST = ("Ana", "Ben", "Chidi", "Mira", "Jörg", "Zoë", "Tomás", "Ute", "Fatou", "Li")
_LAST = ("Lindqvist", "Okafor", "Eze", "Müller", "Raman", "Haddad", "Novák", "Silva", "Roy", "Kim")
_AT_ONCE: Final = 2000
_YEARS: Final = timedelta(days=3 * 365)


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who publishes: as whom, signed by which key, by which trust."""

    user: str
    key: PrivateKey
    trust: str


def fill(
    *, accounts: int, peers: int, resources: int, letters: int, sealed_bytes: int, keys: Path
) -> None:
    """Fill the database of this process's settings, as far as it is not filled already."""
    from sdmpweb import schema

    schema.bring_up_to_date()
    make_node("hearth", "192.0.2.1:8000")
    chance = random.Random(resources)
    mine = _accounts(accounts)
    theirs = _neighbours(peers, mine, _keys(2 * peers, keys), chance)
    here = [_author_here(account) for account in mine]
    with _in_a_hurry():
        _write(here, theirs, mine, resources, letters, sealed_bytes, chance)
    _peers(chance)
    connection.cursor().execute("ANALYZE")


def _name(number: int) -> str:
    again = number // (len(_FIRST) * len(_LAST))
    name = f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST) % len(_LAST)]}"
    return f"{name} {again + 1}" if again else name


def _accounts(number: int) -> list[Account]:
    """Make accounts that know each other in rings of five; the first is the owner's."""
    setattr(enrolment, "make_recovery_kit", lambda *_: b"{}")  # noqa: B010  (slow on purpose)
    made = list(Account.objects.filter(is_echo=False).order_by("pk"))
    for place in track(range(len(made), number), "Accounts"):
        owner = place == 0
        username = OWNER if owner else f"person{place}"
        made.append(enrol(username, name=_name(place), password=PASSWORD, owner=owner).account)
        for other in made[-5:-1]:
            add_contact(made[-1], export_card(other))
            add_contact(other, export_card(made[-1]))
    return made


def _keys(number: int, path: Path) -> list[PrivateKey]:
    """Make the keys of those elsewhere, kept beside the data so that one can go on."""
    pems: list[str] = json.loads(path.read_text()) if path.exists() else []
    pems += [generate(2048).pem() for _ in track(range(len(pems), number), "Keys")]
    path.touch(mode=0o600)
    path.write_text(json.dumps(pems))
    return [load_private(pem) for pem in pems[:number]]


def _neighbours(
    number: int, mine: Sequence[Account], keys: Sequence[PrivateKey], chance: random.Random
) -> list[Author]:
    """Let each node elsewhere have a user whom one to four accounts here know."""
    found = []
    for place in track(range(number), "Peers"):
        user, node = keys[2 * place], keys[2 * place + 1]
        knowing = chance.sample(mine, chance.randint(1, min(4, len(mine))))
        authorisation = _trust(user, node, "node")
        found.append(Author(user.fingerprint, node, authorisation.identifier))
        if Peer.objects.filter(fingerprint=node.fingerprint).exists():
            continue
        card = _card(user, node, authorisation, len(mine) + place)
        with transaction.atomic():
            for account in knowing:
                name = _name(len(mine) + place)
                add_contact(account, write_card([each.envelope for each in card]), name)
                if place % 10:  # every tenth has not answered
                    back = _trust(user, account.fingerprint or "", "user")
                    accept([back.envelope], now=timezone.now())
            get_peer(node.fingerprint)
    return found


def _trust(user: PrivateKey, trustee: PrivateKey | str, kind: str) -> Content:
    powers: list[JSON] = ["read_resource"]
    if kind == "node":
        powers += ["publish_resource", "read_encrypted"]
    whom = trustee if isinstance(trustee, str) else trustee.fingerprint
    section: dict[str, JSON] = {"trustee": whom, "type": kind, "authorization": powers}
    return make_resource(user.fingerprint, user, {"trust": section})


def _card(user: PrivateKey, node: PrivateKey, trust: Content, place: int) -> list[Content]:
    expires = timezone.now() + _YEARS
    named = trust.identifier
    about: dict[str, JSON] = {"name": f"node{place}", "ips": [f"192.0.2.{place % 254 + 1}:8000"]}
    identity = enrolment.identity_section(node.public, "node", expires)
    return [
        enrolment.user_identity(user, expires),
        make_resource(user.fingerprint, user, {"user": {"name": _name(place)}}),
        trust,
        make_resource(user.fingerprint, node, {"identity": identity}, trust=named),
        make_resource(user.fingerprint, node, {"node": about}, trust=named),
    ]


def _author_here(account: Account) -> Author:
    key = keystore.node_key()
    if not Resource.objects.filter(author=account.fingerprint, kind="user").exists():
        publish_name(account, timezone.now())
    trusts = current_facts().trusts_between(str(account.fingerprint), key.fingerprint)
    return Author(str(account.fingerprint), key, trusts[0].identifier)


@contextmanager
def _in_a_hurry() -> Iterator[None]:
    """Let SQLite write without waiting for the disk; what is lost is made again."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA cache_size = -400000")
    yield
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write(
    here: Sequence[Author],
    theirs: Sequence[Author],
    mine: Sequence[Account],
    resources: int,
    letters: int,
    sealed_bytes: int,
    chance: random.Random,
) -> None:
    """Write the journal up to so many lines, each batch with its lines in one transaction."""
    box = LetterBox(mine, letters, resources)
    # Some write much, most little.
    authors = [*here, *theirs]
    weights = [1 / (1 + place % 20) for place in range(len(here))]
    weights += [sum(weights) / max(1, len(theirs)) * 2 * chance.random() for _ in theirs]
    with Progress() as bar:
        head = LocalNode.objects.get().head_position
        task = bar.add_task("Resources", total=resources, completed=head)
        while head < resources:
            number = min(_AT_ONCE, resources - head)
            chosen = chance.choices(authors, weights, k=number)
            now = timezone.now() - _YEARS * (1 - head / resources)
            rows = [_row(author, sealed_bytes, chance, now) for author in chosen]
            with transaction.atomic():
                box.file(_append(rows), now)
            head += number
            bar.update(task, completed=head)


def _row(author: Author, sealed_bytes: int, chance: random.Random, now: datetime) -> Resource:
    kind = "message" if chance.random() < 0.04 else "encrypted"
    section: JSON = (
        f"Date: {format_time(now)}\nTitle: Notice\n\nNumber {chance.getrandbits(64)}."
        if kind == "message"
        else _sealed(sealed_bytes)
    )
    made = make_resource(author.user, author.key, {kind: section}, trust=author.trust)
    return Resource(
        identifier=made.identifier,
        author=made.user,
        signer=made.signer,
        kind=kind,
        payload=made.envelope.content,
        protected=made.envelope.protected,
        alg=made.envelope.alg,
        signature=made.envelope.signature,
        size=len(made.envelope.content),
        received=now,
    )


def _sealed(number: int) -> dict[str, Any]:
    """Make a section that looks sealed for one key, and that nobody opens."""
    return {
        "protected": SEALED_HEADER,
        "iv": b64(os.urandom(16)),
        "payload": b64(os.urandom(number)),
        "tag": b64(os.urandom(32)),
        "recipients": [{"key": b64(os.urandom(256))}],
    }


def _append(rows: Sequence[Resource]) -> list[Resource]:
    """Write resources and their lines behind the head, without judging each."""
    node = Ledger().node
    written = Resource.objects.bulk_create(rows)
    position, text, lines = node.head_position, node.head_line, []
    for row in written:
        text = make_line(text, row.author, row.identifier)
        position += 1
        lines.append(Line(position=position, identifier=text.partition("@")[0], resource=row))
    Line.objects.bulk_create(lines)
    LocalNode.objects.filter(pk=node.pk).update(head_position=position, head_line=text)
    return written


def _peers(chance: random.Random) -> None:
    """Let peers have been told nearly all, some fail, and the last day have been busy."""
    now, head = timezone.now(), LocalNode.objects.get().head_position
    hour = now.replace(minute=0, second=0, microsecond=0)
    Exchange.objects.all().delete()
    Wanted.objects.all().delete()
    for peer in Peer.objects.all():
        late = chance.random() < 0.1
        peer.known_position = chance.randint(1, head)
        peer.sent_position = max(1, head - (chance.randint(1, 5000) if late else 0))
        peer.last_contact = now - timedelta(minutes=chance.randint(1, 5000 if late else 60))
        peer.failures = chance.randint(1, 20) if late else 0
        peer.last_error = "It does not answer." if late else ""
        peer.next_attempt = now + timedelta(days=30)
        peer.save()
        Exchange.objects.bulk_create(
            Exchange(
                peer=peer.fingerprint, hour=hour - timedelta(hours=back), sessions=1,
                frames_in=chance.randint(1, 99), frames_out=chance.randint(1, 99),
                bytes_in=chance.randint(1000, 10**6), bytes_out=chance.randint(1000, 10**6),
            )
            for back in range(48)
        )  # fmt: skip
        if late:
            Wanted.objects.bulk_create(
                Wanted(
                    peer=peer.fingerprint, position=place + 1, author=b64(os.urandom(64)),
                    identifier=b64(os.urandom(64)), passed_over=True,
                )
                for place in range(500)
            )  # fmt: skip
