"""Health: what the doctor found, which processes are alive, how large all is."""

from __future__ import annotations

from typing import Any, Final

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from hosting import doctor, runs
from hosting.checkup import machine
from hosting.models import Run
from panel import processes
from panel.page import context
from panel.traffic import figures


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def health(request: HttpRequest) -> HttpResponseBase:
    """Show how the node is; have it checked (POST)."""
    if request.method == "POST":
        runs.ask(Run.Kind.DOCTOR, request.user.get_username())
        return HttpResponseRedirect(reverse("admin:health"))
    more = {
        "processes": processes.listed(timezone.now()),
        "sizes": processes.sizes(),
        "figures": figures(),
        "own_version": machine.own_version(),
        "versions": machine.find_versions(),
    }
    return TemplateResponse(
        request, "panel/health.html", context(request, "health", **_examined(), **more)
    )


@never_cache
@require_http_methods(["GET", "HEAD"])
def examined(request: HttpRequest) -> HttpResponseBase:
    """Give the part of the page that changes while the node is checked."""
    return TemplateResponse(request, "panel/_examined.html", _examined())


def _examined() -> dict[str, Any]:
    last = runs.latest(Run.Kind.DOCTOR)
    return {
        "run": last,
        "lines": doctor.lines_of(last),
        "current": runs.current(Run.Kind.DOCTOR),
        "taken_up": bool(processes.workers(timezone.now())),
    }


PAGES: Final = (
    ("health/", health, "health"),
    ("health/examined/", examined, "health_examined"),
)
