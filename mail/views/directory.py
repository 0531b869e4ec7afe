"""The people on this node."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail import directory
from mail.presentation import short_name
from mail.toasts import toast
from mail.views import reader
from nodes.errors import UserError


@login_required
@never_cache
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """List everybody with an account here."""
    context = {"here": "directory", "people": directory.list_people(reader(request))}
    return render(request, "mail/directory.html", context)


@login_required
@require_POST
def add(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Make a contact of one of them."""
    try:
        name = directory.add(reader(request), fingerprint)
    except UserError as refusal:
        toast(request, str(refusal))
    else:
        toast(request, gettext("%(name)s is your contact now.") % {"name": short_name(name)})
    return redirect("mail:directory")
