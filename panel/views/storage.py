"""What takes room on this node: by account, by contact and by kind."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from hosting import runs, sizes, storage
from hosting.models import Run
from nodes.models import Account
from panel.charts import bars
from panel.page import context
from panel.running import running


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    """Show what was last counted; count again when that is asked for."""
    if request.method == "POST":
        assert isinstance(request.user, Account)
        runs.ask_as(request.user, Run.Kind.STORAGE)
        return HttpResponseRedirect(reverse("admin:storage"))
    found = storage.shares()
    more = {
        "sizes": sizes.measure(),
        "shares": found,
        "charts": {
            "accounts": bars([(share.name, share.bytes) for share in found.accounts]),
            "contacts": bars([(share.name, share.bytes) for share in found.contacts]),
            "kinds": bars([(share.name, share.bytes) for share in found.kinds]),
        },
        "counting": running(Run.Kind.STORAGE),
    }
    return TemplateResponse(request, "panel/storage.html", context(request, "storage", **more))


PAGES: Final = (("storage/", show, "storage"),)
