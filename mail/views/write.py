"""Writing: a letter, an answer, something passed on, a notice; new or begun before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mail import drafts, held, selectors, sending
from mail import recipients as chosen
from mail.draft_files import FILES_PER_DRAFT, FileView, forwarded_files
from mail.drafts import Opened
from mail.forms import ATTACHMENTS_BYTES, TITLE_LENGTH, WriteForm
from mail.people import People
from mail.presentation import in_zone
from mail.quoting import answer_body, answer_title, forward_body, forward_title
from mail.send import send
from mail.toasts import toast
from mail.views import reader
from mail.views.drafts import copied_words, sent_words
from mail.views.posted import NOTICE, content_of, mark_of, upload
from nodes.errors import UserError
from nodes.models import Account
from sdmp.letter import Attachment


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Show the page for writing, and send what it brings."""
    if request.method == "POST":
        return _take(request, None)
    account = reader(request)
    return _page(request, **_beginning(request, account))


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def draft(request: HttpRequest, key: int) -> HttpResponse:
    """Show a draft to write on, and send what its page brings."""
    account = reader(request)
    opened = drafts.open_draft(account, key)
    if request.method == "POST":
        return _take(request, opened, key)
    if opened is None:
        return render(request, "mail/draft_gone.html", {"here": "drafts"}, status=404)
    if opened.due is not None:
        at = date_format(in_zone(opened.due, timezone.get_current_timezone()), "H:i:s")
        toast(request, gettext("That message goes at %(time)s. Undo to change it.") % {"time": at})
        return redirect("mail:drafts")
    drafts.note_failure_seen(account, key)
    content = opened.content
    known = chosen.read(account, content.to, "")
    # Who is no contact any more stands there by name, so that one sees who is missing.
    gone = set(content.to) - {person.fingerprint for person in known.people}
    names = [person.name.replace(",", " ") for person in People(account).all(sorted(gone))]
    return _page(
        request,
        initial={"title": content.title, "body": content.body, "reply": content.reply},
        picked=chosen.read(account, content.to, ", ".join([content.names, *names])),
        notice=content.notice,
        opened=opened,
        problem=opened.problem,
    )


def _take(request: HttpRequest, opened: Opened | None, key: int | None = None) -> HttpResponse:
    """Do what a button of the page says: send, save, take something out."""
    account = reader(request)
    form = WriteForm(
        request.POST, request.FILES, with_files=opened is not None and bool(opened.files)
    )
    valid, does = form.is_valid(), request.POST.get("do", "send")
    # Buttons of a browser without scripts: they change the page and send nothing.
    if does.startswith("without "):
        return _again(request, form, opened, leave_out=does.removeprefix("without "))
    if does.startswith("without-file ") and opened is not None:
        number = does.removeprefix("without-file ")
        if number.isascii() and number.isdigit() and len(number) <= 18:
            drafts.take_out(account, opened.key, int(number))
        return _again(request, form, drafts.open_draft(account, opened.key))
    if does == "save":
        return _save(request, form, opened, key)
    if key is not None and opened is None:
        error = gettext(
            "This draft was sent or deleted meanwhile. What is written here is kept as a "
            "new message; send it again if you want it to go."
        )
        return _again(request, form, None, problem=error, status=409)
    if not valid:
        return _again(request, form, opened, complain=True, status=422)
    to = chosen.chips_alone(account, request.POST.getlist("to"), request.POST.get("names", ""))
    if to is None:
        picked = _picked(request)
        if NOTICE not in request.POST and picked.error():
            return _again(request, form, opened, complain=True, status=422)
        to = tuple(person.fingerprint for person in picked.people)
    try:
        sent = _send(request, form, opened, to)
    except UserError as refusal:
        return _again(request, form, opened, problem=str(refusal), status=422)
    return _after_sending(request, form, sent)


def _send(
    request: HttpRequest, form: WriteForm, opened: Opened | None, to: tuple[str, ...]
) -> str | None:
    """Send at once where nothing is to be undone and no draft is there, else as a draft."""
    account, data = reader(request), form.cleaned_data
    mark = mark_of(request, opened.key if opened else None)
    files = [upload(file) for file in data["attachments"]]
    if mark.key is None:
        files = [*forwarded_files(account, data["forward"]), *files]
    content = content_of(request, form, to=to)
    if held.waits(account) or mark.key is not None or mark.page:
        return sending.send_draft(account, content, mark, files=files, now=timezone.now())
    return send(
        account,
        to=to,
        title=content.title,
        body=content.body,
        attachments=files,
        reply_to=content.reply or None,
        notice=content.notice,
    )


def _after_sending(request: HttpRequest, form: WriteForm, sent: str | None) -> HttpResponse:
    """Go to the conversation of a letter, or to where one stands that waits a moment."""
    account, notice = reader(request), NOTICE in request.POST
    reply = form.cleaned_data["reply"]
    if sent is not None:
        toast(request, sent_words(notice=notice))
    known = sent or reply
    thread = selectors.thread_of(account, known) if known else None
    folder = "notices" if notice else "inbox" if reply else "sent"
    if thread is None:
        return redirect("mail:folder", "notices" if notice else "sent")
    return redirect("mail:conversation", folder, thread)


def _save(
    request: HttpRequest, form: WriteForm, opened: Opened | None, key: int | None
) -> HttpResponse:
    """Keep the draft, with the files that came along; for browsers without scripts."""
    account = reader(request)
    errors = [*form.errors.get("title", ()), *form.errors.get("attachments", ())]
    if errors:
        return _again(request, form, opened, status=422)
    given = [upload(file) for file in form.cleaned_data.get("attachments", ())]
    mark = mark_of(request, key)
    begun = forwarded_files(account, form.cleaned_data.get("forward", ""))
    try:
        saved = drafts.save(account, content_of(request, form), mark, files=begun)
        for file in given:
            drafts.add_file(account, saved.key, file)
    except UserError as refusal:
        return _again(request, form, opened, problem=str(refusal), status=422)
    toast(request, copied_words(saved.copied) or gettext("The draft is saved."))
    return redirect("mail:draft", saved.key)


def _picked(request: HttpRequest, leave_out: str = "") -> chosen.Recipients:
    chips, names = request.POST.getlist("to"), request.POST.get("names", "")
    return chosen.read(reader(request), chips, names).without(leave_out)


def _again(
    request: HttpRequest,
    form: WriteForm,
    opened: Opened | None,
    *,
    leave_out: str = "",
    problem: str = "",
    complain: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Show the page again with what it had.

    Args:
        request: of the page.
        form: what it brought.
        opened: the draft that it shows, if there is one.
        leave_out: a recipient to take out.
        problem: a sentence for the top of the page.
        complain: whether to say what is missing or wrong in the fields.
        status: of the answer.
    """
    picked = _picked(request, leave_out)
    notice = NOTICE in request.POST
    return _page(
        request,
        initial={
            name: request.POST.get(name, "") for name in ("title", "body", "reply", "forward")
        },
        picked=picked,
        notice=notice,
        opened=opened,
        problem=problem,
        error=picked.error() if complain and not notice else "",
        errors=form.errors if status != 200 else None,
        status=status,
    )


def _beginning(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Return what the page begins with: recipients, title and text from its address."""
    wanted = request.GET.getlist("to")
    initial: dict[str, str] = {}
    if (key := request.GET.get("reply")) and (letter := selectors.letter(account, key)):
        others = letter.to if letter.author.own or "all" in request.GET else []
        # An answer goes to the author; to one's own letter, to those it went to.
        people = [letter.author, *others]
        wanted = [person.fingerprint for person in people if not person.own]
        initial = {
            "reply": letter.uri,
            "title": answer_title(letter.title),
            "body": answer_body(letter, timezone.get_current_timezone()),
        }
    elif (key := request.GET.get("forward")) and (letter := selectors.letter(account, key)):
        initial = {
            "forward": letter.key,
            "title": forward_title(letter.title),
            "body": forward_body(letter),
        }
    return {
        "initial": initial,
        "picked": chosen.read(account, wanted, ""),
        "notice": NOTICE in request.GET,
    }


def _page(
    request: HttpRequest,
    *,
    initial: dict[str, str],
    picked: chosen.Recipients,
    notice: bool,
    opened: Opened | None = None,
    problem: str = "",
    error: str = "",
    errors: Any = None,
    status: int = 200,
) -> HttpResponse:
    if notice:
        heading = gettext("New notice")
    else:
        heading = gettext("Reply") if initial.get("reply") else gettext("New message")
    passed_on: Sequence[Attachment] = ()
    if opened is None:
        passed_on = forwarded_files(reader(request), initial.get("forward", ""))
    context = {
        "given": initial,
        "errors": errors or {},
        "problem": problem,
        "heading": heading,
        "notice": notice,
        "draft": opened,
        # What came by a form and is in no draft yet is to be saved by the page.
        "unsaved": request.method == "POST",
        "here": "drafts" if opened else "",
        "files": opened.files if opened else _unkept(passed_on),
        "title_length": TITLE_LENGTH,
        "attachments_limit": ATTACHMENTS_BYTES,
        "files_limit": FILES_PER_DRAFT,
        "back": reverse("mail:folder", args=["notices" if notice else "inbox"]),
        **_recipients(request, picked, error),
    }
    return render(request, "mail/write.html", context, status=status)


def _unkept(files: Sequence[Attachment]) -> list[FileView]:
    """Return files that go along and stand in no draft yet, as the page shows them."""
    return [FileView(0, file.name, file.type, len(file.data)) for file in files]


def _recipients(request: HttpRequest, picked: chosen.Recipients, error: str = "") -> dict[str, Any]:
    return {
        "recipients": picked.people,
        "names": ", ".join(picked.unknown),
        "recipients_error": error or picked.error_of_names(),
        "choices": picked.choices,
        "readers": chosen.readers(reader(request), picked.people),
    }


@login_required
@require_POST
def recipients(request: HttpRequest) -> HttpResponse:
    """Make chips of the names typed so far, and say who will be able to read."""
    picked = _picked(request, request.POST.get("without", ""))
    context = _recipients(request, picked)
    return render(request, "mail/_recipients_chosen.html", context)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show the text as it will be read."""
    return render(request, "mail/_preview.html", {"body": request.POST.get("body", "")})
