"""Contacts: the list, one of them, adding by card, withdrawing, blocking."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mail import contacts, ending
from mail.checking import Checks, introducers, take_as_replacement
from mail.contacts import ContactView, NodeView, node_views
from mail.history import history
from mail.lookalikes import matches
from mail.presentation import clean_name, short_name
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError
from nodes.facts import current_facts
from nodes.models import Account
from sdmp.fingerprints import compare_digits


def _list(account: Account, query: str = "", checks: Checks | None = None) -> dict[str, Any]:
    known = contacts.list_contacts(account, checks)
    found = [item for item in known if matches(clean_name(item.name), query)]
    return {"here": "contacts", "contacts": found, "total": len(known), "query": query}


def _detail(account: Account, found: ContactView, checks: Checks) -> dict[str, Any]:
    name = short_name(found.name)
    row = checks.contacts().get(found.fingerprint)
    earlier = checks.before(row) if row else None
    later = checks.after(row) if row else None
    alike = checks.looks_like(found.name, found.fingerprint)
    told = {one.user for one in (earlier, later) if one}
    offers = (
        introducers(account, found.fingerprint)
        if row and not (row.blocked or found.check.good or found.ended)
        else []
    )
    return {
        "contact": found,
        "chosen": found.fingerprint,
        "digits": compare_digits(account.fingerprint or "", found.fingerprint),
        "qr_label": gettext("QR code of the fingerprint of %(name)s") % {"name": name},
        "ending": ending.ending(account, found.fingerprint),
        "own_nodes": _own_nodes(account),
        "row": row,
        "earlier": earlier,
        "earlier_ended": earlier is not None and checks.has_ended(earlier.user),
        "later": later,
        "alike": alike if alike and alike.user not in told else None,
        "introducers": offers[:3],
    }


def _own_nodes(account: Account) -> list[NodeView]:
    own = str(account.fingerprint)
    return [node for node in node_views([own], current_facts(), timezone.now())[own] if node.reads]


def find_contact(account: Account, fingerprint: str, checks: Checks | None = None) -> ContactView:
    """Find a contact that an address names. Raises Http404 when the account has none such."""
    found = contacts.contact(account, fingerprint, checks)
    if found is None:
        raise Http404
    return found


def _page(
    request: HttpRequest, fingerprint: str, *, status: int = 200, **more: Any
) -> HttpResponse:
    account = reader(request)
    checks = Checks(account)
    found = find_contact(account, fingerprint, checks)
    context = _list(account, checks=checks) | _detail(account, found, checks) | more
    return render(request, "mail/contacts.html", context, status=status)


@login_required
@never_cache
@require_safe
def contact_list(request: HttpRequest) -> HttpResponse:
    """Show the list, nobody chosen."""
    return render(request, "mail/contacts.html", _list(reader(request), _query(request)))


@login_required
@never_cache
@require_safe
def rows(request: HttpRequest) -> HttpResponse:
    """Show the list's rows alone, as one types a name or after something has changed."""
    context = _list(reader(request), _query(request))
    return render(
        request, "mail/_contact_rows.html", context | {"chosen": request.GET.get("chosen", "")}
    )


def _query(request: HttpRequest) -> str:
    return clean_name(request.GET.get("q", ""))[:200]


@login_required
@never_cache
@require_safe
def contact(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show one contact beside the list."""
    return _page(request, fingerprint)


@login_required
@never_cache
@require_safe
def detail(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show what stands beside the list again, after something has changed."""
    account = reader(request)
    checks = Checks(account)
    context = _detail(account, find_contact(account, fingerprint, checks), checks)
    if request.GET.get("part") == "history":
        more = {"events": history(account, fingerprint)}
        return render(request, "mail/_contact_history.html", context | more)
    return render(request, "mail/_contact.html", context)


@login_required
@never_cache
@require_safe
def contact_history(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Show what happened between the account and a contact."""
    events = history(reader(request), fingerprint)
    return _page(request, fingerprint, part="history", events=events)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rename(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Ask what a contact is to be called."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    if request.method != "POST":
        return _page(request, fingerprint, part="rename", name=clean_name(found.name))
    given = request.POST.get("name", "")
    try:
        contacts.rename(account, fingerprint, given)
    except UserError as refusal:
        more = {"part": "rename", "name": given, "error": str(refusal)}
        return _page(request, fingerprint, status=422, **more)
    old = clean_name(found.name)
    words = gettext("%(old)s is called %(new)s now.") % {"old": old, "new": clean_name(given)}
    undo = reverse("mail:rename_contact", args=[fingerprint])
    toast(request, words, undo=undo, fields={"name": old})
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def withdraw(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Withdraw the trust in a contact, when the time to undo it is over."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    try:
        held = ending.ask_to_withdraw(account, fingerprint, now=timezone.now())
    except UserError as refusal:
        messages.error(request, str(refusal))
    else:
        if held is None:
            words = gettext("Trust in %(name)s is withdrawn.")
            toast(request, words % {"name": short_name(found.name)})
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def block(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Block somebody, at once for what comes in."""
    account = reader(request)
    found = find_contact(account, fingerprint)
    try:
        held = ending.ask_to_block(account, fingerprint, now=timezone.now())
    except UserError as refusal:
        messages.error(request, str(refusal))
    else:
        if held is None:
            words = gettext("%(name)s is blocked.") % {"name": short_name(found.name)}
            toast(request, words, undo=reverse("mail:unblock", args=[fingerprint]))
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def unblock(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Let in again what somebody sends."""
    found = find_contact(reader(request), fingerprint)
    words = gettext("%(name)s is no longer blocked.") % {"name": short_name(found.name)}
    return _do(request, fingerprint, ending.unblock, words)


@login_required
@require_POST
def trust_again(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Trust somebody once more, without a card."""
    found = find_contact(reader(request), fingerprint)
    words = gettext("%(name)s may read what you publish again.")
    words %= {"name": short_name(found.name)}
    return _do(request, fingerprint, contacts.trust_again, words)


@login_required
@require_POST
def remove(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take a contact out of the list, once there is no trust in it."""
    found = find_contact(reader(request), fingerprint)
    words = gettext("%(name)s is no longer in your list. The messages stay.")
    words %= {"name": short_name(found.name)}
    return _do(request, fingerprint, contacts.remove, words, gone=True)


@login_required
@require_POST
def replace(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take a contact as the new identity of the earlier one of that name."""
    found = find_contact(reader(request), fingerprint)
    words = gettext("This is %(name)s for you now. Compare fingerprints again.")
    words %= {"name": short_name(found.name)}
    return _do(request, fingerprint, take_as_replacement, words)


def _do(
    request: HttpRequest,
    fingerprint: str,
    action: Callable[[Account, str], object],
    words: str,
    *,
    gone: bool = False,
) -> HttpResponse:
    try:
        action(reader(request), fingerprint)
    except UserError as refusal:
        messages.error(request, str(refusal))
        return redirect("mail:contact", fingerprint)
    toast(request, words)
    return redirect("mail:contacts") if gone else redirect("mail:contact", fingerprint)
