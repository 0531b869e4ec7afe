"""Whether calls come through to this node, proxy and all: it calls its own door as a peer would."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import TimeoutError as WaitedTooLong
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext

from hosting.checkup.calls import Called
from hosting.checkup.lines import Line
from mail.presentation import day_words
from nodes import dial, loop, own_door
from nodes.addresses import own_address
from nodes.enrolment import node_section
from nodes.models import LocalNode
from sdmp import limits

ENDS_SOON: Final = timedelta(days=14)
_SECONDS_FOR_A_DOOR: Final = 25.0


@dataclass(frozen=True, slots=True)
class Door:
    """What was seen at one published address of ours; `error` says why nothing was."""

    url: str
    error: str = ""
    seen: own_door.Seen | None = None
    certificate_until: datetime | None = None


def published() -> list[str]:
    """List where this node says that it is reached, as peers dial it."""
    node = LocalNode.objects.first()
    if node is None:
        return []
    section = node_section(node.name)
    urls, ips = section.get("urls") or [], section["ips"] or []
    assert isinstance(urls, list)
    assert isinstance(ips, list)
    found = [str(url) for url in urls] + [f"ws://{entry}/sdmp" for entry in ips]
    return found[: limits.ADDRESSES_PER_NODE]


def address_in_words() -> str:
    """Give the address that people know the node by: of its pages if nodes come there, else it."""
    urls = published()
    return settings.WEB_URL if urls and urls[0].startswith("wss:") else own_address()


def knock(url: str) -> Door:
    """Call an own address as a peer would; blocks for at most half a minute, not on the loop."""
    question = own_door.ask()
    calling = loop.run(dial.greet_own(url, own_door.HEADER, question))
    try:
        greeting = calling.result(_SECONDS_FOR_A_DOOR)
    except dial.Unreachable as error:
        return Door(url, error=str(error))
    except WaitedTooLong:
        calling.cancel()
        return Door(url, error=gettext("It does not answer in time."))
    return Door(url, "", own_door.read(question, greeting.header), greeting.certificate_until)


def check_doors(doors: Sequence[Door], called: Called) -> Line:
    """Judge whether a WebSocket comes through, proxy and all, and to this node.

    Args:
        doors: what was seen at each published address.
        called: whether a peer has called from outside meanwhile.
    """
    title = gettext("WebSocket")
    if not doors:
        sentence = gettext("This node has published no address at which it could be called.")
        return Line("websocket", "unknown", title, sentence)
    for door in doors:
        about = {"address": door.url, "why": door.error}
        if door.error and called.by and called.reach == "public":
            sentence = gettext(
                "From here %(address)s cannot be called, though a peer could from outside: "
                "%(why)s Some routers do not lead calls from within back in."
            )
            return Line("websocket", "unknown", title, sentence % about)
        if door.error:
            return Line(
                "websocket",
                "bad",
                title,
                gettext("No WebSocket opens at %(address)s: %(why)s") % about,
                gettext(
                    "See that the proxy passes the Upgrade of “/sdmp” on to the node; "
                    "docs/hosting.md shows how."
                ),
            )
        if door.seen is None:
            return Line(
                "websocket",
                "bad",
                title,
                gettext("Something else than this node answers at %(address)s.") % about,
                gettext(
                    "Mend the address (SDMPWEB_URL, SDMPWEB_ADDRESS), or where the proxy leads."
                ),
            )
    listed = ", ".join(door.url for door in doors)
    sentence = gettext("A WebSocket comes through to this node at %(list)s.") % {"list": listed}
    return Line("websocket", "ok", title, sentence)


def check_proxy(doors: Sequence[Door], web_url: str, proxies: str) -> Line | None:
    """Judge what the proxy before the pages passes on; `None` where there is nothing to see.

    Args:
        doors: what was seen at each published address.
        web_url: the address of the pages.
        proxies: `SDMPWEB_PROXIES`.
    """
    title = gettext("Proxy")
    parts = urlsplit(web_url)
    door = next((d for d in doors if d.seen and urlsplit(d.url).netloc == parts.netloc), None)
    if parts.scheme != "https" or door is None or door.seen is None:
        return None
    if not proxies:
        return Line(
            "proxy",
            "warn",
            title,
            gettext("Pages come over HTTPS, and the node believes no proxy who it is that calls."),
            gettext("Set SDMPWEB_PROXIES to the address from which the proxy calls the node."),
        )
    if door.seen.scheme != "https":
        return Line(
            "proxy",
            "bad",
            title,
            gettext("The proxy does not say that pages are encrypted (X-Forwarded-Proto)."),
            gettext("Let the proxy set “X-Forwarded-Proto: https”; docs/hosting.md shows how."),
        )
    if door.seen.host != parts.netloc:
        about = {"host": door.seen.host, "right": parts.netloc}
        return Line(
            "proxy",
            "bad",
            title,
            gettext("The proxy passes on the name “%(host)s” in place of “%(right)s”.") % about,
            gettext("Let the proxy pass on “Host” as it came; docs/hosting.md shows how."),
        )
    sentence = gettext("It passes on name, encryption and address of who calls.")
    return Line("proxy", "ok", title, sentence)


def check_tls(doors: Sequence[Door], now: datetime) -> Line | None:
    """Judge the certificate; `None` where no published address takes one."""
    title = gettext("Certificate")
    with_tls = [door for door in doors if door.url.startswith("wss:")]
    if not with_tls:
        return None
    ends = [door.certificate_until for door in with_tls if door.certificate_until is not None]
    if not ends:
        sentence = gettext("It could not be looked at, since no connection came about.")
        return Line("tls", "unknown", title, sentence)
    about = {"day": day_words(min(ends), timezone.get_current_timezone())}
    if min(ends) - now < ENDS_SOON:
        return Line(
            "tls",
            "warn",
            title,
            gettext("It ends on %(day)s.") % about,
            gettext("Renew it, and see why it is not renewed by itself."),
        )
    sentence = gettext("It is accepted and good until %(day)s.") % about
    return Line("tls", "ok", title, sentence)
