"""Folders and conversations, as whole pages and as the parts that htmx fetches."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail import flags, selectors
from mail.folders import Folder, find_folder
from mail.views import reader

PAGE = 50
MOST_SHOWN = 500
"""Rows; a list that has grown longer is brought up to date only at its head."""


def _folder(slug: str) -> Folder:
    folder = find_folder(slug)
    if folder is None:
        raise Http404
    return folder


def _list(request: HttpRequest, found: Folder, limit: int = 0) -> dict[str, Any]:
    before = request.GET.get("before") or None
    page = selectors.list_conversations(reader(request), found.slug, before, limit or PAGE)
    return {"folder": found, "here": found.slug, "rows": page.rows, "next": page.next}


def _read(request: HttpRequest, thread: str) -> dict[str, Any]:
    account = reader(request)
    letters = selectors.conversation(account, thread)
    if any(letter.unread for letter in letters):
        flags.mark_read(account, thread)
    return {"thread": thread, "letters": letters}


@login_required
@never_cache
@require_safe
def folder(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the list of a folder, no conversation chosen."""
    return render(request, "mail/folder.html", _list(request, _folder(slug)))


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest, slug: str) -> HttpResponse:
    """Show rows alone: as many as the page had (`shown`), or those after a cursor (`before`)."""
    shown = request.GET.get("shown", "")
    limit = min(max(int(shown), PAGE), MOST_SHOWN) if shown.isdecimal() else PAGE
    return render(request, "mail/_rows.html", _list(request, _folder(slug), limit))


@login_required
@never_cache
@require_safe
def folder_lists(request: HttpRequest) -> HttpResponse:
    """Show the folders with their counts."""
    return render(request, "mail/_folders.html", {"here": request.GET.get("here", "")})


@login_required
@never_cache
@require_safe
def conversation(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show a conversation and mark it as read: beside its list, or alone when htmx asks."""
    found = _folder(slug)
    context = _read(request, thread)
    context["folder"] = found
    row = selectors.conversation_row(reader(request), thread)
    context["starred"] = row is not None and row.starred
    status = 200 if context["letters"] else 404
    if request.headers.get("HX-Target") == "read":
        context.update(here=found.slug, row=row)
        response = render(request, "mail/_conversation_chosen.html", context)
        # Said by the answer, since the row that was clicked may have been replaced meanwhile.
        response["HX-Push-Url"] = request.path
    else:
        context.update(_list(request, found))
        response = render(request, "mail/folder.html", context, status=status)
    patch_vary_headers(response, ["HX-Target"])
    return response


@login_required
@never_cache
@require_safe
def letters(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Show the letters of an open conversation again, after something has changed."""
    context = _read(request, thread)
    context["folder"] = _folder(slug)
    if not context["letters"]:
        raise Http404
    return render(request, "mail/_letters.html", context)


@login_required
@require_POST
def mark(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Archive a conversation, bring it back, star it or take the star away (`do`)."""
    found, account, what = _folder(slug), reader(request), request.POST.get("do", "")
    if selectors.conversation_row(account, thread) is None:
        raise Http404
    if what in ("star", "unstar"):
        flags.set_starred(account, thread, what == "star")
        return redirect("mail:conversation", found.slug, thread)
    if what in ("archive", "inbox"):
        flags.move(account, thread, "archive" if what == "archive" else "inbox")
    return redirect("mail:folder", found.slug)
