"""Making sure who a contact is: comparing digits or codes, and taking an introduction."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from mail import checking, contacts
from mail.checking import WAYS
from mail.contacts import ContactView
from mail.presentation import short_name
from mail.qr import PICTURE_BYTES, read_qr
from mail.toasts import toast
from mail.views import reader
from mail.views.contacts import find_contact
from nodes.bounds import WORK, within
from nodes.errors import UserError
from nodes.models import Account
from sdmp.fingerprints import compare_digits


def _context(account: Account, found: ContactView) -> dict[str, Any]:
    own = str(account.fingerprint)
    return {
        "here": "contacts",
        "contacts": contacts.list_contacts(account),
        "chosen": found.fingerprint,
        "contact": found,
        "digits": compare_digits(own, found.fingerprint),
        "code": checking.compare_code(own, found.fingerprint),
        "code_label": gettext("QR code for %(name)s to read") % {"name": short_name(found.name)},
        "ways": [(way, words) for way, words in WAYS.items() if way != checking.BY_QR_CODE],
        "how_qr": checking.BY_QR_CODE,
    }


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show the digits and a code of the two, and say what comes of reading the other's code."""
    account = reader(request)
    context = _context(account, find_contact(account, fingerprint))
    if request.method != "POST":
        context["differ"] = "differ" in request.GET
        return render(request, "mail/compare.html", context)
    status = 200
    try:
        if not within(WORK, account.pk):
            raise UserError(gettext("That was much at once; go on in a minute."))
        texts = _read(request)
        context["outcome"] = checking.compare_codes(account, fingerprint, texts).value
    except UserError as refusal:
        context["error"], status = str(refusal), 422
    if request.headers.get("HX-Request"):
        # htmx shows what comes with 200 alone.
        return render(request, "mail/_compare_outcome.html", context)
    return render(request, "mail/compare.html", context, status=status)


def _read(request: HttpRequest) -> list[str]:
    """Return what the camera read, or what a picture holds.

    Raises:
        UserError: there is neither, or the picture cannot be read.
    """
    text = request.POST.get("code", "").strip()
    if text:
        return [text]
    picture = request.FILES.get("picture")
    if picture is None:
        raise UserError(gettext("Choose a picture of the code."))
    return read_qr(picture.read(PICTURE_BYTES + 1))


@login_required
@require_POST
def check(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Note that the two have compared, and found the same."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    try:
        checking.mark_checked(account, fingerprint, request.POST.get("how", ""))
    except UserError as refusal:
        messages.error(request, str(refusal))
        return redirect("mail:compare", fingerprint)
    words = gettext("%(name)s is checked.") % {"name": short_name(found.name)}
    toast(request, words, undo=reverse("mail:uncheck", args=[fingerprint]))
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def uncheck(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take back that a contact was checked or introduced."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    try:
        checking.take_check_back(account, fingerprint)
    except UserError as refusal:
        messages.error(request, str(refusal))
    else:
        words = gettext("%(name)s counts as not checked.")
        toast(request, words % {"name": short_name(found.name)})
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def introduce(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take the word of somebody who was checked for who a contact is."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    try:
        checking.take_introduction(account, fingerprint, request.POST.get("by", ""))
    except UserError as refusal:
        messages.error(request, str(refusal))
    else:
        words = gettext("%(name)s counts as introduced.") % {"name": short_name(found.name)}
        toast(request, words, undo=reverse("mail:uncheck", args=[fingerprint]))
    return redirect("mail:contact", fingerprint)
