"""Putting aside what the owner has said to everybody; it is remembered until one signs out."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_POST

from mail.announcing import PUT_ASIDE
from mail.views.back import came_from


@login_required
@require_POST
def put_aside(request: HttpRequest) -> HttpResponse:
    """Show it no more in this browser."""
    said = request.POST.get("announcement", "")
    if said.isascii() and said.isdecimal() and len(said) < 20:
        request.session[PUT_ASIDE] = int(said)
    return HttpResponseRedirect(came_from(request, request.POST.get("back", "")))
