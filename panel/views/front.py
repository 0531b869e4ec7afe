"""The front page of the panel: is it healthy, and what needs the owner today."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from hosting import runs, telling
from hosting.models import Run
from nodes.models import Account
from panel import today
from panel.page import context


def front(request: HttpRequest) -> TemplateResponse:
    """Show it; the site sees to it that only owners come here."""
    assert isinstance(request.user, Account)
    now = timezone.now()
    telling.seen(request.user, now)
    found = today.needs(request.user, now)
    late, in_all = today.late_peers(now)
    more = {
        "well": today.well(found, in_all),
        "needs": [need for need in found if need.state != "info"],
        "known": [need for need in found if need.state == "info"],
        "late": late,
        "late_in_all": in_all,
        "numbers": today.numbers(now),
        "backup": runs.latest(Run.Kind.BACKUP),
        "tested": runs.latest(Run.Kind.CHECK),
        "back": reverse("admin:index"),
    }
    return TemplateResponse(request, "panel/front.html", context(request, "front", **more))
