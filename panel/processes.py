"""The processes of the node and the space it takes, as the page of its health shows them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext

from hosting import beats
from hosting.checkup.services import process_title
from hosting.models import Beat
from hosting.sizes import database_bytes
from mail.presentation import size_words, when_words
from nodes.models import LocalNode

_SHOWN: Final = 20
GB: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the node: what it does, where it runs, when it was last seen."""

    title: str
    process: str
    seen: str
    alive: bool


@dataclass(frozen=True, slots=True)
class Size:
    """Something that takes space or is many."""

    name: str
    words: str


def listed(now: datetime) -> list[Process]:
    """List the processes that were seen within the last day, those alive first."""
    rows = Beat.objects.order_by("-seen")[:_SHOWN]
    zone = timezone.get_current_timezone()
    return [
        Process(
            process_title(row.name),
            row.process,
            when_words(row.seen, now, zone),
            row.seen > now - beats.ALIVE,
        )
        for row in rows
        if row.name in beats.NAMES
    ]


def workers(now: datetime) -> list[Beat]:
    """List the workers that are alive: without one nothing that was asked for is taken up."""
    return beats.alive(now)[beats.WORKER]


def sizes() -> list[Size]:
    """Say how much space there is and how much is taken; quick however much there is."""
    node = LocalNode.objects.first()
    disk = shutil.disk_usage(settings.DATA)
    about = {"free": space_words(disk.free), "all": space_words(disk.total)}
    return [
        Size(gettext("Lines in the journal"), number_format(node.head_position if node else 0)),
        Size(gettext("Database"), space_words(database_bytes())),
        Size(gettext("Free on the disk"), gettext("%(free)s of %(all)s") % about),
    ]


def space_words(size: int) -> str:
    """Give a number of bytes as "4.2 MB" or "77.1 GB"."""
    if size < GB:
        return size_words(size)
    return gettext("%(n)s GB") % {"n": number_format(round(size / GB, 1), 1)}
