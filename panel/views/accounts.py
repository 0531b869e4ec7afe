"""Accounts: making one, what it may do, suspending, a new password, the end.

Each view is a form, a call and a template; what may be done is decided below.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from allauth.account.decorators import reauthentication_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from hosting.audit import note
from hosting.models import AuditEntry
from mail import leaving, login_links, sign_ins
from mail.invitations import LIFETIMES, invite, link_of
from mail.making import make_for
from mail.models import Invitation
from mail.own_nodes import own_nodes
from mail.rights import save_rights
from mail.suspending import let_in_again, suspend
from mail.toasts import toast
from nodes.errors import UserError
from nodes.models import Account, Peer
from nodes.setup import opens_here_alone
from panel.account_view import account_views
from panel.audit_words import Said
from panel.forms_accounts import DeleteForm, LoginLinkForm, MakeForm, RightsForm
from panel.page import context

_FORM: Final = ["GET", "HEAD", "POST"]
_LATEST: Final = 5

T = TypeVar("T")


def _owner(request: HttpRequest) -> Account:
    assert isinstance(request.user, Account)
    return request.user


def _person(key: int) -> Account:
    """Find the account of a person."""
    found = Account.objects.filter(pk=key, is_echo=False).first() if key < 2**63 else None
    if found is None:
        raise Http404
    return found


def _do(
    request: HttpRequest, person: Account, action: str, do: Callable[[Account], T], **details: Any
) -> T:
    """Do something with an account and write it down, both or neither; not where nothing changed.

    Args:
        request: of the owner.
        person: whose account it is.
        action: what the audit list calls it.
        do: does it; what it returns is false when nothing has changed.
        details: of it, for the audit list.
    """
    with transaction.atomic():
        done = do(person)
        if done:
            note(action, person.username, by=_owner(request), **details)
    return done


def _page(
    request: HttpRequest, template: str, status: int = 200, slug: str = "accounts", **more: Any
) -> TemplateResponse:
    said = context(request, slug, opens_here_alone=opens_here_alone(), **more)
    return TemplateResponse(request, f"panel/{template}.html", said, status=status)


@require_safe
def detail(request: HttpRequest, key: int) -> HttpResponse:
    """Show what the owner may know of an account, and what can be done with it."""
    person = _person(key)
    return _detail(request, person, RightsForm(person))


def _detail(request: HttpRequest, person: Account, form: RightsForm) -> HttpResponse:
    now = timezone.now()
    entries = AuditEntry.objects.filter(about=person.username).order_by("-at", "-pk")[:_LATEST]
    nodes = own_nodes(person, now) if person.fingerprint else []
    rows = Peer.objects.filter(fingerprint__in=[node.fingerprint for node in nodes])
    peers = dict(rows.values_list("fingerprint", "pk"))
    return _page(
        request,
        "account",
        status=422 if form.is_bound else 200,
        person=account_views([person], exact=True)[0],
        form=form,
        sign_ins=sign_ins.sign_ins(person),
        link=login_links.open_link(person, now),
        nodes=[(node, peers.get(node.fingerprint)) for node in nodes],
        entries=[Said(entry) for entry in entries],
        own=person == _owner(request),
    )


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(_FORM)
def make(request: HttpRequest) -> HttpResponse:
    """Ask for whom, and make a link to an account, or the account."""
    form = MakeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            return _make(request, form.cleaned_data)
        except UserError as refusal:
            form.add_error(None, str(refusal))
    return _page(request, "account_make", status=422 if form.is_bound else 200, form=form)


def _make(request: HttpRequest, given: dict[str, Any]) -> HttpResponse:
    owner, name = _owner(request), given["name"]
    if given["way"] == "link":
        with transaction.atomic():
            row, token = invite(
                owner,
                kind=Invitation.Kind.ACCOUNT,
                lifetime=given["lifetime"],
                name=name,
                now=timezone.now(),
            )
            note("account.invite", name, by=owner, days=LIFETIMES[given["lifetime"]].days)
        return _page(
            request, "account_invited", name=row.name, link=link_of(token), until=row.expires
        )
    with transaction.atomic():
        made = make_for(name, given["password"])
        note("account.make", made.account.username, by=owner)
    return _page(request, "account_made", person=made.account, words=made.phrase.split())


@require_POST
def rights(request: HttpRequest, key: int) -> HttpResponse:
    """Save what an account may do."""
    person = _person(key)
    form = RightsForm(person, request.POST)
    if form.is_valid():
        try:
            with transaction.atomic():
                changes = save_rights(person, form.rights())
                if changes:
                    note("account.rights", person.username, by=_owner(request), **changes)
        except UserError as refusal:
            form.add_error(None, str(refusal))
            person = _person(key)
        else:
            toast(request, gettext("Saved.") if changes else gettext("Nothing has changed."))
            if changes.get("owner") is False and person == _owner(request):
                return redirect("mail:home")
            return redirect("admin:account", key)
    return _detail(request, person, form)


@require_http_methods(_FORM)
def suspend_account(request: HttpRequest, key: int) -> HttpResponse:
    """Say what suspending does, and do it."""
    person, refusal = _person(key), ""
    if request.method == "POST":
        try:
            _do(request, person, "account.suspend", suspend)
        except UserError as error:
            refusal = str(error)
        else:
            toast(request, gettext("The account is suspended."))
            return redirect("admin:account", key)
    return _page(
        request,
        "account_suspend",
        status=422 if refusal else 200,
        person=account_views([person])[0],
        refusal=refusal,
        own=person == _owner(request),
    )


@require_POST
def let_in(request: HttpRequest, key: int) -> HttpResponse:
    """End a suspension."""
    person = _person(key)
    if _do(request, person, "account.let_in", let_in_again):
        toast(request, gettext("The account is let in again."))
    return redirect("admin:account", key)


@require_POST
def end_sign_ins(request: HttpRequest, key: int) -> HttpResponse:
    """End all sign-ins of an account."""
    person = _person(key)
    with transaction.atomic():
        number = sign_ins.end_sign_ins(person)
        note("account.sign_ins.end", person.username, by=_owner(request), number=number)
    toast(request, gettext("The account is signed out everywhere."))
    return redirect("admin:account", key)


@never_cache
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@require_http_methods(_FORM)
def login_link(request: HttpRequest, key: int) -> HttpResponse:
    """Make a link by which the person sets a new password, and show it this once."""
    person, link, refusal = _person(key), "", ""
    form = LoginLinkForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        clears = form.cleaned_data["clears_factors"]
        try:
            making = partial(login_links.make_link, clears_factors=clears, now=timezone.now())
            token = _do(request, person, "account.login_link", making, factors=clears)
            link = login_links.address_of(token)
        except UserError as error:
            refusal = str(error)
    return _page(
        request,
        "account_login_link",
        status=422 if refusal else 200,
        person=account_views([person])[0],
        form=form,
        link=link,
        refusal=refusal,
    )


@require_POST
def withdraw_login_link(request: HttpRequest, key: int) -> HttpResponse:
    """Let the link lead nowhere."""
    person = _person(key)
    if _do(request, person, "account.login_link.withdraw", login_links.withdraw_link):
        toast(request, gettext("The link is withdrawn."))
    return redirect("admin:account", key)


@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@require_http_methods(_FORM)
def delete(request: HttpRequest, key: int) -> HttpResponse:
    """Say what goes with an account, and delete it once its name is typed."""
    person, owner = _person(key), _owner(request)
    if person == owner:
        return redirect("mail:leave")
    form = DeleteForm(person, *([request.POST] if request.method == "POST" else []))
    if form.is_valid():
        try:
            leaving.leave(person, now=timezone.now(), by=owner)
        except UserError as refusal:
            form.add_error(None, str(refusal))
        else:
            sentence = gettext("The account %(name)s is deleted.")
            toast(request, sentence % {"name": form.cleaned_data["username"]})
            return redirect(reverse("admin:nodes_account_changelist"))
    return _page(
        request,
        "account_delete",
        status=422 if form.is_bound else 200,
        person=account_views([person])[0],
        going=leaving.what_goes(person, timezone.now()),
        form=form,
    )


PAGES: Final = (
    ("accounts/make/", make, "account_make"),
    ("accounts/<int:key>/", detail, "account"),
    ("accounts/<int:key>/rights/", rights, "account_rights"),
    ("accounts/<int:key>/suspend/", suspend_account, "account_suspend"),
    ("accounts/<int:key>/let-in/", let_in, "account_let_in"),
    ("accounts/<int:key>/sign-ins/end/", end_sign_ins, "account_sign_ins_end"),
    ("accounts/<int:key>/login-link/", login_link, "account_login_link"),
    ("accounts/<int:key>/login-link/withdraw/", withdraw_login_link, "account_link_withdraw"),
    ("accounts/<int:key>/delete/", delete, "account_delete"),
)
