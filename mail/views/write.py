"""Writing: a letter, an answer, something passed on, a notice."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mail import recipients as chosen
from mail import selectors
from mail.forms import ATTACHMENTS_BYTES, TITLE_LENGTH, WriteForm
from mail.presentation import clean_name
from mail.quoting import answer_title, forward_body, forward_title
from mail.send import send
from mail.views import reader
from nodes.errors import UserError
from nodes.models import Account
from sdmp.letter import Attachment

_NOTICE = "notice"


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def write(request: HttpRequest) -> HttpResponse:
    """Show the page for writing, and send what it brings."""
    account = reader(request)
    if request.method != "POST":
        return _page(request, WriteForm(initial={}), **_beginning(request, account))
    chips, names = request.POST.getlist("to"), request.POST.get("names", "")
    notice = _NOTICE in request.POST
    form = WriteForm(request.POST, request.FILES)
    does = request.POST.get("do", "send")
    if does.startswith("without "):
        # A browser without scripts takes a recipient out: show the page again, send nothing.
        picked = chosen.read(account, chips, names).without(does.removeprefix("without "))
        return _page(request, form, picked=picked, notice=notice, bound=False)
    to = chosen.chips_alone(account, chips, names)
    error = ""
    if to is None:
        picked = chosen.read(account, chips, names)
        to = tuple(person.fingerprint for person in picked.people)
        error = "" if notice else picked.error()
    if error or not form.is_valid():
        picked = chosen.read(account, chips, names)
        return _page(request, form, picked=picked, notice=notice, error=error, status=422)
    data = form.cleaned_data
    try:
        sent = send(
            account,
            to=to,
            title=data["title"],
            body=data["body"],
            attachments=[
                *_passed_on(account, data["forward"]),
                *(_attachment(file) for file in data["attachments"]),
            ],
            reply_to=data["reply"] or None,
            notice=notice,
        )
    except UserError as refusal:
        form.add_error(None, str(refusal))
        picked = chosen.read(account, chips, names)
        return _page(request, form, picked=picked, notice=notice, status=422)
    thread = selectors.thread_of(account, sent)
    if notice:
        messages.success(request, gettext("The notice is published."))
    else:
        messages.success(request, gettext("The message is on its way."))
    if thread is None:
        return redirect("mail:folder", "sent")
    folder = "inbox" if data["reply"] else "sent"
    return redirect("mail:conversation", "notices" if notice else folder, thread)


def _attachment(file: Any) -> Attachment:
    return Attachment(
        name=clean_name(file.name or "") or gettext("file"),
        type=(file.content_type or "application/octet-stream").partition(";")[0].strip(),
        data=file.read(),
    )


def _passed_on(account: Account, key: str) -> list[Attachment]:
    """Return the files of the letter that is passed on; its pictures stand in the text."""
    letter = selectors.letter(account, key) if key else None
    if letter is None:
        return []
    found = (selectors.attachment(account, key, file.index) for file in letter.attachments)
    return [file for file in found if file is not None and not file.image]


def _beginning(request: HttpRequest, account: Account) -> dict[str, Any]:
    """Return what the page begins with: recipients, title and text from its address."""
    wanted = request.GET.getlist("to")
    initial: dict[str, str] = {}
    if (key := request.GET.get("reply")) and (letter := selectors.letter(account, key)):
        others = letter.to if letter.author.own or "all" in request.GET else []
        # An answer goes to the author; to one's own letter, to those it went to.
        people = [letter.author, *others]
        wanted = [person.fingerprint for person in people if not person.own]
        initial = {"reply": letter.uri, "title": answer_title(letter.title)}
    elif (key := request.GET.get("forward")) and (letter := selectors.letter(account, key)):
        initial = {
            "forward": letter.key,
            "title": forward_title(letter.title),
            "body": forward_body(letter),
        }
    return {
        "initial": initial,
        "picked": chosen.read(account, wanted, ""),
        "notice": _NOTICE in request.GET,
    }


def _page(
    request: HttpRequest,
    form: WriteForm,
    *,
    picked: chosen.Recipients,
    notice: bool,
    initial: dict[str, str] | None = None,
    bound: bool = True,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    if initial is not None:
        form = WriteForm(initial=initial)
    elif not bound:
        form = WriteForm(
            initial={name: request.POST.get(name, "") for name in WriteForm.base_fields}
        )
    reply = bool(form["reply"].value())
    if notice:
        heading = gettext("New notice")
    else:
        heading = gettext("Reply") if reply else gettext("New message")
    context = {
        "form": form,
        "heading": heading,
        "notice": notice,
        "title_length": TITLE_LENGTH,
        "attachments_limit": ATTACHMENTS_BYTES,
        "passed_on": _passed_on(reader(request), str(form["forward"].value() or "")),
        "back": reverse("mail:folder", args=["notices" if notice else "inbox"]),
        **_recipients(request, picked, error),
    }
    return render(request, "mail/write.html", context, status=status)


def _recipients(request: HttpRequest, picked: chosen.Recipients, error: str = "") -> dict[str, Any]:
    return {
        "recipients": picked.people,
        "names": ", ".join(picked.unknown),
        "recipients_error": error,
        "choices": picked.choices,
        "readers": chosen.readers(reader(request), picked.people),
    }


@login_required
@require_POST
def recipients(request: HttpRequest) -> HttpResponse:
    """Make chips of the names typed so far, and say who will be able to read."""
    picked = chosen.read(
        reader(request), request.POST.getlist("to"), request.POST.get("names", "")
    ).without(request.POST.get("without", ""))
    context = _recipients(request, picked, picked.error_of_names())
    return render(request, "mail/_recipients_chosen.html", context)


@login_required
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Show the text as it will be read."""
    return render(request, "mail/_preview.html", {"body": request.POST.get("body", "")})
