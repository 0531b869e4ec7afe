"""Undoing what is held for a moment."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from mail import held
from mail.models import Held
from mail.toasts import toast
from mail.views import reader
from mail.views.back import came_from


@login_required
@never_cache
@require_safe
def pending(request: HttpRequest) -> HttpResponse:
    """Show what can still be undone, for a page that is open."""
    return render(request, "mail/_held.html")


@login_required
@require_POST
def undo(request: HttpRequest, key: int) -> HttpResponse:
    """Take back what is held, and go to what it was about."""
    row = held.undo(reader(request), key)
    if row is None:
        toast(request, gettext("It was too late to undo that."))
        return HttpResponseRedirect(came_from(request))
    if row.kind == Held.Kind.SEND:
        toast(request, gettext("The message was not sent. It is a draft again."))
        return redirect("mail:draft", row.about)
    toast(request, gettext("Undone. Nothing has changed."))
    return HttpResponseRedirect(came_from(request))
