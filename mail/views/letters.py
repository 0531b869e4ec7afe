"""A letter by itself: open or folded, how it was written, its removal, and what came with it.

A file is never a page of our own: it is only offered to be saved, and only a raster picture,
known by its first bytes, is shown, shut in a sandbox.
"""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from mail import reading, removal, selectors
from mail.folders import find_folder
from mail.pictures import picture_type
from mail.presentation import clean_name
from mail.toasts import toast
from mail.views import reader
from mail.views.shut import shut_in
from nodes.errors import UserError
from sdmp.letter import Attachment


def _attachment(request: HttpRequest, key: str, index: int) -> Attachment:
    found = selectors.attachment(reader(request), key, index)
    if found is None:
        raise Http404
    return found


@login_required
@require_safe
def attachment(request: HttpRequest, key: str, index: int) -> HttpResponse:
    """Offer one attachment to be saved, whatever it says that it is."""
    found = _attachment(request, key, index)
    response = shut_in(found.data, "application/octet-stream")
    name = clean_name(found.name).replace("/", "_").replace("\\", "_").strip(". ") or "file"
    response["Content-Disposition"] = str(content_disposition_header(True, name))
    return response


@login_required
@require_safe
def picture(request: HttpRequest, key: str, index: int) -> HttpResponse:
    """Show one attachment that is a raster picture."""
    found = _attachment(request, key, index)
    media_type = picture_type(found.data)
    if media_type is None:
        raise Http404
    response = shut_in(found.data, media_type)
    # A letter never changes, so its pictures may stay in this browser for a while.
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _line(request: HttpRequest, key: str) -> reading.Line:
    found = reading.one_letter(reader(request), key, folded="folded" in request.GET)
    if found is None:
        raise Http404
    return found


@login_required
@never_cache
@require_safe
def letter(request: HttpRequest, key: str) -> HttpResponse:
    """Show one letter as a part of its conversation: open, or as a line (`folded`)."""
    line = _line(request, key)
    return render(request, "mail/_line.html", {"line": line, "unfolded": line.letter is not None})


@login_required
@never_cache
@require_safe
def delivery(request: HttpRequest, key: str) -> HttpResponse:
    """Show how far a letter has come."""
    letter = _line(request, key).letter
    if letter is None or not letter.deliveries:
        raise Http404
    return render(request, "mail/_delivery.html", {"letter": letter, "last": "last" in request.GET})


@login_required
@never_cache
@require_safe
def about(request: HttpRequest, key: str) -> HttpResponse:
    """Show a letter as it was written, and all that is known of where it comes from."""
    found = selectors.about_letter(reader(request), key)
    if found is None:
        raise Http404
    return render(request, "mail/letter_about.html", {"about": found, **_home(found.thread)})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask_for_removal(request: HttpRequest, key: str) -> HttpResponse:
    """Say what asking for removal does, and do it after a moment in which it can be undone."""
    account = reader(request)
    line = reading.one_letter(account, key)
    if line is None or line.letter is None or not line.author.own:
        raise Http404
    back = redirect("mail:conversation", "sent", line.letter.thread)
    if request.method == "POST":
        try:
            removal.ask_for_removal(account, key)
        except UserError as refusal:
            toast(request, str(refusal))
        return back
    context: dict[str, Any] = {"line": line, "letter": line.letter, **_home(line.letter.thread)}
    return render(request, "mail/removal.html", context)


def _home(thread: str) -> dict[str, Any]:
    return {"folder": find_folder("inbox"), "thread": thread}
