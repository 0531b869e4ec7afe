"""Everything of an account as one ZIP file, written piece by piece.

Nothing is put together in memory or on disk: letters and resources are read a few at a time, and
what is done of the file is given away at once.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, Final
from urllib.parse import quote

import orjson
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from journal.models import Resource
from mail import draft_files, drafts
from mail.cards import export_card
from mail.file_names import Names, safe_name
from mail.models import Contact, Draft, Letter
from mail.people import People, Person
from mail.presentation import day_words, in_zone
from mail.profile import about
from mail.sealing import open_head, open_text
from nodes.models import Account
from sdmp.attachments import Attachment, read_data_link
from sdmp.letter import Letter as Content
from sdmp.letter import read_letter
from sdmp.limits import MIB
from sdmp.resource import uri

_AT_ONCE: Final = 4 * MIB  # of letters or resources that are in memory together
_ROWS_AT_ONCE: Final = 200
_EARLIEST: Final = 1980  # ZIP knows no earlier year
_DATA_LINK: Final = re.compile(r"(?i)data:[!-'*-;=?-~]+")


class Export:
    """One export of an account; `done` of `total` letters are in what was given so far."""

    def __init__(self, account: Account, now: datetime, zone: tzinfo) -> None:
        self.account = account
        self.now = now
        self.zone = zone
        self.done = 0
        self.total = Letter.objects.filter(account=account).count()
        self._people = People(account)
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(
            self._sink, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1
        )

    def pieces(self) -> Iterator[bytes]:
        """Give the file in pieces, in order; no query stays open between two of them."""
        for _ in self._parts():
            if piece := self._sink.take():
                yield piece
        self._zip.close()
        yield self._sink.take()

    def _parts(self) -> Iterator[None]:
        self._put("README.txt", _readme(self.account, self.now))
        self._put("account.json", _json(self._about_account()))
        self._put("contacts.json", _json(list(self._contacts())))
        if self.account.fingerprint is not None:
            self._put("card.sdmp", export_card(self.account))
        if self.account.recovery_kit:
            self._put("recovery.json", self.account.recovery_kit.encode())
        yield
        yield from self._letters()
        yield from self._drafts()
        yield from self._lines("resources.jsonl", self._resources())
        yield from self._lines("journal.txt", self._journal())

    # What one knows of oneself and of others

    def _about_account(self) -> dict[str, Any]:
        account = self.account
        return {
            "name": account.get_full_name(),
            "about": about(account),
            "signs_in_as": account.username,
            "fingerprint": account.fingerprint,
            "made": account.date_joined,
            "language": account.language,
            "time_zone": account.timezone,
            "appearance": account.theme,
            "seconds_to_undo": account.undo_seconds,
            "notifications": account.notify,
            **({"told_of_the_node": account.notify_node} if account.is_superuser else {}),
            "recovery_phrase_checked": account.backup_checked,
        }

    def _contacts(self) -> Iterator[dict[str, Any]]:
        for row in Contact.objects.filter(account=self.account).order_by("name", "pk"):
            yield {
                "name": row.name,
                "fingerprint": row.user,
                "added": row.added,
                "checked": row.checked,
                "how_checked": row.how_checked,
                "introduced_by": row.introduced_by,
                "replaces": row.replaces,
                "blocked": row.blocked,
            }

    # Letters

    def _letters(self) -> Iterator[None]:
        """Write each conversation into a folder, with the files of its letters beside them."""
        rows = Letter.objects.filter(account=self.account)
        order = rows.order_by("conversation_id", "filed", "pk")
        keys = list(order.values_list("pk", "resource__size"))
        folders, folder, conversation, place = Names(), "", 0, 0
        for some in _batches(keys):
            found = rows.select_related("resource").defer("resource__payload").in_bulk(some)
            for key in some:
                row = found.get(key)
                if row is None:  # gone meanwhile
                    continue
                if row.conversation_id != conversation:
                    conversation, place = row.conversation_id, 0
                    folder = folders(f"letters/{self._folder_name(row)}")
                place += 1
                self._letter(row, folder, place)
                self.done += 1
                yield

    def _folder_name(self, first: Letter) -> str:
        title = safe_name(open_head(first.sealed_head).title, gettext("No title"))
        return f"{in_zone(first.date, self.zone):%Y-%m-%d} {title}"

    def _letter(self, row: Letter, folder: str, place: int) -> None:
        content = read_letter(open_text(row.sealed_body))
        author = self._people(row.author)
        local = in_zone(row.date, self.zone)
        name = safe_name(author.name, "someone")
        stem = f"{folder}/{place:03} {local:%Y-%m-%d %H-%M} {name}"
        to = self._people.all(open_head(row.sealed_head).to)
        head = [
            (gettext("Title"), content.title),
            (gettext("From"), _person(author)),
            (gettext("To"), ", ".join(map(_person, to)) or gettext("all contacts")),
            (gettext("Date"), f"{local:%Y-%m-%d %H:%M %Z}"),
            (gettext("Message"), row.resource.uri),
            *content.extra,
        ]
        if row.removed:
            removed = f"{in_zone(row.removed, self.zone):%Y-%m-%d %H:%M %Z}"
            head.append((gettext("Removed by its author"), removed))
        self._written(stem, head, content, row.date)

    def _drafts(self) -> Iterator[None]:
        given = Names()
        for key in list(Draft.objects.filter(account=self.account).values_list("pk", flat=True)):
            row = Draft.objects.filter(account=self.account, pk=key).first()
            if row is None:
                continue
            content = drafts.open_content(row)
            to = [_person(person) for person in self._people.all(content.to)]
            head = [(gettext("Title"), content.title), (gettext("To"), ", ".join(to))]
            stem = given(f"drafts/{safe_name(content.title, gettext('No title'))}")
            files = tuple(draft_files.open_files(row))
            letter = Content(None, body=content.body, attachments=files)
            self._written(stem, head, letter, row.changed)
            yield

    def _written(
        self, stem: str, head: Sequence[tuple[str, str]], content: Content, date: datetime
    ) -> None:
        """Write a text, and a folder of the same name with its files, to which it points."""
        given, places = Names(), {}
        files: list[str] = []
        for number, file in enumerate(content.attachments, 1):
            name = given(safe_name(file.name, f"file-{number}"))
            self._put(f"{stem}/{name}", file.data, date, squeeze=_is_plain(file))
            places[file.data] = quote(f"{stem.rpartition('/')[2]}/{name}")
            files.append(name)
        body = _DATA_LINK.sub(lambda found: _place(found[0], places), content.body)
        lines = [f"{key}: {_one_line(value)}" for key, value in head if value]
        if files:
            lines.append(f"{gettext('Files')}: {', '.join(files)}")
        self._put(f"{stem}.md", ("  \n".join(lines) + "\n\n" + body).encode(), date)

    # What was signed

    def _mine(self) -> list[tuple[int, int]]:
        """List the resources of this user, and those that the letters came in, with sizes."""
        letters = Letter.objects.filter(account=self.account).values("resource")
        own = Q(author=self.account.fingerprint) | Q(pk__in=letters)
        rows = Resource.objects.filter(own, payload__isnull=False).order_by("pk")
        return list(rows.values_list("pk", "size"))

    def _resources(self) -> Iterator[bytes]:
        for some in _batches(self._mine()):
            found = Resource.objects.filter(payload__isnull=False).in_bulk(some)
            yield b"".join(row.envelope().to_bytes() + b"\n" for row in found.values())

    def _journal(self) -> Iterator[bytes]:
        """Give the lines about this user; those of others on this node are not his to take."""
        rows = Resource.objects.filter(author=self.account.fingerprint).order_by("line__position")
        keys = list(rows.exclude(line=None).values_list("pk", flat=True))
        for start in range(0, len(keys), 1000):
            some = Resource.objects.filter(pk__in=keys[start : start + 1000])
            lines = some.order_by("line__position").values_list(
                "line__position", "line__identifier", "author", "identifier"
            )
            yield b"".join(f"{n} {line}@{user}/{key}\n".encode() for n, line, user, key in lines)

    # Writing

    def _put(
        self, name: str, data: bytes, date: datetime | None = None, *, squeeze: bool = True
    ) -> None:
        info = self._info(name, date or self.now)
        info.compress_type = zipfile.ZIP_DEFLATED if squeeze else zipfile.ZIP_STORED
        self._zip.writestr(info, data)

    def _lines(self, name: str, pieces: Iterable[bytes]) -> Iterator[None]:
        info = self._info(name, self.now)
        info.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(info, "w", force_zip64=True) as file:
            for piece in pieces:
                file.write(piece)
                yield

    def _info(self, name: str, date: datetime) -> zipfile.ZipInfo:
        local = in_zone(date, self.zone)
        moment = local.timetuple()[:6] if _EARLIEST <= local.year < 2108 else (1980, 1, 1, 0, 0, 0)
        info = zipfile.ZipInfo(name, moment)
        info.external_attr = 0o600 << 16
        return info


class _Sink:
    """Where the file is written to; what was written can be taken away at any time.

    It is never closed: a file that is broken off may end, when it is let go, after what it uses.
    """

    def __init__(self) -> None:
        self._written = bytearray()

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


def _batches(sizes: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """Put keys together, in order, of which each comes with a size: one at least."""
    some: list[int] = []
    room = _AT_ONCE
    for key, size in sizes:
        if some and (size > room or len(some) >= _ROWS_AT_ONCE):
            yield some
            some, room = [], _AT_ONCE
        some.append(key)
        room -= size
    if some:
        yield some


def _place(link: str, places: dict[bytes, str]) -> str:
    """Let a picture that stands in the text be found beside it."""
    content = read_data_link(link)
    return places.get(content[1], link) if content else link


def _is_plain(file: Attachment) -> bool:
    """Tell whether compressing is worth it."""
    return file.type.startswith("text/") or file.type == "application/octet-stream"


def _person(person: Person) -> str:
    return f"{person.name} <{uri(person.fingerprint)}>"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"


def _readme(account: Account, now: datetime) -> bytes:
    values = {
        "name": account.get_full_name(),
        "date": day_words(now, timezone.get_current_timezone()),
    }
    return (
        gettext(
            """Everything of the account of %(name)s, as it was on %(date)s.

letters/         A folder for each conversation. Each message is a text file (Markdown);
                 the files that came with it are in the folder of the same name.
drafts/          What was being written.
contacts.json    The people you know, and how you checked them.
account.json     Your name, fingerprint and settings.
card.sdmp        Your card: give it to whoever should be your contact.
recovery.json    Your recovery file, if this node still kept it. It opens only with your
                 recovery phrase, and lets you go on with the same identity on another node.
resources.jsonl  What you have published and the messages that you were sent, as they were
                 signed, one on each line. Messages are encrypted here too.
journal.txt      The lines of this node’s journal about you, with their places. The lines
                 between them are about others, so the chain cannot be checked from here.

The messages in letters/ are readable by whoever has this file. Keep it like the letters.
"""
        )
        % values
    ).encode()
