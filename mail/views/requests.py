"""Requests: accepting, ignoring, blocking, and undoing the latter two."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_POST

from mail import requests
from mail.presentation import short_name
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError
from nodes.models import Account


@login_required
@require_POST
def accept(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Make a contact of who asks."""
    try:
        added = requests.accept(reader(request), fingerprint)
    except UserError as refusal:
        toast(request, str(refusal))
        return _back()
    toast(request, gettext("%(name)s is your contact now.") % {"name": short_name(added.name)})
    return redirect("mail:contact", fingerprint)


@login_required
@require_POST
def ignore(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take a request out of sight."""
    words = gettext("The request of %(name)s is ignored. They are told nothing.")
    return _do(request, fingerprint, requests.ignore, words, undo="mail:unignore_request")


@login_required
@require_POST
def unignore(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Bring a request back."""
    requests.unignore(reader(request), fingerprint)
    return _back()


@login_required
@require_POST
def block(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Block who asks."""
    words = gettext("%(name)s is blocked. They are told nothing.")
    return _do(request, fingerprint, requests.block, words, undo="mail:unblock_request")


@login_required
@require_POST
def unblock(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take the blocking of a request back."""
    requests.unblock(reader(request), fingerprint)
    return _back()


def _do(
    request: HttpRequest,
    fingerprint: str,
    action: Callable[[Account, str], str],
    words: str,
    *,
    undo: str,
) -> HttpResponse:
    """Do to a request what gives the name of who asked, and say so, with a way back."""
    try:
        name = action(reader(request), fingerprint)
    except UserError as refusal:
        toast(request, str(refusal))
    else:
        called = short_name(name) or gettext("somebody without a name")
        toast(request, words % {"name": called}, undo=reverse(undo, args=[fingerprint]))
    return _back()


def _back() -> HttpResponse:
    return redirect("mail:folder", "waiting")
