"""`python -m bench.mailbox`: fill an account's mailbox, in the node of this environment.

The letters are sealed and filed as any; only their resources are made up, as if all had come from
people on other nodes.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sdmpweb.settings")
django.setup()

from django.db import transaction  # noqa: E402  (models need Django set up first)
from django.utils import timezone  # noqa: E402

from journal.models import Resource  # noqa: E402
from mail.filing import Filing, file_letters, prepare  # noqa: E402
from mail.models import Contact  # noqa: E402
from nodes.models import Account  # noqa: E402
from sdmp.encoding import b64  # noqa: E402
from sdmp.letter import Attachment, Letter, write_letter  # noqa: E402
from sdmp.resource import uri  # noqa: E402

NEEDLE = "Zwetschgenmus"
"""A word that stands in a few letters only."""

_AT_ONCE = 250
_FIRST = ("Ana", "Ben", "Chidi", "Mira", "Jörg", "Zoë", "Tomás", "Ute", "Fatou", "Li")
_LAST = ("Lindqvist", "Okafor", "Eze", "Müller")
_TEXT = (
    "the boathouse is ours from three on Saturday please tell me by Wednesday who eats no fish "
    "long table garden well rain train clock brakes winter photo lake plan menu key workshop form "
    "der Garten ist trocken und die Straße über den Hügel gesperrt wir kommen später Grüße schön"
)
_FILES = ("menu.pdf", "tables.jpg", "plan-of-the-garden.pdf")


def main() -> None:
    """Fill the mailbox as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m bench.mailbox", description=__doc__)
    parser.add_argument("account", help="name to sign in with")
    parser.add_argument("--letters", type=int, default=20_000, help="each its own conversation")
    parser.add_argument("--together", type=int, default=0, help="letters of one conversation")
    arguments = parser.parse_args()
    account = Account.objects.get(username=arguments.account)
    fill(account, arguments.letters, arguments.together)


def fill(account: Account, letters: int, together: int = 0) -> None:
    """File letters for an account: some with a conversation each, then some in a single one."""
    chance = random.Random(letters)
    authors = _contacts(account)
    now = timezone.now()
    begin = now - timedelta(minutes=20 * (letters + together))
    thread = uri(authors[0], _identifier())
    made = (
        _letter(account, number, authors, chance, thread if number >= letters else None, begin)
        for number in range(letters + together)
    )
    done = 0
    while batch := list(islice(made, _AT_ONCE)):
        done += len(batch)
        with transaction.atomic():
            resources = Resource.objects.bulk_create([resource for _, resource in batch])
            pairs = [(filing, row) for (filing, _), row in zip(batch, resources, strict=True)]
            file_letters(pairs, begin + timedelta(minutes=20 * done), new=True)


def _contacts(account: Account) -> list[str]:
    people = [(f"{first} {last}", _identifier()) for first in _FIRST for last in _LAST]
    Contact.objects.bulk_create(
        Contact(account=account, user=user, name=name, let_in=timezone.now(), checked=None)
        for name, user in people
    )
    return [user for _, user in people]


def _letter(
    account: Account,
    number: int,
    authors: list[str],
    chance: random.Random,
    thread: str | None,
    begin: datetime,
) -> tuple[Filing, Resource]:
    author = authors[number % len(authors)]
    content = Letter(
        date=begin + timedelta(minutes=20 * number),
        to=(str(account.fingerprint),),
        title=" ".join(_some(chance, 4)),
        thread=thread,
        body="\n\n".join(" ".join(_some(chance, 36)) for _ in range(3)),
        attachments=tuple(_files(number, chance)),
    )
    if number % 2000 == 7:
        content = _with_needle(content)
    text = write_letter(content)
    resource = Resource(
        identifier=_identifier(), author=author, signer=author, kind="encrypted", payload=b"",
        protected="", alg="PS512", signature="", size=len(text), received=timezone.now(),
    )  # fmt: skip
    return prepare(account, text, content, notice=False), resource


def _with_needle(content: Letter) -> Letter:
    return Letter(
        date=content.date, to=content.to, title=content.title, thread=content.thread,
        body=f"{content.body} {NEEDLE}", attachments=content.attachments,
    )  # fmt: skip


def _some(chance: random.Random, number: int) -> list[str]:
    return chance.choices(_TEXT.split(), k=number)


def _files(number: int, chance: random.Random) -> Iterator[Attachment]:
    if number % 20 == 0:
        name = chance.choice(_FILES)
        kind = "image/jpeg" if name.endswith("jpg") else "application/pdf"
        yield Attachment(name, kind, chance.randbytes(40_000), image=False)


def _identifier() -> str:
    return b64(secrets.token_bytes(64))


if __name__ == "__main__":
    main()
