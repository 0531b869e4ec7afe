"""Marking and moving conversations, one or many, and putting them back."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from mail import deleting, flags, selectors
from mail.flags import Moved, Place
from mail.folders import Folder
from mail.toasts import toast
from mail.views import reader
from mail.views.back import came_from
from mail.views.conversations import folder_of, folder_url, tools_response
from nodes.models import Account

_PLACES: dict[str, Place] = {
    "archive": "archive",
    "inbox": "inbox",
    "bin": "bin",
    "restore": "restored",
}
_MARKS = ("star", "unstar", "read", "unread")
_DELETE = "delete"


@login_required
@require_POST
def mark(request: HttpRequest, slug: str, thread: str) -> HttpResponse:
    """Mark or move one conversation (`do`); what is marked stays open, what moves is left."""
    found, account, what = folder_of(slug), reader(request), request.POST.get("do", "")
    if selectors.marks(account, thread) is None:
        raise Http404
    in_place = bool(request.headers.get("HX-Request"))
    if what in ("star", "unstar"):
        _do_mark(account, [thread], what)
        if in_place:
            return _retarget(tools_response(request, found, thread), "#conversation-tools")
        return redirect("mail:conversation", found.slug, thread)
    return _do(request, found, [thread], what, in_place=in_place)


@login_required
@require_POST
def mark_many(request: HttpRequest, slug: str) -> HttpResponse:
    """Mark or move the conversations that were chosen in a list (`thread`, several; `do`)."""
    found = folder_of(slug)
    threads, what = request.POST.getlist("thread"), request.POST.get("do", "")
    in_place = bool(request.headers.get("HX-Request"))
    if not threads:
        toast(request, gettext("No conversation is selected."))
        return _only_toasts(request) if in_place else redirect(f"{folder_url(found)}?select=1")
    return _do(request, found, threads, what, in_place=in_place, many=True)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def empty_bin(request: HttpRequest) -> HttpResponse:
    """Ask whether all in the bin may go, and let it go."""
    found, account = folder_of("bin"), reader(request)
    if request.method != "POST":
        number = selectors.count_binned(account)
        return _ask(request, found, [], number, reverse("mail:empty_bin"))
    toast(request, _deleted_words(deleting.empty_bin(account)))
    return redirect(folder_url(found))


@login_required
@require_POST
def put_back(request: HttpRequest) -> HttpResponse:
    """Put conversations back exactly where they were."""
    number = flags.put_back(reader(request), Moved.from_fields(request.POST))
    if number:
        words = ngettext(
            "The conversation is back where it was.",
            "%(number)d conversations are back where they were.",
            number,
        )
        toast(request, words % {"number": number})
    else:
        toast(request, gettext("There was nothing left to put back."))
    return HttpResponseRedirect(came_from(request))


def _do(
    request: HttpRequest,
    found: Folder,
    threads: Sequence[str],
    what: str,
    *,
    in_place: bool,
    many: bool = False,
) -> HttpResponse:
    account = reader(request)
    if what == _DELETE and found.slug == "bin":
        if "sure" not in request.POST:
            return _ask(request, found, threads, len(threads), request.path)
        toast(request, _deleted_words(deleting.delete_for_good(account, threads)))
        return redirect(folder_url(found))
    if what in _PLACES:
        moved = flags.move(account, threads, _PLACES[what])
        _say_moved(request, what, moved, len(threads))
    elif what in _MARKS:
        _do_mark(account, threads, what)
    if not in_place:
        return redirect(folder_url(found))
    response = _only_toasts(request) if many else _left(request, found)
    response["HX-Trigger"] = "moved"
    return response


def _do_mark(account: Account, threads: Sequence[str], what: str) -> None:
    if what == "read":
        flags.mark_read(account, threads)
    elif what == "unread":
        flags.mark_unread(account, threads)
    else:
        flags.set_starred(account, threads, what == "star")


def _say_moved(request: HttpRequest, what: str, moved: Moved, asked: int) -> None:
    number = asked
    words = {
        "archive": ngettext(
            "The conversation moved to Archive.",
            "%(number)d conversations moved to Archive.",
            number,
        ),
        "inbox": ngettext(
            "The conversation moved to Inbox.",
            "%(number)d conversations moved to Inbox.",
            number,
        ),
        "bin": ngettext(
            "The conversation moved to Bin.", "%(number)d conversations moved to Bin.", number
        ),
        "restore": ngettext(
            "The conversation is out of the bin.",
            "%(number)d conversations are out of the bin.",
            number,
        ),
    }
    undo = reverse("mail:put_back") if moved.places else ""
    toast(request, words[what] % {"number": number}, undo=undo, fields=moved.as_fields())


def _deleted_words(number: int) -> str:
    words = ngettext(
        "The conversation is deleted.", "%(number)d conversations are deleted.", number
    )
    return words % {"number": number}


def _ask(
    request: HttpRequest, found: Folder, threads: Sequence[str], number: int, action: str
) -> HttpResponse:
    context = {
        "folder": found,
        "here": found.slug,
        "threads": threads,
        "number": number,
        "action": action,
    }
    return render(request, "mail/delete.html", context)


def _only_toasts(request: HttpRequest) -> HttpResponse:
    return render(request, "mail/_toasts_out_of_band.html")


def _left(request: HttpRequest, found: Folder) -> HttpResponse:
    """Answer that no conversation is open any more, beside the folder's list."""
    context: dict[str, Any] = {"folder": found, "here": found.slug, "conversation": None}
    response = render(request, "mail/_conversation_left.html", context)
    response["HX-Push-Url"] = folder_url(found)
    return response


def _retarget(response: HttpResponse, target: str) -> HttpResponse:
    response["HX-Retarget"] = target
    response["HX-Reswap"] = "outerHTML"
    return response
