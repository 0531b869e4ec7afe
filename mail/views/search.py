"""Search: as a whole page, as the results that change while one types, and as parts of them."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from mail import flags, hits, reading
from mail.folders import FOLDERS, Folder, find_folder
from mail.models import Conversation, Letter
from mail.queries import LONGEST, read_query
from mail.search import Search
from mail.views import reader

MOST: Final = 30
"""Hits of one part; the next ones come when the list is scrolled to its end."""
FIRST_SECONDS: Final = 0.12
SECONDS: Final = 0.4
ALONE_SECONDS: Final = 0.9
"""For a part that is asked for by hand, without a script."""
_HIGHEST: Final = 10**15


@dataclass(frozen=True, slots=True)
class _Walked:
    """How far a search has come; carried from part to part in their addresses."""

    before: int = 0
    total: int = 0
    seen: int = 0
    found: int = 0
    unreadable: int = 0
    removed: int = 0


def _walked(request: HttpRequest) -> _Walked:
    values = {}
    for name in _Walked.__slots__:
        text = request.GET.get(name, "")
        values[name] = min(int(text), _HIGHEST) if text.isdecimal() and len(text) < 20 else 0
    return _Walked(**values)


def _address(name: str, query: str, walked: _Walked | None = None) -> str:
    values: dict[str, object] = {"q": query}
    if walked is not None:
        values |= {name: getattr(walked, name) for name in _Walked.__slots__}
    return f"{reverse(name)}?{urlencode(values)}"


def _part(request: HttpRequest, seconds: float) -> dict[str, Any]:
    """Look on from where the address says, and return what a page shows of it."""
    account, text = reader(request), request.GET.get("q", "")[: LONGEST + 1]
    query = read_query(text)
    search = Search(account, query, timezone.get_current_timezone())
    was = _walked(request)
    part = search.part(was.before or None, MOST, seconds)
    now = _Walked(
        before=part.next or 0,
        # What has come meanwhile is not looked at: the sum stays.
        total=was.total if was.before else search.total(),
        seen=was.seen + part.seen,
        found=was.found + len(part.found),
        unreadable=was.unreadable + part.unreadable,
        removed=was.removed + part.removed,
    )
    context: dict[str, Any] = {
        "search_query": text.strip(),
        "asks": search.asks,
        "problems": search.problems,
        "hits": hits.describe(account, part.found, query),
        "walked": now,
        "remarks": hits.remarks(account, now.unreadable, now.removed) if search.asks else [],
        "folder": find_folder("inbox"),
        "here": "search",
    }
    if part.next is not None:
        reached = Letter.objects.filter(account=account, pk=part.next)
        context |= {
            # Enough was found: the rest waits until it is scrolled to. Else it goes on by itself.
            "waits": len(part.found) >= MOST,
            "back_to": reached.values_list("filed", flat=True).first(),
            "more": _address("mail:search_more", text, now),
            "further": _address("mail:search", text, now),
        }
    return context


def _folder_of(conversation: Conversation) -> Folder:
    """Say in which folder a conversation stands, for what can be done with it."""
    slug = "inbox" if conversation.has_received else "sent"
    flags = ("is_notice", "notices"), ("archived", "archive"), ("binned", "bin")
    for name, other in (("waiting", "waiting"), *flags):
        if getattr(conversation, name):
            slug = other
    return find_folder(slug) or FOLDERS[0]


@login_required
@never_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show what is found: a whole page, or the results alone while somebody types."""
    as_part = request.headers.get("HX-Target") == "results"
    by_hand = "before" in request.GET
    context = _part(request, ALONE_SECONDS if by_hand else FIRST_SECONDS)
    template = "mail/_search_results.html" if as_part else "mail/search.html"
    response = render(request, template, {**context, "part": as_part})
    if request.headers.get("HX-Request") == "true":
        # One step back leads to where one was before searching, not to each letter of a word.
        searched = "/search/" in request.headers.get("HX-Current-URL", "")
        name = "HX-Replace-Url" if searched else "HX-Push-Url"
        response[name] = _address("mail:search", context["search_query"])
    patch_vary_headers(response, ["HX-Target"])
    return response


@login_required
@never_cache
@require_safe
def more(request: HttpRequest) -> HttpResponse:
    """Show the rows of a further part."""
    context = _part(request, SECONDS)
    return render(request, "mail/_search_rows.html", {**context, "part": True})


@login_required
@never_cache
@require_safe
def open_hit(request: HttpRequest, key: int) -> HttpResponse:
    """Show the conversation of a letter that was found, at that letter, and mark it as read."""
    account = reader(request)
    row = Letter.objects.filter(account=account, pk=key).select_related("conversation")
    letter = row.defer("sealed_head", "sealed_body").first()
    if letter is None:
        raise Http404
    thread = str(letter.conversation_id)
    view = reading.open_conversation(account, thread, wanted=[str(key)])
    if view is not None and view.unread:
        flags.mark_read(account, thread)
    query = request.GET.get("q", "")[:LONGEST].strip()
    context: dict[str, Any] = {
        "thread": thread,
        "conversation": view,
        "folder": _folder_of(letter.conversation),
        "opened": str(key),
        "back": _address("mail:search", query),
        "here": "search",
    }
    if request.headers.get("HX-Target") == "read":
        response = render(request, "mail/_search_chosen.html", context)
        response["HX-Push-Url"] = request.get_full_path()
    else:
        found = _part(request, FIRST_SECONDS)
        response = render(request, "mail/search.html", {**found, **context})
    patch_vary_headers(response, ["HX-Target"])
    return response
