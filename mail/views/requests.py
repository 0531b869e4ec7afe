"""Requests: accepting, ignoring, blocking, and undoing the latter two."""

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
    try:
        name = requests.ignore(reader(request), fingerprint)
    except UserError as refusal:
        toast(request, str(refusal))
        return _back()
    sentence = gettext("The request of %(name)s is ignored. They are told nothing.")
    undo = reverse("mail:unignore_request", args=[fingerprint])
    toast(request, sentence % {"name": _called(name)}, undo=undo)
    return _back()


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
    try:
        name = requests.block(reader(request), fingerprint)
    except UserError as refusal:
        toast(request, str(refusal))
        return _back()
    sentence = gettext("%(name)s is blocked. They are told nothing.")
    undo = reverse("mail:unblock_request", args=[fingerprint])
    toast(request, sentence % {"name": _called(name)}, undo=undo)
    return _back()


@login_required
@require_POST
def unblock(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Take the blocking of a request back."""
    requests.unblock(reader(request), fingerprint)
    return _back()


def _called(name: str) -> str:
    return short_name(name) or gettext("somebody without a name")


def _back() -> HttpResponse:
    return redirect("mail:folder", "waiting")
