"""Contacts: the list, one of them, adding by card, withdrawing."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mail import cards, contacts
from mail.contacts import ContactView
from mail.forms import CardForm
from mail.presentation import clean_name, short_name
from mail.views import reader
from nodes.errors import UserError
from nodes.models import Account
from sdmp.fingerprints import compare_digits


def _list(account: Account) -> dict[str, Any]:
    known = contacts.list_contacts(account)
    return {
        "here": "contacts",
        "contacts": sorted(known, key=lambda item: clean_name(item.name).casefold()),
    }


def _detail(account: Account, found: ContactView) -> dict[str, Any]:
    name = short_name(found.name)
    return {
        "contact": found,
        "chosen": found.fingerprint,
        "digits": compare_digits(account.fingerprint or "", found.fingerprint),
        "qr_label": gettext("QR code of the fingerprint of %(name)s") % {"name": name},
    }


def _find(account: Account, fingerprint: str) -> ContactView:
    found = contacts.contact(account, fingerprint)
    if found is None:
        raise Http404
    return found


@login_required
@never_cache
@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    """Show the list, nobody chosen."""
    return render(request, "mail/contacts.html", _list(reader(request)))


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Show the list's rows alone, after something has changed."""
    context = _list(reader(request)) | {"chosen": request.GET.get("chosen", "")}
    return render(request, "mail/_contact_rows.html", context)


@login_required
@never_cache
@require_safe
def contact(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show one contact beside the list."""
    account = reader(request)
    found = _find(account, fingerprint)
    return render(request, "mail/contacts.html", _list(account) | _detail(account, found))


@login_required
@never_cache
@require_safe
def detail(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show what stands beside the list again, after something has changed."""
    account = reader(request)
    context = _detail(account, _find(account, fingerprint))
    return render(request, "mail/_contact.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Ask once more, then withdraw the trust in a contact."""
    account = reader(request)
    found = _find(account, fingerprint)
    if "sure" not in request.POST:
        context = _list(account) | _detail(account, found) | {"asking": True}
        return render(request, "mail/contacts.html", context)
    try:
        contacts.withdraw(account, fingerprint)
    except UserError as refusal:
        messages.error(request, str(refusal))
    else:
        sentence = gettext("Trust in %(name)s is withdrawn.")
        messages.success(request, sentence % {"name": short_name(found.name)})
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def accept_request(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Add the stranger who asked."""
    try:
        added = contacts.accept_request(reader(request), fingerprint)
    except UserError as refusal:
        messages.error(request, str(refusal))
        return redirect("mail:contacts")
    sentence = gettext("%(name)s is your contact now.") % {"name": short_name(added.name)}
    messages.success(request, sentence)
    return redirect("mail:contact", fingerprint)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Take a card, show whose it is and what will happen, then make the trust."""
    account = reader(request)
    if request.method != "POST":
        held = cards.public_card(request.GET.get("card", ""))
        initial = {"card": held.decode()} if held else {}
        return _add_page(request, CardForm(initial=initial))
    form = CardForm(request.POST, request.FILES)
    if not form.is_valid():
        return _add_page(request, form, status=422)
    data: bytes = form.cleaned_data["data"]
    try:
        if request.POST.get("do") == "add":
            added = contacts.add_contact(account, data, request.POST.get("name") or None)
            sentence = gettext("%(name)s is your contact now.") % {"name": short_name(added.name)}
            messages.success(request, sentence)
            return redirect("mail:contact", added.fingerprint)
        summary = contacts.describe_card(data)
    except UserError as refusal:
        form.add_error(None, str(refusal))
        return _add_page(request, form, status=422)
    more = {
        "summary": summary,
        "called": short_name(summary.name) or gettext("this person"),
        "card": data.decode(),
        "digits": compare_digits(account.fingerprint or "", summary.fingerprint),
    }
    return _add_page(request, form, more=more)


def _add_page(
    request: HttpRequest,
    form: CardForm,
    *,
    more: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _list(reader(request)) | {"adding": True, "form": form} | (more or {})
    return render(request, "mail/add_contact.html", context, status=status)
