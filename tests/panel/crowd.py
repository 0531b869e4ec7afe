"""A node that knows many others: rows as they would stand had all been accepted, without keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import orjson
from django.utils import timezone

from journal.models import Resource
from nodes import facts
from nodes.models import Address, Exchange, Identity, Peer, Trust
from sdmp.encoding import hash_b64

_FIRST: Final = ("Ana", "Ben", "Chidi", "Dana", "Emre", "Farah", "Goran", "Hana", "Ivo", "Jun",
                 "Kofi", "Lena", "Maximiliana", "Nils", "Olga", "Priya", "Quentin", "Rosa",
                 "Sami", "Tove", "王小明", "Wilhelmina", "Yusuf", "Zoë")  # fmt: skip
_LAST: Final = ("Lindqvist", "Okafor", "Eze", "Haddad", "Petrović", "Featherstonehaugh-Oyelaran")
_NODES: Final = ("desk", "attic", "studio", "lighthouse", "shed", "boathouse-by-the-old-mill")
FULL: Final = ["publish_resource", "read_encrypted", "read_resource"]


def fingerprint(of: str) -> str:
    """Make up a fingerprint."""
    return hash_b64(of.encode())


def fill(accounts: Sequence[str], here: str, number: int, now: datetime | None = None) -> None:
    """Let accounts know people on `number` other nodes, in all states that there are.

    Args:
        accounts: fingerprints of the accounts of this node.
        here: fingerprint of this node.
        number: how many other nodes; every seventh has two people, every ninth person a relay too.
        now: the present moment.
    """
    now = now or timezone.now()
    far, rows = now + timedelta(days=3000), Rows(now)
    for n in range(number):
        node = fingerprint(f"node {n}")
        people = [fingerprint(f"user {n}")]
        if n % 7 == 3:
            people.append(fingerprint(f"second user {n}"))
        for place, user in enumerate(people):
            name = f"{_FIRST[(n + 5 * place) % len(_FIRST)]} {_LAST[n % len(_LAST)]}"
            rows.person(user, name, far)
            rows.works(user, node, f"{_NODES[n % len(_NODES)]}{n or ''}", far)
            if n % 9 == 4:
                rows.works(user, fingerprint(f"relay {n}"), f"box{n}", far)
            knows = [accounts[(n + place) % len(accounts)], accounts[(3 * n) % len(accounts)]]
            for account in dict.fromkeys(knows):
                _trusts(rows, account, user, n, now)
        rows.peer(node, n)
    rows.write()
    facts.forget()


def _trusts(rows: Rows, account: str, user: str, n: int, now: datetime) -> None:
    until = now + timedelta(days=400 + n)
    if n % 10 == 1:
        until = now + timedelta(days=12)
    if n % 10 == 2:
        until = now - timedelta(days=9)
    if n % 10 != 5:
        rows.trust(account, user, "user", ["read_resource"], until)
    if n % 10 != 4:
        rows.trust(user, account, "user", ["read_resource"], until)


class Rows:
    def __init__(self, now: datetime) -> None:
        self.now = now
        self.identities: list[Identity] = []
        self.trusts: list[Trust] = []
        self.addresses: list[Address] = []
        self.peers: list[Peer] = []
        self.resources: list[Resource] = []
        self.exchanges: list[Exchange] = []

    def person(self, user: str, name: str, until: datetime) -> None:
        self._identity(user, user, "user", until)
        content = {
            "sdmp": {"version": "0.12.0", "schemas": ["resource", "user"]},
            "resource": {"user": user},
            "user": {"name": name},
        }
        self._resource(f"profile {user}", user, "user", orjson.dumps(content))

    def works(self, user: str, node: str, name: str, until: datetime) -> None:
        self._identity(user, node, "node", until)
        self.trust(user, node, "node", FULL, None)
        self.addresses.append(
            Address(
                identifier=fingerprint(f"address {user} {node}"),
                node=node,
                user=user,
                name=name,
                ips=[],
                urls=[f"wss://{name}.example/sdmp"],
            )
        )

    def trust(
        self, issuer: str, trustee: str, kind: str, powers: list[str], until: datetime | None
    ) -> None:
        identifier = fingerprint(f"trust {issuer} {trustee}")
        self.trusts.append(
            Trust(
                identifier=identifier,
                issuer=issuer,
                trustee=trustee,
                type=kind,
                powers=powers,
                expires=until,
                signer=issuer,
                named="",
            )
        )
        self._resource(f"trust {issuer} {trustee}", issuer, "trust", b"{}")

    def peer(self, node: str, n: int) -> None:
        heard = self.now - timedelta(minutes=7 * n)
        failing = n % 8 == 6
        self.peers.append(
            Peer(
                fingerprint=node,
                known_line=node,
                known_position=40 + n,
                sent_position=1 + n % 3,
                last_contact=heard - timedelta(days=4) if failing else heard,
                failures=30 if failing else 0,
                last_error="it does not answer" if failing else "",
                next_attempt=self.now + timedelta(days=300),
            )
        )
        hour = self.now.replace(minute=0, second=0, microsecond=0)
        self.exchanges += [
            Exchange(
                peer=node,
                hour=hour - timedelta(hours=back),
                sessions=1,
                frames_in=(n + back * 7) % 23,
                frames_out=(n * back) % 11,
                bytes_in=900 * back,
                bytes_out=4000,
                failures=int(failing and back < 9),
            )
            for back in range(0, 60, 2)
        ]

    def write(self) -> None:
        Identity.objects.bulk_create(self.identities)
        Trust.objects.bulk_create(self.trusts, ignore_conflicts=True)
        Address.objects.bulk_create(self.addresses)
        Peer.objects.bulk_create(self.peers)
        Resource.objects.bulk_create(self.resources, ignore_conflicts=True)
        Exchange.objects.bulk_create(self.exchanges)

    def _identity(self, user: str, key: str, kind: str, until: datetime) -> None:
        self.identities.append(
            Identity(
                identifier=fingerprint(f"identity {user} {key}"),
                user=user,
                fingerprint=key,
                type=kind,
                expires=until,
                pem="",
            )
        )

    def _resource(self, name: str, author: str, kind: str, payload: bytes) -> None:
        self.resources.append(
            Resource(
                identifier=fingerprint(name),
                author=author,
                signer=author,
                kind=kind,
                payload=payload,
                protected="",
                alg="RS512",
                signature="",
                size=len(payload),
                received=self.now - timedelta(days=30),
            )
        )
