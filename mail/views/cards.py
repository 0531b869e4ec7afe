"""One's own card, anybody's public card, and who can read."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from mail import cards, contacts
from mail.presentation import clean_name
from mail.views import from_address, reader, too_many
from nodes.bounds import CARDS
from nodes.setup import web_url
from sdmp.card import MEDIA_TYPE
from sdmp.encoding import is_fingerprint


@login_required
@require_safe
def own_card(request: HttpRequest) -> HttpResponse:
    """Show the account's card, its link and its QR code."""
    link = web_url() + reverse("mail:public_card", args=[reader(request).fingerprint])
    context = {"here": "card", "link": link, "qr_label": gettext("QR code of your card’s link")}
    return render(request, "mail/card.html", context)


def _file(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=MEDIA_TYPE)
    bare = clean_name(name).replace("/", "_").replace("\\", "_").strip(". ") or "card"
    response["Content-Disposition"] = str(content_disposition_header(True, f"{bare}.sdmp"))
    return response


@login_required
@require_safe
def own_card_file(request: HttpRequest) -> HttpResponse:
    """Offer the account's card as a file."""
    account = reader(request)
    return _file(cards.export_card(account), account.name or account.username)


@require_safe
@vary_on_headers("Accept")
def public_card(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Give the card of a user served here: JSON to a node, a page to a browser (protocol §12)."""
    if not from_address(request, CARDS):
        return too_many(request)
    data = cards.public_card(fingerprint) if is_fingerprint(fingerprint) else None
    if data is None:
        raise Http404
    if "file" not in request.GET and "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse(data, content_type=MEDIA_TYPE)
    summary = contacts.describe_card(data)
    if "file" in request.GET:
        return _file(data, summary.name)
    return render(request, "mail/public_card.html", {"summary": summary})


@login_required
@require_safe
def who_can_read(request: HttpRequest) -> HttpResponse:
    """Say who can read the account's mail."""
    return render(request, "mail/who_can_read.html", {"account": reader(request)})
