"""Drafts: their list, and what an open page for writing asks of them by itself."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail import drafts, selectors, sending
from mail.draft_files import forwarded_files
from mail.drafts import Copied
from mail.forms import WriteForm
from mail.pictures import picture_type
from mail.presentation import in_zone
from mail.toasts import toast
from mail.views import reader
from mail.views.posted import content_of, mark_of, upload
from mail.views.shut import shut_in
from nodes.errors import UserError

_TEXT = "text/plain; charset=utf-8"


@login_required
@never_cache
@require_safe
def draft_list(request: HttpRequest) -> HttpResponse:
    """Show the drafts, and what waits to be sent."""
    context = {"here": "drafts", "rows": drafts.list_drafts(reader(request))}
    return render(request, "mail/drafts.html", context)


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Show the rows of the list alone, after something has changed."""
    context = {"rows": drafts.list_drafts(reader(request))}
    return render(request, "mail/_draft_rows.html", context)


@login_required
@never_cache
@require_safe
def held_letters(request: HttpRequest) -> HttpResponse:
    """Show what waits to be sent, alone."""
    return render(request, "mail/_held_letters_rows.html")


@login_required
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep what is being typed, and answer in JSON where it is kept now."""
    account, form = reader(request), WriteForm(request.POST)
    form.full_clean()
    mark = mark_of(request)
    if "title" in form.errors:
        words = " ".join(str(error) for error in form.errors["title"])
        return HttpResponse(words, status=422, content_type=_TEXT)
    try:
        files = forwarded_files(account, form.cleaned_data.get("forward", ""))
        saved = drafts.save(account, content_of(request, form), mark, files=files)
    except UserError as refusal:
        return HttpResponse(str(refusal), status=422, content_type=_TEXT)
    answer = {
        "key": saved.key,
        "revision": saved.revision,
        "address": reverse("mail:draft", args=[saved.key]),
        "words": saved_words(),
        "note": copied_words(saved.copied),
    }
    if saved.key != mark.key:
        opened = drafts.open_draft(account, saved.key)
        context = {"files": opened.files if opened else (), "draft": opened}
        answer["files"] = render_to_string("mail/_draft_files.html", context, request)
    return JsonResponse(answer)


def saved_words() -> str:
    """Say that a draft is kept, and since when."""
    now = in_zone(timezone.now(), timezone.get_current_timezone())
    return gettext("Draft saved at %(time)s") % {"time": date_format(now, "H:i")}


def copied_words(why: Copied) -> str:
    """Say why a text became a draft of its own; nothing when it did not."""
    return {
        "": "",
        "changed": gettext(
            "This draft was changed on another device; your text is kept as a copy."
        ),
        "going": gettext("That message is being sent already; your text is kept as a new draft."),
        "gone": gettext(
            "That draft was sent or deleted meanwhile; your text is kept as a new draft."
        ),
    }[why]


@login_required
@require_POST
def delete(request: HttpRequest, key: int) -> HttpResponse:
    """Delete a draft, with a way back."""
    if not drafts.delete(reader(request), key):
        raise Http404
    undo = reverse("mail:restore_draft", args=[key])
    toast(request, gettext("The draft is deleted."), undo=undo)
    return redirect("mail:drafts")


@login_required
@require_POST
def restore(request: HttpRequest, key: int) -> HttpResponse:
    """Bring a deleted draft back."""
    if drafts.restore(reader(request), key):
        toast(request, gettext("The draft is back."))
    else:
        toast(request, gettext("It was too late to undo that."))
    return redirect("mail:drafts")


@login_required
@require_POST
def send_now(request: HttpRequest, key: int) -> HttpResponse:
    """Send at once what waits to be sent."""
    account = reader(request)
    opened = drafts.open_draft(account, key)
    notice = opened is not None and opened.content.notice
    try:
        sent = sending.send_now(account, key)
    except UserError as refusal:
        toast(request, str(refusal))
        return redirect("mail:folder", "sent")
    if sent is None:
        # It went by itself meanwhile, or was undone on another page.
        toast(request, gettext("That message does not wait any more."))
        return redirect("mail:folder", "sent")
    toast(request, sent_words(notice=notice))
    folder = "notices" if notice else "sent"
    return redirect("mail:conversation", folder, str(selectors.thread_of(account, sent)))


def sent_words(*, notice: bool) -> str:
    """Say that a message or notice has been sent."""
    return gettext("The notice is published.") if notice else gettext("The message is on its way.")


# --- Files --------------------------------------------------------------------------------


@login_required
@require_POST
def add_file(request: HttpRequest, key: int) -> HttpResponse:
    """Put one file to a draft, and answer with its row or with a sentence why not."""
    given = request.FILES.get("file")
    if given is None:
        return HttpResponse(gettext("No file came."), status=422, content_type=_TEXT)
    try:
        file = drafts.add_file(reader(request), key, upload(given))
    except UserError as refusal:
        return HttpResponse(str(refusal), status=422, content_type=_TEXT)
    if file is None:
        words = gettext("This draft was sent or deleted meanwhile.")
        return HttpResponse(words, status=404, content_type=_TEXT)
    context = {"file": file, "key": key}
    return render(request, "mail/_draft_file.html", context, status=201)


@login_required
@require_POST
def take_out(request: HttpRequest, key: int, file: int) -> HttpResponse:
    """Take a file out of a draft."""
    if not drafts.take_out(reader(request), key, file):
        raise Http404
    return HttpResponse(status=204)


@login_required
@require_safe
def picture(request: HttpRequest, key: int, file: int) -> HttpResponse:
    """Show a file of a draft that is a raster picture, shut in a sandbox."""
    found = drafts.open_file(reader(request), key, file)
    media_type = picture_type(found.data) if found else None
    if found is None or media_type is None:
        raise Http404
    return shut_in(found.data, media_type)
