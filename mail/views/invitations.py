"""Invitations: making and withdrawing them, and the page that a guest sees.

The link is kept in the browser that made it for an hour, in a cookie sealed with the node secret,
so that the page can be loaded again and printed. On the node there is only its hash.
"""

import binascii
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from mail import guests, invitations
from mail.forms_invitations import InviteForm
from mail.forms_welcome import AccountForm
from mail.guests import Guest
from mail.models import Invitation
from mail.toasts import toast
from mail.views import from_address, reader, too_many
from mail.views.welcome import recover_page, show_step, start_with
from nodes import keystore
from nodes.bounds import CARDS, CARDS_LEFT, GUESTS, within
from nodes.errors import UserError
from nodes.models import Account
from nodes.setup import opens_here_alone
from sdmp.card import MEDIA_TYPE
from sdmp.encoding import b64, unb64
from sdmp.errors import SdmpError

_COOKIE = "invitation"
_PURPOSE = "link of an invitation, for the browser that made it"
_PATH = "/invitations/"
_SECONDS = 3600


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Ask what the invitation is to be, make it, and list those made before."""
    account, now = reader(request), timezone.now()
    form = InviteForm(request.POST if request.method == "POST" else None, owner=account.is_staff)
    if form.is_valid():
        given = form.cleaned_data
        try:
            row, token = invitations.invite(
                account,
                kind=given["kind"],
                lifetime=given["lifetime"],
                note=given["note"],
                single_use=given["uses"] == "one",
                accept_at_once=given["asking"] == "at_once",
                now=now,
            )
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            response = redirect("mail:invitation", row.pk)
            _keep(response, request, row.pk, token)
            return response
    context = {
        "here": "invite",
        "form": form,
        "may_invite": invitations.may_invite(account),
        "invitations": invitations.list_invitations(account, now),
    }
    status = 422 if form.is_bound else 200
    return render(request, "mail/invite.html", context, status=status)


@login_required
@never_cache
@require_safe
def invitation(request: HttpRequest, key: int) -> HttpResponse:
    """Show one invitation, with its link while this browser holds it."""
    account = reader(request)
    found = invitations.invitation(account, key, timezone.now())
    if found is None:
        raise Http404
    token = _kept(request, key)
    known = found.state == "open" and invitations.is_token_of(account, key, token)
    context = {
        "here": "invite",
        "invitation": found,
        "link": invitations.link_of(token) if known else "",
        "opens_here_alone": opens_here_alone(),
    }
    return render(request, "mail/invitation.html", context)


@login_required
@require_POST
def withdraw(request: HttpRequest, key: int) -> HttpResponse:
    """Withdraw an invitation."""
    if invitations.withdraw(reader(request), key, timezone.now()):
        back = reverse("mail:restore_invitation", args=[key])
        toast(request, gettext("The invitation is withdrawn; its link is dead."), undo=back)
    else:
        toast(request, gettext("That invitation had ended already."))
    return redirect("mail:invite")


@login_required
@require_POST
def restore(request: HttpRequest, key: int) -> HttpResponse:
    """Take a withdrawal back."""
    try:
        restored = invitations.restore(reader(request), key, timezone.now())
    except UserError as refusal:
        toast(request, str(refusal))
    else:
        if restored:
            toast(request, gettext("The link of the invitation works again."))
    return redirect("mail:invite")


# Exempt because a node leaves a card here, without cookies and with a media type that no form of
# another site can send; what people send by a form is checked in `_page`.
@csrf_exempt
@never_cache
@vary_on_headers("Accept")
@require_http_methods(["GET", "HEAD", "POST"])
def guest(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation to its guest; give the host's card to a node, or take the guest's."""
    if request.method == "POST" and request.content_type == MEDIA_TYPE:
        return _leave(request, token)
    if not from_address(request, CARDS):
        return too_many(request)
    if request.method != "POST" and "text/html" not in request.headers.get("Accept", ""):
        card = guests.card_for(token, timezone.now())
        if card is None:
            return HttpResponse(status=410)
        return HttpResponse(card, content_type=MEDIA_TYPE)
    page: HttpResponse = _page(request, token)
    return page


@never_cache
@sensitive_post_parameters("password", "words")
@require_http_methods(["GET", "HEAD", "POST"])
def recover(request: HttpRequest, token: str) -> HttpResponse:
    """Let a guest make the account from a recovery file."""
    if not from_address(request, CARDS):
        return too_many(request)
    offer = guests.look(token, timezone.now())
    if offer is None or offer.state != "open" or offer.kind != Invitation.Kind.ACCOUNT:
        return _closed(request, offer)
    if request.method == "POST" and not from_address(request, GUESTS):
        return too_many(request)

    def make(given: dict[str, Any]) -> Account:
        return guests.recover_account(
            token,
            kit=given["file"],
            phrase=given["words"],
            name=given["name"],
            password=given["password"],
            now=timezone.now(),
        )

    back = reverse("mail:guest", args=[token])
    return recover_page(request, make, back=back, guest=True)


@csrf_protect
@sensitive_post_parameters("password")
def _page(request: HttpRequest, token: str) -> HttpResponse:
    """Show the invitation, and do what its form asks for."""
    offer = guests.look(token, timezone.now())
    if offer is None or offer.state != "open":
        return _closed(request, offer)
    if offer.kind == Invitation.Kind.ACCOUNT:
        return _account_page(request, token, offer)
    user = request.user
    account = user if isinstance(user, Account) else None
    problem = ""
    if request.method == "POST" and account is not None:
        try:
            host = guests.come_in(account, token, timezone.now())
        except UserError as refusal:
            problem = str(refusal)
        else:
            return redirect("mail:added", host)
    context = {
        "guest": offer,
        "token": token,
        "link": invitations.link_of(token),
        "problem": problem,
        "own": account is not None and account.fingerprint == offer.fingerprint,
        "reader": account,
    }
    return render(request, "invited/contact.html", context, status=422 if problem else 200)


def _account_page(request: HttpRequest, token: str, offer: Guest) -> HttpResponse:
    """Ask for a name and a password, and make the account."""
    if request.user.is_authenticated:
        return render(request, "invited/here.html", {"guest": offer})
    given_form = request.POST if request.method == "POST" else None
    form = AccountForm(given_form, initial={"name": offer.proposed})
    if form.is_bound and not from_address(request, GUESTS):
        return too_many(request)
    if form.is_valid():
        given = form.cleaned_data
        try:
            enrolment = guests.make_account(
                token, name=given["name"], password=given["password"], now=timezone.now()
            )
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            return start_with(request, enrolment)
    context = {"guest": offer, "form": form, "token": token}
    status = 422 if form.is_bound else 200
    return show_step(request, "invited/account.html", "name", context, guest=True, status=status)


def _closed(request: HttpRequest, offer: Guest | None) -> HttpResponse:
    context = {"guest": offer, "state": offer.state if offer else "unknown"}
    return render(request, "invited/closed.html", context, status=410 if offer else 404)


def _leave(request: HttpRequest, token: str) -> HttpResponse:
    """Take a card from a guest's node; say whether it was taken, and no more."""
    if not from_address(request, GUESTS):
        return HttpResponse(status=429)
    if int(request.META.get("CONTENT_LENGTH") or 0) > guests.LEFT_BYTES:
        return HttpResponse(status=413)
    now = timezone.now()
    if guests.look(token, now) is None:
        return HttpResponse(status=410)
    # Only now, so that who has no token does not use up what is for those who have one.
    if not within(CARDS_LEFT):
        return HttpResponse(status=429)
    # At most so much is read, whatever the length was said to be.
    data = request.read(guests.LEFT_BYTES + 1)
    taken = guests.leave_card(token, data, now)
    return HttpResponse(status=204 if taken else 410)


def _keep(response: HttpResponse, request: HttpRequest, key: int, token: str) -> None:
    response.set_cookie(
        _COOKIE,
        b64(keystore.seal(f"{key} {token}".encode(), _PURPOSE)),
        max_age=_SECONDS,
        path=_PATH,
        secure=request.is_secure(),
        httponly=True,
        samesite="Strict",
    )


def _kept(request: HttpRequest, key: int) -> str:
    """Return the token of an invitation, nothing when the browser does not hold it."""
    try:
        sealed = unb64(request.COOKIES.get(_COOKIE, ""))
        number, _, token = keystore.unseal(sealed, _PURPOSE).decode().partition(" ")
    except (SdmpError, UserError, binascii.Error):
        return ""
    return token if number == str(key) else ""
