"""Backups: when the last one was, where to, what comes next, and whether one can be restored."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from hosting import runs
from hosting.backup.deeds import why_not
from hosting.backup.overview import overview
from hosting.models import Run
from nodes.models import Account
from panel.page import context
from panel.running import running

_ASKED: Final = {"backup": Run.Kind.BACKUP, "check": Run.Kind.CHECK}


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show how it stands with backups; make one, or test the newest, when that is asked for."""
    if request.method == "POST":
        assert isinstance(request.user, Account)
        kind = _ASKED.get(request.POST.get("do", ""))
        if missing := why_not():
            messages.error(request, missing)
        elif kind is not None:
            runs.ask_as(request.user, kind)
        return HttpResponseRedirect(reverse("admin:backups"))
    more = {
        "backups": overview(timezone.now()),
        "writing": running(Run.Kind.BACKUP),
        "testing": running(Run.Kind.CHECK),
    }
    return TemplateResponse(request, "panel/backups.html", context(request, "backups", **more))


PAGES: Final = (("backups/", show, "backups"),)
