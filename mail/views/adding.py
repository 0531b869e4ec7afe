"""Adding somebody: what was handed over, whose it is and what will happen, then the trust."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from mail import adding, cards, contacts
from mail.adding import Found
from mail.forms_invitations import AddForm
from mail.presentation import short_name
from mail.toasts import toast
from mail.views import reader
from nodes.bounds import WORK, within
from nodes.errors import UserError
from sdmp.encoding import is_fingerprint
from sdmp.fingerprints import compare_digits


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Take a link, a card or a picture, show whose it is and what will happen, then trust."""
    account = reader(request)
    if request.method != "POST":
        known = request.GET.get("card", "")
        held = cards.public_card(known) if is_fingerprint(known) else None
        return _page(request, AddForm(initial={"card": held.decode()} if held else {}))
    form = AddForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form, status=422)
    if not within(WORK, account.pk):
        form.add_error(None, gettext("That was much at once; go on in a minute."))
        return _page(request, form, status=429)
    text, data = form.cleaned_data["card"], form.cleaned_data["data"]
    try:
        if request.POST.get("do") == "add":
            name = request.POST.get("name") or None
            link = request.POST.get("invitation", "")
            done = adding.add(account, data or text.encode(), name, link)
            if done.problem:
                sentence = gettext("The invitation could not be used: %(why)s")
                toast(request, sentence % {"why": done.problem})
            return redirect("mail:added", done.contact.fingerprint)
        found = adding.look_at_file(account, data) if data else adding.look(account, text)
    except UserError as refusal:
        form.add_error(None, str(refusal))
        return _page(request, form, status=422)
    digits = compare_digits(account.fingerprint or "", found.summary.fingerprint)
    return _page(request, form, more=_whose(found) | {"digits": digits})


@login_required
@never_cache
@require_safe
def added(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Say that somebody is a contact now, and what can be done next."""
    account = reader(request)
    found = contacts.contact(account, fingerprint)
    if found is None or not found.given:
        raise Http404
    digits = compare_digits(account.fingerprint or "", fingerprint)
    context = {"here": "contacts", "contact": found, "digits": digits}
    return render(request, "mail/add_contact_done.html", context)


def _whose(found: Found) -> dict[str, Any]:
    return {
        "summary": found.summary,
        "called": short_name(found.summary.name) or gettext("this person"),
        "card": found.card.decode(),
        "invitation": found.invitation,
    }


def _page(
    request: HttpRequest,
    form: AddForm,
    *,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {"here": "contacts", "form": form} | (more or {})
    return render(request, "mail/add_contact.html", context, status=status)
