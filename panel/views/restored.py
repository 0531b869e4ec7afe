"""After a restore: which peers were asked, who still has to come, and an end to the waiting."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from hosting import left_behind, restore
from hosting.names import name_users
from journal import catching_up
from mail.presentation import node_words
from nodes.addresses import node_name
from nodes.models import Account
from panel.page import context


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def restored(request: HttpRequest) -> HttpResponseBase:
    """Show how far the node has come; wait for peers no longer (POST)."""
    assert isinstance(request.user, Account)
    now = timezone.now()
    if request.method == "POST":
        accounts = restore.wait_no_longer(now, request.user)
        if accounts:
            words = ngettext(
                "%(n)d account publishes again.", "%(n)d accounts publish again.", accounts
            )
            messages.success(request, words % {"n": accounts})
        return HttpResponseRedirect(reverse("admin:index"))
    state = catching_up.state(now)
    left = left_behind.left_behind(now)
    still = Account.objects.filter(fingerprint__in=state.still if state else [])
    more = {
        "words": catching_up.words(now),
        "state": state,
        "heard": [node_words(node_name(node)) for node in (state.heard if state else [])],
        "unheard": [node_words(node_name(node)) for node in (state.unheard if state else [])],
        "still": still.order_by("username"),
        "left": name_users(left).values(),
        "left_words": left_behind.words(len(left)),
        "left_todo": left_behind.todo(),
    }
    return TemplateResponse(request, "panel/restored.html", context(request, "backups", **more))


PAGES: Final = (("restored/", restored, "restored"),)
