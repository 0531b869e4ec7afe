"""Folders and conversations, as whole pages and as the parts that htmx fetches."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail import flags, reading, requests, selectors
from mail.folders import Folder, find_folder
from mail.reading import ConversationView
from mail.views import reader

PAGE = 50
MOST_SHOWN = 500
"""Rows; a list that has grown longer is brought up to date only at its head."""


def folder_of(slug: str) -> Folder:
    """Find a folder by its word in an address. Raises Http404."""
    folder = find_folder(slug)
    if folder is None:
        raise Http404
    return folder


def list_context(request: HttpRequest, found: Folder, limit: int = 0) -> dict[str, Any]:
    """Return what the list of a folder shows."""
    before = request.GET.get("before") or None
    account = reader(request)
    page = selectors.list_conversations(account, found.slug, before, limit or PAGE)
    return {
        "folder": found,
        "here": found.slug,
        "rows": page.rows,
        "next": page.next,
        "before": before,
        "selecting": "select" in request.GET,
        "requests": requests.list_requests(account) if found.slug == "waiting" else [],
    }


def _open(request: HttpRequest, thread: str) -> ConversationView | None:
    return reading.open_conversation(
        reader(request),
        thread,
        wanted=request.GET.getlist("open"),
        first=request.GET.get("from", ""),
        before=request.GET.get("earlier", ""),
    )


@login_required
@never_cache
@require_safe
def folder(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the list of a folder, no conversation chosen."""
    return render(request, "mail/folder.html", list_context(request, folder_of(slug)))


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """Show rows alone: as many as the page had (`shown`), or those after a cursor (`before`)."""
    shown = request.GET.get("shown", "")
    # Digits without end are no number of rows.
    limit = min(max(int(shown[:9]), PAGE), MOST_SHOWN) if shown.isdecimal() else PAGE
    return render(request, "mail/_rows.html", list_context(request, folder_of(slug), limit))


@login_required
@never_cache
@require_safe
def request_list(request: HttpRequest) -> HttpResponse:
    """Show who would like to be a contact, for the top of Waiting."""
    found = {"requests": requests.list_requests(reader(request))}
    return render(request, "mail/_requests.html", found)


@login_required
@never_cache
@require_safe
def folder_lists(request: HttpRequest) -> HttpResponse:
    """Show the folders with their counts, or the count beside the name of one (`hint`)."""
    if hint := request.GET.get("hint"):
        return render(request, "mail/_list_hint.html", {"folder": folder_of(hint)})
    return render(request, "mail/_folders.html", {"here": request.GET.get("here", "")})


@login_required
@never_cache
@require_safe
def conversation(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show a conversation and mark it as read: beside its list, or alone when htmx asks."""
    found, account = folder_of(slug), reader(request)
    view = _open(request, thread)
    if view is not None and view.unread:
        flags.mark_read(account, thread)
    context: dict[str, Any] = {"thread": thread, "conversation": view, "folder": found}
    if request.headers.get("HX-Target") == "read":
        context.update(here=found.slug, row=selectors.conversation_row(account, thread))
        response = render(request, "mail/_conversation_chosen.html", context)
        # Said by the answer, since the row that was clicked may have been replaced meanwhile.
        response["HX-Push-Url"] = request.path
    else:
        context.update(list_context(request, found))
        status = 404 if view is None else 200
        response = render(request, "mail/folder.html", context, status=status)
    patch_vary_headers(response, ["HX-Target"])
    return response


@login_required
@never_cache
@require_safe
def letters(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show letters of an open conversation: all again, or those that came `after` one.

    Nothing is marked as read by it: pages say what has been seen.
    """
    # What is unread is so until it has been seen.
    context: dict[str, Any] = {"thread": thread, "folder": folder_of(slug), "arrived": True}
    if after := request.GET.get("after"):
        lines = reading.newer_letters(reader(request), thread, after)
        if not lines:
            return HttpResponse(status=204)
        latest = lines[-1].letter
        return render(
            request, "mail/_letters_new.html", {**context, "lines": lines, "latest": latest}
        )
    context["conversation"] = _open(request, thread)
    if context["conversation"] is None:
        raise Http404
    return render(request, "mail/_letters.html", context)


@login_required
@never_cache
@require_safe
def earlier(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show the lines of older letters, those before one (`before`)."""
    before = request.GET.get("before", "")
    found = reading.earlier_letters(reader(request), thread, before)
    if found is None:
        raise Http404
    context = {"folder": folder_of(slug), "thread": thread, "earlier": found[0], "lines": found[1]}
    return render(request, "mail/_letters_earlier.html", context)


@login_required
@never_cache
@require_safe
def tools(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show the head of an open conversation again, after it was marked on another page."""
    return tools_response(request, folder_of(slug), thread)


def tools_response(request: HttpRequest, found: Folder, thread: str) -> HttpResponse:
    """Answer with the tools of a conversation alone. Raises Http404."""
    row = selectors.marks(reader(request), thread)
    if row is None:
        raise Http404
    context = {"folder": found, "thread": thread, "conversation": row}
    return render(request, "mail/_conversation_tools.html", context)


@login_required
@require_POST
def seen(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Mark letters as read that came while the conversation was open, now that they are seen."""
    folder_of(slug)
    flags.mark_seen(reader(request), thread, request.POST.getlist("letter"))
    return HttpResponse(status=204)


def folder_url(found: Folder) -> str:
    """Return the address of a folder."""
    return reverse("mail:folder", args=[found.slug])
